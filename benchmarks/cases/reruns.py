"""What a second run costs: nothing changed, one threshold changed, a source added; and `kedro whatif`, which runs nothing."""

from collections.abc import Mapping
from pathlib import Path

from benchmarks.cases.kernels import tokenizer
from benchmarks.corpus import Corpus, addition
from benchmarks.project import SAME_WORK, choose, curate, kedro, new_project, start_up
from benchmarks.run import Measured
from benchmarks.table import Row, used

DIAL = "clean.judge.recipes.web.too_few_words.min_words"
WHATIF = "clean.min_words=60"


def reruns(corpus: Corpus, folder: Path) -> list[Row]:
    """One project, run five times."""
    sources = {"corpus": Path(corpus.texts), "added": Path(addition(corpus, folder).texts)}
    project = new_project(folder / "project", sources, SAME_WORK, tokenizer(folder))
    choose(project, ["corpus"])
    before = start_up(project)
    full = curate(project)
    again = curate(project)
    asked = kedro(project, "whatif", WHATIF, "--env=bench")
    made = _made(project)
    moved = curate(project, f"{DIAL}=60")
    measured, fresh = _made(project)["text_signals"] != made["text_signals"], _fresh_tokens(project)
    back = curate(project)
    made = _made(project)
    choose(project, ["corpus", "added"])
    grown = curate(project)
    rewritten = len(set(made["text_signals"].items()) - set(_made(project)["text_signals"].items()))
    work, size = full.cpu - before.cpu, corpus.megabytes
    share, grown_share = (moved.cpu - before.cpu) / work, (grown.cpu - before.cpu) / work
    extra = again.cpu - before.cpu
    told = f"of {full.cpu:.1f} s in full, start-up {before.cpu:.1f} s"
    unread = f"signals measured again: {'yes' if measured else 'no'}; texts tokenized again: {fresh}; {told}"
    read = f"shards of the old source measured again: {rewritten}; going back took {back.cpu:.1f} s; {told}"
    return [
        _row("rerun with nothing changed", "start-up plus 2 s", extra, extra <= 2, size, again, told),
        _row("one threshold changed", "at most 0.25 of the full CPU, after start-up", share,
             share <= 0.25 and not measured and not fresh, size, moved, unread),
        _row("one source of 5 % added", "at most 0.15 of the full CPU, after start-up", grown_share,
             grown_share <= 0.15 and not rewritten, size, grown, read),
        _row(f"kedro whatif {WHATIF}", "seconds", asked.wall, asked.wall <= 10, size, asked, f"wall {asked.wall:.1f} s"),
    ]  # fmt: skip


def _row(work: str, promise: str, value: float, holds: bool, size: float, ours: Measured, told: str) -> Row:
    return Row(work, promise, value, holds, size, used(ours.cpu, size, ours.peak_mb), quality=told)


def _made(project: Path) -> dict[str, Mapping[str, int]]:
    """When each shard of each dataset was written."""
    return {
        path.name: {shard.name: shard.stat().st_mtime_ns for shard in path.glob("*.parquet")}
        for path in project.glob("data/*/*")
        if path.is_dir()
    }


def _fresh_tokens(project: Path) -> int:
    """How many texts the last run tokenized, as its shards say."""
    from polymath.store.folder import ShardFolder

    folder = ShardFolder.open(next(project.glob("data/*/tokens")))
    return sum(int(shard.entry.note["fresh"]) for shard in folder.shards)
