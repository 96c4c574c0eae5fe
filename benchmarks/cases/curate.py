"""Whole runs: all of curate by `kedro run`, from the command to the prompt, books and report included."""

from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.cases.kernels import tokenizer
from benchmarks.corpus import BASE_MB, Corpus
from benchmarks.corpus import corpus as make_corpus
from benchmarks.project import EVERYTHING, SAME_WORK, add_benchmark, curate, new_project, start_up
from benchmarks.run import Measured, call
from benchmarks.table import Row, used


def against_datatrove(corpus: Corpus, folder: Path) -> list[Row]:
    """datatrove as it comes: spaCy words."""
    return [_against(corpus, folder, False, "with its defaults (spaCy words)", (20, 40))]


def against_datatrove_on_spaces(corpus: Corpus, folder: Path) -> list[Row]:
    """datatrove on whitespace words, as our filters count them."""
    return [_against(corpus, folder, True, "on whitespace words", (8, 15))]


def _against(corpus: Corpus, folder: Path, spaces: bool, how: str, times: tuple[float, float]) -> Row:
    definition = tokenizer(folder)
    peer = call("benchmarks.peers.trove:curate", asdict(corpus), str(folder / "trove"), str(definition), spaces)
    project = new_project(folder / "project", {"corpus": Path(corpus.texts)}, SAME_WORK, definition)
    ours = curate(project)
    ratio, size = peer.cpu / ours.cpu, corpus.megabytes
    goal, aim = times
    wanted = f"{goal:g} times at 250 MB (aim {aim:g} at 2.5 GB)"
    told = f"after filters and dedup {peer.answer['good']:,} and {peer.answer['unique']:,} documents at the peer"
    mine, theirs = used(ours.cpu, size, ours.peak_mb), used(peer.cpu, size, peer.peak_mb)
    return Row(f"all of curate, against datatrove {how}", wanted, ratio, ratio >= goal, size, mine, theirs, told)


def two_workers(corpus: Corpus, folder: Path) -> list[Row]:
    """Wall time of a fresh run after start-up, by one worker on one core and by two on two."""
    walls = []
    for workers in (1, 2):
        project = new_project(folder / "project", {"corpus": Path(corpus.texts)}, SAME_WORK, tokenizer(folder))
        before = start_up(project, workers)
        walls.append((curate(project, workers=workers), before))
    (one, one_before), (two, two_before) = walls
    ratio = (one.wall - one_before.wall) / (two.wall - two_before.wall)
    told = f"wall {one.wall:.1f} s and {two.wall:.1f} s, of which start-up {one_before.wall:.1f} s and {two_before.wall:.1f} s"
    size = corpus.megabytes
    mine = f"{used(two.cpu, size, two.peak_mb)} (two workers)"
    return [Row("two workers against one, after start-up", "1.7 times", ratio, ratio >= 1.7, size, mine, quality=told)]


def everything_on(corpus: Corpus, folder: Path) -> list[Row]:
    """Language by model, repair, personal data masked, decontamination against a thousand items, concepts."""
    project = new_project(folder / "project", {"corpus": Path(corpus.texts)}, EVERYTHING, tokenizer(folder))
    add_benchmark(project, _items(corpus, folder))
    ours = curate(project)
    size = corpus.megabytes
    speed = size / ours.cpu
    mine = used(ours.cpu, size, ours.peak_mb)
    return [Row("everything on", "10 MB/s per core at 2.5 GB (aim 25)", speed, speed >= 10, size, mine)]


def _items(corpus: Corpus, folder: Path) -> Path:
    """A thousand runs of twelve words out of the corpus, as a benchmark would hold them."""
    texts = corpus.read()
    chosen = texts.take(pa.array(range(0, len(texts), max(len(texts) // 1000, 1)))).to_pylist()
    path = folder / "items.parquet"
    pq.write_table(pa.table({"text": [" ".join(text.split()[:12]) for text in chosen]}), path)
    return path


def growth(corpus: Corpus, folder: Path) -> list[Row]:
    """The cost of a megabyte and the memory, here and at the smallest size."""
    small = make_corpus(BASE_MB)
    runs = [_fresh(each, folder) for each in (small, corpus)]
    sizes = [each.megabytes for each in (small, corpus)]
    costs = [(ours.cpu - before.cpu) / size for (ours, before), size in zip(runs, sizes, strict=True)]
    peaks = [ours.peak_mb for ours, _ in runs]
    ratio, size = costs[1] / costs[0], corpus.megabytes
    told = [used(ours.cpu, megabytes, ours.peak_mb) for (ours, _), megabytes in zip(runs, sizes, strict=True)]
    budget = 1500 + 200 * corpus.documents / 1e6
    cost = "cost per MB over that at 25 MB, after start-up"
    memory = "peak memory of all of curate"
    within = "under 1,500 MB plus 200 bytes a record"
    return [
        Row(cost, "at most 1.1", ratio, ratio <= 1.1, size, told[1], quality=f"at {sizes[0]:.0f} MB: {told[0]}"),
        Row(memory, within, peaks[1], peaks[1] <= budget, size, told[1], quality=f"at {sizes[0]:.0f} MB: {peaks[0]:,.0f} MB"),
    ]


def _fresh(corpus: Corpus, folder: Path) -> tuple[Measured, Measured]:
    project = new_project(folder / "project", {"corpus": Path(corpus.texts)}, SAME_WORK, tokenizer(folder))
    before = start_up(project)
    return curate(project), before
