"""The index on disk: what is in memory and what is mapped give the same runs; killed or damaged, nothing false is told."""

import dataclasses
import os
import time

import numpy as np
import pyarrow as pa
import pytest

from polymath.errors import UserError
from polymath.reporting.tracing import index as indexing
from polymath.reporting.tracing.index import SpanIndex, make_index
from polymath.store.folder import Manifest, ShardFolder
from polymath.store.shards import Entry, write_shard
from tests.reporting.tracing.test_spans import slow_search


def tokens_of(path, shards, split=lambda shard, row: "train"):
    """A dataset of tokens as curate writes it: Arrow files, one for each list of examples."""
    path.mkdir(parents=True)
    entries = []
    for number, examples in enumerate(shards):
        table = pa.table(
            {
                "id": [f"s{number}/{row}#r" for row in range(len(examples))],
                "split": pa.array([split(number, row) for row in range(len(examples))], pa.string()).dictionary_encode(),
                "source": pa.array([f"s{number}"] * len(examples), pa.string()).dictionary_encode(),
                "task": pa.array(["text"] * len(examples), pa.string()).dictionary_encode(),
                "ids": pa.array(examples, pa.large_list(pa.uint16())),
            }
        )
        entries.append(write_shard(path, Entry(f"s{number}-00000", f"s{number}-00000.arrow", "key", "base"), table))
    Manifest("made", "key", tuple(entries)).write(path)
    return ShardFolder.open(path)


def made(path, tokens):
    return make_index(path, tokens, lambda share: None)


def runs(index, text):
    found = index.runs(np.array(text, np.uint32))
    return set(zip(*(each.tolist() for each in (found.begin, found.end, found.corpus, found.document)), strict=True))


@pytest.fixture(scope="module")
def shards():
    rng = np.random.default_rng(0)
    return [[rng.integers(0, 3, rng.integers(0, 60)).tolist() for _ in range(25)] for _ in range(3)] + [[], [[1] * 40]]


@pytest.mark.parametrize("block", [2**22, 100, 7])
def test_the_index_finds_what_a_comparison_of_everything_finds_however_it_was_put_together(
    shards, tmp_path, monkeypatch, block
):
    monkeypatch.setattr(indexing, "BLOCK", block)
    index = made(tmp_path / "index", tokens_of(tmp_path / "tokens", shards))
    text = shards[0][3] + shards[2][7] + [1] * 15
    assert runs(index, text) == slow_search(text, shards)
    assert (np.diff(index.catalogue.samples.keys.astype(object)) >= 0).all()


def test_examples_of_other_splits_are_not_in_it(shards, tmp_path):
    tokens = tokens_of(tmp_path / "tokens", shards, lambda shard, row: "test" if (shard, row) == (4, 0) else "train")
    assert runs(made(tmp_path / "index", tokens), [1] * 15) == set()


@pytest.mark.parametrize("shards", [[], [[]], [[[]]], [[[1, 2, 3]]]], ids=["no shard", "no example", "no token", "few tokens"])
def test_a_mix_with_nothing_in_it_has_an_index_too(tmp_path, shards):
    assert runs(made(tmp_path / "index", tokens_of(tmp_path / "tokens", shards)), [1, 2, 3] * 5) == set()


def test_it_is_found_again_for_the_same_tokens_alone_and_takes_the_place_of_an_earlier_one(shards, tmp_path):
    one, other = (tokens_of(tmp_path / name, each) for name, each in (("a", shards), ("b", shards[:2])))
    folder = tmp_path / "index"
    assert SpanIndex.find(folder, one) is None
    made(folder, one)
    assert SpanIndex.find(folder, other) is None
    found = SpanIndex.find(folder, one)
    assert found is not None
    assert runs(found, shards[0][3]) == slow_search(shards[0][3], shards)
    made(folder, other)
    assert SpanIndex.find(folder, one) is None
    assert [path.name for path in folder.iterdir() if path.is_dir()] == [other.digest]


def test_killed_while_it_is_made_it_is_made_again(shards, tmp_path, monkeypatch):
    tokens = tokens_of(tmp_path / "tokens", shards)
    with monkeypatch.context() as patched:
        patched.setattr(indexing, "merge", lambda parts: os.kill(os.getpid(), 2))
        with pytest.raises(KeyboardInterrupt):
            made(tmp_path / "index", tokens)
    assert SpanIndex.find(tmp_path / "index", tokens) is None
    assert runs(made(tmp_path / "index", tokens), [1] * 15) == slow_search([1] * 15, shards)
    assert [path.name for path in (tmp_path / "index").iterdir() if path.is_dir()] == [tokens.digest]


def test_of_a_version_that_is_another_it_is_not_found(shards, tmp_path, monkeypatch):
    tokens = tokens_of(tmp_path / "tokens", shards)
    made(tmp_path / "index", tokens)
    monkeypatch.setattr(indexing, "VERSION", indexing.VERSION + 1)
    assert SpanIndex.find(tmp_path / "index", tokens) is None


@pytest.mark.proof
def test_a_million_examples_are_searched_in_less_than_a_second(tmp_path):
    """They all begin alike, as a form's preamble makes them, and every hundredth holds the same 30 tokens."""
    rng = np.random.default_rng(0)
    same, hotel = rng.integers(0, 50_000, (2, 30))
    shards = []
    for _ in range(20):
        ids = rng.integers(0, 50_000, (50_000, 100), np.uint16)
        ids[:, :30], ids[::100, 60:90] = same, hotel
        shards.append(list(ids))
    tokens = tokens_of(tmp_path / "tokens", shards)
    made(tmp_path / "index", tokens)
    text = np.concatenate([same, rng.integers(0, 50_000, 200), hotel])
    before = time.perf_counter()
    index = SpanIndex.find(tmp_path / "index", tokens)
    assert index is not None
    found = index.runs(text.astype(np.uint32))
    assert time.perf_counter() - before < 1
    assert len(np.unique(found.document[found.end == len(text)])) == 500
    assert {*(found.end - found.begin)[found.begin >= 230].tolist()} == {30}


def test_a_file_that_has_changed_since_is_looked_at_before_it_is_read(shards, tmp_path):
    tokens = tokens_of(tmp_path / "tokens", shards)
    index = made(tmp_path / "index", tokens)
    path = tokens.shards[4].path
    again = dataclasses.replace(index, _tables={})
    os.utime(path, (1, 1))
    assert runs(again, [1] * 15) == slow_search([1] * 15, shards)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match=r"s4-00000\.arrow: the shard is damaged"):
        runs(dataclasses.replace(index, _tables={}), [1] * 15)
