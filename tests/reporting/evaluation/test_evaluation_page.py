"""The page and the console lines of an evaluation."""

import re

import pytest

from polymath.reporting.evaluation.notices import question_of
from polymath.reporting.evaluation.page import write_page
from polymath.reporting.evaluation.view import view_of
from polymath.reporting.evaluation.words import between, difference, probability, scored
from tests.reporting.evaluation.made import MINE, OTHER, config, made, nothing


def page_of(rows, **given):
    piece = write_page(rows, config(**given))
    return piece.table["page"][0].as_py().replace("\u202f", " "), piece.note


def test_the_page_tells_scores_with_their_bounds_and_fetches_nothing():
    page, note = page_of(made())
    assert f"<h1><bdi>{MINE}</bdi></h1>" in page
    assert "35.0 %" in page
    assert "28.0–42.0 %" in page
    assert not re.search(r"(src|href)=.?https?:", page)
    assert note["told"]["scores"].replace("\u202f", " ") == "hellaswag 35.0 % (28.0–42.0 %), mmlu 25.0 % (20.0–30.0 %)"
    assert note["told"]["loss"] == "extractive_qa 2.50, text 3.10"


def test_what_a_model_said_is_text_on_the_page():
    page, _ = page_of(made())
    assert "It is &lt;i&gt;Bob&lt;/i&gt;." in page
    assert "<b>cat</b>" not in page


def test_items_that_the_mix_holds_are_told_and_marked():
    page, note = page_of(made())
    assert any("1 of the 4 items of hellaswag share 8 words" in notice for notice in note["notices"])
    assert page.count("shares words with the mix") == 1


def test_without_a_mix_nobody_knows_what_was_trained_on():
    rows = made()
    for row in rows["benchmark_scores"]:
        row["clean_items"] = None
    page, note = page_of({**rows, "benchmark_overlaps": []})
    assert any("no mix in this project" in notice for notice in note["notices"])
    assert "no mix</span>" in page


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "hellaswag: fewer than 100 items were asked"),
        ({}, "1 of 4 answers to held-out prompts are empty."),
        ({}, "base: no chat template"),
        ({"left_out": {"human_eval": "it runs programs"}}, "human_eval is left out: it runs programs."),
    ],
)
def test_what_makes_a_score_doubtful_is_told(given, told):
    assert any(told in notice for notice in page_of(made(), **given)[1]["notices"])


def test_a_difference_is_chance_better_or_worse_and_a_lower_loss_is_better():
    page, note = page_of(made())
    verdicts = re.findall(r'<span class="soft">chance</span>|<td><b>better</b>|<span class="act">worse</span>', page)
    assert [re.sub("<.*?>", "", verdict) for verdict in verdicts] == ["chance", "better", "worse"]
    assert note["told"]["against"] == f"{OTHER}: better in 1, worse in 1, no more than chance in 1"


def test_what_was_not_asked_for_says_how_to_ask():
    page, note = page_of(nothing(), against=())
    for told in (
        "Nothing was scored",
        "No benchmark was asked for.",
        "Held-out examples were not",
        "No probe",
        "No other model",
    ):
        assert told in page
    assert note["told"] == {"model": "data/05_models/finetune/0123/model"}
    assert note["notices"] == []


def test_three_answers_that_say_something_are_kept_for_the_console():
    _, note = page_of(made())
    said = [sample["answered"] for sample in note["samples"]]
    assert said == ["It is <i>Bob</i>.", "Ada", "Ada."]


@pytest.mark.parametrize(
    ("prompt", "question"),
    [
        ("Below is a task.\n\n### Instruction:\nWho is\nit?\n\n### Response:\n", "Who is\nit?"),
        ("Below is a task.\n\n### Instruction:\nSum up.\n\n### Input:\nA text.\n\n### Response:\n", "A text."),
        ("User: hello", "User: hello"), ("# all\n\n# headings", "# all\n\n# headings"),
    ],
)  # fmt: skip
def test_the_question_is_found_in_its_frame(prompt, question):
    assert question_of(prompt) == question


def test_a_conversation_is_told_turn_by_turn_with_why_it_scored_so():
    page, _ = page_of(made())
    assert re.search(r"25.0 % · loops · cut off.*I am Ada\..*Hello\..*Who am I\?.*Who\? Who\? Who\?", page, re.DOTALL)


@pytest.mark.parametrize(
    ("made_of", "told"),
    [
        (scored({"score": 0.5, "metric": "f1"}), "50.0 %"), (scored({"score": 3.456, "metric": "loss"}), "3.46"),
        (scored({"score": None, "metric": "f1"}), "–"), (between({"low": 0.1, "high": 0.25}), "10.0–25.0 %"),
        (difference({"metric": "f1", "difference": -0.031}), "-3.1 points"), (probability(0.0004), "p < 0.001"),
        (difference({"metric": "bits_per_byte", "difference": 0.5}), "+0.500"), (probability(0.031), "p = 0.031"),
    ],
)  # fmt: skip
def test_scores_read_as_people_write_them(made_of, told):
    assert made_of.replace("\u202f", " ") == told


def test_what_is_forgotten_is_told_by_how_much_plain_text_was_replayed():
    view = view_of(config(replayed={MINE: 0.1}), made())
    assert [(row["model"], row["replayed"]) for row in view.kept] == [(OTHER, None), (MINE, 0.1)]
    page, _ = page_of(made(), replayed={MINE: 0.1})
    kept = re.sub(r"<[^>]+>", " ", page[page.index('id="kept"') : page.index('id="measured"')])
    assert re.search(rf"{re.escape(OTHER)}\s+not tuned here", kept)
    assert re.search(rf"{re.escape(MINE)}\s+10.0 %", kept)


def test_of_one_model_alone_nothing_is_said_to_be_forgotten():
    assert not view_of(config(against=()), made()).kept
