"""Sitting an exam: the items of a task, from the hub or from files, as lm-eval takes them; and what a model says to each."""

from __future__ import annotations

import functools
from collections import defaultdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from polymath.engine.contract import Piece
from polymath.errors import UserError
from polymath.evaluation.exams import Exam
from polymath.evaluation.harness import ITEM_TEXT, SCORED_ITEM, Local, score_task
from polymath.evaluation.layouts import layouts
from polymath.evaluation.models import Model
from polymath.sources.benchmarks import Benchmark, item_reader
from polymath.sources.build import placed_rows

VERSION = 1
LIBRARIES = ("lm_eval", "transformers", "torch")


def score_exam(model: Model, exam: Exam) -> Piece:
    """One task of one model (schema SCORED_ITEM), empty where no file has this part. The note has lm-eval's numbers."""
    local = None
    about: dict[str, Any] = {"model": model.name, "benchmark": exam.benchmark, "task": exam.task.name, "scores": {}}
    if exam.is_local:
        rows = _by_part(exam.benchmark, exam.items, exam.root, exam.entry.layout, exam.digest)
        _check_parts(exam, rows)
        if exam.task.part not in rows:
            return Piece(SCORED_ITEM.empty_table(), about)
        local = Local(rows[exam.task.part], _examples(exam))
    found, told = score_task(model, exam.task, local, exam.dials)
    read = item_reader(exam.benchmark, exam.place)
    for row in found:
        fields = row.pop("doc_fields")
        row |= {"model": model.name, "benchmark": exam.benchmark, "item": fields.get(ITEM_TEXT) or read(fields)}
    return Piece(pa.Table.from_pylist(found, SCORED_ITEM), about | told)


def _examples(exam: Exam) -> list[dict[str, Any]]:
    if not exam.entry.shots_path or exam.dials.shots == 0:
        return []
    rows = _by_part(exam.benchmark, exam.shots, exam.root, exam.entry.layout, f"{exam.digest} examples")
    if exam.task.part not in rows:
        raise UserError(f"harness.{exam.benchmark}.shots_path: none of its files has examples of {exam.task.part!r}")
    return rows[exam.task.part]


def _check_parts(exam: Exam, rows: dict[str, list[dict[str, Any]]]) -> None:
    """Files none of whose rows belong to any part are the wrong files, or read by the wrong layout."""
    known = set(exam.entry.parts) or {""}
    if not known & set(rows):
        raise UserError(
            f"harness.{exam.benchmark}: no row of {' '.join(exam.items.path)} belongs to one of its parts; the layout "
            f"{exam.entry.layout!r} finds {', '.join(sorted(rows)[:5]) or 'nothing'}"
        )


@functools.lru_cache(maxsize=4)
def _by_part(name: str, place: Benchmark, root: Path, layout: str, digest: str) -> dict[str, list[dict[str, Any]]]:
    """Rows as the hub has them, by part, each with its item's text; read once per process, since parts share their files."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    text = item_reader(name, place)
    for batch in place.batches(root):
        for _, row in placed_rows(batch):
            for part, made in layouts[layout](batch.file, row):
                found[part].append({**made, ITEM_TEXT: text(made)})
    return dict(found)
