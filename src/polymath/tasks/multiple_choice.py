"""Multiple choice: a question, the options, and which one is right; sometimes with a passage."""

from collections.abc import Mapping

import pyarrow as pa

from polymath.tasks.choices import chosen, lettered, letters
from polymath.tasks.task import Task


def _options(records: pa.Table) -> Mapping[str, pa.Array]:
    """`{options}`: lettered, a line each; `{letter}` and `{right}`: the right one's letter and text."""
    return {"options": lettered(records), "letter": letters(records), "right": chosen(records)}


MULTIPLE_CHOICE = Task(
    name="multiple_choice",
    about="Pick the right one of several options.",
    needs=("prompt", "choices", "label"),
    identity=("prompt", "choices"),
    judged="prompt",
    derive=_options,
)
