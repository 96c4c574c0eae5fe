"""Reasoning: a problem, the steps, and the short final answer."""

from polymath.tasks.task import Task

REASONING = Task(
    name="reasoning",
    about="Reason step by step to a final answer.",
    needs=("prompt", "reply"),
    identity=("prompt", "reply"),
    judged="reply",
)
