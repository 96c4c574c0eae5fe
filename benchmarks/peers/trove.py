"""datatrove: its filters alone, its four MinHash stages, and a whole curation of filters, MinHash and tokens."""

import os
import shutil
from pathlib import Path
from typing import Any

from benchmarks.corpus import Corpus
from benchmarks.run import timed

FILTERS = ("GopherQualityFilter", "GopherRepetitionFilter", "FineWebQualityFilter")


def split_at_spaces() -> None:
    """Make whitespace words of its words, which are spaCy's by default; before any of its steps is imported."""
    from datatrove.utils import word_tokenizers

    class Spaces(word_tokenizers.WordTokenizer):
        """`str.split`."""

        def word_tokenize(self, text: str) -> list[str]:
            return text.split()

        def sent_tokenize(self, text: str) -> list[str]:
            return text.split(". ")

        def span_tokenize(self, text: str) -> list[tuple[int, int]]:
            return [(0, len(text))]

    spaces = Spaces("en")
    word_tokenizers.load_word_tokenizer = lambda _: spaces


def filters(corpus: dict[str, Any]) -> dict[str, Any]:
    """What each of its three heuristic filters decides on whitespace words; each filter judges every document."""
    split_at_spaces()
    from datatrove.data import Document
    from datatrove.pipeline import filters as theirs

    texts = Corpus(**corpus).read().to_pylist()
    judges = {name: getattr(theirs, name)() for name in FILTERS}

    def judge() -> dict[str, list[int]]:
        removed: dict[str, list[int]] = {name: [] for name in judges}
        for name, judge in judges.items():
            removed[name] = [row for row, text in enumerate(texts) if judge.filter(Document(text=text, id="")) is not True]
        return removed

    removed, seconds = timed(judge)
    return {"seconds": seconds, "removed": removed}


def stages(corpus: dict[str, Any], folder: str) -> dict[str, Any]:
    """Signatures, buckets, clusters and the filter, of Parquet to Parquet, with 14 buckets of 8 (its own default)."""
    source, out = _input(corpus, folder), Path(folder)
    _minhash(source, out)
    kept = _kept_ids(out / "unique")
    return {"removed": [row for row, name in enumerate(Corpus(**corpus).ids()) if name not in kept]}


def curate(corpus: dict[str, Any], folder: str, tokenizer: str, spaces: bool) -> dict[str, Any]:
    """The three filters, MinHash, and tokens; intermediate results as Parquet."""
    if spaces:
        split_at_spaces()
    from datatrove.pipeline import filters as theirs
    from datatrove.pipeline.readers import ParquetReader
    from datatrove.pipeline.tokens import DocumentTokenizer
    from datatrove.pipeline.writers import ParquetWriter

    source, out = _input(corpus, folder), Path(folder)
    judges = [theirs.GopherRepetitionFilter(), theirs.GopherQualityFilter(), theirs.FineWebQualityFilter()]
    _execute(out, "filters", [ParquetReader(source, text_key="text", id_key="id"), *judges, ParquetWriter(f"{out}/good")])
    _minhash(f"{out}/good", out)
    reader = ParquetReader(f"{out}/unique", text_key="text", id_key="id")
    encoder = DocumentTokenizer(
        f"{out}/tokens", tokenizer_name_or_path=tokenizer, eos_token="<|endoftext|>", shuffle_documents=False
    )
    _execute(out, "tokens", [reader, encoder])
    return {"good": _rows(out / "good"), "unique": _rows(out / "unique")}


def _minhash(source: str, out: Path) -> None:
    from datatrove.pipeline.dedup import MinhashDedupSignature
    from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter
    from datatrove.pipeline.readers import ParquetReader
    from datatrove.pipeline.writers import ParquetWriter
    from datatrove.utils.hashing import HashConfig

    config = MinhashConfig(
        hash_config=HashConfig(precision=64, hash_fc="xxhash"), num_buckets=14, hashes_per_bucket=8, n_grams=5
    )

    def reader() -> ParquetReader:
        return ParquetReader(source, text_key="text", id_key="id")

    _execute(out, "signatures", [reader(), MinhashDedupSignature(f"{out}/signatures", config=config)])
    _execute(out, "buckets", [MinhashDedupBuckets(f"{out}/signatures", f"{out}/buckets", config=config)], tasks=14)
    _execute(out, "clusters", [MinhashDedupCluster(f"{out}/buckets", f"{out}/clusters", config=config)])
    _execute(out, "filter", [reader(), MinhashDedupFilter(f"{out}/clusters"), ParquetWriter(f"{out}/unique")])


def _execute(out: Path, name: str, pipeline: list[Any], tasks: int = 1) -> None:
    from datatrove.executor import LocalPipelineExecutor

    LocalPipelineExecutor(pipeline=pipeline, tasks=tasks, workers=1, logging_dir=f"{out}/logs_{name}").run()


def _input(corpus: dict[str, Any], folder: str) -> str:
    """It reads folders: one with a link to the corpus."""
    shutil.rmtree(folder, ignore_errors=True)
    source = Path(folder, "source")
    source.mkdir(parents=True)
    os.symlink(Path(corpus["texts"]).resolve(), source / "corpus.parquet")
    return str(source)


def _rows(folder: Path) -> int:
    import pyarrow.parquet as pq

    return sum(pq.read_metadata(path).num_rows for path in folder.glob("*.parquet"))


def _kept_ids(folder: Path) -> set[str]:
    import pyarrow.parquet as pq

    return {name for path in folder.glob("*.parquet") for name in pq.read_table(path, columns=["id"])["id"].to_pylist()}
