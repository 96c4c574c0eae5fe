"""Processes of a run: listened to, ended together, and never left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from polymath.errors import UserError
from polymath.training.launch import command, environment, follow, launch
from tests.training.mixes import MACHINE, job, ranks

SAY = "from polymath.training.ranks import say, end_with_the_launcher; import os, sys, time; end_with_the_launcher(); "


def run(tmp_path, code, tell=lambda facts: None):
    variables = {**os.environ, "POLYMATH_LAUNCHER_HOLDS_STDIN": "1"}
    follow([sys.executable, "-c", SAY + code], variables, tmp_path / "console.log", tell)


def gone(pid):
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_gpus_that_are_not_here_are_told_before_a_rank_starts(made, tmp_path, monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    four = job(made, tmp_path, MACHINE.model_copy(update={"gpus": True, "ranks": 4, "kind": "a100"}))
    with pytest.raises(UserError, match=r"finetune\.hardware\.gpus: 4 GPUs are wanted, and 2 are here"):
        launch(four, lambda facts: None)


def test_what_a_rank_says_is_heard_and_its_noise_is_kept(tmp_path):
    told = []
    run(tmp_path, "print('noise'); say('step', step=3, loss=1.5); print('@polymath {broken')", told.append)
    assert told == [{"kind": "step", "step": 3, "loss": 1.5}]
    assert (tmp_path / "console.log").read_text().split() == ["noise", "@polymath", "{broken"]


def test_a_ranks_own_sentence_is_the_error(tmp_path):
    with pytest.raises(UserError, match=r"^training stopped: the loss is nan$"):
        run(tmp_path, "say('error', text='the loss is nan', rank=0); sys.exit(1)")


def test_a_rank_that_ends_without_a_word_is_told_by_its_last_lines(tmp_path):
    with pytest.raises(UserError, match=r"(?s)a rank was ended by SIGKILL .*its last lines:\n.*  about to"):
        run(tmp_path, "print('about to', flush=True); os.kill(os.getpid(), 9)")


def test_processes_of_a_failed_run_end_with_it(tmp_path):
    code = (
        "import subprocess; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
        "say('step', child=child.pid); time.sleep(.2); sys.exit(3)"
    )
    told = []
    with pytest.raises(UserError, match="ended with 3"):
        run(tmp_path, code, told.append)
    assert gone(told[0]["child"])


def test_ranks_leave_when_whoever_launched_them_is_killed(tmp_path):
    told, whole = str(tmp_path / "pid"), str(tmp_path / "pid.whole")
    code = SAY + f"open({told!r}, 'w').write(str(os.getpid())); os.rename({told!r}, {whole!r}); time.sleep(60)"
    launcher = (
        "import os, sys; from pathlib import Path; from polymath.training.launch import follow; "
        f"follow([sys.executable, '-c', {code!r}], {{**os.environ, 'POLYMATH_LAUNCHER_HOLDS_STDIN': '1'}}, "
        f"Path({str(tmp_path / 'log')!r}), print)"
    )
    process = subprocess.Popen([sys.executable, "-c", launcher])
    while not Path(whole).exists():
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert gone(int(Path(whole).read_text()))


def test_one_rank_runs_without_the_launcher_and_several_with_it(made, tmp_path):
    alone, two = (job(made, tmp_path, ranks(count)).run.layout for count in (1, 2))
    assert command(alone, ["run.json"])[1:] == ["-m", "polymath.training.worker", "run.json"]
    words = command(two, ["run.json"])
    assert words[2] == "deepspeed.launcher.runner"
    assert words[words.index("--num_accelerators") + 1] == "2"
    assert environment(two)["DS_ACCELERATOR"] == "cpu"


def test_every_launch_takes_a_port_of_its_own(made, tmp_path):
    layout = job(made, tmp_path, ranks(2)).run.layout
    ports = {words[words.index("--master_port") + 1] for words in (command(layout, []) for _ in range(3))}
    assert len(ports) == 3
