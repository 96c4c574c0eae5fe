"""Evaluate, from models to scores: one glance, the whole flow."""

from kedro.pipeline import Node, Pipeline

from polymath.pipelines.evaluate.compare import compare_models
from polymath.pipelines.evaluate.harness import score_items
from polymath.pipelines.evaluate.held_out import answer_held_out
from polymath.pipelines.evaluate.overlaps import find_overlaps
from polymath.pipelines.evaluate.page import write_evaluation_page
from polymath.pipelines.evaluate.probes import ask_probes, score_probes
from polymath.pipelines.evaluate.scores import score_benchmarks, score_held_out
from polymath.pipelines.steps import Step, sum_steps

ENGINE = "params:engine"
EVALUATE = "params:evaluate"
SUITE = ["params:suites", "params:harness"]


def create_pipeline(model: str = "finetuned") -> Pipeline:
    """A model, and others to hold it against; what they score, how sure that is, and what they say.

    `model`: the dataset of the model that is evaluated where the dials name none.
    """
    return sum_steps("evaluate", [
        Step("harness", [
            Node(score_items,
                 [model, EVALUATE, *SUITE, "params:benchmarks", "params:run.files_root", ENGINE],
                 "benchmark_items_scored"),
            Node(find_overlaps,
                 ["benchmark_items_scored", "mixed_records", "mixed_split", EVALUATE, ENGINE], "benchmark_overlaps"),
            Node(score_benchmarks,
                 ["benchmark_items_scored", "benchmark_overlaps", "mixed_split", "params:harness", EVALUATE, ENGINE],
                 "benchmark_scores"),
        ]),
        Step("held_out", [
            Node(answer_held_out,
                 [model, "mixed_tokens", "mixed_tokenizer", EVALUATE, *SUITE, ENGINE], "held_out_answers"),
            Node(score_held_out, ["held_out_answers", EVALUATE, ENGINE], "held_out_scores"),
        ]),
        Step("probes", [
            Node(ask_probes, [model, "params:probes", EVALUATE, *SUITE, ENGINE], "probe_transcripts"),
            Node(score_probes, ["probe_transcripts", ENGINE], "probe_scores"),
        ]),
        Step("compare", [
            Node(compare_models,
                 ["benchmark_items_scored", "held_out_answers", model, EVALUATE, ENGINE], "model_comparison"),
        ]),
        Step("tell", [
            Node(write_evaluation_page,
                 ["benchmark_scores", "benchmark_items_scored", "benchmark_overlaps", "held_out_scores",
                  "held_out_answers", "probe_scores", "probe_transcripts", "model_comparison", model,
                  EVALUATE, *SUITE, ENGINE],
                 "evaluation_page"),
        ]),
    ])  # fmt: skip
