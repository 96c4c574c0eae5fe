"""Forms: how an example becomes the text that a model sees, piece by piece, and which pieces it is trained on.

A piece is tokenized by itself, as at inference time, where the prompt is tokenized alone and the reply follows.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polymath.errors import UserError
from polymath.form import FormConfig

NO_TEMPLATE = "'chat' needs a tokenizer with a chat template; use alpaca, or another tokenizer"


@dataclass(frozen=True)
class Pieces:
    """The pieces of many examples, one after another."""

    text: pa.Array
    """large_string"""
    example: np.ndarray
    """int64: the row of the example that each piece belongs to, ascending."""
    trained: np.ndarray
    """bool: the loss counts on its tokens."""
    opened: np.ndarray
    """bool: the begin token goes before it, if the tokenizer has one."""
    closed: np.ndarray
    """bool: an end-of-text token goes behind it."""

    @classmethod
    def of(cls, rows: list[tuple[int, str, bool]]) -> "Pieces":
        """From Python rows (example, text, trained): the first piece of an example is opened, trained ones are closed."""
        text = pa.array([text for _, text, _ in rows], pa.large_string())
        example = np.array([row for row, _, _ in rows], np.int64)
        trained = np.array([trained for *_, trained in rows], bool)
        return cls(text, example, trained, firsts(example), trained)

    @classmethod
    def joined(cls, parts: list["Pieces"]) -> "Pieces":
        """Several sets together, sorted by example; the pieces of one example keep their order."""
        order = np.argsort(np.concatenate([part.example for part in parts]), kind="stable")
        text = pa.concat_arrays([part.text for part in parts]).take(pa.array(order))
        flags = ("example", "trained", "opened", "closed")
        return cls(text, *(np.concatenate([getattr(part, name) for part in parts])[order] for name in flags))

    def of_examples(self, chosen: np.ndarray) -> "Pieces":
        """The pieces of some of the examples (bool[examples]), which are numbered anew."""
        rows = np.flatnonzero(chosen[self.example])
        numbers = np.cumsum(chosen) - 1
        flags = (self.trained[rows], self.opened[rows], self.closed[rows])
        return Pieces(self.text.take(pa.array(rows)), numbers[self.example[rows]], *flags)


def firsts(example: np.ndarray) -> np.ndarray:
    """bool: which pieces are the first of their example."""
    return np.r_[True, example[1:] != example[:-1]] if len(example) else np.zeros(0, bool)


def pieces_of(examples: pa.Table, form: FormConfig, reply: str = "reply", template: Any = None) -> Pieces:
    """The pieces of every example; `reply` names the column that is answered with (`chosen` and `rejected` for pairs).

    `template` is a Hugging Face tokenizer, needed for the chat form.
    """
    plain = examples["text"].is_valid().to_numpy(zero_copy_only=False)
    parts = [_texts(examples, np.flatnonzero(plain))]
    turns = np.flatnonzero(~plain)
    if form.name == "chat":
        parts.append(_templated(examples, turns, reply, template))
    else:
        long = examples["history"].is_valid().to_numpy(zero_copy_only=False)
        parts.append(_exchanges(examples, turns[~long[turns]], form, reply))
        parts.append(_conversations(examples, turns[long[turns]], form, reply))
    return Pieces.joined(parts)


def _texts(examples: pa.Table, rows: np.ndarray) -> Pieces:
    every = np.ones(len(rows), bool)
    return Pieces(_column(examples, "text", rows), rows, every, every, every)


def _exchanges(examples: pa.Table, rows: np.ndarray, form: FormConfig, reply: str) -> Pieces:
    """One prompt, one reply: built for all rows at once."""
    prompt, given = _column(examples, "prompt", rows), _column(examples, "input", rows)
    preamble = pc.if_else(given.is_valid(), _large(form.preamble_with_input), _large(form.preamble))
    opening = pc.coalesce(_column(examples, "system", rows), preamble)
    given = pc.fill_null(pc.binary_join_element_wise(_large(form.input), given, _large("")), _large(""))
    ending = _large(form.response)
    asked = pc.binary_join_element_wise(opening, _large(form.instruction), prompt, given, ending, _large(""))
    answered = _column(examples, reply, rows)
    yes, no = np.ones(len(rows), bool), np.zeros(len(rows), bool)
    return Pieces.joined([Pieces(asked, rows, no, yes, no), Pieces(answered, rows, yes, no, yes)])


def _conversations(examples: pa.Table, rows: np.ndarray, form: FormConfig, reply: str) -> Pieces:
    """Several turns: every assistant turn is a trained piece, what stands between them is not."""
    heads = {"user": form.instruction, "tool": form.input}
    table = examples.select(["system", "history", "prompt", "input", reply]).take(pa.array(rows))
    found: list[tuple[int, str, bool]] = []
    for row, example in zip(rows.tolist(), table.to_pylist(), strict=True):
        pending = example["system"] or form.preamble
        for turn in example["history"]:
            if turn["role"] == "assistant":
                found += [(row, pending + form.response, False), (row, turn["content"], True)]
                pending = ""
            else:
                pending += heads.get(turn["role"], form.instruction) + turn["content"]
        pending += form.instruction + example["prompt"] + (form.input + example["input"] if example["input"] else "")
        found += [(row, pending + form.response, False), (row, example[reply], True)]
    return Pieces.of(found)


def _templated(examples: pa.Table, rows: np.ndarray, reply: str, tokenizer: Any) -> Pieces:
    """By the tokenizer's chat template: what it adds from turn to turn, so that each reply is a piece of its own.

    The template says what opens a conversation and what closes a reply, so nothing is added to it; only where it closes a
    reply with no special token, an end-of-text token does, or nobody would learn to stop.
    """
    if tokenizer is None or not tokenizer.chat_template:
        raise UserError(f"tokenize.form.name: {NO_TEMPLATE}")
    table = examples.select(["id", "system", "history", "prompt", "input", reply]).take(pa.array(rows))
    takes_system = _takes_system(tokenizer)
    found: list[tuple[int, str, bool]] = []
    for row, example in zip(rows.tolist(), table.to_pylist(), strict=True):
        turns = _turns_of(example, reply, takes_system)
        seen = ""
        for number, turn in enumerate(turns):
            if turn["role"] == "assistant":
                before = _render(tokenizer, turns[:number], True, example["id"])
                after = _render(tokenizer, turns[: number + 1], False, example["id"])
                if not (after.startswith(before) and before.startswith(seen)):
                    raise UserError("the chat template rewrites earlier turns, so replies cannot be told apart; use alpaca")
                found += [(row, before[len(seen) :], False), (row, after[len(before) :], True)]
                seen = after
    pieces = Pieces.of(found)
    specials = tuple(str(token) for token in tokenizer.added_tokens_decoder.values() if token.special)
    stops = np.array([text.rstrip().endswith(specials) for _, text, _ in found], bool)
    return replace(pieces, opened=np.zeros(len(found), bool), closed=pieces.trained & ~stops)


def _turns_of(example: dict[str, Any], reply: str, takes_system: bool) -> list[dict[str, str]]:
    """An example as turns; a system prompt stands before the first question where the template takes no system turn."""
    asked = "\n\n".join(part for part in (example["prompt"], example["input"]) if part)
    turns = [*(example["history"] or []), {"role": "user", "content": asked}]
    turns.append({"role": "assistant", "content": example[reply]})
    system = example["system"]
    if system and takes_system:
        return [{"role": "system", "content": system}, *turns]
    if system:
        return [{**turns[0], "content": f"{system}\n\n{turns[0]['content']}"}, *turns[1:]]
    return turns


def _takes_system(tokenizer: Any) -> bool:
    """Whether the template takes a system turn: some refuse it, some leave it out."""
    from jinja2 import TemplateError

    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello."}]
    try:
        return "Be brief." in tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    except TemplateError:
        return False


def _render(tokenizer: Any, turns: list[dict[str, str]], ask: bool, example: str) -> str:
    from jinja2 import TemplateError

    try:
        return str(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=ask))
    except TemplateError as error:
        roles = ", ".join(turn["role"] for turn in turns)
        raise UserError(
            f"tokenize.form.name: the chat template refuses {example} with the turns {roles} ({error}); "
            "leave its source out, or use alpaca"
        ) from error


def _column(examples: pa.Table, name: str, rows: np.ndarray) -> pa.Array:
    column = examples[name].take(pa.array(rows)).cast(pa.large_string())
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def _large(text: str) -> pa.Scalar:
    return pa.scalar(text, pa.large_string())
