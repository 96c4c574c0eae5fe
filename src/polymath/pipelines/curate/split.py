"""Split: train, validation and test by a salted hash of the group, so that siblings stay together and nothing moves later."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash
from pydantic import Field, model_validator

from polymath.config import Config
from polymath.engine.contract import EngineConfig, Item, Plan
from polymath.errors import UserError
from polymath.mixing.straddle import straddlers
from polymath.pipelines.curate.decisions import aligned, decide, side_by_side
from polymath.pipelines.curate.order import PolicyOrder, Start
from polymath.store.folder import ShardFolder
from polymath.store.shards import Shard

VERSION = 1
SPLITS = ("train", "validation", "test")
STRADDLES = "straddles_split"
MIN_PROMPT = 24  # bytes: shorter prompts ("Hi", "Explain.") are shared by chance and bind nothing together


class SplitConfig(Config):
    """How much is held out."""

    validation: float = Field(0.02, ge=0, lt=1)
    """Share of the groups that is held out for validation during training."""
    test: float = Field(0.02, ge=0, lt=1)
    """Share of the groups that is held out for the final test."""
    salt: str = "polymath"
    """Another salt draws other groups."""

    @model_validator(mode="after")
    def _leaves_something(self) -> "SplitConfig":
        if self.validation + self.test >= 1:
            raise UserError(f"validation {self.validation:g} and test {self.test:g} leave nothing to train on")
        return self


def key_groups(records: ShardFolder, engine: EngineConfig) -> Plan:
    """What binds records together: the group, and the content (passage or prompt) that must stand in one split only."""
    items = tuple(Item(shard.name, (shard,), shard.rows) for shard in records.shards)
    return Plan("split", key_shard, items, version=VERSION, engine=engine, inputs={"records": records.digest})


def key_shard(records: Shard) -> pa.Table:
    """`group` and `content`, uint64 hashes, row for row. A record without either is a group of its own.

    The group is the one that the source names (an article, a thread), else the passage, else the prompt. Names of groups are
    compared across sources: the same title in two sources is one group.
    """
    table = records.read(["id", "group", "context", "prompt", "system"])
    prompt = table["prompt"]
    long_enough = pc.greater_equal(pc.fill_null(pc.binary_length(prompt), 0), MIN_PROMPT)
    content = pc.coalesce(table["context"], pc.if_else(long_enough, prompt, pa.scalar(None, pa.string())))
    group = pc.coalesce(table["group"], content, table["id"])
    return pa.table({"group": _hashed(group), "content": _hashed(content)})


def _hashed(column: pa.ChunkedArray) -> pa.Array:
    """xxh3-64 of each text, folded in case and white space; 0 for null."""
    folded = pc.utf8_lower(pc.utf8_trim_whitespace(pc.replace_substring_regex(column, r"\s+", " ")))
    values = [xxhash.xxh3_64_intdigest(text.encode()) if text is not None else 0 for text in folded.to_pylist()]
    return pa.array(values, pa.uint64())


def find_straddlers(
    records: ShardFolder, group_keys: ShardFolder, select_decisions: ShardFolder, split: SplitConfig, engine: EngineConfig
) -> Plan:
    """Kept records whose content stands in another split already, because their group is another one."""
    folders = (records, group_keys, select_decisions)
    aligned(*folders)
    item = Item("straddlers", folders, records.rows)
    inputs = {folder.path.name: folder.digest for folder in folders}
    return Plan("split", find_straddling, (item,), split, VERSION, engine=engine, inputs=inputs)


def find_straddling(records: ShardFolder, keys: ShardFolder, decisions: ShardFolder, config: SplitConfig) -> pa.Table:
    """`place` of each straddling record, ascending."""
    order = PolicyOrder.of(records)
    kept = np.flatnonzero(order.column(decisions, "kept"))
    split = splits_of(order.column(keys, "group"), config)
    return pa.table({"place": pa.array(kept[straddlers(order.column(keys, "content"), split, kept)])})


def splits_of(groups: np.ndarray, config: SplitConfig) -> np.ndarray:
    """The split of each group hash: uint8[n], a number in SPLITS. It depends on the group and the salt alone."""
    salt = np.uint64(xxhash.xxh3_64_intdigest(config.salt.encode()))
    mixed = (groups ^ salt) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
    share = (mixed >> np.uint64(11)).astype(np.float64) / 2**53
    return np.where(share < config.test, 2, np.where(share < config.test + config.validation, 1, 0)).astype(np.uint8)


def split_records(
    records: ShardFolder,
    group_keys: ShardFolder,
    select_decisions: ShardFolder,
    straddling: ShardFolder,
    split: SplitConfig,
    engine: EngineConfig,
) -> Plan:
    """The split of every record; one that would carry content from one split into another is removed."""
    pairs = zip(side_by_side(select_decisions, group_keys), Start.of_each(records), strict=True)
    items = tuple(Item(d.name, (d, keys, straddling, start), d.rows) for (d, keys), start in pairs)
    folders: dict[str, Any] = {"select_decisions": select_decisions, "group_keys": group_keys, "straddlers": straddling}
    inputs = {name: folder.digest for name, folder in folders.items()}
    return Plan("split", split_shard, items, split, VERSION, engine=engine, inputs=inputs)


def split_shard(decisions: Shard, keys: Shard, straddling: ShardFolder, start: Start, config: SplitConfig) -> pa.Table:
    """The decisions of one shard, with `split`."""
    before = decisions.read(["kept", "reason", "task"])
    places = straddling.read()["place"].to_numpy()
    mask = np.zeros(len(before), bool)
    first, last = np.searchsorted(places, [start.place, start.place + len(before)])
    mask[places[first:last] - start.place] = True
    numbers = splits_of(keys.read(["group"])["group"].to_numpy(), config)
    names = pa.DictionaryArray.from_arrays(pa.array(numbers.astype(np.int32)), pa.array(SPLITS))
    return decide(before, {STRADDLES: mask}, split=names)
