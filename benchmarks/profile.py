"""`python -m benchmarks.profile [--mb N]`: what each kernel takes, alone, on one core; a table for `docs/experiments.md`."""

import argparse
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.corpus import BASE_MB, WORK, corpus

REPEATS = 3
Work = tuple[str, Callable[[], Any]]


def main() -> None:
    """Print a line for each kernel: MB of text in a second, the best of three."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile", description=__doc__)
    parser.add_argument("--mb", type=int, default=BASE_MB, help="size of the corpus, in megabytes of text")
    WORK.mkdir(parents=True, exist_ok=True)
    texts = corpus(parser.parse_args().mb).read()
    from polymath import text

    text.warmup()
    print("| kernel | MB/s |\n| --- | --- |")
    for name, work in _kernels(texts):
        work()
        print(f"| {name} | {texts.nbytes / 1e6 / min(_seconds(work) for _ in range(REPEATS)):,.0f} |", flush=True)


def _seconds(work: Callable[[], Any]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _kernels(texts: pa.Array) -> Iterator[Work]:
    from polymath.text import buckets, minhash, ngrams, normalize, pii, projection, scripts, sentences, shingles, signals, words
    from polymath.text.buffers import as_strings

    strings, params = as_strings(texts), shingles.ShingleParams()
    yield "normalize: scan and mend (HTML entities, mojibake, NFC)", lambda: normalize.normalize(texts)
    yield "pii: e-mail, IP, phone", lambda: pii.mask(texts)
    yield "signals with repetition", lambda: signals.measure(strings)
    yield "signals without repetition", lambda: signals.measure(strings, repetition=False)
    yield "scripts: main script", lambda: scripts.main_scripts(strings)
    yield "sentences: count", lambda: sentences.count_sentences(strings)
    yield "words: hash and count", lambda: words.count_words(strings)
    yield "shingles: hash and count", lambda: shingles.shingle_counts(strings, params)
    yield "minhash: signatures of 128", lambda: minhash.signatures(strings, params, minhash.permutations())
    sketches, counts, _ = minhash.signatures(strings, params, minhash.permutations())
    yield "minhash: keys of 21 bands", lambda: minhash.band_keys(sketches)
    keys, alive = minhash.band_keys(sketches), np.flatnonzero(counts)

    def group() -> np.ndarray:
        parents = np.arange(strings.rows)
        for band in keys:
            buckets.unite_buckets(band, alive, parents)
        return buckets.roots(parents)

    yield "buckets: groups of candidates", group
    yield "shingles: sets of all documents", lambda: shingles.shingle_sets(strings, np.arange(strings.rows), params)
    items = as_strings(texts.slice(0, 1000))
    index = ngrams.build_index(items, 8, 5)
    yield "ngrams: look for 1,000 whole documents", lambda: ngrams.matches(index, strings)
    yield "projection: words of concepts", lambda: projection.hashed_counts(strings, 2**16, 400)


if __name__ == "__main__":
    main()
