"""Steps: a pipeline's named boxes, so that `pipeline.py` reads as a table of contents."""

from collections.abc import Sequence
from dataclasses import dataclass

from kedro.pipeline import Node, Pipeline


@dataclass(frozen=True)
class Step:
    """One box of a pipeline: its name is a namespace, a key of the parameters, and a word on the console."""

    name: str
    nodes: Sequence[Node]


def sum_steps(pipeline: str, steps: Sequence[Step]) -> Pipeline:
    """The steps as one pipeline, each in a namespace `<pipeline>.<step>`; datasets keep their plain names."""
    boxes = []
    for step in steps:
        named = [node._copy(name=node.func.__name__) for node in step.nodes]
        boxes.append(Pipeline(named, namespace=f"{pipeline}.{step.name}", prefix_datasets_with_namespace=False))
    return sum(boxes, Pipeline([]))
