"""Probes as datasets: transcripts of each model, and what they are worth."""

from polymath.engine.save import save_plan
from polymath.evaluation.probes import Probes
from polymath.pipelines.evaluate.probes import ask_probes, score_probes
from tests.evaluation.tiny import LEARNT, make_model, make_tokenizer, save
from tests.pipelines.curate.made import ENGINE
from tests.pipelines.evaluate.conftest import HARNESS, SUITES, dials, rows

PROBES = Probes.model_validate(
    {
        "greetings": {
            "about": "It answers.",
            "scorers": {"mentions": {}},
            "prompts": {"en": [{"ask": "Say hello.", "expect": "hello"}]},
        },
    }
)


def asked(evaluate, folder):
    return save_plan(ask_probes(None, PROBES, evaluate, SUITES, HARNESS, ENGINE), folder)


def test_transcripts_and_scores_of_each_model_are_rows(talker, tmp_path):
    told = asked(dials(talker, suite="quick"), tmp_path / "told")
    assert rows(told, "prompt", "reply") == [{"prompt": "Say hello.", "reply": LEARNT["Say hello."]}]
    scores = rows(save_plan(score_probes(told, ENGINE), tmp_path / "scores"))
    assert {(row["probe"], row["scorer"], row["score"]) for row in scores} == {
        ("greetings", "all", 1.0),
        ("greetings", "mentions", 1.0),
    }


def test_a_model_without_a_chat_template_is_not_asked_and_another_suite_asks_nobody(talker, tmp_path):
    base = save(tmp_path / "base", make_model(), make_tokenizer(chat=False))
    silent = asked(dials(base, suite="quick"), tmp_path / "silent")
    assert silent.rows == 0
    assert save_plan(score_probes(silent, ENGINE), tmp_path / "scores").rows == 0
    assert not ask_probes(None, PROBES, dials(talker, suite="own"), SUITES, HARNESS, ENGINE).items
