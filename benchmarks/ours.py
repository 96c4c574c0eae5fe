"""Polymath's side of the benchmarks that are about kernels: the functions that curate's steps are made of."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.corpus import Corpus
from benchmarks.run import timed

THRESHOLD = 0.8
QUALITY = (
    *("too_few_words", "too_many_words", "short_words", "long_words", "many_hash_signs", "many_ellipses"),
    *("mostly_bullets", "lines_cut_off", "few_letters", "few_stop_words"),
)
REPETITION = (
    *("repeated_lines", "repeated_line_characters", "repeated_paragraphs", "repeated_paragraph_characters"),
    *("one_phrase_again", "phrases_again"),
)
FINEWEB = ("unpunctuated_lines", "mostly_short_lines", "lines_again", "list_like")
GROUPS = {"GopherQualityFilter": QUALITY, "GopherRepetitionFilter": REPETITION, "FineWebQualityFilter": FINEWEB}


def dedup(corpus: dict[str, Any]) -> dict[str, Any]:
    """Texts to the rows that are removed, each with its keeper: verified, without chains."""
    from polymath import text

    texts = Corpus(**corpus).read()
    text.warmup()
    near_duplicates(texts.slice(0, 1))  # tables of characters are made at the first call
    (removed, keeper, similarity), seconds = timed(lambda: near_duplicates(texts))
    return {
        "seconds": seconds,
        "removed": removed.tolist(),
        "keepers": keeper.tolist(),
        "similarity": similarity.tolist(),
    }


def dedup_files(corpus: dict[str, Any], out: str) -> dict[str, Any]:
    """Parquet in, Parquet out, with start-up: what datatrove's four stages do."""
    table = pq.read_table(corpus["texts"], use_threads=False)
    removed, _, _ = near_duplicates(table["text"].cast(pa.large_string()).combine_chunks())
    kept = np.ones(len(table), bool)
    kept[removed] = False
    pq.write_table(table.filter(pa.array(kept)), out, compression="zstd", use_dictionary=False)
    return {"removed": removed.tolist()}


def near_duplicates(texts: pa.Array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows to remove, their keepers (rows), and their exact similarity, as the steps of `dedup` and `verify` find them."""
    from polymath.pipelines.curate.dedup import BATCH_BYTES, SketchConfig
    from polymath.text import buckets, jaccard, minhash
    from polymath.text.buffers import as_strings
    from polymath.text.shingles import shingle_sets

    config, strings = SketchConfig(), as_strings(texts)
    signatures, counts, _ = minhash.signatures(strings, config.shingles, minhash.permutations(config.permutations))
    alive, parents = np.flatnonzero(counts), np.arange(strings.rows)
    for keys in minhash.band_keys(signatures, config.bands, config.band_rows):
        buckets.unite_buckets(keys, alive, parents)
    group = buckets.roots(parents)
    members = alive[np.bincount(group[alive], minlength=strings.rows)[group[alive]] > 1]
    members = members[np.argsort(group[members], kind="stable")]
    removed, keepers, similarities = [], [], []
    bounds = np.flatnonzero(np.diff(group[members], prepend=-1, append=-1))
    ends = np.cumsum(np.diff(strings.offsets)[members])
    batch = ends[bounds[1:] - 1] // BATCH_BYTES  # whole groups, as many as one batch of `verify`
    for number in np.unique(batch):
        first, last = np.searchsorted(batch, [number, number + 1])
        rows = members[bounds[first] : bounds[last]]
        hashes, offsets = shingle_sets(strings, rows, config.shingles)
        keeper, similarity = jaccard.first_kept(hashes, offsets, THRESHOLD, bounds[first : last + 1] - bounds[first])
        gone = np.flatnonzero(keeper >= 0)
        removed.append(rows[gone])
        keepers.append(rows[keeper[gone]])
        similarities.append(similarity[gone])
    empty = np.empty(0, np.int64)
    return np.concatenate([empty, *removed]), np.concatenate([empty, *keepers]), np.concatenate([[], *similarities])


def filters(corpus: dict[str, Any]) -> dict[str, Any]:
    """What the filters of curate that restate Gopher's and FineWeb's decide, on whitespace words in every script."""
    from polymath import text
    from polymath.pipelines.curate.clean import verdicts
    from polymath.text.buffers import as_strings
    from polymath.text.signals import measure

    texts = Corpus(**corpus).read()
    text.warmup()
    measure(as_strings(texts.slice(0, 1)))  # tables of characters are made at the first call

    def judge() -> dict[str, list[int]]:
        signals: dict[str, np.ndarray] = measure(as_strings(texts))
        signals |= {"spaced": np.ones(len(texts), bool), "is_english": np.ones(len(texts), bool)}
        removed = {}
        for name, rules in GROUPS.items():
            found = [verdict.removed for _, verdict in verdicts({rule: {} for rule in rules}, signals)]
            removed[name] = np.flatnonzero(np.logical_or.reduce(found) | (signals["words"] == 0)).tolist()
        return removed

    removed, seconds = timed(judge)
    return {"seconds": seconds, "removed": removed}


def tokens(corpus: dict[str, Any], definition: str) -> dict[str, Any]:
    """Curate's encoder, with its own check of a sample against Hugging Face's."""
    import json
    from pathlib import Path

    from polymath.pipelines.curate.codec import Codec
    from polymath.pipelines.curate.tokenizer import TOKENIZER

    row = {"name": "bench", "definition": Path(definition).read_text("utf-8"), "vocabulary": 50254, "end": 0}
    codec = Codec(pa.Table.from_pylist([{**row, "special_tokens": json.dumps({})}], schema=TOKENIZER))
    return _encoded(corpus, codec.encode, lambda found: found[0])


def plain_tokens(corpus: dict[str, Any], definition: str) -> dict[str, Any]:
    """`tokenizers`, as fast as it goes."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(definition)

    def encode(texts: list[str]) -> list[Any]:
        return tokenizer.encode_batch_fast(texts, add_special_tokens=False)

    return _encoded(corpus, encode, lambda found: np.concatenate([each.ids for each in found]), pa.Array.to_pylist)


def _encoded(
    corpus: dict[str, Any],
    encode: Callable[[Any], Any],
    ids_of: Callable[[Any], np.ndarray],
    prepare: Callable[[pa.Array], Any] = lambda texts: texts,
) -> dict[str, Any]:
    """The digest and number of all ids, and the CPU seconds of `encode` alone; 32 MB of text at a time."""
    import xxhash

    texts = Corpus(**corpus).read()
    step = max(len(texts) * 32 * 2**20 // max(texts.nbytes, 1), 1)
    digest, count, seconds = xxhash.xxh3_128(), 0, 0.0
    encode(prepare(texts.slice(0, 1)))
    for start in range(0, len(texts), step):
        given = prepare(texts.slice(start, step))
        found, spent = timed(partial(encode, given))
        ids = ids_of(found)
        digest.update(np.ascontiguousarray(ids, np.uint32).tobytes())
        seconds, count = seconds + spent, count + len(ids)
    return {"seconds": seconds, "tokens": count, "digest": digest.hexdigest()}
