"""From tokens to a schedule: weights, sequences, batches, and the books over all of it."""

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from polymath.errors import UserError
from polymath.pipelines.curate.books import balance_books
from polymath.pipelines.curate.concepts import CONCEPT
from polymath.pipelines.curate.counts import count_tokens
from polymath.pipelines.curate.mix import draw_frontiers, weigh_tracks
from polymath.pipelines.curate.pack import pack_sequences, schedule_batches
from polymath.pipelines.curate.tracks import MixConfig, TrackConfig
from polymath.store.folder import Manifest, ShardFolder
from polymath.store.shards import Entry, write_shard
from tests.pipelines.curate.made import ENGINE, folder_of, records_of, runner

TASKS_OF = {"a": "closed_qa", "b": "instruct", "c": "text"}


def token_table(source, task, lengths, split, pair):
    ids = [list(range(1, size + 1)) for size in lengths]
    loss = [[position >= size // 2 for position in range(size)] for size in lengths]
    rows = len(lengths)
    columns = {
        "id": [f"{source}/{n}#r" for n in range(rows)],
        "record": pa.array(range(rows), pa.int64()),
        "source": pa.array([source] * rows).dictionary_encode(),
        "task": pa.array([task] * rows).dictionary_encode(),
        "recipe": pa.array(["r"] * rows).dictionary_encode(),
        "split": pa.array(split).dictionary_encode(),
        "text": pa.array(range(rows), pa.uint64()),
        "ids": pa.array(ids, pa.large_list(pa.uint16())),
        "loss": pa.array(loss, pa.large_list(pa.bool_())),
        "rejected_text": pa.nulls(rows, pa.uint64()),
        "rejected_ids": pa.array(ids if pair else [None] * rows, pa.large_list(pa.uint16())),
        "rejected_loss": pa.array(loss if pair else [None] * rows, pa.large_list(pa.bool_())),
    }
    return pa.table(columns)


@pytest.fixture
def made(tmp_path):
    """Three sources of three tasks, two concepts each; a tenth of the examples for validation."""
    rng = np.random.default_rng(0)
    sizes = {"a": rng.integers(10, 90, 300), "b": rng.integers(20, 200, 200), "c": rng.integers(50, 700, 60)}
    tables, placed, rows = {}, {}, {}
    for number, (source, lengths) in enumerate(sizes.items()):
        split = ["validation" if n % 10 == 9 else "train" for n in range(len(lengths))]
        tables[f"{source}-00000"] = token_table(source, TASKS_OF[source], lengths.tolist(), split, False)
        concept = pa.array([2 * number + n % 2 for n in range(len(lengths))], pa.int32())
        placed[f"{source}-00000"] = pa.table({"concept": concept, "closeness": np.ones(len(lengths), np.float32)})
        rows[source] = [
            {"tier": "high" if source == "a" else "low", "task": TASKS_OF[source], "prompt": "p", "reply": "r"}
        ] * len(lengths)
    points = rng.normal(size=(6, 8)).astype(np.float32)
    concepts = [
        {"concept": n, "task": task, "name": str(n), "centroid": points[n], "dispersion": 0.5}
        for n, task in enumerate(np.repeat(list(TASKS_OF.values()), 2))
    ]
    run = runner(tmp_path)
    data = SimpleNamespace(
        run=run,
        records=records_of(tmp_path / "records", rows),
        tokens=folder_of(tmp_path / "tokens", tables),
        placed=folder_of(tmp_path / "placed", placed),
        concepts=folder_of(tmp_path / "concepts", {"concepts": pa.Table.from_pylist(concepts, schema=CONCEPT)}),
    )
    data.counts = run("counts", count_tokens(data.tokens, data.records, data.placed, ENGINE))
    return data


def mix(**track):
    return MixConfig(tracks={"sft": {"sequence_tokens": 256, "batch_sequences": 4, **track}})


def packed(made, config):
    sequences = made.run("sequences", pack_sequences(made.tokens, made.counts, made.placed, config, ENGINE))
    weights = made.run("weights", weigh_tracks(made.counts, made.concepts, config, ENGINE))
    return sequences, weights, made.run("schedule", schedule_batches(sequences, weights, made.concepts, config, ENGINE))


def test_every_token_of_a_track_is_counted_once(made):
    total = sum(len(ids) for ids in made.tokens.read(["ids"])["ids"].to_pylist())
    counts = made.counts.read().to_pylist()
    assert sum(row["tokens"] for row in counts) == total
    assert sum(row["loss_tokens"] for row in counts) == sum(
        sum(loss) for loss in made.tokens.read(["loss"])["loss"].to_pylist()
    )
    assert {row["source"]: row["tier"] for row in counts} == {"a": "high", "b": "low", "c": "low"}


@pytest.mark.parametrize("strategy", ["proportional", "temperature", "unimax", "portfolio"])
def test_weights_sum_to_one_and_keep_the_epoch_cap(made, strategy):
    rows = made.run("weights", weigh_tracks(made.counts, made.concepts, mix(strategy=strategy), ENGINE)).read().to_pylist()
    assert sum(row["weight"] for row in rows) == pytest.approx(1)
    assert max(row["epochs"] for row in rows) <= 4.001
    assert len(rows) == 6


def test_the_limit_of_the_temperature_strategy_makes_large_tasks_alike(made):
    def shares(**track):
        rows = made.run(
            "weights", weigh_tracks(made.counts, made.concepts, mix(strategy="temperature", **track), ENGINE)
        ).read()
        return rows.to_pandas().groupby("task").weight.sum()

    free, limited = shares(temperature=1), shares(temperature=1, temperature_limit=5_000)
    assert free.max() > 1.4 * free.min()
    assert limited.max() == pytest.approx(limited.min())


def test_explicit_weights_are_those_of_the_tasks(made):
    config = mix(strategy="explicit", explicit={"closed_qa": 1, "text": 3})
    rows = made.run("weights", weigh_tracks(made.counts, made.concepts, config, ENGINE)).read().to_pylist()
    by_task = {task: sum(row["weight"] for row in rows if row["task"] == task) for task in TASKS_OF.values()}
    assert by_task == pytest.approx({"closed_qa": 0.25, "instruct": 0, "text": 0.75})


def by_part(rows, column="weight"):
    found = {}
    for row in rows:
        found[row["part"]] = found.get(row["part"], 0) + row[column]
    return found


@pytest.mark.parametrize("strategy", ["proportional", "unimax", "portfolio"])
def test_shares_of_sources_are_kept_whatever_the_strategy_within_them(made, strategy):
    config = mix(strategy=strategy, shares={"c": 67, "tier:high": 23, "rest": 10}, budget_tokens=20_000, sources="a b c")
    rows = made.run("weights", weigh_tracks(made.counts, made.concepts, config, ENGINE)).read().to_pylist()
    assert by_part(rows) == pytest.approx({"c": 0.67, "tier:high": 0.23, "rest": 0.1}, abs=1e-4)
    assert {(row["part"], row["task"]) for row in rows} == {("c", "text"), ("tier:high", "closed_qa"), ("rest", "instruct")}


def test_what_no_share_names_stays_out(made):
    config = mix(shares={"a": 1, "b": 1}, budget_tokens=10_000)
    sequences, weights, _ = packed(made, config)
    assert by_part(weights.read().to_pylist()) == pytest.approx({"a": 0.5, "b": 0.5})
    assert set(sequences.shards[0].read(["part"])["part"].cast(pa.string()).to_pylist()) == {"a", "b"}


def test_a_fine_tuning_track_replays_a_share_of_plain_text(made):
    config = mix(tasks="closed_qa instruct", replay=0.1, budget_tokens=30_000)
    sequences, weights, schedule = packed(made, config)
    rows = weights.read().to_pylist()
    assert by_part(rows) == pytest.approx({"": 0.9, "replay": 0.1})
    assert {row["task"] for row in rows if row["part"] == "replay"} == {"text"}
    without = mix(tasks="closed_qa instruct", budget_tokens=27_000)
    plain = made.run("plain", weigh_tracks(made.counts, made.concepts, without, ENGINE)).read().to_pylist()
    mine = [row["drawn"] for row in rows if not row["part"]]
    assert mine == pytest.approx([row["drawn"] for row in plain], abs=2), "the rest is as it would be without it"
    drawn = sequences.shards[0].read(["part", "tokens"]).take(schedule.shards[0].read(["sequence"])["sequence"])
    tokens = drawn.group_by("part").aggregate([("tokens", "sum")]).to_pylist()
    total = sum(row["tokens_sum"] for row in tokens)
    assert {row["part"]: row["tokens_sum"] / total for row in tokens} == pytest.approx({"": 0.9, "replay": 0.1}, abs=0.05)


def test_every_batch_holds_the_parts_in_their_shares(made):
    config = mix(shares={"c": 1, "rest": 3}, budget_tokens=60_000, batch_sequences=8)
    sequences, _, schedule = packed(made, config)
    part = sequences.shards[0].read(["part"])["part"].cast(pa.string())
    drawn = part.take(schedule.shards[0].read(["sequence"])["sequence"]).to_numpy()
    per_batch = (drawn.reshape(-1, 8) == "c").sum(axis=1)
    assert per_batch.max() - per_batch.min() <= 1


def test_other_amounts_of_the_same_parts_pack_nothing_anew(made):
    plans = [pack_sequences(made.tokens, made.counts, made.placed, mix(shares={"a": n, "rest": 1}), ENGINE) for n in (1, 5)]
    other = pack_sequences(made.tokens, made.counts, made.placed, mix(shares={"b": 1, "rest": 1}), ENGINE)
    keys = [plan.items[0].inputs[-1].digest for plan in (*plans, other)]
    assert keys[0] == keys[1] != keys[2]


def test_a_share_of_nothing_is_told(made):
    with pytest.raises(UserError, match=r"mix\.tracks\.sft: 'nothing\*' is to be 50% of it, but has nothing to train on"):
        made.run("weights", weigh_tracks(made.counts, made.concepts, mix(shares={"nothing*": 1, "rest": 1}), ENGINE))


def test_a_budget_that_cannot_be_met_names_the_track(made):
    with pytest.raises(UserError, match=r"mix\.tracks\.sft: no weights make .* in at most 4 epochs"):
        made.run("weights", weigh_tracks(made.counts, made.concepts, mix(budget_tokens=10**9), ENGINE))


def test_another_sequence_length_weighs_nothing_anew(made):
    plans = [weigh_tracks(made.counts, made.concepts, mix(sequence_tokens=size), ENGINE) for size in (128, 256)]
    assert plans[0].base_key == plans[1].base_key


def test_sequences_hold_one_concept_and_documents_stay_in_bounds(made):
    sequences, _, _ = packed(made, mix())
    table = sequences.shards[0].read()
    lengths = {n: [len(ids) for ids in shard.read(["ids"])["ids"].to_pylist()] for n, shard in enumerate(made.tokens.shards)}
    concepts = {n: shard.read(["concept"])["concept"].to_pylist() for n, shard in enumerate(made.placed.shards)}
    for row in table.to_pylist():
        assert sum(piece["length"] for piece in row["pieces"]) == row["tokens"] <= 256
        for piece in row["pieces"]:
            assert concepts[piece["shard"]][piece["example"]] == row["concept"]
            assert 0 <= piece["start"] < piece["start"] + piece["length"] <= lengths[piece["shard"]][piece["example"]]


def test_long_replies_are_left_out_and_long_texts_are_cut(made):
    sequences, _, _ = packed(made, mix(sequence_tokens=128))
    left = sequences.shards[0].read_aside().to_pylist()
    assert {row["shard"] for row in left} == {1}
    assert min(row["tokens"] for row in left) > 128
    cut, _, _ = packed(made, mix(sequence_tokens=128, long_examples="split"))
    assert cut.shards[0].entry.aside
    assert cut.shards[0].read_aside().num_rows == 0


def test_the_schedule_keeps_its_promises_and_draws_only_training_sequences(made):
    sequences, weights, schedule = packed(made, mix(budget_tokens=60_000))
    note, table = schedule.shards[0].entry.note, schedule.shards[0].read()
    assert len(table) == note["steps"] * 4 > 100
    assert note["task_deviation"] < 1
    assert note["concept_deviation"] < 2
    split = sequences.shards[0].read(["split", "task"])
    drawn = split.take(table["sequence"])
    assert set(drawn["split"].cast(pa.string()).to_pylist()) == {"train"}
    shares = {row["task"]: 0.0 for row in weights.read().to_pylist()}
    for row in weights.read().to_pylist():
        shares[row["task"]] += row["weight"]
    tasks = drawn["task"].cast(pa.string()).to_pylist()
    for task, share in shares.items():
        assert tasks.count(task) / len(tasks) == pytest.approx(share, abs=0.12), "sequences are not equally full"
    again = schedule_batches(sequences, weights, made.concepts, mix(budget_tokens=60_000, seed=5), ENGINE)
    assert made.run("other", again).digest != schedule.digest


def test_what_is_left_out_lets_nothing_else_be_drawn_more_often_than_the_cap(made):
    """Weights count all tokens of a concept; those that are too long for a sequence cannot be drawn."""
    config = mix(sequence_tokens=64, tasks="instruct closed_qa", strategy="unimax", max_epochs=2, budget_tokens=55_000)
    sequences, weights, schedule = packed(made, config)
    left = sum(row["tokens"] for row in sequences.shards[0].read_aside().to_pylist())
    assert left > 0.3 * sum(row["tokens"] for row in weights.read().to_pylist())
    draws = np.bincount(schedule.shards[0].read(["sequence"])["sequence"].to_numpy())
    assert draws.max() == 2


def test_a_track_with_less_than_a_batch_has_an_empty_schedule(made):
    _, _, schedule = packed(made, mix(tasks="text", batch_sequences=4000))
    assert (schedule.rows, schedule.shards[0].entry.note["steps"]) == (0, 0)


def test_a_track_that_nothing_goes_into_is_empty(made):
    config = MixConfig(tracks={"preference": {"kind": "pairs"}, "off": None})
    sequences, weights, schedule = packed(made, config)
    assert (sequences.rows, weights.rows, schedule.rows) == (0, 0, 0)
    assert [shard.name for shard in sequences.shards] == ["preference"]


def test_sequences_of_other_tracks_are_refused_and_the_way_out_is_told(made):
    sequences, weights, schedule = packed(made, mix())
    more = MixConfig(tracks={"sft": {}, "code": {"tasks": "code"}})
    with pytest.raises(UserError, match="are of the tracks sft, not of sft, code; pack them first"):
        schedule_batches(sequences, weights, made.concepts, more, ENGINE)
    with pytest.raises(UserError, match="are of the tracks sft"):
        balance_books(made.records, fates_of(made), made.counts, made.tokens, sequences, schedule, more, ENGINE)


def test_prompts_stand_alone(made):
    sequences, _, _ = packed(made, mix(kind="prompts", tasks="closed_qa"))
    assert sequences.rows == 300
    assert all(len(row) == 1 for row in sequences.shards[0].read(["pieces"])["pieces"].to_pylist())


def test_frontiers_are_labelled_as_assumed(made):
    rows = made.run("frontiers", draw_frontiers(made.counts, made.concepts, mix(), ENGINE)).read().to_pylist()
    assert {row["estimates"] for row in rows} == {"assumed"}
    assert {row["kind"] for row in rows} == {"frontier", "chosen", "proportional", "unimax"}


def fates_of(made, missing=0):
    from polymath.pipelines.curate.books import FATE

    rows = [
        {
            "source": s.name[0],
            "declared": "x",
            "task": "x",
            "split": "train",
            "generated": False,
            "records": s.rows,
            "examples": s.rows,
        }
        for s in made.tokens.shards
    ]
    rows[0]["records"] -= missing
    return folder_of(made.tokens.path.parent / f"fates{missing}", {"fates": pa.Table.from_pylist(rows, schema=FATE)})


def test_the_books_add_up_over_tracks(made):
    sequences, _, schedule = packed(made, mix(sequence_tokens=128))
    folders = (made.records, fates_of(made), made.counts, made.tokens, sequences, schedule)
    lines = made.run("books", balance_books(*folders, mix(sequence_tokens=128), ENGINE)).read().to_pylist()
    tokens = {row["line"]: 0 for row in lines if row["ledger"] == "tokens"}
    for row in lines:
        if row["ledger"] == "tokens":
            tokens[row["line"]] += row["count"]
    assert tokens["packed"] + tokens["left out"] == tokens["train"] + tokens["validation"]


def test_books_that_do_not_balance_fail_the_run_and_say_where(made):
    sequences, _, schedule = packed(made, mix())
    folders = (made.records, fates_of(made, missing=3), made.counts, made.tokens, sequences, schedule)
    with pytest.raises(
        UserError, match=r"the books of a do not balance: 300 records made, but 297 kept \(a difference of \+3\)"
    ):
        made.run("books", balance_books(*folders, mix(), ENGINE))


def without_last(sequences, path):
    """The sequences without the last one."""
    shard = sequences.shards[0]
    table = shard.read()
    left = write_shard(path, Entry("sft", "sft.parquet", "key", "base"), table.slice(0, len(table) - 1), shard.read_aside())
    Manifest("made", "key", (left,)).write(path)
    return ShardFolder.open(path)


def test_a_token_that_no_sequence_holds_fails_the_run_and_its_source_is_named(made, tmp_path):
    config = mix(sequence_tokens=128)
    sequences, _, schedule = packed(made, config)
    (tmp_path / "cut").mkdir()
    cut = without_last(sequences, tmp_path / "cut")
    lost = sequences.shards[0].read(["tokens"])["tokens"][-1].as_py()
    folders = (made.records, fates_of(made), made.counts, made.tokens, cut, schedule)
    message = rf"the books of c do not balance: .* tokens of the track sft, but .* packed .*\(a difference of \+{lost}\)"
    with pytest.raises(UserError, match=message):
        made.run("books", balance_books(*folders, config, ENGINE))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tasks": "txt"}, "'txt' is not a task; did you mean 'text'"),
        ({"tiers": "best"}, "'best' is not a tier"),
        ({"strategy": "explicit"}, "strategy explicit needs `explicit`"),
        ({"strategy": "equal"}, "strategy"),
        ({"strategy": "explicit", "explicit": {"chatt": 1}}, "explicit: 'chatt' is not a task; did you mean 'chat'"),
        ({"portfolio": {"tier_floors": {"best": 0.5}}}, "tier_floors"),
        ({"shares": {"tier:best": 1}}, "'best' is not a tier"),
        ({"shares": {"licence:mit": 1}}, "'licence' is not a selector of a track"),
        ({"shares": {"a": 0}}, r"shares\.a: 0 is no share"),
        ({"replay": 0.1, "kind": "pairs"}, "a track of kind pairs holds no plain text"),
        ({"replay": 1}, "replay"),
    ],
)
def test_a_wrong_track_is_refused(change, message):
    with pytest.raises(ValidationError, match=message):
        TrackConfig(**change)
