"""Concepts: clusters of records within a task, by what they are about (TF-IDF, SVD, k-means).

The space and the concepts are fitted once on a sample, on one BLAS thread, rounded and saved; placing a record is a sparse
product and a nearest centroid in a fixed order of summation, so that every worker places it alike.
"""

import functools
import re
from collections import Counter
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from polymath.config import Config
from polymath.engine.contract import EngineConfig, Item, Plan
from polymath.errors import UserError
from polymath.pipelines.curate.decisions import aligned
from polymath.pipelines.curate.fitting import cluster, leading_directions
from polymath.pipelines.curate.signals import judged_text
from polymath.store.folder import ShardFolder
from polymath.store.shards import Shard
from polymath.tasks import TASKS
from polymath.text import projection
from polymath.text.buffers import as_strings

VERSION = 1
COMMON = frozenset(
    "the and for that with this from are was were has have had not but you your they their them his her its our who what "
    "when where which will would can could should may might than then there here into about over under also only other "
    "such some any all one two more most been being does did how why".split()
)
"""Words that name no concept."""
DECIMALS = 5  # of everything that is fitted: further ones differ between processors
FIELDS = ("task", *sorted({task.judged for task in TASKS.values()}))

SPACE = pa.schema([("weights", pa.list_(pa.float32())), ("components", pa.list_(pa.float32()))])
CONCEPT = pa.schema(
    [
        ("concept", pa.int32()),  # its number over all tasks
        ("task", pa.string()),
        ("name", pa.string()),  # its most telling words
        ("centroid", pa.list_(pa.float32())),
        ("dispersion", pa.float32()),  # mean cosine distance of its sampled records from the centroid
    ]
)


class EmbeddingConfig(Config):
    """How a record's subject becomes a vector."""

    kind: Literal["tfidf", "sentence"] = "tfidf"
    """`tfidf`: hashed words, weighed and projected, nothing to download; `sentence`: a sentence-embedding model."""
    model: str = "sentence-transformers/all-MiniLM-L6-v2"
    """The sentence-embedding model, a name or a path (needs the package sentence-transformers)."""
    dimensions: int = Field(32, ge=2, le=1024)
    """Length of a vector of `tfidf`; a model has its own."""
    buckets: int = Field(2**15, ge=2**8)
    """Words are hashed into this many buckets, a power of two."""
    max_words: int = Field(256, ge=16)
    """Words of a record that are looked at."""
    sample: int = Field(2000, ge=100)
    """Records per task that space and concepts are fitted on, spread evenly over the sources."""


class ClusterConfig(Config):
    """How many concepts there are."""

    per_task: int = Field(8, ge=1, le=64)
    """Concepts in a task, if it has records enough."""
    min_records: int = Field(50, ge=1)
    """Sampled records that a concept has on average, at least: a small task has fewer concepts."""


class ConceptConfig(Config):
    """The dials of concepts."""

    embedding: EmbeddingConfig = EmbeddingConfig()
    clusters: ClusterConfig = ClusterConfig()


def fit_space(
    records: ShardFolder, decontaminate_decisions: ShardFolder, concepts: ConceptConfig, engine: EngineConfig
) -> Plan:
    """The space that subjects are compared in, fitted on a sample of the kept records and then kept."""
    item = Item("space", (records, decontaminate_decisions), records.rows)
    return _fit(fit_space_on, records, item, concepts.embedding, engine)


def fit_space_on(records: ShardFolder, decisions: ShardFolder, config: EmbeddingConfig) -> pa.Table:
    """Inverse document frequencies and SVD components (schema SPACE, one row); empty for a sentence-embedding model."""
    if config.kind == "sentence":
        return pa.Table.from_pylist([{"weights": [], "components": []}], schema=SPACE)
    from scipy.sparse import csr_matrix
    from threadpoolctl import threadpool_limits

    texts = pa.concat_arrays([text for _, text in _samples(records, decisions, config.sample)])
    starts, buckets, counts = projection.hashed_counts(as_strings(texts), config.buckets, config.max_words)
    weights = projection.inverse_frequency(projection.document_frequency(buckets, config.buckets), len(texts))
    matrix = csr_matrix((counts * weights[buckets], buckets, starts), shape=(len(texts), config.buckets))
    dimensions = min(config.dimensions, max(len(texts) - 1, 1))
    with threadpool_limits(1):
        directions = leading_directions(matrix, dimensions)
    components = np.zeros((config.buckets, config.dimensions), np.float32)
    components[:, :dimensions] = directions.T
    row = {"weights": weights.round(DECIMALS), "components": components.round(DECIMALS).reshape(-1)}
    return pa.Table.from_pylist([row], schema=SPACE)


def embed_records(records: ShardFolder, concept_space: ShardFolder, concepts: ConceptConfig, engine: EngineConfig) -> Plan:
    """A vector per record: what it is about."""
    items = tuple(Item(shard.name, (shard, concept_space), shard.rows) for shard in records.shards)
    inputs = {"records": records.digest, "concept_space": concept_space.digest}
    return Plan("select", embed_shard, items, concepts.embedding, VERSION, engine=engine, inputs=inputs)


def embed_shard(records: Shard, space: ShardFolder, config: EmbeddingConfig) -> pa.Table:
    """`vector`: half-precision, of length one, for each record of a shard."""
    vectors = _embed(judged_text(records.read(FIELDS)), space, config).astype(np.float16)
    size = vectors.shape[1]
    return pa.table({"vector": pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), size)})


def fit_concepts(
    records: ShardFolder,
    decontaminate_decisions: ShardFolder,
    concept_space: ShardFolder,
    concepts: ConceptConfig,
    engine: EngineConfig,
) -> Plan:
    """Clusters of the sampled records of each task, in the space; fitted once and then kept."""
    item = Item("concepts", (records, decontaminate_decisions, concept_space), records.rows)
    return _fit(fit_concepts_on, records, item, concepts, engine)


def fit_concepts_on(records: ShardFolder, decisions: ShardFolder, space: ShardFolder, config: ConceptConfig) -> pa.Table:
    """The concepts of all tasks (schema CONCEPT), the largest of a task first."""
    from threadpoolctl import threadpool_limits

    rows: list[dict[str, Any]] = []
    for task, texts in _samples(records, decisions, config.embedding.sample):
        vectors = _embed(texts, space, config.embedding)
        count = max(1, min(config.clusters.per_task, len(texts) // config.clusters.min_records))
        with threadpool_limits(1):
            labels = cluster(vectors.round(DECIMALS), count)
        words = [_words(text) for text in texts.to_pylist()]
        every = Counter(word for each in words for word in each)
        for label in sorted(np.unique(labels).tolist(), key=lambda label: (-np.count_nonzero(labels == label), label)):
            members = labels == label
            centroid = _unit(vectors[members].mean(axis=0, keepdims=True))[0].round(DECIMALS)
            distance = float(1 - (vectors[members] @ centroid).mean())
            name = _telling(words, members, every)
            row = {"task": task, "name": name, "centroid": centroid, "dispersion": round(distance, DECIMALS)}
            rows.append({"concept": len(rows), **row})
    _sampled.cache_clear()
    return pa.Table.from_pylist(rows, schema=CONCEPT)


def place_in_concepts(
    record_vectors: ShardFolder, decontaminate_decisions: ShardFolder, concepts: ShardFolder, engine: EngineConfig
) -> Plan:
    """The concept of each record, among those of the task that it has now, and how close it is to the concept's middle."""
    aligned(record_vectors, decontaminate_decisions)
    pairs = zip(record_vectors.shards, decontaminate_decisions.shards, strict=True)
    items = tuple(Item(vectors.name, (vectors, decisions, concepts), vectors.rows) for vectors, decisions in pairs)
    folders = {"record_vectors": record_vectors, "decisions": decontaminate_decisions, "concepts": concepts}
    inputs = {name: folder.digest for name, folder in folders.items()}
    return Plan("select", place_shard, items, version=VERSION, engine=engine, inputs=inputs)


def place_shard(vectors: Shard, decisions: Shard, concepts: ShardFolder) -> pa.Table:
    """`concept` int32 (-1 for a task without concepts) and `closeness` float32 (cosine with the centroid), row for row."""
    known = concepts.read()
    tasks = decisions.read(["task"])["task"].cast(pa.string()).to_numpy()
    rows = vectors.read()["vector"].combine_chunks()
    points = rows.flatten().to_numpy(zero_copy_only=False).astype(np.float32).reshape(-1, rows.type.list_size)
    concept = np.full(len(rows), -1, np.int32)
    closeness = np.zeros(len(rows), np.float32)
    for task in np.unique(tasks):
        mine = known.filter(pa.array(known["task"].to_numpy() == task))
        chosen = np.flatnonzero(tasks == task)
        if len(mine) and len(chosen):
            likeness = points[chosen] @ np.array(mine["centroid"].to_pylist(), np.float32).T
            best = likeness.round(3).argmax(axis=1)  # half-precision vectors: later decimals are noise
            concept[chosen] = mine["concept"].to_numpy()[best]
            closeness[chosen] = likeness[np.arange(len(chosen)), best].round(3)
    return pa.table({"concept": concept, "closeness": closeness})


def _fit(work: Any, records: ShardFolder, item: Item, config: Config, engine: EngineConfig) -> Plan:
    """A plan whose result is kept while its sources stay (see `still_fits`)."""
    rows: Counter[str] = Counter()
    for shard in records.shards:
        rows[shard.entry.note["source"]] += shard.rows
    libraries = ("scipy", "numpy")
    return Plan("select", work, (item,), config, VERSION, libraries=libraries, fitted_on=dict(rows), engine=engine)


def _samples(records: ShardFolder, decisions: ShardFolder, size: int) -> list[tuple[str, pa.Array]]:
    """For each task, the judged texts of at most `size` kept records: every k-th, so that all shards have theirs."""
    return _sampled(records.path, records.digest, decisions.path, decisions.digest, size)


@functools.lru_cache(maxsize=1)
def _sampled(records_path: Path, _: str, decisions_path: Path, __: str, size: int) -> list[tuple[str, pa.Array]]:
    """Space and concepts are fitted one after the other on the same texts; finding them takes reading almost all."""
    records, decisions = ShardFolder.open(records_path), ShardFolder.open(decisions_path)
    places: dict[str, list[tuple[int, int]]] = {}
    for number, shard in enumerate(decisions.shards):
        table = shard.read(["kept", "task"])
        kept, tasks = table["kept"].to_numpy(), table["task"].cast(pa.string()).to_numpy()
        for task in np.unique(tasks[kept]):
            places.setdefault(task, []).extend((number, row) for row in np.flatnonzero(kept & (tasks == task)).tolist())
    chosen: dict[int, list[tuple[int, str]]] = {}
    for task, found in places.items():
        step = max(len(found) / size, 1.0)
        for index in range(min(size, len(found))):
            shard_number, row = found[int(index * step)]
            chosen.setdefault(shard_number, []).append((row, task))
    texts: dict[str, list[pa.Array]] = {task: [] for task in sorted(places)}
    for number, rows in sorted(chosen.items()):
        table = records.shards[number].take(sorted(row for row, _ in rows), FIELDS)
        names = np.array([task for _, task in sorted(rows)])
        text = judged_text(table)
        for task in np.unique(names):
            texts[task].append(text.filter(pa.array(names == task)).cast(pa.large_string()))
    return [(task, pa.concat_arrays(parts)) for task, parts in texts.items()]


def _embed(texts: pa.Array, space: ShardFolder, config: EmbeddingConfig) -> np.ndarray:
    """float32[texts, dimensions], rows of length one (or zero, for a text without words)."""
    if config.kind == "sentence":
        return _sentence_model(config.model).encode(texts.to_pylist(), normalize_embeddings=True).astype(np.float32)
    weights, components = _space(space.path, space.digest, config.dimensions)
    starts, buckets, counts = projection.hashed_counts(as_strings(texts), config.buckets, config.max_words)
    return projection.project(starts, buckets, counts, weights, components)


@functools.lru_cache(maxsize=1)
def _space(path: Path, digest: str, dimensions: int) -> tuple[np.ndarray, np.ndarray]:
    table = ShardFolder.open(path).read()
    weights, components = (table[name].combine_chunks().flatten().to_numpy() for name in ("weights", "components"))
    return weights, components.reshape(-1, dimensions)


@functools.lru_cache(maxsize=1)
def _sentence_model(name: str) -> Any:
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise UserError("select.concepts.embedding.kind: 'sentence' needs: pip install sentence-transformers") from error
    return SentenceTransformer(name)


def _words(text: str) -> set[str]:
    return {word for word in re.findall(r"[^\W\d_]{3,}", text[:1000].lower()) if word not in COMMON}


def _telling(words: list[set[str]], members: np.ndarray, every: Counter[str]) -> str:
    """The three words that tell the concept's records best from the others of the task; `every` counts the words of all."""
    inside: Counter[str] = Counter(word for number in np.flatnonzero(members) for word in words[number])
    size = max(int(members.sum()), 1)
    lift = {word: count / size * np.log1p(count / every[word] * len(words) / size) for word, count in inside.items()}
    return ", ".join(sorted(lift, key=lambda word: (-lift[word], word))[:3]) or "other"


def _unit(rows: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(length > 0, length, 1)
