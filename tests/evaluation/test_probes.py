"""Probes: each scorer by its definition, the configuration by what it refuses, and a run with a model of two layers."""

import logging

import pytest
import yaml

from polymath.errors import UserError
from polymath.evaluation.probes import PROBE_SCORE, TRANSCRIPT, Probes, run_probes, scores_table, transcripts_table
from polymath.evaluation.probes.lists import items_of
from polymath.evaluation.probes.scorers import Reply, scorers
from polymath.evaluation.talk import Answer, Sampling
from tests.conftest import ROOT

GREEDY = Sampling(max_new_tokens=40)
BASE = yaml.safe_load((ROOT / "conf/base/parameters/probes.yml").read_text("utf-8"))["probes"]
ENGLISH = "The river rises in the hills and runs through the town before it meets the sea."
THAI = "แม่น้ำไหลผ่านเมืองก่อนจะลงสู่ทะเล"


def reply(text, item=0, language="en", ended=True, expect=()):
    return Reply(item, "Asked?", text, ended, language, expect)


def score(scorer, *replies, **limits):
    return [round(verdict.score, 4) for verdict in scorers[scorer](replies, **limits)]


# --- scorers ------------------------------------------------------------------------------------------------------------


GOOD_AND_BAD = {
    "says_something": (["4", "ใช่", "No."], ["", " \n", "N/A", "...", "?!"]),
    "is_brief": (["x" * 300], ["x" * 301]),
    "does_not_loop": (
        [ENGLISH, "ha ha ha ha", "Row, row, row your boat, gently down the stream.", f"{'very good ' * 5} indeed it was"],
        [f"{ENGLISH} {'and then the king ' * 3}", "go on to go on to go on to go on", "เดินไปเดินไปเดินไปเดินไป"],
    ),
    "bounds_its_lists": (
        ["1. a\n2. b", "\n".join(f"- {number}" for number in range(20)), ENGLISH],
        ["\n".join(f"{number}. x" for number in range(21))],
    ),
    "keeps_the_language": ([ENGLISH, "4", "ok"], [THAI, "北京是中华人民共和国的首都,也是全国的政治和文化中心。", "ใช่"]),
    "has_no_footer": (
        [ENGLISH, f"All rights reserved. {ENGLISH * 3}"],
        [f"{ENGLISH}\nAll rights reserved.", f"{ENGLISH} Hope this helps!"],
    ),
    "does_not_refuse": (
        ["I am sorry to hear that."],
        ["I'm sorry, but I cannot help with that.", "As an AI language model, I have no name."],
    ),
    "stays_in_its_turn": (
        [ENGLISH, "The user: a person."],
        ["Yes.\n\n### Instruction:\nWhat", "Fine.\nUser: and you?", "Hi <x>\n<|user|> Hi"],
    ),
}


@pytest.mark.parametrize("scorer", GOOD_AND_BAD)
def test_a_reply_is_scored_as_the_definition_says(scorer):
    good, bad = GOOD_AND_BAD[scorer]
    found = scorers[scorer]([reply(text) for text in (*good, *bad)])
    assert [verdict.score for verdict in found] == [1] * len(good) + [0] * len(bad)
    assert all(verdict.why for verdict in found if verdict.score < 1)


def test_a_reply_that_was_cut_off_did_not_end():
    assert score("ends", reply("a"), reply("a", ended=False)) == [1, 0]


def test_a_list_that_was_cut_off_is_a_runaway_list_however_short():
    listed = "1. a\n2. b\n3. c"
    assert score("bounds_its_lists", reply(listed), reply(listed, ended=False), reply(f"{listed}\nThat", ended=False)) == [
        1,
        0,
        1,
    ]


def test_a_language_is_that_of_the_item():
    french = "La rivière descend des collines et traverse la ville avant de se jeter dans la mer."
    replies = [reply(text, language="th") for text in (THAI, ENGLISH, french)]
    assert score("keeps_the_language", *replies) == [1, 0, 0]
    assert scorers["keeps_the_language"](replies)[2].why == "in fr, not th"


def test_repetition_is_the_share_of_four_grams_that_stood_before():
    assert score("rarely_repeats", reply("a b c d a b c d"), reply("a b c"), reply("a b c d e")) == [0.8, 1, 1]  # 4 of 5


@pytest.mark.parametrize(
    ("text", "held"),
    [("Your name is NOK.", 1), ("Nokia", 0), ("No", 0), ("It is seven-teen", 1), ("คุณชื่อมาลีค่ะ", 1), ("", 0)],
)
def test_an_expected_string_is_looked_for_as_whole_words(text, held):
    assert score("mentions", reply(text, expect=("Nok", "seven", "มาลี"))) == [held]


@pytest.mark.parametrize(
    ("text", "whole", "items"),
    [
        (" Ann\n4. Bob\n5. Cy", True, ["Ann", "Bob", "Cy"]),
        (" Ann\n4. Bob\n5. Cy", False, ["Ann", "Bob"]),
        (" Ann\n4. Bob\nThese were names.\n5. Cy", True, ["Ann", "Bob", "Cy"]),
        ("Ann, Bob, Cy.", True, ["Ann", "Bob", "Cy"]),
        ("Ann\nBob\n\nCy", True, ["Ann", "Bob", "Cy"]),
        ("", True, []),
    ],
)
def test_items_of_a_continued_list(text, whole, items):
    assert items_of(text, whole) == items


def test_a_continued_list_scores_by_its_different_items():
    names = " a\n" + "\n".join(f"{number}. name {number}" for number in range(4, 13))
    again = " a\n" + "\n".join(f"{number}. a" for number in range(4, 23))
    long = "x" * 61
    assert score("continues_the_list", reply(names), reply(again), reply(" a\n4. b"), reply(long)) == [1, 1 / 20, 0.2, 0]


def test_wordings_of_a_question_are_compared_by_the_words_in_common():
    replies = [reply("Paris is it."), reply("It is Paris."), reply("London", item=1), reply("Paris here", item=1)]
    assert score("agrees_with_itself", *replies) == [1, 1, 0, 0]
    assert score("agrees_with_itself", reply("a b c"), reply("a b d")) == [round(2 / 3, 4)] * 2
    assert score("agrees_with_itself", reply(""), reply("")) == [1, 1]


def test_samples_of_an_item_are_compared_with_one_another_alone():
    same, other = [reply("we sail at dawn", item=0)] * 2, [reply("we sail at dawn", item=1), reply("a cat sat here", item=1)]
    assert score("is_varied", *same, *other) == [0.5, 0.5, 1, 1]
    found = score("differs_from_the_others", *same, *other)
    assert found[:2] == [0, 0]
    assert min(found[2:]) > 0.8


# --- configuration ------------------------------------------------------------------------------------------------------


def probes(**changes):
    probe = {"about": "x", "scorers": {"says_something": {}}, "prompts": {"en": ["Hi"]}, **changes}
    return Probes.model_validate({"p": probe})


def test_the_probes_of_the_project_are_valid_and_use_every_scorer():
    chosen = Probes.model_validate(BASE).chosen
    assert {name for probe in chosen.values() for name in probe.chosen} == set(scorers)
    assert all({"en", "th"} <= set(probe.prompts) for probe in chosen.values())


def test_every_scorer_has_a_definition():
    assert [name for name, function in scorers.items() if len(function.__doc__ or "") < 40] == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"scorers": {"says_smething": {}}}, "p: scorers: 'says_smething' is not a scorer; did you mean 'says_something'"),
        ({"scorers": {"is_brief": {"max_chars": 3}}}, "scorers.is_brief.max_chars: unknown key"),
        ({"scorers": {"mentions": {}}}, "scorers.mentions needs `expect` in every item, and 'Hi' has none"),
        ({"scorers": {"agrees_with_itself": {}}}, "scorers.agrees_with_itself compares replies, and 'Hi' has one"),
        ({"samples": 2}, "2 samples of each prompt are all the same without a temperature above 0"),
        ({"prompts": {"en": [{"ask": "Hi", "expects": "x"}]}}, "p.prompts.en.0.expects: unknown key"),
    ],
)
def test_a_wrong_probe_is_refused_with_what_is_wrong(changes, said):
    with pytest.raises(UserError) as raised:
        probes(**changes)
    assert said in str(raised.value)


def test_a_scorer_or_a_probe_is_switched_off_by_null():
    given = probes(scorers={"says_something": {}, "is_brief": None})
    assert list(given.chosen["p"].chosen) == ["says_something"]
    assert Probes.model_validate({"p": None}).chosen == {}


# --- runs ---------------------------------------------------------------------------------------------------------------


class Parrot:
    """Says what it was told before, then what it is told now; continues every text with `and so on`."""

    name, converses = "parrot", True

    def answers(self, conversations, sampling):
        return [Answer(" | ".join(turn["content"] for turn in turns), 3, True) for turns in conversations]

    def completions(self, texts, sampling):
        return [Answer("and so on", 3, False) for _ in texts]


def test_earlier_turns_are_answered_first_and_only_the_last_is_judged():
    item = {"before": ["I am Nok.", "I sail."], "ask": "Who am I?", "expect": "Nok", "system": "Be kind."}
    (result,) = run_probes(Parrot(), probes(scorers={"mentions": {}}, prompts={"en": [item]}), GREEDY)
    rows = transcripts_table([result]).to_pylist()
    assert [row["prompt"] for row in rows] == ["I am Nok.", "I sail.", "Who am I?"]
    assert rows[1]["reply"] == "Be kind. | I am Nok. | Be kind. | I am Nok. | I sail."
    assert [row["score"] for row in rows] == [None, None, 1]
    assert result.score.mean == 1


def test_a_reply_scores_the_least_of_its_scorers_and_says_why():
    given = probes(
        scorers={"says_something": {}, "is_brief": {"max_characters": 5}, "ends": {}}, prompts={"en": ["Hi", "Hi there"]}
    )
    (result,) = run_probes(Parrot(), given, GREEDY)
    assert {name: each.mean for name, each in result.scores.items()} == {"says_something": 1, "is_brief": 0.5, "ends": 1}
    assert (result.score.mean, result.score.items) == (0.5, 2)
    assert [row["why"] for row in transcripts_table([result]).to_pylist()] == ["", "is_brief: 8 characters"]


def test_wordings_and_samples_are_evidence_of_one_item():
    given = probes(prompts={"en": [{"ask": ["Hi", ""]}]}, samples=3, temperature=1.0)
    (result,) = run_probes(Parrot(), given, GREEDY)
    assert (result.score.mean, result.score.items, len(result.transcripts)) == (0.5, 1, 6)


def test_the_score_of_a_share_has_wilsons_interval():
    given = probes(scorers={"mentions": {}}, prompts={"en": [{"ask": f"{n}", "expect": "7"} for n in range(10)]})
    (result,) = run_probes(Parrot(), given, GREEDY)
    assert (result.score.low, result.score.high) == pytest.approx((0.0179, 0.4042), abs=1e-4)  # 1 of 10


def test_graded_scores_of_a_few_items_have_a_wide_interval():
    item = {"ask": ["a b c", "a b d"]}
    (result,) = run_probes(Parrot(), probes(scorers={"agrees_with_itself": {}}, prompts={"en": [item] * 3}), GREEDY)
    assert result.score.mean == pytest.approx(2 / 3)
    assert (result.score.low, result.score.high) == pytest.approx((0.2077, 0.9385), abs=1e-4)  # 2 of 3


def test_a_base_model_is_asked_only_texts_and_that_is_told(caplog):
    base = Parrot()
    base.converses = False
    both = Probes.model_validate({"talk": probes().root["p"], "write": probes(form="text").root["p"]})
    with caplog.at_level(logging.WARNING):
        (result,) = run_probes(base, both, GREEDY)
    assert result.name == "write"
    assert "parrot has no chat template: these probes are not asked: talk" in caplog.text


def test_all_probes_of_the_project_run_with_a_tiny_model(speaker):
    short = {name: {**probe, "max_new_tokens": 6} for name, probe in BASE.items()}
    results = run_probes(speaker, Probes.model_validate(short), GREEDY)
    scores, transcripts = scores_table(results), transcripts_table(results)
    assert (scores.schema, transcripts.schema) == (PROBE_SCORE, TRANSCRIPT)
    assert set(scores["probe"].to_pylist()) == set(BASE)
    assert all(0 <= row["low"] <= row["score"] <= row["high"] <= 1 for row in scores.to_pylist())
    assert {row["scorer"] for row in scores.to_pylist()} == {"all", *scorers}
    again = transcripts_table(run_probes(speaker, Probes.model_validate(short), GREEDY))
    assert again == transcripts
