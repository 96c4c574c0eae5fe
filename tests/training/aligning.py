"""What alignment needs beside a mix: a model to start from, and the examples that its prompts are of."""

import dataclasses
from pathlib import Path

import pyarrow as pa

from polymath.pipelines.align.checks import checks_of_track
from polymath.records import EXAMPLE
from polymath.store.folder import ShardFolder
from polymath.training.build import build_base
from polymath.training.tokenizer import load_tokenizer, tokenizer_row
from tests.pipelines.curate.made import folder_of
from tests.training.mixes import Made, job


def base_model(made: Made, plain: Made, folder: Path) -> str:
    """A folder with a small model as it was made, and the mix's tokenizer. `plain`: a packed mix, for a fresh model."""
    place = folder / "base"
    build_base(job(plain, folder).run).save_pretrained(place)
    load_tokenizer(tokenizer_row(made.mix.tokenizer)).save_pretrained(place)
    return str(place)


def examples_of(folder: Path, tokens: ShardFolder, **given: str) -> ShardFolder:
    """An example for each row of `tokens`; `given`: their `check` and `expected`."""
    tables = {}
    for shard in tokens.shards:
        rows = [
            {**{name: row[name] for name in ("id", "record", "source", "task", "recipe")}, "reply": row["id"], **given}
            for row in shard.read().to_pylist()
        ]
        tables[shard.name] = pa.Table.from_pylist(rows, schema=EXAMPLE)
    return folder_of(folder, tables)


def with_checks(made: Made, folder: Path, **given: str) -> Made:
    """The mix with what judges replies to its prompts."""
    examples = examples_of(folder / "examples", made.mix.tokens, **given)
    tables = {shard.name: checks_of_track(examples, made.mix.tokens, shard) for shard in made.mix.sequences.shards}
    return dataclasses.replace(made, checks=folder_of(folder / "checks", tables).path)
