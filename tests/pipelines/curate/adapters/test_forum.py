import time
from typing import Any

import pytest

from polymath.pipelines.curate.adapters.html import html_text


def _post(number: int, kind: int, body: str = "<p>b</p>", score: int = 1, **more: str) -> dict[str, str]:
    return {"Id": str(number), "PostTypeId": str(kind), "Body": body, "Score": str(score), **more}


QUESTION = _post(1, 1, "<p>Why?</p>", 5, Title="Backprop", Tags="<neural-networks><definitions>")
POSTS = [
    QUESTION,
    _post(2, 2, "<p>Bad.</p>", -3, ParentId="1"),
    _post(3, 1, Title="Nobody knows"),
    _post(4, 2, "<p>Good.</p>", 7, ParentId="1"),
    _post(5, 2, "<p>Fair.</p>", 2, ParentId="1"),
    _post(6, 5, ""),
    _post(7, 2, ParentId="99"),
]


def test_a_question_comes_with_its_best_answer_and_every_other_post_has_a_fate(adapted_whole: Any) -> None:
    made = adapted_whole("stackexchange", POSTS, "instruct")
    fates = {row: record for row, record in made if isinstance(record, str)}
    ((row, record),) = [(row, record) for row, record in made if isinstance(record, dict)]
    assert (row, record["prompt"], record["reply"]) == (0, "Backprop\n\nWhy?", "Good.")
    assert record["extra"] == '{"score":7,"question_score":5,"tags":["neural-networks","definitions"]}'
    assert fates == {1: "left_out", 2: "left_out", 4: "left_out", 5: "left_out", 6: "no_parent"}


def test_all_answers_above_the_least_score_the_best_first(adapted_whole: Any) -> None:
    made = adapted_whole("stackexchange", POSTS, "instruct", take="all", min_score=2)
    assert [record["reply"] for _, record in made if isinstance(record, dict)] == ["Good.", "Fair."]


def test_the_best_answer_is_paired_with_the_worst(adapted_whole: Any) -> None:
    made = adapted_whole("stackexchange", POSTS, "preference", take="pairs")
    (record,) = [record for _, record in made if isinstance(record, dict)]
    assert (record["chosen"], record["rejected"]) == ("Good.", "Bad.")
    alone = [QUESTION, _post(2, 2, ParentId="1"), _post(3, 2, "<p>c</p>", ParentId="1")]
    assert all(fate == "left_out" for _, fate in adapted_whole("stackexchange", alone, "preference", take="pairs"))


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One &amp; two.</p>\n\n<p>Three<br>four.</p>", "One & two.\n\nThree\nfour."),
        ("<p>Use <code>x &lt; 1</code>.</p>", "Use `x < 1`."),
        ("<pre><code>if x:\n    y\n\n\n    z\n</code></pre><p>Done.</p>", "```\nif x:\n    y\n\n\n    z\n```\n\nDone."),
        ("<ul>\n<li>one</li>\n<li><p>two</p></li>\n</ul>", "- one\n- two"),
        ("<blockquote>\n<p>He said</p>\n<p>this</p>\n</blockquote>\n<p>Yes.</p>", "> He said\n>\n> this\n\nYes."),
        ('<p>See <a href="https://x.org">here</a> <img src="x.png" alt="x">.</p>', "See here ."),
        ("<script>alert(1)</script>a<style>b</style>", "a"),
        ("a</p></blockquote></pre> < b & c", "a\n\n< b & c"),
        ("", ""),
    ],
)
def test_html_becomes_text(html: str, text: str) -> None:
    assert html_text(html) == text


def test_the_paragraph_after_the_last_tldr_sums_up_the_rest(adapted: Any) -> None:
    row = {"title": "T", "score": "3", "selftext": "Much happened.\n\n**TL;DR:** It *did*.\n\nEDIT: thanks"}
    (record,) = adapted("reddit_tldr", row, "summarize")
    assert (record["context"], record["reply"]) == ("Much happened.\n\nEDIT: thanks", "It *did*.")
    (first,) = adapted("reddit_tldr", {"selftext": "tl;dr little\n\nMuch happened."}, "summarize")
    assert (first["context"], first["reply"]) == ("Much happened.", "little")


@pytest.mark.parametrize(
    ("post", "reason"),
    [("Much happened.", "left_out"), ("TLDR", "empty"), ("Much.\n\nTL;DR:\n\n", "empty"), (None, "null_field")],
)
def test_a_post_without_a_summary_is_unfit(adapted: Any, post: str | None, reason: str) -> None:
    assert adapted("reddit_tldr", {"selftext": post}, "summarize") == [reason]


def _comment(name: str, parent: str, body: str, score: int = 5) -> dict[str, Any]:
    return {"id": name, "parent_id": parent, "body": body, "score": score}


def test_a_thread_follows_the_best_replies_and_ends_with_the_assistant(adapted_whole: Any) -> None:
    rows = [
        _comment("c1", "t3_p", "top"),
        _comment("c2", "t1_c1", "worse", 1),
        _comment("c3", "t1_c1", "better", 9),
        _comment("c4", "t1_c3", "deep"),
        _comment("c5", "t1_c4", "deeper"),
        _comment("c6", "t1_c5", "too deep"),
        _comment("c7", "t3_p", "[deleted]"),
        {"id": "p", "title": "Title", "selftext": "", "score": 3},
    ]
    made = adapted_whole("reddit_threads", rows, "chat")
    assert (6, "left_out") in made
    ((row, record),) = [(row, record) for row, record in made if isinstance(record, dict)]
    assert row == 0
    assert [turn["content"] for turn in record["messages"]] == ["Title", "top", "better", "deep"]
    assert [turn["role"] for turn in record["messages"]] == ["user", "assistant", "user", "assistant"]
    assert record["group"] == "p"


def test_a_post_without_good_comments_is_unfit(adapted_whole: Any) -> None:
    rows = [{"id": "p", "title": "Title", "score": 3}, _comment("c", "t3_p", "meh", 0)]
    assert adapted_whole("reddit_threads", rows, "chat") == [(0, "no_reply"), (1, "left_out")]


def test_a_comment_that_no_conversation_goes_on_with_is_left_out_by_name(adapted_whole: Any) -> None:
    rows = [{"id": "p", "title": "Title", "score": 3}, _comment("a", "t3_p", "good", 5)]
    rows += [_comment("b", "t1_a", "better", 4), _comment("c", "t1_a", "worse", 1), _comment("d", "t3_gone", "lost", 9)]
    made = adapted_whole("reddit_threads", rows, "chat")
    assert [(row, reason) for row, reason in made if reason == "left_out"] == [(3, "left_out"), (4, "left_out")]


def test_the_best_and_the_worst_comment_on_a_post_are_a_pair(adapted_whole: Any) -> None:
    rows = [{"id": "p", "title": "Why?", "score": 3}, {"id": "q", "title": "And?", "score": 3}]
    rows += [_comment("a", "t3_p", "So.", 40), _comment("b", "t3_p", "No.", -2), _comment("c", "t3_p", "Perhaps.", 7)]
    rows += [_comment("d", "t3_q", "Then.", 5), _comment("e", "t3_q", "Now.", 1), _comment("f", "t1_a", "Really?", 90)]
    (row, record), *others = adapted_whole("reddit_pairs", rows, "preference")
    assert (row, record["prompt"], record["chosen"], record["rejected"]) == (0, "Why?", "So.", "No.")
    assert record["extra"] == '{"chosen_score":40,"rejected_score":-2,"post_score":3}'
    assert others == [(number, "left_out") for number in (1, 4, 5, 6, 7)]


@pytest.mark.parametrize("name", ["reddit_threads", "stackexchange"])
def test_of_two_posts_with_one_id_the_first_counts_and_the_other_is_left_out(name: str, adapted_whole: Any) -> None:
    post = {"Id": "1", "PostTypeId": "1", "Title": "T", "Body": "Why?", "id": "1", "title": "T", "selftext": "Why?"}
    answer = {"Id": "2", "PostTypeId": "2", "ParentId": "1", "Body": "So.", "id": "2", "body": "So.", "score": 2, "Score": 2}
    made = adapted_whole(
        name, [post, post, {**answer, "parent_id": "t3_1"}], "chat" if name == "reddit_threads" else "instruct"
    )
    assert made[0] == (1, "left_out")
    assert isinstance(made[1][1], dict)


@pytest.mark.parametrize("mark", ["<a ", "<!--", "<!", "<blockquote>", "<", "&#", "<!-- -->"])
def test_marks_that_never_end_take_no_more_time_than_others(mark: str) -> None:
    start = time.process_time()
    html_text(mark * (200_000 // len(mark)))
    assert time.process_time() - start < 5, "from each mark, all the others were looked at again"


def test_comments_are_left_out_and_what_opens_no_tag_is_text() -> None:
    assert html_text("<p>a<!-- <b> --> b, if c <d and <b>e</b> <!-- f</p>") == "a b, if c <d and e <!-- f"
