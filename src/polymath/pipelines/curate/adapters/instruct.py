"""Instructions and their responses: Alpaca and its relatives, Natural Instructions, seeds, quotes."""

import ast
import re
from typing import Any

from polymath.pipelines.curate.adapters.kinds import Record, Records, adapters
from polymath.pipelines.curate.adapters.values import (
    NOT_LITERAL,
    Expression,
    attempt,
    listed,
    optional,
    pick,
    said,
    shared,
    some,
    text,
)
from polymath.sources.rows import Unfit

PLACEHOLDERS = ("no input", "no input required", "no input needed", "none", "n/a", "nan", "nil", "not applicable")
_FILLED = re.compile(
    r"\A(?:Below is an instruction[^\n]*\n+)?### Instruction:\n(?P<prompt>.*?)"
    r"(?:\n+### Input:\n(?P<context>.*?))?\n+### Response:\s*(?P<reply>.*)\Z",
    re.DOTALL,
)
CALLABLE = "You may call these functions, with what you ask them in brackets:\n"
_TOOLS = re.compile(r"toolformer access:(.*)", re.IGNORECASE)
_CALL = re.compile(r"\w+\([\w, ]*\)")
_LETTERS = re.compile(r"[\W_]+")


@adapters.register
def alpaca(
    row: Any,
    *,
    prompt: Expression = "instruction",
    context: Expression = "input",
    reply: Expression = "output|response",
    system: Expression | None = None,
    placeholders: tuple[str, ...] = PLACEHOLDERS,
) -> Records:
    """An instruction, perhaps an input, and the response.

    An input that only says that there is none ("No input", "<noinput>", "N/A") becomes null; case, spaces and punctuation of
    a placeholder do not count.
    """
    given = optional(row, context)
    empty = {_bare(word) for word in placeholders}
    yield {
        "system": optional(row, system),
        "prompt": text(row, prompt),
        "context": None if given is None or _bare(given) in empty else given,
        "reply": text(row, reply),
    }


@adapters.register
def toolformer(row: Any) -> Records:
    """GPTeacher's Toolformer: what tools there are becomes the system prompt, what is asked the prompt.

    The instruction begins with `toolformer: enabled` and `toolformer access: wikipedia, python`; of each tool a description and
    a call, `wikipedia(query)`, follow, and then what is asked.
    """
    lines = text(row, "instruction").strip().split("\n")
    named = _TOOLS.match(lines[1]) if len(lines) > 2 and lines[0].strip().casefold() == "toolformer: enabled" else None
    last = max((number for number, line in enumerate(lines) if _CALL.fullmatch(line.strip())), default=0) if named else 0
    asked = "\n".join(lines[last + 1 :] if last else lines).strip()
    yield {
        "system": CALLABLE + "\n".join(lines[2 : last + 1]) if last else None,
        "prompt": asked,
        "context": optional(row, "input|example_input"),
        "reply": text(row, "response"),
        "extra": said(tools=named[1].strip() if named else None),
    }


@adapters.register
def filled_alpaca(row: Any, *, prompt: Expression = "prompt", reply: Expression | None = "response") -> Records:
    """A prompt that already stands in the Alpaca form, taken apart again; with no `reply`, it holds the response too."""
    form = text(row, prompt)
    found = _FILLED.match(form)
    if not found:
        if reply is None:
            raise Unfit("bad_row", f"{prompt} is not in the Alpaca form")
        yield {"prompt": form, "reply": text(row, reply)}
        return
    answer = found["reply"] if reply is None else text(row, reply)
    yield {"prompt": found["prompt"].strip(), "context": found["context"], "reply": answer.strip()}


@adapters.register
def natural_instructions(row: Any, *, task: Expression | None = None) -> Records:
    """A task file of Natural Instructions: its definition is the prompt, each instance's input the context.

    Instances of one task need not stay together, but those with the same input must: it may serve several tasks. `task` names
    the task where instances have no ids such as `task582-1a2b` to tell it.
    """
    definition = pick(row, "Definition")
    prompt = definition if isinstance(definition, str) else "\n".join(map(str, some(row, "Definition")))
    if not prompt.strip():
        raise Unfit("null_field", "Definition is missing or empty")
    named = said(task=optional(row, task), categories=pick(row, "Categories"))
    for instance in listed(row, "Instances"):
        record = attempt(_instance, instance, named)
        yield record if isinstance(record, Unfit) else {"prompt": prompt.strip(), **record}


def _instance(instance: Any, named: Record) -> Record:
    output = pick(instance, "output")
    outputs = [output] if isinstance(output, str) else [str(one) for one in some(instance, "output")]
    replies = [one for one in outputs if one.strip()]
    if not replies:
        raise Unfit("empty", "the instance has no output")
    given = text(instance, "input")
    identifier = optional(instance, "id")
    task = {} if "task" in named or not identifier else {"task": identifier.partition("-")[0]}
    extra = {**named, **task, **said(id=identifier)}
    return {"context": given, "reply": replies[0], "replies": replies, "group": shared(given), "extra": extra}


@adapters.register
def self_instruct(row: Any) -> Records:
    """A seed task of Self-Instruct: an instruction with one or more instances of input and output."""
    prompt = text(row, "instruction")
    for instance in listed(row, "instances"):
        record = attempt(_seed, instance)
        extra = said(id=pick(row, "id"), name=pick(row, "name"))
        yield record if isinstance(record, Unfit) else {"prompt": prompt, "group": shared(prompt), "extra": extra, **record}


def _seed(instance: Any) -> Record:
    return {"context": optional(instance, "input"), "reply": text(instance, "output")}


@adapters.register
def quotes(row: Any, *, topics: Expression = "tags|categories") -> Records:
    """A quote with its author and topics: asked for by author, and by topics where there are any.

    `extra` has `author` and `about`, for recipes that ask by one of the two. english_historical_quotes has its list of topics
    as text, "['business', 'money']".
    """
    author = text(row, "author").strip().rstrip(",")
    about = [str(topic).replace("-", " ") for topic in _topics(row, topics)]
    first = " and ".join(about[:2]) or None
    prompt = f"Quote {author} on {first}." if first else f"Quote {author}."
    yield {"prompt": prompt, "reply": text(row, "quote"), "extra": said(author=author, about=first, topics=about)}


def _topics(row: Any, expression: str) -> list[Any]:
    value = pick(row, expression)
    if not isinstance(value, str):
        return some(row, expression)
    if not value.startswith("["):
        return [value] if value else []
    try:
        return list(ast.literal_eval(value))
    except NOT_LITERAL as error:
        raise Unfit("wrong_type", f"{value[:80]!r} is not a list") from error


def _bare(given: str) -> str:
    return _LETTERS.sub("", given.casefold())
