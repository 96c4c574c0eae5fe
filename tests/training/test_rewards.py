"""Rewards: what each says of a reply, what they come to together, and what is refused."""

import math

import pytest
import torch

from polymath.errors import UserError
from polymath.training.objectives import Rewards
from polymath.training.rewards import Judge, Reply, check_reward_model, check_rewards
from polymath.training.tokenizer import load_tokenizer, tokenizer_row
from tests.training.mixes import SHAPES


def reply(text, ended=True, **known):
    return Reply(text, (1, 2), (3, 4), ended, **known)


def earned(text, weights, dials=None, **known):
    return Judge(Rewards(weights=weights, model=None, **dials or {})).all([reply(text, **known)])[0]


@pytest.mark.parametrize(
    ("check", "expected", "text", "score"),
    [
        ("same", "18", "18", 1),
        ("same", "18", "19", 0),
        ("last_line", "18", "9 + 9\nAnswer: 18", 1),
        ("last_line", "1,800", "Answer: 1800", 1),
        ("last_line", "18", "18", 0),
        ("last_line", "18", "", 0),
        ("letter", "B", "B) because it is blue", 1),
        ("letter", "B", "(b)", 1),
        ("letter", "B", "Because", 0),
    ],
)
def test_a_recipes_own_check_decides(check, expected, text, score):
    assert earned(text, {"check": 1.0}, check=check, expected=expected) == {"check": score}


def test_where_nothing_can_be_checked_the_check_says_nothing():
    judge = Judge(Rewards(weights={"check": 1.0, "ended": 0.5}, model=None))
    (each,) = judge.all([reply("a poem")])
    assert each == {"check": None, "ended": 1.0}
    assert judge.total(each) == 0.5
    assert math.isnan(judge.total({"check": None}))


def test_programs_run_only_where_that_is_allowed():
    code, tests = "Here:\n```python\ndef f(x):\n    return x + 1\n```", "assert f(1) == 2"
    known = {"check": "tests", "expected": tests}
    assert earned(code, {"check": 1.0}, **known) == {"check": None}
    assert earned(code, {"check": 1.0}, {"execute_code": True}, **known) == {"check": 1.0}
    assert earned("def f(x): return x", {"check": 1.0}, {"execute_code": True}, **known) == {"check": 0.0}


def test_a_form_is_the_share_of_the_reply_that_it_matches():
    assert earned("ab12", {"format": 1.0}, {"format": "[0-9]"}) == {"format": 0.5}
    assert earned("so\nAnswer: 4", {"format": 1.0}, {"format": r"(?s).*\nAnswer: \d+"}) == {"format": 1.0}
    assert earned("", {"format": 1.0}, {"format": "x"}) == {"format": 0.0}


def test_the_scorers_of_evaluate_are_rewards_by_their_names():
    assert earned("the answer is 7", {"final_answer": 1.0}, wanted="Answer: 7") == {"final_answer": 1.0}
    assert earned("anything", {"f1": 1.0}) == {"f1": None}


def test_a_reward_that_there_is_not_is_refused_with_the_nearest_name():
    with pytest.raises(UserError, match=r"rewards\.weights: 'formt' is not a reward; did you mean 'format'"):
        check_rewards(Rewards(weights={"formt": 1.0}))
    with pytest.raises(UserError, match=r"rewards\.format: the reward `format` needs a regular expression"):
        check_rewards(Rewards(weights={"format": 1.0}))
    with pytest.raises(UserError, match=r"rewards\.weights: 'modle' is not a reward; did you mean 'model'"):
        check_rewards(Rewards(weights={"modle": 0.0}))
    with pytest.raises(UserError, match=r"rewards\.format: '\(' is no regular expression"):
        check_rewards(Rewards(weights={"format": 1.0}, format="("))


@pytest.fixture(scope="module")
def scorer(made, tmp_path_factory):
    """The folder of a model that scores, with the mix's tokenizer."""
    from transformers import AutoConfig, AutoModelForSequenceClassification

    words = {**SHAPES.root["small"].architecture, "num_labels": 1, "pad_token_id": 0}
    torch.manual_seed(0)
    place = tmp_path_factory.mktemp("scorer")
    AutoModelForSequenceClassification.from_config(AutoConfig.for_model(words.pop("model_type"), **words)).save_pretrained(
        place
    )
    load_tokenizer(tokenizer_row(made.mix.tokenizer)).save_pretrained(place)
    return place


def test_a_reward_model_gives_what_it_gives_to_each_reply_alone(scorer):
    judge = Judge(Rewards(weights={"model": 2.0}, model=str(scorer)))
    some = [reply("x"), Reply("y", (5, 6, 7), (8,), True)]
    together, alone = judge.of("model", some), [judge.of("model", [each])[0] for each in some]
    assert together == pytest.approx(alone, abs=1e-5)
    assert judge.total({"model": together[0]}) == 2 * together[0]


def test_a_reward_model_of_other_words_is_refused(made, scorer, tmp_path):
    definition = tokenizer_row(made.mix.tokenizer)["definition"]
    dials = Rewards(weights={"model": 1.0}, model=str(scorer))
    check_reward_model(dials, definition)
    with pytest.raises(UserError, match=r"the tokenizer of .* is not the one that the mix was made with"):
        check_reward_model(dials, definition.replace('"A"', '"?A"'))
    with pytest.raises(UserError, match=r"rewards\.model: no model lies in"):
        check_reward_model(Rewards(weights={"model": 1.0}, model=str(tmp_path)), definition)
