"""Whether a row's values make a record of its task; why not, in one word and one sentence."""

from collections.abc import Iterator, Sequence
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from polymath.records import STRINGS, TEXT_FIELDS, TURNS
from polymath.sources.rows import Unfit
from polymath.tasks import Task
from polymath.tasks.choices import LETTERS

ROLES = {
    "system": "system",
    "user": "user", "human": "user", "prompter": "user", "observation": "tool", "tool": "tool", "function": "tool",
    "assistant": "assistant", "gpt": "assistant", "bot": "assistant", "chatgpt": "assistant", "model": "assistant",
    "function_call": "assistant",
}  # fmt: skip
"""The names that datasets give to the roles of a conversation, and ours."""

BLANK_IS_NONE = ("context", "system", "group")
"""Fields that many datasets leave blank where there is nothing: then a record has none."""


def check_record(record: dict[str, Any], task: Task, labels: Sequence[str]) -> dict[str, Any]:
    """The record with every value of its field's type and the label as a number; raises Unfit."""
    checked = {name: _value(name, value) for name, value in record.items() if not _is_none(name, value)}
    if labels and "choices" not in checked:
        checked["choices"] = list(labels)
    if "label" in task.needs:
        checked["label"] = _label(checked.get("label"), checked.get("choices"))
    for name in task.needs:
        if checked.get(name) is None:
            raise Unfit("null_field", f"{name} is missing or null")
    if not _says_something(checked, task):
        raise Unfit("empty", f"{' and '.join(task.identity)} are empty")
    return checked


def _is_none(name: str, value: Any) -> bool:
    return value is None or (name in BLANK_IS_NONE and isinstance(value, str) and not value.strip())


def _value(name: str, value: Any) -> Any:
    kind = TEXT_FIELDS.get(name)
    if name == "extra":
        return (
            orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode() if not isinstance(value, str) else value
        )
    if kind == pa.int32():
        return value
    if kind == TURNS:
        return [_turn(turn) for turn in _list(name, value)]
    if kind == STRINGS or name == "parents":
        return [_text(name, element) for element in _list(name, value) if element is not None]
    return _text(name, value)


def _list(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise Unfit("wrong_type", f"{name} is {type(value).__name__}, not a list")
    return list(value)


def _text(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        return str(value)
    raise Unfit("wrong_type", f"{name} is {type(value).__name__}, not text")


def _turn(turn: Any) -> dict[str, str]:
    if not isinstance(turn, dict) or "role" not in turn or "content" not in turn:
        raise Unfit("wrong_type", "a turn of messages is not {role, content}")
    role = ROLES.get(str(turn["role"]).casefold())
    if role is None:
        raise Unfit("unknown_role", f"{turn['role']!r} is not a role of a conversation")
    return {"role": role, "content": _text("messages", turn["content"] if turn["content"] is not None else "")}


def _label(label: Any, choices: list[str] | None) -> int:
    """The number of the right choice, given by number, by numeric text or by name; -1 and "" are what test splits have."""
    if choices is None:
        raise Unfit("null_field", "choices is missing or null")
    if len(choices) > len(LETTERS):
        raise Unfit("too_many_choices", f"{len(choices)} choices; {len(LETTERS)} at most")
    if label is None or label in ("", "-1", -1):
        raise Unfit("no_label", "the row has no label (a test split?)")
    if isinstance(label, str) and label in choices:
        return choices.index(label)
    try:
        number = int(label)
    except (TypeError, ValueError, OverflowError):
        raise Unfit("label_out_of_range", f"label {label!r} is none of the {len(choices)} choices") from None
    if not 0 <= number < len(choices):
        raise Unfit("label_out_of_range", f"label {number} is not one of 0..{len(choices) - 1}")
    return number


def _says_something(record: dict[str, Any], task: Task) -> bool:
    def said(value: Any) -> bool:
        if isinstance(value, list):
            return any(said(element) for element in value)
        if isinstance(value, dict):
            return said(value["content"])
        return bool(str(value).strip())

    return any(said(record[name]) for name in task.identity if record.get(name) is not None)


def unfit_rows(table: pa.Table, task: Task) -> Iterator[tuple[int, tuple[str, str]]]:
    """The same checks for a table whose columns have the right types already: row and reason of those that fail."""
    failed: dict[int, tuple[str, str]] = {}

    def fail(mask: Any, reason: str, detail: str) -> None:
        for row in pc.indices_nonzero(pc.fill_null(mask, False)).to_pylist():
            failed.setdefault(row, (reason, detail))

    if "label" in task.needs:
        size = pc.list_value_length(table["choices"])
        fail(
            pc.or_kleene(pc.equal(table["label"], -1), pc.is_null(table["label"])),
            "no_label",
            "the row has no label (a test split?)",
        )
        fail(
            pc.or_kleene(pc.less(table["label"], 0), pc.greater_equal(table["label"], size)),
            "label_out_of_range",
            "not a choice",
        )
        fail(pc.greater(size, len(LETTERS)), "too_many_choices", f"{len(LETTERS)} at most")
    for name in task.needs:
        fail(pc.is_null(table[name]), "null_field", f"{name} is missing or null")
    fail(pc.equal(pc.utf8_trim_whitespace(task.dedup_text(table)), ""), "empty", f"{' and '.join(task.identity)} are empty")
    return iter(sorted(failed.items()))
