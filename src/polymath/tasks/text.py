"""Plain text: books, articles, documentation, web pages."""

from polymath.tasks.task import Task

TEXT = Task(
    name="text",
    about="Plain text, read from beginning to end.",
    needs=("text",),
    identity=("text",),
    judged="text",
    shape="text",
)
