"""Conversations in the shapes in which datasets write them: lists of turns, and transcripts with marks."""

import re
from typing import Any

from polymath.pipelines.curate.adapters.values import pick, shared
from polymath.sources.check import ROLES
from polymath.sources.rows import Unfit

Turn = dict[str, str]

FOLLOWS = {"": ("user",), "user": ("assistant",), "assistant": ("user", "tool"), "tool": ("assistant", "tool")}
"""Which roles may come after a role; a conversation begins with the user."""

_MARKS = (
    re.compile(r"### (?P<role>Human|Assistant|System):", re.IGNORECASE),  # often without a line end before
    re.compile(r"(?:\A|\n\n)(?P<role>Human|Assistant):"),
)
_LLAMA_SYSTEM = re.compile(r"<<SYS>>(?P<system>.*?)<</SYS>>", re.DOTALL)


def turns_of(values: Any, what: str = "the conversation") -> list[Turn]:
    """`{from, value}`, `{role, content}` or `{role, text}` objects as turns with our names of roles."""
    if not isinstance(values, list):
        raise Unfit("null_field" if values is None else "wrong_type", f"{what} is not a list of turns")
    return [turn_of(value) for value in values]


def turn_of(value: Any) -> Turn:
    """One turn; what a function returned is a `tool`'s, the call itself the assistant's."""
    named, content = pick(value, "role|from"), pick(value, "content|value|text")
    if not isinstance(named, str) or not isinstance(content, str):
        raise Unfit("wrong_type", f"a turn without a role or without text: {value!r:.80}")
    role = ROLES.get(named.casefold())
    if role is None:
        raise Unfit("unknown_role", f"{named!r} is not a role of a conversation")
    return {"role": role, "content": content}


def marked_turns(transcript: str) -> list[Turn]:
    """The turns of a transcript: `[INST] ... [/INST]`, `### Human: ... ### Assistant: ...` or `Human: ... Assistant: ...`."""
    if "[INST]" in transcript:
        return _llama_turns(transcript)
    for mark in _MARKS:
        found = list(mark.finditer(transcript))
        if found:
            ends = [*(one.start() for one in found[1:]), len(transcript)]
            return [
                {"role": ROLES[one["role"].casefold()], "content": transcript[one.end() : end].strip()}
                for one, end in zip(found, ends, strict=True)
            ]
    raise Unfit("bad_row", "the text has no marks of speakers")


def _llama_turns(transcript: str) -> list[Turn]:
    turns: list[Turn] = []
    begins = transcript.find("[INST]")
    while begins >= 0 and (ends := transcript.find("[/INST]", begins)) >= 0:
        asked, begins_next = transcript[begins + len("[INST]") : ends], transcript.find("[INST]", ends)
        if not turns and (system := _LLAMA_SYSTEM.search(asked)):
            turns.append({"role": "system", "content": system["system"].strip()})
            asked = asked[system.end() :]
        replied = transcript[ends + len("[/INST]") : begins_next if begins_next >= 0 else None]
        turns.append({"role": "user", "content": asked.strip()})
        turns.append({"role": "assistant", "content": _without_ends(replied).strip()})
        begins = begins_next
    return turns


def _without_ends(reply: str) -> str:
    """The reply without the marks of Llama's format that close it and open what comes next."""
    end = len(reply)
    while end:
        last = next((mark for mark in ("</s>", "<s>", " ", "\n", "\t", "\r") if reply.endswith(mark, 0, end)), "")
        if not last:
            break
        end -= len(last)
    return reply[:end]


def split_system(turns: list[Turn]) -> tuple[str | None, list[Turn]]:
    """The system prompt, if the conversation begins with one, and the rest."""
    if turns and turns[0]["role"] == "system":
        return turns[0]["content"].strip() or None, turns[1:]
    return None, turns


def in_order(turns: list[Turn]) -> list[Turn]:
    """The turns, if each may follow the one before and says something; raises Unfit otherwise."""
    before = ""
    for turn in turns:
        if turn["role"] not in FOLLOWS[before]:
            raise Unfit("wrong_order", f"{turn['role']} after {before or 'the beginning'}")
        if not turn["content"].strip():
            raise Unfit("empty", f"a turn of the {turn['role']} is empty")
        before = turn["role"]
    return turns


def exchanges(turns: list[Turn]) -> list[Turn]:
    """The part of a conversation that can be learnt from: from the first turn of the user to the last of the assistant.

    Datasets cut long conversations in pieces, which then begin with a reply or end with a question.
    """
    spoken = [number for number, turn in enumerate(turns) if turn["role"] == "user"]
    answered = [number for number, turn in enumerate(turns) if turn["role"] == "assistant"]
    if not spoken or not answered or answered[-1] < spoken[0]:
        raise Unfit("no_reply", "the conversation has no question with a reply")
    return in_order(turns[spoken[0] : answered[-1] + 1])


def paired(turns: list[Turn], better: str, worse: str) -> dict[str, Any]:
    """A preference record; a prompt of one turn is `prompt`, a longer one `messages`."""
    if not better.strip() or not worse.strip():
        raise Unfit("empty", "one of the two replies is empty")
    if better.strip() == worse.strip():
        raise Unfit("same_reply", "the two replies are the same")
    system, spoken = split_system(turns)
    if not spoken or in_order(spoken)[-1]["role"] not in ("user", "tool"):
        raise Unfit("wrong_order", "the prompt does not end with a turn that asks for a reply")
    asked: dict[str, Any] = {"prompt": spoken[0]["content"]} if len(spoken) == 1 else {"messages": spoken}
    group = shared(*(turn["content"] for turn in spoken))
    return {"system": system, **asked, "chosen": better, "rejected": worse, "group": group}
