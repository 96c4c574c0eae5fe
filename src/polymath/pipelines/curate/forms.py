"""Forms: how an example becomes the text that a model sees, piece by piece, and which pieces it is trained on.

A piece is tokenized by itself, as at inference time, where the prompt is tokenized alone and the reply follows.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polymath.config import Config
from polymath.errors import UserError


class FormConfig(Config):
    """The frame around prompts. The Alpaca form (Taori 2023), or the tokenizer's own chat template."""

    name: Literal["alpaca", "chat"] = "alpaca"
    preamble: str = "Below is an instruction that describes a task. Write a response that appropriately completes the request."
    preamble_with_input: str = (
        "Below is an instruction that describes a task, paired with an input that provides further context. "
        "Write a response that appropriately completes the request."
    )
    instruction: str = "\n\n### Instruction:\n"
    input: str = "\n\n### Input:\n"
    response: str = "\n\n### Response:\n"


@dataclass(frozen=True)
class Pieces:
    """The pieces of many examples, one after another."""

    text: pa.Array
    """large_string"""
    example: np.ndarray
    """int64: the row of the example that each piece belongs to, ascending."""
    trained: np.ndarray
    """bool: the loss counts on its tokens, and an end-of-text token closes it."""

    @classmethod
    def of(cls, rows: list[tuple[int, str, bool]]) -> "Pieces":
        """From Python rows (example, text, trained)."""
        text = pa.array([text for _, text, _ in rows], pa.large_string())
        return cls(text, np.array([row for row, _, _ in rows], np.int64), np.array([trained for *_, trained in rows], bool))

    @classmethod
    def joined(cls, parts: list["Pieces"]) -> "Pieces":
        """Several sets together, sorted by example; the pieces of one example keep their order."""
        example = np.concatenate([part.example for part in parts])
        order = np.argsort(example, kind="stable")
        text = pa.concat_arrays([part.text for part in parts]).take(pa.array(order))
        return cls(text, example[order], np.concatenate([part.trained for part in parts])[order])


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
    text = _column(examples, "text", rows)
    return Pieces(text, rows, np.ones(len(rows), bool))


def _exchanges(examples: pa.Table, rows: np.ndarray, form: FormConfig, reply: str) -> Pieces:
    """One prompt, one reply: built for all rows at once."""
    prompt, given = _column(examples, "prompt", rows), _column(examples, "input", rows)
    preamble = pc.if_else(given.is_valid(), _large(form.preamble_with_input), _large(form.preamble))
    opening = pc.coalesce(_column(examples, "system", rows), preamble)
    given = pc.fill_null(pc.binary_join_element_wise(_large(form.input), given, _large("")), _large(""))
    ending = _large(form.response)
    asked = pc.binary_join_element_wise(opening, _large(form.instruction), prompt, given, ending, _large(""))
    answered = _column(examples, reply, rows)
    first = Pieces(asked, rows, np.zeros(len(rows), bool))
    return Pieces.joined([first, Pieces(answered, rows, np.ones(len(rows), bool))])


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
    """By the tokenizer's chat template: what it adds from turn to turn, so that each reply is a piece of its own."""
    if tokenizer is None or not tokenizer.chat_template:
        raise UserError("tokenize.form.name: 'chat' needs a tokenizer with a chat template; use alpaca, or another tokenizer")
    table = examples.select(["system", "history", "prompt", "input", reply]).take(pa.array(rows))
    found: list[tuple[int, str, bool]] = []
    for row, example in zip(rows.tolist(), table.to_pylist(), strict=True):
        turns = [{"role": "system", "content": example["system"]}] if example["system"] else []
        asked = "\n\n".join(part for part in (example["prompt"], example["input"]) if part)
        turns += [*(example["history"] or []), {"role": "user", "content": asked}]
        turns.append({"role": "assistant", "content": example[reply]})
        seen = ""
        for number, turn in enumerate(turns):
            if turn["role"] == "assistant":
                before = _render(tokenizer, turns[:number], True)
                after = _render(tokenizer, turns[: number + 1], False)
                if not (after.startswith(before) and before.startswith(seen)):
                    raise UserError("the chat template rewrites earlier turns, so replies cannot be told apart; use alpaca")
                found += [(row, before[len(seen) :], False), (row, after[len(before) :], True)]
                seen = after
    return Pieces.of(found)


def _render(tokenizer: Any, turns: list[dict[str, str]], ask: bool) -> str:
    return str(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=ask))


def _column(examples: pa.Table, name: str, rows: np.ndarray) -> pa.Array:
    column = examples[name].take(pa.array(rows)).cast(pa.large_string())
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def _large(text: str) -> pa.Scalar:
    return pa.scalar(text, pa.large_string())
