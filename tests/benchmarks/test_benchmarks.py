"""The benchmarks run as a person runs them; what they conclude is no test's business."""

import subprocess
import sys

from benchmarks.corpus import Corpus
from benchmarks.table import Row, written
from benchmarks.truth import jaccard, near_duplicates, shingles

from tests.conftest import ROOT


def test_a_benchmark_runs_peer_and_ours_on_the_same_documents_and_prints_the_ratio(shared_bench):
    words = [sys.executable, "-m", "benchmarks", "datasketch", "tokens", "--documents", "200"]
    kept = (ROOT / "benchmarks" / "results.json").read_bytes()
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert said[0].startswith("samples_200: 200 documents")
    assert [line.split(":")[0] for line in said[1:]] == [
        "near-duplicates, text to keep mask, against datasketch 2 (16x8)",
        "tokens, against tokenizers.encode_batch_fast",
    ]
    assert "removals that do not hold: 0 of" in said[1]
    assert "ids equal on" in said[2]
    assert (ROOT / "benchmarks" / "results.json").read_bytes() == kept, "a trial is not kept"


def test_the_exact_join_finds_the_pairs_that_comparing_all_finds():
    texts = [" ".join(f"w{(i * k) % 17}" for i in range(30)) for k in range(1, 9)] + ["w1 w2 w3 w4 w5 w6"] * 2
    sets = [shingles(text) for text in texts]
    every = {(i, j) for j in range(len(sets)) for i in range(j) if jaccard(sets[i], sets[j]) >= 0.5}
    i, j, _ = near_duplicates(texts)
    assert set(zip(i.tolist(), j.tolist(), strict=True)) == every
    assert every


def test_a_promise_that_is_missed_stands_out_in_the_table():
    page = written([Row("work", "10 times", 7.5, False, 25, "1 s"), Row("other", "2 times", 3, True, 25, "1 s")])
    assert "1 of 2 lines keep their promise, 1 miss it" in page
    assert "**7.5, missed**" in page


def test_a_corpus_knows_its_documents_and_its_truth(shared_bench):
    data = shared_bench / "data"
    small = Corpus("small", str(data / "corpus_small.parquet"), str(data / "truth_small.parquet"))
    i, j, similarity = small.pairs()
    assert small.documents == 12_081
    assert (i < j).all()
    assert similarity.min() >= 0.5
