"""The story of a record, up to where it ends."""

import numpy as np
import pyarrow as pa
import pytest

from polymath.pipelines.curate.clean import CleanConfig
from polymath.pipelines.curate.relevance import RelevanceConfig
from polymath.reporting.trace import tell
from polymath.store.folder import ShardFolder
from tests.pipelines.curate.made import folder_of, records_of

JUDGE = {"recipes": {"r": {"too_few_words": {"min_words": 3}, "off_topic": {}}}, "tasks": {"text": "r"}}


@pytest.fixture
def story(tmp_path):
    """What is told of the second of two records, whose decisions are given."""

    def told(clean, dedup, relevance=(), config=CleanConfig(judge=JUDGE)):
        records = records_of(tmp_path / "records", {"s": [{"text": "one two three"}, {"text": "four"}]}, "text")
        kept = {"kept": [True, clean["reason"] is None], "reason": pa.array([None, clean["reason"]], pa.string())}
        measured = {"task": ["text", "text"], "value": pa.array([None, clean["value"]], pa.float32())}
        later = {"kept": [True, False], "reason": [None, dedup["reason"]], "duplicate_of": [None, "s/0"]}
        signals = {name: np.array([3, 1]) for name in ("content_words", "words", "chars")}
        tables = {
            "text_signals": {**signals, "spaced": [True, True], "source": ["s", "s"], "language": ["en", "en"]},
            "clean_decisions": {**kept, **measured, "moved": pa.nulls(2, pa.string())},
            "dedup_decisions": {**later, "similarity": pa.array([None, dedup["similarity"]], pa.float32())},
        }
        folders = {name: folder_of(tmp_path / name, {"s-00000": pa.table(table)}) for name, table in tables.items()}
        scores = {"s-00000": pa.table({"relevance": pa.array(relevance, pa.float32())})} if relevance else {}
        folders |= {"records": records, "relevance": folder_of(tmp_path / "relevance", scores)}
        load: dict[str, ShardFolder] = folders
        return tell(load.__getitem__, "s/1", config)

    return told


STAYS = {"reason": None, "value": None}


@pytest.mark.parametrize(
    ("dedup", "words"),
    [
        ({"reason": "copy", "similarity": 1.0}, "says the same as s/0"),
        ({"reason": "near_duplicate", "similarity": 0.875}, "is 0.875 like s/0"),
        ({"reason": "near_duplicate", "similarity": None}, "shares a band (unverified) with s/0"),
    ],
)
def test_what_a_removed_record_repeats_is_told_measured_or_not(story, dedup, words):
    assert story(STAYS, dedup)[-1].told == f"removed: it {words}"


@pytest.mark.parametrize(("value", "words"), [(1.0, "measured 1"), (None, "found nothing to measure")])
def test_what_a_filter_measured_is_told_where_it_measured_something(story, value, words):
    last = story({"reason": "too_few_words", "value": value}, {"reason": "too_few_words", "similarity": None})[-1]
    assert last.told == f"removed by the filter too_few_words, which {words}"


def test_relevance_is_told_where_it_was_measured(story):
    copy = {"reason": "copy", "similarity": 1.0}
    assert "off_topic" not in story(STAYS, copy)[1].facts
    config = CleanConfig(judge={**JUDGE, "floors": {"default": 0.1}}, relevance=RelevanceConfig(measured=True))
    assert story(STAYS, copy, (0.5, 0.25), config)[1].facts["off_topic"] == "0.25 (limit 0.1)"
