"""One colour for each task, the same on every figure of every card; what is removed is grey."""

from polymath.tasks import TASKS

COLOURED = 10
"""Tasks that have a colour of their own; later ones share the colour of "other"."""


def task_class(task: str | None) -> str:
    """The CSS class that sets `--c`, the colour of a task; `t0` is "other". The colours themselves stand in `style.css`."""
    order = list(TASKS)
    number = order.index(task) + 1 if task in order else 0
    return f"t{number if number <= COLOURED else 0}"


def in_order(tasks: set[str]) -> list[str]:
    """Tasks in the order in which people see them, unknown ones last."""
    order = {task: number for number, task in enumerate(TASKS)}
    return sorted(tasks, key=lambda task: (order.get(task, len(order)), task))
