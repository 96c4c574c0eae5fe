"""The corpus: documents whose near-duplicates are known exactly, at any size.

The base is a folder of samples where there is one, else what the Python installation says about itself. Larger sizes are
replicas of the base, each with a vocabulary of its own: near-duplicates within a replica stay exactly as similar as they were,
and documents of different replicas have almost no five words in a row in common. So the truth scales along.
"""

import os
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.truth import near_duplicates

ROOT = Path(__file__).parents[1]
WORK = ROOT / "benchmarks" / ".made"
"""What benchmarks make and may be made again; not under version control."""
BASE_MB = 25
_WORD = re.compile(r"(\w+)")
_RENAMED = 3
"""One word in so many is renamed in a replica."""


@dataclass(frozen=True)
class Corpus:
    """Documents in a Parquet file (`id`, `text`), and the pairs of them that are similar (`i`, `j`, `jac`)."""

    name: str
    texts: str
    truth: str

    @property
    def documents(self) -> int:
        """How many there are."""
        return pq.read_metadata(self.texts).num_rows

    def read(self) -> pa.Array:
        """All texts, as one large_string array."""
        column = pq.read_table(self.texts, columns=["text"], use_threads=False)["text"]
        return column.cast(pa.large_string()).combine_chunks()

    def ids(self) -> list[str]:
        """All ids, in order."""
        return pq.read_table(self.texts, columns=["id"])["id"].to_pylist()

    @property
    def megabytes(self) -> float:
        """10^6 bytes of text."""
        column = pq.read_table(self.texts, columns=["text"])["text"]
        return float(pc.sum(pc.binary_length(column)).as_py()) / 1e6

    def pairs(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows i < j and their exact Jaccard similarity, of all pairs at 0.5 or more."""
        table = pq.read_table(self.truth)
        return table["i"].to_numpy(), table["j"].to_numpy(), table["jac"].to_numpy().astype(np.float64) + 1e-6


def samples() -> Path | None:
    """`$POLYMATH_SAMPLES/bench`, or `shared/bench` beside the project or further up; None where there is neither."""
    given = os.environ.get("POLYMATH_SAMPLES")
    places = [Path(given)] if given else [parent / "shared" for parent in ROOT.parents]
    return next((place / "bench" for place in places if (place / "bench" / "README.md").exists()), None)


def corpus(megabytes: int, given: Path | None = None, documents: int | None = None, folder: Path = WORK) -> Corpus:
    """The corpus of about so many megabytes: made once in `folder`, then found there."""
    base = _base(given, documents, folder)
    replicas = max(round(megabytes / base.megabytes), 1) if documents is None else 1
    if replicas == 1:
        return base
    name = f"{base.name}_x{replicas}"
    scaled = _named(name, folder)
    if not Path(scaled.texts).exists():
        _write_pairs(scaled.truth, *_repeated(base, replicas))
        _write_replicas(scaled.texts, base, replicas)
    return scaled


def addition(base: Corpus, folder: Path = WORK) -> Corpus:
    """A second source of 5 %: every other one of its documents is new, the rest repeat documents of the base."""
    added = _named(f"{base.name}_added", folder)
    if not Path(added.texts).exists():
        texts = base.read().to_pylist()[::20]
        renew = [_WORD.sub(lambda word: _renamed(word[0], -1), text) if row % 2 else text for row, text in enumerate(texts)]
        _write_texts(added.texts, [renew], len(renew))
        _write_pairs(added.truth, *(np.empty(0, kind) for kind in (np.int64, np.int64, np.float64)))
    return added


def _named(name: str, folder: Path) -> Corpus:
    return Corpus(name, str(folder / f"{name}.parquet"), str(folder / f"{name}_truth.parquet"))


def _base(given: Path | None, documents: int | None, folder: Path) -> Corpus:
    found = samples()
    if given is None and documents is None and found:
        data = found / "data"
        return Corpus("samples", str(data / "corpus_small.parquet"), str(data / "truth_small.parquet"))
    name = given.stem if given else "samples" if found else "python"
    name += f"_{documents}" if documents else ""
    base = _named(name, folder)
    if not Path(base.texts).exists():
        folder.mkdir(parents=True, exist_ok=True)
        given = given or (found / "data" / "corpus_small.parquet" if found else None)
        texts = pq.read_table(given)["text"].to_pylist() if given else list(_python_texts())
        texts = texts[:documents] if documents else texts
        _write_pairs(base.truth, *near_duplicates(texts))
        _write_texts(base.texts, [texts], len(texts))
    return base


def _python_texts() -> Iterator[str]:
    """The language reference, docstrings and code of this Python."""
    from polymath.sources.embedded import read_embedded

    for name in ("python_topics", "python_docs", "python_code"):
        for batch in read_embedded(name):
            for _, row in batch.rows:
                yield "\n\n".join(row[field] for field in ("text", "prompt", "reply") if row.get(field))


def _repeated(base: Corpus, replicas: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    i, j, similarity = base.pairs()
    shift = np.repeat(np.arange(replicas) * base.documents, len(i))
    return np.tile(i, replicas) + shift, np.tile(j, replicas) + shift, np.tile(similarity, replicas)


def _write_pairs(path: str, i: np.ndarray, j: np.ndarray, similarity: np.ndarray) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"i": i, "j": j, "jac": similarity}), path)


def _write_replicas(path: str, base: Corpus, replicas: int) -> None:
    """Texts are taken apart once; a replica is the same pieces with other spellings."""
    pieces = [_WORD.split(text) for text in base.read().to_pylist()]
    bounds = np.concatenate([[0], np.cumsum([len(each) for each in pieces])])
    coded = pa.array([piece for each in pieces for piece in each], pa.large_string()).dictionary_encode()
    spellings = coded.dictionary.to_pylist()

    def replica(number: int) -> pa.Array:
        respelled = pa.array([_renamed(word, number) for word in spellings], pa.large_string())
        _, offsets, data = respelled.take(coded.indices).buffers()
        # The pieces' bytes lie in the texts' order: a text is where its first piece begins to where its last one ends.
        ends = np.frombuffer(offsets, np.int64)[bounds]
        return pa.LargeStringArray.from_buffers(len(bounds) - 1, pa.py_buffer(ends), data).cast(pa.string())

    _write_texts(path, (replica(number) for number in range(replicas)), base.documents)


def _renamed(piece: str, replica: int) -> str:
    """A word's own hash says whether it is renamed, so it is everywhere; digits and punctuation keep their share.

    The ending is of letters: datatrove's MinHash takes all numbers for one.
    """
    if not replica or not _WORD.fullmatch(piece) or zlib.crc32(piece.lower().encode()) % _RENAMED:
        return piece
    number = replica % 26**3
    return f"{piece}q{chr(97 + number // 676)}{chr(97 + number // 26 % 26)}{chr(97 + number % 26)}"


def _write_texts(path: str, parts: Iterable[pa.Array | list[str]], documents: int) -> None:
    schema = pa.schema([("id", pa.string()), ("text", pa.string())])
    temporary = Path(path).with_suffix(".tmp")
    with pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
        for number, texts in enumerate(parts):
            ids = [f"{row}~{number}" for row in range(documents)]
            writer.write_table(pa.table({"id": ids, "text": texts}, schema), row_group_size=8192)
    temporary.replace(path)
