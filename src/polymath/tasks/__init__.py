"""One file per task; this page lists them in the order in which people see them."""

from polymath.tasks.chat import CHAT
from polymath.tasks.classify import CLASSIFY
from polymath.tasks.closed_qa import CLOSED_QA
from polymath.tasks.code import CODE
from polymath.tasks.extractive_qa import EXTRACTIVE_QA
from polymath.tasks.instruct import INSTRUCT
from polymath.tasks.multiple_choice import MULTIPLE_CHOICE
from polymath.tasks.preference import PREFERENCE
from polymath.tasks.reasoning import REASONING
from polymath.tasks.summarize import SUMMARIZE
from polymath.tasks.task import Task
from polymath.tasks.text import TEXT

TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        TEXT,
        INSTRUCT,
        CHAT,
        EXTRACTIVE_QA,
        CLOSED_QA,
        MULTIPLE_CHOICE,
        REASONING,
        SUMMARIZE,
        CLASSIFY,
        CODE,
        PREFERENCE,
    )
}

__all__ = ["TASKS", "Task"]
