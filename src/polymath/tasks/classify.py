"""Classify: a text (or a pair of texts) and which of a few named classes it belongs to."""

from collections.abc import Mapping

import pyarrow as pa

from polymath.tasks.choices import chosen, listed
from polymath.tasks.task import Task


def _classes(records: pa.Table) -> Mapping[str, pa.Array]:
    """`{label_name}`: the right class; `{label_names}`: all of them, comma by comma."""
    return {"label_name": chosen(records), "label_names": listed(records, ", ")}


CLASSIFY = Task(
    name="classify",
    about="Name the class that a text belongs to.",
    needs=("text", "choices", "label"),
    identity=("context", "text"),
    judged="text",
    derive=_classes,
)
