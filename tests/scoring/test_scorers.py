"""Scorers: what they give for replies that people would call right, near and wrong."""

import random

import pytest
from rouge_score.rouge_scorer import RougeScorer

from polymath.scoring.scorers import BY_TASK, accuracy, bleu, exact_match, f1, final_answer, rouge_l, scorers, words
from polymath.tasks import TASKS

WORDS = "cats dogs run jump over under fence garden quickly slowly blue red house tree".split()


@pytest.mark.parametrize(
    ("scorer", "reply", "wanted", "score"),
    [
        (exact_match, "The Eiffel Tower.", "eiffel tower", 1), (exact_match, "Paris", "London", 0), (exact_match, "", "", 1),
        (f1, "in the city of Paris", "Paris", 0.4), (f1, "", "Paris", 0), (f1, "กรุงเทพ", "กรุงเทพ", 1),
        (f1, "กรุงเก่า", "กรุงเทพ", 2 / 3),
        (accuracy, "B", "B. blue", 1), (accuracy, "(b) Blue", "B. blue", 1), (accuracy, "C. blue", "B. blue", 0),
        (accuracy, "positive\nbecause it is", "Positive", 1), (accuracy, "not positive", "positive", 0), (accuracy, "", "x", 0),
        (final_answer, "So 3 x 6 = 18.\nAnswer: 18", "Answer: 18.0", 1), (final_answer, "It is 1,800.", "Answer: 1800", 1),
        (final_answer, "The answer is no.", "Answer: yes", 0), (final_answer, "18 or 19", "18", 0), (final_answer, "", "18", 0),
        (bleu, "the cat sat on a mat today", "the cat sat on a mat today", 1), (bleu, "zzz", "the cat sat on a mat", 0),
        (rouge_l, "", "a cat", 0),
    ],
)  # fmt: skip
def test_a_reply_is_scored_as_people_would(scorer, reply, wanted, score):
    assert scorer(reply, wanted) == pytest.approx(score, abs=1e-4)


def test_rouge_l_is_that_of_the_reference():
    reference, generator = RougeScorer(["rougeL"]), random.Random(0)
    for _ in range(200):
        reply, wanted = (" ".join(generator.choices(WORDS, k=generator.randint(1, 12))) for _ in range(2))
        assert rouge_l(reply, wanted) == pytest.approx(reference.score(wanted, reply)["rougeL"].fmeasure)


def test_letters_of_scripts_without_spaces_are_words_with_their_marks():
    assert words("ที่นี่ ok") == ["ที่", "นี่", "ok"]
    assert words("你好 world") == ["你", "好", "world"]


def test_every_task_that_has_replies_names_scorers_that_exist():
    assert set(BY_TASK) == {name for name, task in TASKS.items() if task.shape == "turns"}
    assert {name for names in BY_TASK.values() for name in names} <= set(scorers)
