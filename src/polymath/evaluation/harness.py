"""Benchmarks by lm-eval: one task, one model, and what it said to every item. Numbers are those of the `lm_eval` command."""

from __future__ import annotations

import contextlib
import json
import os
import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from polymath.config import Config
from polymath.errors import UserError
from polymath.evaluation.held import held
from polymath.evaluation.models import Model
from polymath.evaluation.places import load_tokenizer_of, model_folder, settle_threads
from polymath.evaluation.suites import TaskFile

if TYPE_CHECKING:
    from lm_eval.models.huggingface import HFLM

SCORE = pa.struct([pa.field("metric", pa.string()), pa.field("score", pa.float64())])
SCORED_ITEM = pa.schema(
    [
        ("model", pa.string()),
        ("benchmark", pa.string()),
        ("task", pa.string()),  # the benchmark, or one of its parts
        ("doc", pa.int64()),  # number of the item in its task
        ("item", pa.string()),  # the item's text: what a model would have memorised
        ("prompt", pa.string()),  # all that the model was given, examples too
        ("target", pa.string()),
        ("answer", pa.string()),  # what it wrote, or the option that it found likeliest
        ("loglikelihoods", pa.list_(pa.float64())),  # of each option, in nats; null where it wrote
        ("scores", pa.list_(SCORE)),  # of each metric of the task
    ]
)
SEEDS = (0, 1234, 1234)
"""lm-eval's own, of random, numpy and torch; the examples' is the last one again."""
ITEM_TEXT = "polymath_item"
"""The column that carries an item's text through lm-eval, where we wrote the rows."""
OURS = "polymath/"
ADAPTER = "adapter_config.json"


class HarnessDials(Config):
    """What scores depend on beside model and items."""

    shots: int | None
    """Examples before each question; none given: as the task has it."""
    limit: int | None
    """Items of each task, the first ones; none given: all."""
    batch: int
    """Items that go through the model together."""
    max_new_tokens: int | None
    """Tokens after which an answer is cut off; none given: as the task has it."""
    chat_template: bool
    """Ask through the tokenizer's chat template."""
    device: str
    """cpu, cuda, cuda:0, ...; auto: a GPU where there is one."""
    execute_code: bool
    """Run programs that the model wrote."""


@dataclass(frozen=True)
class Local:
    """A task's rows from files, as the hub has them."""

    rows: Sequence[dict[str, Any]]
    shots: Sequence[dict[str, Any]]


def score_task(
    model: Model, task: TaskFile, local: Local | None, dials: HarnessDials
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Rows of schema SCORED_ITEM but for `model` and `benchmark`; and what lm-eval says of the task as a whole.

    `local`: rows read from files; None for the dataset that lm-eval's task names, from the hub or its cache. The summary has
    `scores` (metric -> mean), `shots`, `version` (of the task) and, where the task gives it, `higher` (metric -> bool).
    """
    with quiet(), tempfile.TemporaryDirectory(prefix="polymath-") as folder:
        write_task(Path(folder), task, local)
        result = _evaluate(model, task.name, Path(folder), dials)
    samples: dict[int, dict[str, Any]] = {}
    for sample in result["samples"][task.name]:
        row = samples.setdefault(sample["doc_id"], _row(task.name, sample))
        row["scores"] += _scores(sample)
    return [samples[number] for number in sorted(samples)], _summary(task.name, result)


def write_task(folder: Path, task: TaskFile, local: Local | None) -> None:
    """`task.yaml`, which includes lm-eval's own, and the rows that it is to read where they are ours."""
    import lm_eval.tasks
    import yaml

    home = Path(__file__).parent / "tasks" if task.file.startswith(OURS) else Path(lm_eval.tasks.__file__).parent
    settings: dict[str, Any] = {"include": str(home / task.file.removeprefix(OURS)), "task": task.name}
    if local is not None:
        files = {"test": folder / "test.jsonl"} | ({"examples": folder / "examples.jsonl"} if local.shots else {})
        for name, path in files.items():
            lines = local.rows if name == "test" else local.shots
            path.write_text("".join(json.dumps(line, ensure_ascii=False, default=str) + "\n" for line in lines), "utf-8")
        settings |= {
            "dataset_path": "json",
            "dataset_name": None,
            "dataset_kwargs": {
                "data_files": {name: str(path) for name, path in files.items()},
                "cache_dir": str(folder / "cache"),
            },
            "training_split": None,
            "validation_split": None,
            "test_split": "test",
        }
        settings["fewshot_split"] = "examples" if local.shots else None
    (folder / f"{task.name}.yaml").write_text(yaml.safe_dump(settings, sort_keys=False), "utf-8")


def _evaluate(model: Model, task: str, folder: Path, dials: HarnessDials) -> dict[str, Any]:
    """As `lm_eval.simple_evaluate` does, without its survey of the machine, which takes a second for each task."""
    import numpy
    import torch
    from lm_eval.evaluator import evaluate
    from lm_eval.tasks import TaskManager

    lm = load_model(model, dials.device, dials.batch)
    random.seed(SEEDS[0])
    numpy.random.seed(SEEDS[1])
    torch.manual_seed(SEEDS[2])
    manager = TaskManager(include_path=str(folder), include_defaults=False)
    try:
        loaded = manager.load([task])
    except OSError as error:
        raise UserError(
            f"harness.{task}: what lm-eval's task needs from the hub cannot be had ({_first_line(error)})"
        ) from error
    except (KeyError, TypeError, AttributeError, IndexError) as error:  # columns are looked for as the rows are read
        raise UserError(
            f"harness.{task}: lm-eval's task cannot read the rows ({type(error).__name__}: {error}); they must be as its hub "
            "dataset has them: name a layout"
        ) from error
    made = loaded["tasks"][task]
    if dials.shots is not None and made.get_config("num_fewshot") != 0:
        made.set_config(key="num_fewshot", value=dials.shots)
    elif made.get_config("num_fewshot") is None:
        made.set_config(key="num_fewshot", value=0)
    made.set_fewshot_seed(seed=SEEDS[2])
    if made.get_config("output_type") == "generate_until":
        _limit_answers(made, lm.max_length, dials)
    result = evaluate(
        lm=lm,
        task_dict=loaded,
        limit=dials.limit,
        bootstrap_iters=0,
        apply_chat_template=dials.chat_template,
        fewshot_as_multiturn=True,
        confirm_run_unsafe_code=dials.execute_code,
    )
    assert result is not None
    return dict(result)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _limit_answers(made: Any, context: int, dials: HarnessDials) -> None:
    """Cut answers off where the dial says; a UserError where they would leave no room for a question."""
    if dials.max_new_tokens is not None:
        made.set_config(key="generation_kwargs", value={"max_gen_toks": dials.max_new_tokens}, update=True)
    wanted = made.config.generation_kwargs.get("max_gen_toks", 0)
    if wanted >= context:
        raise UserError(
            f"harness.{made.config.task}: answers of {wanted:,} tokens leave no room for a question in a context of "
            f"{context:,}; set evaluate.max_new_tokens={context // 4}"
        )


def load_model(model: Model, device: str, batch: int) -> HFLM:
    """The model in lm-eval's hands; a folder whose files have changed is loaded anew."""
    return held((model.digest, device, batch), lambda: _load(model, device, batch))


def _load(model: Model, device: str, batch: int) -> HFLM:
    import torch
    from lm_eval.models.huggingface import HFLM

    chosen = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    given: dict[str, Any] = {} if model.revision is None else {"revision": model.revision}
    folder, place = model_folder(model.place), model.place
    if folder is not None:
        given |= {"tokenizer": load_tokenizer_of(folder)}  # a checkpoint's is that of its run
        if not (folder / "config.json").exists():  # adapters, which say what model they are for
            place = json.loads((folder / ADAPTER).read_text("utf-8"))["base_model_name_or_path"]
            given |= {"peft": str(folder)}
    try:
        lm = HFLM(pretrained=place, device=chosen, batch_size=batch, **given)
    except OSError as error:
        raise UserError(f"{model.place}: the model cannot be loaded ({_first_line(error)})") from error
    settle_threads(lm.model, chosen)
    return lm


def _row(task: str, sample: dict[str, Any]) -> dict[str, Any]:
    """One item as lm-eval logged it; `scores` still empty."""
    asked = sample["arguments"]
    options = [each[1] for each in asked] if isinstance(sample["resps"][0][0], (tuple, list)) else None
    values = [float(each[0][0]) for each in sample["resps"]] if options else None
    target = sample["target"]
    if options and values:
        answer = options[max(range(len(options)), key=values.__getitem__) if len(options) > 1 else 0]
        target = options[target] if isinstance(target, int) and target < len(options) else target
    else:
        answer = str(sample["resps"][0][0])
    return {
        "task": task,
        "doc": sample["doc_id"],
        "item": sample["doc"].get(ITEM_TEXT),
        "prompt": asked[0][0],
        "target": str(target).strip(),
        "answer": answer.strip(),
        "loglikelihoods": [round(value, 4) for value in values] if values else None,
        "scores": [],
        "doc_fields": sample["doc"],
    }


def _scores(sample: dict[str, Any]) -> list[dict[str, Any]]:
    """Metrics of one item under one filter; those that are no number (a pair for perplexity) have no share in a mean."""
    named = {
        metric if sample["filter"] == "none" else f"{metric},{sample['filter']}": sample[metric] for metric in sample["metrics"]
    }
    return [{"metric": name, "score": float(value)} for name, value in named.items() if isinstance(value, (int, float))]


def _summary(task: str, result: dict[str, Any]) -> dict[str, Any]:
    """lm-eval's own numbers of a task, by metric and filter."""
    whole = {}
    for name, value in result["results"][task].items():
        metric, _, kind = name.partition(",")
        if kind and not metric.endswith("_stderr") and isinstance(value, (int, float)):
            whole[metric if kind == "none" else f"{metric},{kind}"] = float(value)
    return {"scores": whole, "shots": result["n-shot"].get(task, 0), "version": str(result["versions"].get(task))}


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """What lm-eval, datasets and git say on the way goes nowhere: errors are raised, and the console is the run's own."""
    import logging
    import sys

    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
        logging.disable(before)
