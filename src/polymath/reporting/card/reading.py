"""Part 8: examples as the model sees them, token by token."""

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from polymath.reporting.card.colours import in_order
from polymath.reporting.card.inputs import Data
from polymath.reporting.card.sample import Draw, Row, by_value, luck

FIRST, LAST = 320, 160
"""Tokens that are shown of a long example: its beginning and its end."""


@dataclass(frozen=True)
class Run:
    """Tokens one after another that are all trained on, or all not."""

    trained: bool
    tokens: list[tuple[str, str]]
    """Kind (`text`, `special` or `gap`) and text of each. A letter that several tokens spell stands with the last of them."""


@dataclass(frozen=True)
class Side:
    """One sequence of tokens: the example, or one reply of a pair."""

    title: str
    tokens: int
    trained: int
    runs: list[Run]


@dataclass(frozen=True)
class Shown:
    """An example."""

    id: str
    record: str
    recipe: str
    sides: list[Side]


def draw_examples(data: Data, each: int) -> list[tuple[str, list[Shown]]]:
    """Some training examples of each task, of different sources where there are several."""
    draws: dict[str, Draw] = {}
    for number, shard in enumerate(data["tokens"].shards):
        table = shard.read(["task", "split"])
        train = pc.equal(table["split"].cast(pa.string()), "train").to_numpy()
        rank, source = luck(shard.name, shard.rows), data["records"].shards[number].entry.note["source"]
        for task, rows in by_value(table["task"]):
            mine = rows[train[rows]]
            draws.setdefault(task, Draw(each)).offer(source, number, mine, rank[mine])
    decoder = Decoder(data["tokenizer"].read().to_pylist()[0])
    shown = {task: [_shown(data, row, decoder) for row in draw.in_turn(each)] for task, draw in draws.items()}
    return [(task, shown[task]) for task in in_order({task for task, examples in shown.items() if examples})]


def _shown(data: Data, place: Row, decoder: "Decoder") -> Shown:
    columns = ["id", "recipe", "ids", "loss", "rejected_ids", "rejected_loss"]
    row = data["tokens"].shards[place.shard].take([place.row], columns).to_pylist()[0]
    paired = row["rejected_ids"] is not None
    sides = [decoder.side("the better reply" if paired else "", row["ids"], row["loss"])]
    if paired:
        sides.append(decoder.side("the worse reply", row["rejected_ids"], row["rejected_loss"]))
    return Shown(row["id"], row["id"].rpartition("#")[0], row["recipe"], sides)


@lru_cache(maxsize=1)
def read_tokenizer(definition: str) -> Any:
    """A `tokenizer.json` as the package `tokenizers` has it; reading one takes long, so it is done once."""
    from tokenizers import Tokenizer

    return Tokenizer.from_str(definition)


class Decoder:
    """The run's tokenizer, from ids to what a person can read."""

    def __init__(self, tokenizer: dict[str, Any]) -> None:
        """`tokenizer`: a row of the dataset."""
        self._tokenizer = read_tokenizer(tokenizer["definition"])
        added = self._tokenizer.get_added_tokens_decoder().items()
        self._special = {number: token.content for number, token in added if token.special}
        for name in json.loads(tokenizer["special_tokens"] or "{}").values():
            number = self._tokenizer.token_to_id(name) if isinstance(name, str) else None
            if number is not None:
                self._special[number] = name

    def side(self, title: str, ids: list[int], loss: list[bool]) -> Side:
        """One sequence; the middle of a long one is left out."""
        skipped = len(ids) - FIRST - LAST
        if skipped <= LAST:
            runs = self._runs(ids, loss)
        else:
            gap = Run(loss[FIRST], [("gap", f"… {skipped:,} tokens more …")])
            runs = [*self._runs(ids[:FIRST], loss[:FIRST]), gap, *self._runs(ids[-LAST:], loss[-LAST:])]
        return Side(title, len(ids), int(sum(loss)), runs)

    def _runs(self, ids: list[int], loss: list[bool]) -> list[Run]:
        runs: list[Run] = []
        for (kind, text), trained in zip(self.decode(ids), loss, strict=True):
            if not runs or runs[-1].trained != trained:
                runs.append(Run(trained, []))
            if text:
                runs[-1].tokens.append((kind, text))
        return [run for run in runs if run.tokens]

    def decode(self, ids: list[int]) -> list[tuple[str, str]]:
        """Kind and text of each token. A token that ends within a letter is empty, and the next one has the letter."""
        from tokenizers.decoders import DecodeStream

        stream = DecodeStream(skip_special_tokens=False)
        found: list[tuple[str, str]] = []
        for number in ids:
            if number in self._special:
                found.append(("special", self._special[number]))
                stream = DecodeStream(skip_special_tokens=False)
            else:
                found.append(("text", stream.step(self._tokenizer, number) or ""))
        return found
