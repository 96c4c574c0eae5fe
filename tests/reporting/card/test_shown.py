"""The records that a card shows, read once and kept for the next card."""

from polymath.reporting.card.sample import Row
from polymath.reporting.card.shown import SHOWN, ShownRecords
from polymath.store.shards import Entry, Shard, write_shard
from tests.pipelines.curate.made import records_of


def card(path, aside, name="card"):
    path.mkdir(parents=True, exist_ok=True)
    return Shard(path, write_shard(path, Entry(name, f"{name}.parquet", "key", "base"), SHOWN.empty_table(), aside))


def watched(monkeypatch):
    read = []
    real = Shard.take
    monkeypatch.setattr(Shard, "take", lambda self, rows, *more: read.append((self.name, [*rows])) or real(self, rows, *more))
    return read


def test_what_an_earlier_card_showed_is_not_read_again(tmp_path, monkeypatch):
    rows = [{"prompt": f"Question {n}", "reply": "yes"} for n in range(9)]
    records = records_of(tmp_path / "records", {"a": rows, "b": rows})
    read = watched(monkeypatch)
    first = ShownRecords(records)
    first.fetch([Row(0.5, 1, 4), Row(0.1, 0, 7), Row(0.2, 1, 2)])
    assert first.take(1, [2, 4], ["id", "prompt"]).to_pylist()[1] == {"id": "b/4", "prompt": "Question 4"}
    assert read == [("a-00000", [7]), ("b-00000", [2, 4])]
    read.clear()
    # One source is another now; of the other, a row is shown that was not.
    grown = records_of(tmp_path / "grown", {"a": [{"prompt": "New", "reply": "no"}, *rows], "b": rows})
    second = ShownRecords(grown, [card(tmp_path / "card", first.table)])
    assert second.take(0, [7], ["prompt"])["prompt"].to_pylist() == ["Question 6"]
    assert second.take(1, [1, 2, 4], ["id"])["id"].to_pylist() == ["b/1", "b/2", "b/4"]
    assert read == [("a-00000", [7]), ("b-00000", [1])]
    afresh = ShownRecords(grown)
    afresh.fetch([Row(0, 0, 7), Row(0, 1, 4), Row(0, 1, 2), Row(0, 1, 1)])
    assert second.table.equals(afresh.table)


def test_a_damaged_card_is_as_good_as_none(tmp_path, monkeypatch):
    records = records_of(tmp_path / "records", {"a": [{"prompt": "Question", "reply": "yes"}]})
    first = ShownRecords(records)
    first.fetch([Row(0, 0, 0)])
    old = card(tmp_path / "card", first.table)
    (old.folder / old.entry.aside_file).write_bytes(b"broken")
    read = watched(monkeypatch)
    assert ShownRecords(records, [old, card(tmp_path / "other", None)]).take(0, [0], ["id"])["id"].to_pylist() == ["a/0"]
    assert read == [("a-00000", [0])]
