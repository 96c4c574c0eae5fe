import numpy as np
import pyarrow as pa
import pytest

from polymath.pipelines.curate.clean import JudgeConfig, judge
from polymath.pipelines.curate.decontaminate import ITEM
from polymath.records import QUARANTINED
from polymath.reporting.card import duplicates, filters, leaks, quarantine
from polymath.reporting.card.excerpts import excerpt
from polymath.reporting.card.inputs import Data
from tests.pipelines.curate.made import folder_of, records_of

JUDGE = JudgeConfig(
    recipes={"short": {"reply_too_long": {"max_characters": 100}, "refusal": {}, "prompt_too_short": None}},
    tasks={"instruct": "short"},
    sources={"free": "none"},
)


def signals_of(lengths: list[int], refuses: list[bool], source: str) -> pa.Table:
    same = {"source": [source] * len(lengths), "task": ["instruct"] * len(lengths), "language": ["en"] * len(lengths)}
    coded = {name: pa.array(values).dictionary_encode() for name, values in same.items()}
    zero = np.zeros(len(lengths), np.int64)
    numbers = {"reply_characters": np.array(lengths), "refuses": np.array(refuses), "prompt_characters": zero}
    return pa.table({**coded, **numbers, "prompt_is_empty": zero > 0})


@pytest.fixture
def cleaned(tmp_path) -> Data:
    lengths = [*range(60, 140), 10]
    refuses = [False] * 80 + [True]
    tables = {f"{name}-00000": signals_of(lengths, refuses, name) for name in ("judged", "free")}
    decisions = {name: judge(table, JUDGE) for name, table in tables.items()}
    empty = folder_of(tmp_path / "relevance", {})
    signals, decided = folder_of(tmp_path / "signals", tables), folder_of(tmp_path / "decided", decisions)
    return Data({"text_signals": signals, "clean_decisions": decided, "relevance": empty})


def measured(data: Data, share: float = 1.0) -> list[filters.Measured]:
    config = filters.MeasureConfig(judge=JUDGE, share=share)
    pairs = zip(data["text_signals"].shards, data["clean_decisions"].shards, strict=True)
    tables = {signals.name: filters.measure_shard(signals, decided, config) for signals, decided in pairs}
    return filters.read_measures(folder_of(data["text_signals"].path.parent / "measures", tables), JUDGE)


def test_filters_come_with_what_they_removed_their_limit_and_its_side(cleaned):
    long_, refusal = measured(cleaned)
    assert (long_.filter, long_.first, long_.limit, long_.is_floor) == ("reply_too_long", 39, 100, False)
    assert len(long_.sampled) == 81
    assert long_.chart() is not None
    assert (refusal.filter, refusal.first, refusal.says_yes_or_no, refusal.chart()) == ("refusal", 1, True, None)


def test_the_records_nearest_to_the_limit_stand_on_either_side(cleaned):
    long_, refusal = measured(cleaned)
    lengths = cleaned["text_signals"].shards[0].read(["reply_characters"])["reply_characters"].to_pylist()
    assert [lengths[row.row] for row in long_.rows("kept")] == [100, 99, 98]
    assert [lengths[row.row] for row in long_.rows("removed")] == [101, 102, 103]
    assert refusal.rows("kept") == []
    assert [row.row for row in refusal.rows("removed")] == [80]


def test_a_source_that_is_not_judged_is_not_measured(cleaned):
    assert all(row.shard == 0 for one in measured(cleaned) for row in one.rows("removed"))


def test_a_sample_counts_every_removed_record_and_draws_few(cleaned):
    long_ = measured(cleaned, share=0.25)[0]
    assert long_.first == 39
    assert len(long_.sampled) < 60
    assert len(long_.rows("removed")) == 3


def test_a_larger_run_is_sampled_by_powers_of_two():
    shares = [filters.sampled_share(100, rows) for rows in (0, 30, 100, 199, 200, 399, 900)]
    assert shares == [1, 1, 1, 1, 0.5, 0.5, 0.125]


def test_filters_that_removed_nothing_are_named_those_switched_off_are_not(cleaned):
    found = measured(cleaned)
    assert filters.idle_filters(found, JUDGE, {"short", "none"}) == []
    assert filters.idle_filters(found[:1], JUDGE, {"short"}) == ["refusal"]
    assert filters.limits_of(found)["reply_too_long"] == {"max_characters": 100}


def texts(marked: duplicates.Text) -> str:
    return "".join(f"[{words}]" if kind == "differs" else words for kind, words in marked)


def test_differing_words_are_marked_and_white_space_is_not():
    left, right = duplicates.mark("The old lamp\nis lit.", "The new lamp is lit.")
    assert texts(left) == "The [old] lamp\nis lit."
    assert texts(right) == "The [new] lamp is lit."


def test_letters_are_marked_in_scripts_without_spaces():
    left, right = duplicates.mark("ฉันกินข้าว", "ฉันกินน้ำ")
    assert texts(left).startswith("ฉันกิน")
    assert "[" in texts(left)
    assert "[" in texts(right)


def test_long_stretches_in_common_are_left_out():
    same = " ".join(f"w{number}" for number in range(200))
    left, _ = duplicates.mark(f"{same} old {same}", f"{same} new {same}")
    assert [kind for kind, _ in left] == ["gap", "same", "differs", "same", "gap"]
    assert len(texts(left)) < 200


def test_equal_texts_have_nothing_marked():
    left, right = duplicates.mark("just the same", "just the same")
    assert texts(left) == texts(right) == "just the same"


@pytest.fixture
def repeated(tmp_path) -> Data:
    rows = [{"prompt": "What is lit?", "reply": f"The lamp number {number} is lit."} for number in range(6)]
    records = records_of(tmp_path / "records", {"qa": rows})
    of = pa.array([None, "qa/0", "qa/0", "qa/0", None, "qa/4"])
    reasons = pa.array([None, "near_duplicate", "near_duplicate", "copy", None, "near_duplicate"]).dictionary_encode()
    similarity = pa.array([None, 0.8, 0.9, 1.0, None, 0.95], pa.float32())
    table = pa.table({"reason": reasons, "duplicate_of": of, "similarity": similarity})
    return Data({"records": records, "dedup_decisions": folder_of(tmp_path / "dedup", {"qa-00000": table})})


def test_pairs_span_the_range_of_similarities(repeated):
    found = duplicates.find_duplicates(repeated, 0.8, 2, 5)
    assert [(twin.id, twin.keeper) for twin in found.twins] == [("qa/1", "qa/0"), ("qa/5", "qa/4")]
    assert texts(found.twins[0].right) == "What is lit?\nThe lamp number [1] is lit."
    assert found.chart is not None
    assert not any(twin.says_the_same for twin in found.twins)


def test_what_is_repeated_most_is_named(repeated):
    assert duplicates.find_duplicates(repeated, 0.8, 2, 5).repeated == [("qa/0", 3)]


def test_without_duplicates_there_is_nothing_to_draw(tmp_path):
    records = records_of(tmp_path / "records", {"qa": [{"prompt": "a", "reply": "b"}]})
    empty = {
        "reason": pa.nulls(1, pa.string()),
        "duplicate_of": pa.nulls(1, pa.string()),
        "similarity": pa.nulls(1, pa.float32()),
    }
    data = Data({"records": records, "dedup_decisions": folder_of(tmp_path / "dedup", {"qa-00000": pa.table(empty)})})
    assert duplicates.find_duplicates(data, 0.8, 3, 5) == duplicates.Duplicates(None, [], [])


def test_leaks_stand_beside_their_items_and_are_counted_by_benchmark_and_source(tmp_path):
    rows = [{"prompt": "Tell me: who lit the SEVEN lamps?", "reply": "He did."}, {"prompt": "free", "reply": "yes"}]
    records = records_of(tmp_path / "records", {"qa": rows})
    columns = {
        "reason": pa.array(["benchmark_leak", None]).dictionary_encode(),
        "benchmark": pa.array(["riddles", "riddles"]).dictionary_encode(),
        "item": pa.array(["r/1", "r/1"]),
        "covered": pa.array([1.0, 0.2], pa.float32()),
        "matched": pa.array(["who lit the SEVEN lamps", "lit"]),
    }
    decisions = folder_of(tmp_path / "decisions", {"qa-00000": pa.table(columns)})
    item = {"benchmark": "riddles", "id": "r/1", "text": "Who lit the seven lamps?"}
    items = folder_of(tmp_path / "items", {"riddles": pa.Table.from_pylist([item], schema=ITEM)})
    found = leaks.find_leaks(Data({"records": records, "decontaminate_decisions": decisions, "benchmark_items": items}), 5)
    assert found.where == [("riddles", "qa", 1)]
    (leak,) = found.examples
    assert (leak.id, leak.item) == ("qa/0", "r/1")
    assert leak.question.matched == "Who lit the seven lamps"
    assert leak.record.before == "Tell me: "
    assert leak.record.after.startswith("?")


@pytest.mark.parametrize(
    ("text", "matched", "marked"),
    [
        ("( t ) his beguiling fable , and more", "t]his beguiling fable", "t ) his beguiling fable"),
        ("Joe  was hit by a ball.", "Joe was hit", "Joe  was hit"),
        ("` the year 's best films . '", "year's best films", "year 's best films"),
        ("straße und Lampe", "LAMPE", "Lampe"),
        ("วันนี้ฝนตกหนักมาก", "ฝนตกหนัก", "ฝนตกหนัก"),
    ],
)
def test_a_leak_is_marked_in_an_item_that_writes_the_same_words_with_other_signs(text, matched, marked):
    assert leaks.mark(text, matched).matched == marked


def test_what_a_text_does_not_hold_is_not_marked():
    assert leaks.mark("2 + 2", "+").matched == ""
    assert leaks.mark("nothing of it", "lamp") == leaks.Marked("nothing of it", "", "")


def test_quarantined_rows_are_told_by_reason_with_one_of_them(tmp_path):
    def row(source: str, number: int, reason: str) -> dict:
        return {"source": source, "file": "f.jsonl", "row": number, "reason": reason, "detail": "why", "excerpt": "{"}

    rows = [row("a", 1, "empty"), row("a", 2, "empty"), row("a", 3, "left_out")]
    tables = {"a-00000": pa.Table.from_pylist(rows, schema=QUARANTINED), "b-00000": QUARANTINED.empty_table()}
    empty, left = quarantine.find_quarantined(Data({"quarantined_rows": folder_of(tmp_path / "q", tables)}))
    assert (empty.reason, empty.rows, empty.sources, empty.is_refused) == ("empty", 2, [("a", 2)], False)
    assert left.is_refused
    assert empty.place in ("f.jsonl row 1", "f.jsonl row 2")


def test_an_excerpt_has_the_fields_that_say_something():
    record = dict.fromkeys(("prompt", "context", "reply", "replies", "choices", "answer", "chosen", "rejected", "text"))
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello\n\n\nthere"}]
    found = excerpt({**record, "id": "a/1", "messages": turns, "replies": [], "reply": ""})
    assert found.fields == [("reply", ""), ("messages", "user: Hi\nassistant: Hello\nthere")]
