"""Scores as metrics of a run."""

import pyarrow as pa

from polymath.pipelines.evaluate.probes import SCORES
from polymath.pipelines.evaluate.scores import BENCHMARK_SCORE, HELD_OUT_SCORE
from polymath.reporting.evaluation.metrics import evaluation_metrics
from tests.pipelines.curate.made import folder_of
from tests.reporting.evaluation.made import made


def folders(tmp_path):
    schemas = {"benchmark_scores": BENCHMARK_SCORE, "held_out_scores": HELD_OUT_SCORE, "probe_scores": SCORES}
    rows = made()
    return {name: folder_of(tmp_path / name, {"scores": pa.Table.from_pylist(rows[name], s)}) for name, s in schemas.items()}


def test_main_scores_of_the_evaluated_model_alone_are_metrics(tmp_path):
    found = evaluation_metrics(folders(tmp_path), {"harness", "held_out", "probes"})
    assert found == {
        "benchmark/hellaswag": 0.35, "benchmark_clean/hellaswag": 0.3, "benchmark/mmlu": 0.25, "benchmark_clean/mmlu": 0.25,
        "held_out/extractive_qa": 0.4, "held_out_loss/extractive_qa": 2.5, "held_out_loss/text": 3.1,
        "probe/greetings": 0.75, "probe/follow_ups": 0.25,
    }  # fmt: skip


def test_scores_of_an_earlier_run_are_not_those_of_this_one(tmp_path):
    assert evaluation_metrics(folders(tmp_path), {"ingest", "held_out"}).keys() == {
        "held_out/extractive_qa", "held_out_loss/extractive_qa", "held_out_loss/text"
    }  # fmt: skip
    assert evaluation_metrics({}, {"harness"}) == {}
