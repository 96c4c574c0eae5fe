"""`kedro chat`: in a pipe, on a terminal, with the model that finetune made last."""

import io
import json
import shutil
import sys
from pathlib import Path

import pexpect
import pytest
from click.testing import CliRunner, Result

from polymath.cli import cli
from polymath.evaluation.talk import Answer, Prompt, Sampling
from polymath.reporting import chat as talking
from tests.evaluation.tiny import LEARNT, TEXT, make_model, make_tokenizer, save
from tests.running import kedro


def invoke(*words: str, **given: str) -> Result:
    return CliRunner().invoke(cli, ["chat", "--temperature", "0", *words], **given)


class Echo:
    """Says the last thing it is told, in two pieces; at `stop`, Ctrl-C comes between them."""

    name, context_tokens = "echo", 99
    left_out = 0

    def prompt(self, conversation, sampling):
        self.heard = [(turn["role"], turn["content"]) for turn in conversation]
        return Prompt((1,), self.left_out)

    def stream(self, prompt, sampling, tell):
        text = self.heard[-1][1]
        tell(text[:2])
        if text == "stop":
            raise KeyboardInterrupt
        tell(text[2:])
        return Answer(text, 5, ended=text != "long")


def talk(*typed: str, system: str | None = None, monkeypatch: pytest.MonkeyPatch) -> Echo:
    speaker = Echo()
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n".join(typed)))
    talking.run_chat(talking.Chat(speaker, Sampling(), system), None)
    return speaker


# --- in a pipe ----------------------------------------------------------------------------------------------------------


def test_one_prompt_gets_one_reply_and_nothing_else_on_the_output(talker):
    result = invoke("--model", str(talker), "--prompt", "สวัสดี")
    assert (result.exit_code, result.stdout, result.stderr) == (0, LEARNT["สวัสดี"] + "\n", "")


def test_each_line_of_a_pipe_is_a_turn(talker):
    result = invoke("--model", str(talker), input="Name three colours.\n/clear\nSay hello.\n")
    assert result.stdout == f"{LEARNT['Name three colours.']}\n{LEARNT['Say hello.']}\n"


def test_a_text_is_continued_where_it_is_asked_for(talker):
    result = invoke("--model", str(talker), "--plain", "--prompt", TEXT[:30], "--max-new-tokens", "10")
    assert TEXT[30:].startswith(result.stdout.rstrip("\n"))
    assert len(result.stdout) > 5


def test_a_seed_draws_the_same_reply_again(tmp_path):
    folder = save(tmp_path / "model", make_model(), make_tokenizer())
    words = ("--model", str(folder), "--prompt", "Hi", "--temperature", "1", "--max-new-tokens", "8", "--seed")
    first, second, other = (invoke(*words, seed).stdout for seed in ("1", "1", "2"))
    assert first == second != other


def test_a_folder_without_a_model_is_one_sentence(tmp_path):
    result = invoke("--model", str(tmp_path))
    assert result.exit_code == 1
    assert "no model lies there" in result.stderr
    assert "Traceback" not in result.stderr


# --- the conversation ---------------------------------------------------------------------------------------------------


def test_the_conversation_is_kept_until_it_is_cleared_and_the_system_prompt_stays(monkeypatch):
    kept = talk("a", "", "b", system="Be kind.", monkeypatch=monkeypatch).heard
    assert kept == [("system", "Be kind."), ("user", "a"), ("assistant", "a"), ("user", "b")]
    assert talk("a", "/clear", "b", system="Be kind.", monkeypatch=monkeypatch).heard == [kept[0], kept[3]]


def test_nothing_is_said_after_exit(monkeypatch, capsys):
    talk("one", "/exit", "two", monkeypatch=monkeypatch)
    assert capsys.readouterr().out == "one\n"


def test_a_reply_that_is_stopped_is_kept_as_far_as_it_went(monkeypatch, capsys):
    assert talk("stop", "go on", monkeypatch=monkeypatch).heard[1:] == [("assistant", "st"), ("user", "go on")]
    out, err = capsys.readouterr()
    assert out == "st\ngo on\n"
    assert "stopped" in err


def test_what_was_cut_is_told_beside_the_conversation(monkeypatch, capsys):
    monkeypatch.setattr(Echo, "left_out", 12)
    talk("long", "/clea", monkeypatch=monkeypatch)
    out, err = capsys.readouterr()
    assert out == "long\n"
    assert "the model reads 99 tokens: 12 of what came before were left out" in err
    assert "cut off after 5 tokens; --max-new-tokens allows more" in err
    assert "/clea is no command" in err


def test_a_terminal_obeys_nothing_that_a_model_says(monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert talking.harmless("a\x1b[31mb\n\tน้ำ\u200b") == "a\\x1b[31mb\n\tน้ำ\u200b"


# --- the project's own --------------------------------------------------------------------------------------------------


def finished(project: Path, model: Path) -> None:
    """As finetune leaves a run."""
    key = "0123456789abcdef"
    run = project / "data/05_models/finetune" / key[:12]
    shutil.copytree(model, run / "model")
    (run / "result.json").write_text(json.dumps({"key": key}), "utf-8")
    (run.parent / "current.json").write_text(json.dumps({"key": key}), "utf-8")


@pytest.mark.proof
def test_without_a_name_the_model_that_was_trained_last_talks(project, talker):
    """In processes of their own: opening a project sets up Kedro's logging, which closes what a test has open."""
    words = ("chat", "--temperature", "0", "--prompt", "Say hello.")
    result = kedro(project, *words)
    assert result.returncode == 1
    assert "no model was trained here yet; run: kedro run --pipeline=finetune" in result.stderr
    finished(project, talker)
    assert kedro(project, *words).stdout == LEARNT["Say hello."] + "\n"


# --- on a terminal ------------------------------------------------------------------------------------------------------


@pytest.mark.proof
def test_on_a_terminal_ctrl_c_stops_a_reply_and_ctrl_d_leaves(tmp_path, project):
    endless, tokenizer = make_model(context=100_000), make_tokenizer()
    tokenizer.eos_token = endless.config.eos_token_id = endless.generation_config.eos_token_id = None
    folder = save(tmp_path / "endless", endless, tokenizer)
    words = ["-m", "kedro", "chat", "--model", str(folder), "--temperature", "0", "--max-new-tokens", "50000"]
    terminal = pexpect.spawn(sys.executable, words, cwd=project, encoding="utf-8", timeout=120, dimensions=(40, 200))
    terminal.expect(r"\(loading .*endless\)")
    terminal.expect(r"endless, 0\.1 million parameters; /clear forgets the conversation.*> ")
    terminal.sendline("Hi")
    terminal.expect(r"Hi\r\n.{20}")  # it streams: the reply has tens of thousands of tokens
    terminal.sendintr()
    terminal.expect(r"\(stopped\).*> ")
    terminal.send("half a line")
    terminal.sendintr()
    terminal.expect(r"\n> ")
    terminal.sendeof()
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0
