from typing import Any

import pytest

TASK = "preference"


def _transcript(*turns: str) -> str:
    return "".join(f"\n\n{role}: {text}" for role, text in zip(["Human", "Assistant"] * len(turns), turns, strict=False))


def test_pairs_may_be_texts_turns_or_whole_conversations(adapted: Any) -> None:
    rows = [
        {"prompt": "Hi", "chosen": "Hello", "rejected": "No"},
        {
            "conversations": [{"from": "human", "value": "Hi"}],
            "chosen": {"from": "gpt", "value": "Hello"},
            "rejected": {"from": "gpt", "value": "No"},
        },
        {
            "chosen": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}],
            "rejected": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "No"}],
        },
    ]
    made = [adapted("pairs", row, TASK)[0] for row in rows]
    assert made[0] == made[1] == made[2]
    assert (made[0]["prompt"], made[0]["chosen"], made[0]["rejected"]) == ("Hi", "Hello", "No")
    assert made[0]["group"]


def test_a_longer_conversation_is_messages_and_its_system_prompt_stands_apart(adapted: Any) -> None:
    turns = [("system", "Be kind."), ("human", "Hi"), ("gpt", "Hello"), ("human", "More?")]
    row = {"conversations": [{"from": role, "value": value} for role, value in turns], "chosen": "Yes", "rejected": "No"}
    (record,) = adapted("pairs", row, TASK)
    assert record["system"] == "Be kind."
    assert [turn["role"] for turn in record["messages"]] == ["user", "assistant", "user"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"prompt": "Hi", "chosen": "Hello", "rejected": " "}, "empty"),
        ({"prompt": "Hi", "chosen": "Hello", "rejected": "Hello "}, "same_reply"),
        ({"prompt": "Hi", "chosen": "Hello"}, "null_field"),
        ({"prompt": [{"role": "assistant", "content": "Hi"}], "chosen": "a", "rejected": "b"}, "wrong_order"),
        ({"prompt": [], "chosen": "a", "rejected": "b"}, "wrong_order"),
    ],
)
def test_a_pair_that_tells_nothing_apart_is_unfit(adapted: Any, row: Any, reason: str) -> None:
    assert adapted("pairs", row, TASK) == [reason]


def test_transcripts_share_all_but_the_last_reply(adapted: Any) -> None:
    row = {"chosen": _transcript("Hi", "Hello", "Bad?", "No."), "rejected": _transcript("Hi", "Hello", "Bad?", "Yes.")}
    (record,) = adapted("hh_rlhf", row, TASK)
    assert [turn["content"] for turn in record["messages"]] == ["Hi", "Hello", "Bad?"]
    assert (record["chosen"], record["rejected"]) == ("No.", "Yes.")


@pytest.mark.parametrize(
    ("chosen", "rejected", "reason"),
    [
        (_transcript("Hi", "Hello"), _transcript("Ho", "Hello"), "prompts_differ"),
        (_transcript("Hi", "Hello"), _transcript("Hi", "Hello", "More?", "No"), "prompts_differ"),
        (_transcript("Hi", "Hello"), _transcript("Hi", ""), "empty"),
        (_transcript("Hi", "Hello", "Bye"), _transcript("Hi", "Hello", "Ciao"), "no_reply"),
        (_transcript("Hi", "Hello") + "\n\nAssistant: A", _transcript("Hi", "Hello") + "\n\nAssistant: B", "wrong_order"),
        ("Hi", "Hello", "bad_row"),
    ],
)
def test_transcripts_that_make_no_pair_are_unfit(adapted: Any, chosen: str, rejected: str, reason: str) -> None:
    assert adapted("hh_rlhf", {"chosen": chosen, "rejected": rejected}, TASK) == [reason]


def test_a_ranked_list_gives_the_pairs_that_are_asked_for(adapted: Any) -> None:
    row = {"instruction": "And?", "input": "", "output": ["a", "b", " ", "c"], "history": [["Hi", "Hello"]]}

    def pairs(**options: Any) -> list[tuple[str, str]]:
        return [(record["chosen"], record["rejected"]) for record in adapted("ranked", row, TASK, **options)]

    assert pairs() == [("a", "c")]
    assert pairs(take="neighbours") == [("a", "b"), ("b", "c")]
    assert pairs(take="all") == [("a", "b"), ("a", "c"), ("b", "c")]
    (record,) = adapted("ranked", row, TASK)
    assert [turn["content"] for turn in record["messages"]] == ["Hi", "Hello", "And?"]


def test_a_list_with_one_reply_or_two_that_are_the_same_is_unfit(adapted: Any) -> None:
    assert adapted("ranked", {"instruction": "And?", "output": ["a", ""]}, TASK) == ["no_pair"]
    assert adapted("ranked", {"instruction": "And?", "output": ["a", "a"]}, TASK) == ["same_reply"]
    assert adapted("ranked", {"instruction": "And?", "output": ["a", "b"], "history": ["Hi"]}, TASK) == ["wrong_type"]


def test_the_chosen_summary_is_the_better_one(adapted: Any) -> None:
    info = {"id": "t3_x", "post": "Long story.", "title": "Help", "subreddit": "advice", "article": None}
    row = {"info": info, "summaries": [{"text": " worse"}, {"text": " better"}], "choice": 1}
    (record,) = adapted("compared_summaries", row, TASK)
    assert (record["chosen"], record["rejected"]) == ("better", "worse")
    assert record["prompt"].endswith("Help\n\nLong story.")
    assert adapted("compared_summaries", {**row, "choice": -1}, TASK) == ["no_label"]


SCORED = {
    "instruction": "And?",
    "completions": [{"response": text, "overall_score": n} for text, n in (("b", 3), ("a", 4.5), ("c", 1))],
}


def test_scores_make_a_pair_of_the_best_and_the_worst(adapted: Any) -> None:
    (record,) = adapted("scored", SCORED, TASK)
    assert (record["prompt"], record["chosen"], record["rejected"]) == ("And?", "a", "c")
    assert record["extra"] == '{"chosen_score":4.5,"rejected_score":1}'


def test_scores_make_the_pairs_that_are_asked_for_where_they_are_far_enough_apart(adapted: Any) -> None:
    def pairs(**options: Any) -> list[tuple[str, str]]:
        return [(record["chosen"], record["rejected"]) for record in adapted("scored", SCORED, TASK, **options)]

    assert pairs(take="neighbours") == [("a", "b"), ("b", "c")]
    assert pairs(take="all") == [("a", "b"), ("a", "c"), ("b", "c")]
    assert pairs(take="all", min_gap=1.5) == [("a", "c"), ("b", "c")]


@pytest.mark.parametrize(
    ("change", "options", "reason"),
    [
        ({}, {"min_gap": 3.5}, "left_out"),
        ({"completions": SCORED["completions"][:1]}, {}, "no_pair"),
        ({"completions": [{"response": "a", "overall_score": "N/A"}, {"response": "b", "overall_score": 1}]}, {}, "no_label"),
        ({"completions": [{"response": "a", "score": 1}, {"response": "b", "score": 1}]}, {}, "left_out"),
        ({"completions": None}, {}, "null_field"),
    ],
)
def test_scores_that_tell_nothing_apart_make_no_pair(adapted: Any, change: Any, options: Any, reason: str) -> None:
    assert adapted("scored", {**SCORED, **change}, TASK, **options) == [reason]
