"""Which words on the command line ask for what."""

import contextlib
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from polymath import cli
from polymath.reporting import listing, tracing


@pytest.fixture
def asked(monkeypatch):
    """What a command line comes to: the name of what it calls, and what is asked of it; else what it says."""
    calls = []
    project = SimpleNamespace(training=lambda word: f"the run {word}")

    @contextlib.contextmanager
    def opened(env):
        yield project

    monkeypatch.setattr(cli, "open_project", opened)
    for module, name in ((tracing, "tell_text"), (tracing, "tell_batch"), (tracing, "tell_score"), (listing, "list_records")):
        monkeypatch.setattr(module, name, lambda _, *given, name=name: calls.append((name, *given)))

    def ask(*words):
        result = CliRunner().invoke(cli.cli, ["trace", *words])
        return calls.pop() if calls else result.output

    return ask


def test_a_step_is_of_the_run_that_is_named_or_of_the_last(asked):
    assert asked("--step", "3") == ("tell_batch", "the run last", 3, 20)
    assert asked("--run", "0123", "--step", "3", "--limit", "5") == ("tell_batch", "the run 0123", 3, 5)


def test_a_benchmark_with_a_run_asks_for_its_score_and_without_one_for_the_records(asked):
    assert asked("--run", "last", "--benchmark", "mmlu") == ("tell_score", "the run last", "mmlu")
    assert asked("--benchmark", "mmlu")[0] == "list_records"


def test_a_text_is_looked_for_in_spans_of_twelve_tokens_and_more(asked):
    assert asked("--text", "a b c") == ("tell_text", "a b c", 12, 20)
    assert asked("--text", "a b c", "--min-tokens", "30") == ("tell_text", "a b c", 30, 20)
    assert "11 is not in the range x>=12" in asked("--text", "a b c", "--min-tokens", "11")


@pytest.mark.parametrize("words", [("--run", "last"), ("--run", "last", "--benchmark", "mmlu", "--task", "code")])
def test_a_run_alone_or_with_words_for_records_is_answered_with_what_it_wants(asked, words):
    assert "--run wants --step NUMBER or --benchmark NAME" in asked(*words)
