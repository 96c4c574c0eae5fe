"""Conversations: ShareGPT's and everybody's lists of turns, transcripts, replies that were liked."""

from typing import Any

from polymath.pipelines.curate.adapters.kinds import PlacedRecords, Record, Records, Rows, adapters, whole_adapters
from polymath.pipelines.curate.adapters.turns import Turn, exchanges, marked_turns, split_system, turns_of
from polymath.pipelines.curate.adapters.values import Expression, attempt, optional, pick, said, text
from polymath.sources.build import LEFT_OUT
from polymath.sources.rows import Place, Unfit

TOOLS = "You may call these functions:\n"
NO_TOOLS = ("", "[]", "{}", "null")


@adapters.register
def conversation(
    row: Any,
    *,
    turns: Expression = "conversations|messages|conversation",
    system: Expression = "system|system_prompt",
    tools: Expression = "tools",
) -> Records:
    """A list of turns, `{from, value}` or `{role, content}`; calls of functions and what these return are turns too.

    A description of the functions at hand joins the system prompt.
    """
    instructions, spoken = split_system(turns_of(pick(row, turns), turns))
    functions = (optional(row, tools) or "").strip()
    parts = [optional(row, system), instructions, None if functions in NO_TOOLS else TOOLS + functions]
    yield {
        "system": "\n\n".join(part for part in parts if part) or None,
        "messages": exchanges(spoken),
        "extra": said(id=pick(row, "id")),
    }


@adapters.register
def transcript(row: Any, *, column: Expression = "text") -> Records:
    """A conversation in one text, its speakers marked: `### Human:`, `[INST]`, or `Human:` after an empty line."""
    yield _spoken(marked_turns(text(row, column)))


@adapters.register
def liked(row: Any, *, turns: Expression = "messages|conversations") -> Records:
    """A conversation whose last reply people liked (KTO's `label: true`); disliked ones have no better reply beside them."""
    label = pick(row, "label")
    if not isinstance(label, bool):
        raise Unfit("no_label", "label is neither true nor false")
    if not label:
        raise Unfit(LEFT_OUT, "the reply was disliked")
    yield _spoken(turns_of(pick(row, turns), turns))


def _spoken(turns: list[Turn]) -> Record:
    system, spoken = split_system(turns)
    return {"system": system, "messages": exchanges(spoken)}


@whole_adapters.register
def dialogue_lines(rows: Rows, *, separator: str = "-----", column: Expression = "text") -> PlacedRecords:
    """Dialogues written one line a row, `Human: ...` and `Assistant: ...`, a line of dashes between. Holds one dialogue."""
    held: list[tuple[Place, str]] = []
    for place, row in rows:
        line = attempt(text, row, column)
        if isinstance(line, Unfit):
            yield place, line
            continue
        if held and (line.strip() == separator or held[0][0].file != place.file):
            yield from _dialogue(held)
            held = []
        if line.strip() != separator:
            held.append((place, line))
    yield from _dialogue(held)


def _dialogue(lines: list[tuple[Place, str]]) -> PlacedRecords:
    dialogue = "\n".join(line for _, line in lines).strip()
    if dialogue:
        yield lines[0][0], attempt(lambda: _spoken(marked_turns(dialogue)))
