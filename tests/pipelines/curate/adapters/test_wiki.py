from typing import Any

import pytest

TASK = "preference"
LEAD = "The heron is a long-legged bird that lives near lakes and rivers."
BODY = "It feeds on fish, frogs and insects that it finds in shallow water."
NOISE = "herons are stupid and my brother is one of them, ha ha ha ha"


def page(*texts: str) -> dict[str, Any]:
    return {"title": "Heron", "revision": [{"id": str(number), "text": text} for number, text in enumerate(texts)]}


def test_what_an_edit_made_that_was_taken_back_is_worse(adapted: Any) -> None:
    whole = f"{LEAD}\n\n{BODY}\n\nSee also: egret"
    (record,) = adapted("wiki_reverts", page("stub", whole, whole.replace(BODY, NOISE), whole), TASK)
    assert (record["chosen"], record["rejected"]) == (BODY, NOISE)
    assert record["prompt"] == f"Write a part of the article on Heron. It comes after this one:\n\n{LEAD}"
    assert record["group"] == "Heron"


@pytest.mark.parametrize(
    ("edit", "better", "worse"),
    [
        (f"{LEAD}\n{NOISE}\n{BODY}", LEAD, f"{LEAD}\n{NOISE}"),  # put in between
        (LEAD, f"{LEAD}\n{BODY}", LEAD),  # taken away
    ],
)
def test_lines_put_in_or_taken_away_are_told_by_the_line_before(adapted: Any, edit: str, better: str, worse: str) -> None:
    whole = f"{LEAD}\n{BODY}"
    (record,) = adapted("wiki_reverts", page(whole, edit, whole), TASK)
    assert (record["chosen"], record["rejected"]) == (better, worse)
    assert record["prompt"] == "Write a part of the article on Heron."


@pytest.mark.parametrize(
    "texts",
    [
        (LEAD,),
        (LEAD, BODY),
        (LEAD, BODY, NOISE),  # nobody took it back
        (LEAD, LEAD, LEAD),  # nothing was changed
        (LEAD, "gone", LEAD),  # too few words to tell
    ],
)
def test_a_page_on_which_nothing_was_taken_back_is_left_out(adapted: Any, texts: tuple[str, ...]) -> None:
    assert adapted("wiki_reverts", page(*texts), TASK) == ["left_out"]


def test_a_page_of_one_revision_is_left_out(adapted: Any) -> None:
    assert adapted("wiki_reverts", {"title": "Heron", "revision": {"text": LEAD}}, TASK) == ["left_out"]
