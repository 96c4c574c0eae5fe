"""The numbers of a run that are worth comparing."""

from dataclasses import replace

import pyarrow as pa
import pytest

from polymath.datasets import ShardsDataset
from polymath.pipelines.curate.books import BOOK
from polymath.pipelines.curate.counts import COUNT
from polymath.reporting.metrics import run_metrics
from tests.pipelines.curate.made import folder_of, records_of

LINES = [("made", 10), ("kept", 6), ("copy", 2), ("near_duplicate", 1), ("benchmark_leak", 1)]


@pytest.fixture
def catalog(tmp_path):
    """What a run of ten records has made, in twenty seconds."""
    books = [{"ledger": "records", "source": "s", "line": line, "count": count} for line, count in LINES]
    counts = [{"task": task, "split": split, "tokens": 50} for task in ("chat", "code") for split in ("train", "test")]
    folders = {
        "records": records_of(tmp_path / "records", {"s": [{"prompt": str(n)} for n in range(10)]}),
        "books": folder_of(tmp_path / "books", {"books": pa.Table.from_pylist(books, schema=BOOK)}),
        "token_counts": folder_of(tmp_path / "token_counts", {"s-00000": pa.Table.from_pylist(counts, schema=COUNT)}),
    }
    for folder in (folders["records"], folders["books"]):
        replace(folder.manifest, seconds=10.0).write(folder.path)
    return {name: ShardsDataset(str(folder.path)) for name, folder in folders.items()}


def test_rows_by_fate_tokens_by_task_and_shares_are_metrics(catalog):
    found = run_metrics(catalog, {"ingest": 1.234}, {"books"})
    assert (found["records_kept"], found["kept_share"], found["duplicate_share"]) == (6, 0.6, 0.3)
    assert (found["removed/copy"], found["removed/near_duplicate"], found["benchmark_leaks"]) == (2, 1, 1)
    assert (found["training_tokens"], found["tokens/chat"], found["tokens/code"]) == (100, 50, 50)
    assert found["seconds/ingest"] == 1.23


def test_throughput_is_that_of_the_work_whichever_runs_did_it(catalog):
    size = catalog["records"].load().bytes
    for seconds in ({}, {"books": 0.01}, {"ingest": 10.0, "books": 10.0}):
        assert run_metrics(catalog, seconds, {"books"})["mb_per_second"] == round(size / 1e6 / 20, 2)


def test_without_books_there_are_only_seconds(catalog):
    assert run_metrics(catalog, {"ingest": 2.0}, {"finetuned"}) == {"seconds/ingest": 2.0}
    del catalog["books"]
    assert run_metrics(catalog, {"ingest": 2.0}, {"books"}) == {"seconds/ingest": 2.0}
