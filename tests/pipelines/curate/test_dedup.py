"""Dedup: who stays, who goes, and whom they repeat."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from polymath.pipelines.curate.dedup import DedupConfig, SketchConfig, VerifyConfig, find_candidates, gather_candidates, sketch
from polymath.pipelines.curate.order import PolicyOrder
from polymath.pipelines.curate.overlaps import compare_sources
from polymath.pipelines.curate.verify import drop_near_duplicates, verify_candidates
from tests.pipelines.curate.made import ENGINE, all_kept, records_of, runner

WORDS = [f"word{n}" for n in range(400)]


def text(start, length=100, changed=()):
    return " ".join("changed" + str(i) if i in changed else WORDS[start + i] for i in range(length))


def dedup(tmp_path, records, config=DedupConfig(), without=(), folder="run"):
    """Every dataset of the step, by name."""
    run = runner(tmp_path / folder)
    clean = all_kept(tmp_path / folder / "clean_decisions", records, without)
    made = {"clean_decisions": clean, "signatures": run("signatures", sketch(records, config, ENGINE), "arrow")}
    made["candidates"] = run("candidates", find_candidates(records, made["signatures"], clean, config, ENGINE))
    made["texts"] = run("texts", gather_candidates(records, made["candidates"], config, ENGINE), "arrow")
    made["duplicates"] = run("duplicates", verify_candidates(made["candidates"], made["texts"], config, ENGINE))
    plan = drop_near_duplicates(records, clean, made["candidates"], made["duplicates"], config, ENGINE)
    return {**made, "decisions": run("decisions", plan)}


def removed(tmp_path, sources, config=DedupConfig(), without=(), task="text"):
    records = records_of(tmp_path / "records", sources, task)
    found = {}
    for shard, decided in zip(records.shards, dedup(tmp_path, records, config, without)["decisions"].shards, strict=True):
        for row, decision in zip(shard.read(["id"])["id"].to_pylist(), decided.read().to_pylist(), strict=True):
            if not decision["kept"]:
                found[row] = (decision["reason"], decision["duplicate_of"])
    return found


def texts(*values, **more):
    return [{"text": value, **more} for value in values]


def test_a_copy_and_a_near_copy_go_and_name_what_they_repeat(tmp_path):
    found = removed(tmp_path, {"a": texts(text(0), text(200), text(0), text(0, changed=[50]))})
    assert found == {"a/2": ("copy", "a/0"), "a/3": ("near_duplicate", "a/0")}


def test_a_high_tier_copy_wins_over_a_low_tier_original_read_first(tmp_path):
    found = removed(tmp_path, {"web": texts(text(0), tier="low"), "books": texts(text(0), tier="high")})
    assert found == {"web/0": ("copy", "books/0")}


def test_a_record_that_resembles_only_a_removed_record_is_kept(tmp_path):
    # Each is alike to its neighbour; the first and the third are not alike enough.
    chain = [text(0, 200), text(0, 200, changed=[10, 60]), text(0, 200, changed=[10, 60, 110, 160, 30, 85])]
    assert removed(tmp_path, {"a": texts(*chain)}) == {"a/1": ("near_duplicate", "a/0")}


def test_a_copy_of_a_removed_record_names_the_one_that_stays(tmp_path):
    found = removed(tmp_path, {"a": texts(text(0), text(0, changed=[50])), "b": texts(text(0, changed=[50]))})
    assert found == {"a/1": ("near_duplicate", "a/0"), "b/0": ("near_duplicate", "a/0")}


def test_the_most_similar_kept_record_is_named(tmp_path):
    first, second = text(0, 300, changed=range(0, 300, 40)), text(0, 300)
    third = text(0, 300, changed=[150])
    config = DedupConfig(verify=VerifyConfig(threshold=0.8))
    found = removed(tmp_path, {"a": texts(first, second, third)}, config)
    assert found["a/2"] == ("near_duplicate", "a/1")


def test_what_clean_removed_takes_nobody_with_it(tmp_path):
    found = removed(tmp_path, {"a": texts(text(0), text(0))}, without=["a/0"])
    assert found == {"a/0": (None, None)}


def test_thai_near_duplicates_are_found_without_spaces(tmp_path):
    thai = (
        "ประเทศไทยมีกรุงเทพมหานครเป็นเมืองหลวงและเป็นศูนย์กลางการปกครองการศึกษาการคมนาคมขนส่งการเงินการธนาคาร"
        "การพาณิชย์การสื่อสารและความเจริญของประเทศตั้งอยู่บนสามเหลี่ยมปากแม่น้ำเจ้าพระยามีแม่น้ำไหลผ่านกลางเมือง"
    )
    other = "แมวนอนหลับอยู่บนหลังคาบ้านตลอดทั้งวันเพราะอากาศร้อนมากและไม่มีลมพัดผ่านมาเลยแม้แต่น้อย"
    found = removed(tmp_path, {"a": texts(thai, thai.replace("กลางเมือง", "ใจเมือง"), other)})
    assert list(found) == ["a/1"]


def test_short_questions_that_differ_in_a_word_are_kept(tmp_path):
    rows = [
        {"prompt": f"Who was the {n} president of the United States?", "reply": name}
        for n, name in (("fifth", "Monroe"), ("sixth", "Adams"))
    ]
    assert removed(tmp_path, {"a": rows}, task="closed_qa") == {}


def test_empty_texts_are_nobodys_copies(tmp_path):
    assert removed(tmp_path, {"a": texts("", "", "?!")}) == {}


def test_unverified_every_record_of_a_bucket_but_the_first_goes(tmp_path):
    config = DedupConfig(sketch=SketchConfig(bands=14, band_rows=8), verify=VerifyConfig(verified=False))
    found = removed(tmp_path, {"a": texts(text(0), text(0, changed=[50]), text(200))}, config)
    assert found == {"a/1": ("near_duplicate", "a/0")}


def test_groups_that_were_verified_before_are_not_compared_again(tmp_path, monkeypatch):
    from polymath.pipelines.curate import verify

    rows = texts(text(0), text(0, changed=[50]), text(150), text(150, changed=[10]))
    records = records_of(tmp_path / "records", {"a": rows}, "text")
    dedup(tmp_path, records)
    grown = records_of(tmp_path / "more", {"a": rows, "b": texts(text(0, changed=[20]), text(300, 90))}, "text")
    compared = []
    real = verify.jaccard.first_kept
    monkeypatch.setattr(verify.jaccard, "first_kept", lambda h, o, t, g: compared.append(len(o) - 1) or real(h, o, t, g))
    again = dedup(tmp_path, grown)["decisions"].digest
    assert compared == [3]
    assert dedup(tmp_path, grown, folder="afresh")["decisions"].digest == again


def test_a_text_is_read_again_only_where_it_is_a_candidate_that_it_was_not(tmp_path, monkeypatch):
    from polymath.pipelines.curate import dedup as step

    rows = texts(text(0), text(0, changed=[50]), text(150), text(250))
    dedup(tmp_path, records_of(tmp_path / "records", {"a": rows}, "text"))
    grown = records_of(tmp_path / "more", {"a": rows, "b": texts(text(250), text(150, changed=[7]))}, "text")
    read = []
    real = step.dedup_texts
    monkeypatch.setattr(step, "dedup_texts", lambda shard, rows=None: read.append((shard.name, rows)) or real(shard, rows))
    again = dedup(tmp_path, grown)
    # Of `a` the third record now has one to be compared with; the fourth only has a copy, which needs no comparing.
    assert [each for each in read if each[1] is not None] == [("a-00000", [2]), ("b-00000", [1])]
    read.clear()
    afresh = dedup(tmp_path, grown, folder="afresh")
    assert [each for each in read if each[1] is not None] == [("a-00000", [0, 1, 2]), ("b-00000", [1])]
    assert {name: folder.digest for name, folder in again.items()} == {n: folder.digest for n, folder in afresh.items()}


def test_sources_are_compared_by_what_they_share(tmp_path):
    records = records_of(tmp_path / "records", {"a": texts(text(0), text(150)), "b": texts(text(0), text(250))}, "text")
    made = dedup(tmp_path, records)
    plan = compare_sources(records, made["clean_decisions"], made["decisions"], ENGINE)
    rows = runner(tmp_path)("overlaps", plan).read().to_pylist()
    assert {(row["source"], row["other"]): (row["shared"], row["records"]) for row in rows} == {
        ("a", None): (1, 2),
        ("b", None): (1, 2),
        ("a", "b"): (1, 2),
        ("b", "a"): (1, 2),
    }


def test_a_place_and_an_id_are_two_names_of_one_record(tmp_path):
    records = records_of(
        tmp_path / "r", {"web": texts("a", "b", tier="low"), "books": texts("c", "d", "e", tier="high")}, "text"
    )
    order = PolicyOrder.of(records)
    assert order.ids(np.arange(5)) == ["books/0", "books/1", "books/2", "web/0", "web/1"]
    assert order.places(order.ids(np.arange(5))).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("threshold", [0.8])
def test_recall_and_precision_against_the_exact_truth(tmp_path, shared_bench, threshold):
    """Every pair of the corpus is known; the truth is of word 5-grams, whatever the length and the script."""
    corpus = pq.read_table(shared_bench / "data" / "corpus_small.parquet")
    truth = pq.read_table(shared_bench / "data" / "truth_small.parquet")
    left, right, similarity = (truth[name].to_numpy() for name in ("i", "j", "jac"))
    config = DedupConfig(sketch=SketchConfig(short_text_words=0), verify=VerifyConfig(threshold=threshold))
    records = records_of(tmp_path / "records", {"c": texts(*corpus["text"].to_pylist())}, "text")
    decided = dedup(tmp_path, records, config)["decisions"].read(["kept", "duplicate_of", "similarity"])
    kept = decided["kept"].to_numpy()
    keeper = np.array([int(name.partition("/")[2]) if name else -1 for name in decided["duplicate_of"].to_pylist()])

    spaced = np.array([not _unspaced(value) for value in corpus["text"].to_pylist()])
    true = (similarity >= threshold) & spaced[left] & spaced[right]
    found = ~(kept[left[true]] & kept[right[true]])
    assert found.mean() >= 0.995
    assert true.sum() > 900

    pairs = {(int(i), int(j)): float(s) for i, j, s in zip(left, right, similarity, strict=True)}
    gone = np.flatnonzero(~kept & spaced)
    assert kept[keeper[gone]].all(), "a keeper is itself removed"
    exact = [pairs.get((int(k), int(g)), 1.0 if similar == 1 else 0.0) for g, k, similar in
             zip(gone, keeper[gone], decided["similarity"].to_numpy()[gone], strict=True)]  # fmt: skip
    assert min(exact) >= threshold - 1e-6


def _unspaced(value: str) -> bool:
    from polymath.text.buffers import as_strings
    from polymath.text.scripts import main_scripts
    from polymath.text.unicode import SCRIPTS, UNSPACED

    return SCRIPTS[int(main_scripts(as_strings(pa.array([value])))[0])] in (*UNSPACED, "Jpan")
