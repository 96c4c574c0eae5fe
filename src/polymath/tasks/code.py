"""Code: an intent, and the program that carries it out."""

from polymath.tasks.task import Task

CODE = Task(
    name="code",
    about="Write a program from a description, or describe one.",
    needs=("prompt", "reply"),
    identity=("prompt", "reply"),
    judged="reply",
)
