"""A mix, and a run over it as training leaves one, without the training."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from polymath.form import FormConfig
from polymath.planning.shapes import Anatomy
from polymath.store.folder import ShardFolder
from polymath.training.config import Job, Layout, Mixed, ModelConfig, RunConfig, Start, TrainConfig
from polymath.training.tracks import Track, TrainingSet
from polymath.training.trained import Trained
from tests.training.mixes import BATCH, LICENCES, MACHINE, Made, make_mix

STEPS, LAST = 6, 5
"""That the run was to make, and after which its model was exported."""


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Two tasks, 240 examples, sequences of 64 tokens, batches of four."""
    return make_mix(tmp_path_factory.mktemp("mix"))


@pytest.fixture(scope="session")
def planned(made) -> Job:
    """As `prepare_run` makes it, which would import PyTorch for it."""
    anatomy = Anatomy(hidden=32, layers=2, vocabulary=320, matrices=((32, 32),), vectors=64, outside=10_000)
    run = RunConfig(
        stage="finetune",
        name="small-sft",
        start=Start(kind="fresh", name="small", anatomy=anatomy),
        model=ModelConfig(name="small"),
        train=TrainConfig(steps=STEPS),
        mix=Mixed(digests=made.mix.digests, composition={"closed_qa": 0.5, "instruct": 0.5}, licences=LICENCES),
        form=FormConfig(),
        layout=Layout(machine=MACHINE, micro_batch=BATCH, accumulation=1, zero=0),
        steps=STEPS,
        learning_rate=0.01,
        validate_every=3,
        save_every=3,
        key="",
    )
    return Job(run=run, data=made.data, folder=Path())


@pytest.fixture
def leave(planned: Job, tmp_path: Path) -> Callable[..., Trained]:
    """A function that leaves a run's folder: its key, whether it has ended, and what else is to be another in its run.json."""

    def left(key: str = "0123456789abcdef", ended: bool = True, **other: Any) -> Trained:
        folder = tmp_path / "finetune" / key[:12]
        folder.mkdir(parents=True)
        run = planned.run.model_copy(update={"key": key, **other})
        (folder / "run.json").write_text(planned.model_copy(update={"run": run, "folder": folder}).model_dump_json())
        lines: list[dict[str, Any]] = [{"step": 0, "validation": {"all": 3.0}}]
        lines += [{"step": step, "loss": 3 - step / 4, "learning_rate": 0.01, "grad_norm": 1.5} for step in range(1, LAST + 1)]
        (folder / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        if ended:
            (folder / "result.json").write_text(json.dumps({"key": key, "step": LAST}))
        return Trained(folder)

    return left


@pytest.fixture
def load(made) -> Callable[[str], ShardFolder]:
    return vars(made.mix).__getitem__


@pytest.fixture(scope="session")
def items(made) -> TrainingSet:
    """The run's batches as training takes them."""
    return TrainingSet(Track(made.mix.tokens, made.mix.sequences, made.mix.schedule, "sft"), STEPS)


@pytest.fixture
def project(load, tmp_path) -> SimpleNamespace:
    """As much of a project as the commands ask for."""
    return SimpleNamespace(load=load, path=tmp_path)
