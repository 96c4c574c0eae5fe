"""Align, from a tuned model to one that people prefer: one glance, the whole flow."""

from kedro.pipeline import Node, Pipeline

from polymath.pipelines.align.checks import gather_checks
from polymath.pipelines.align.prepare import plan_alignment, plan_alignment_of
from polymath.pipelines.align.report import write_align_page
from polymath.pipelines.align.sample import draw_replies, pair_replies
from polymath.pipelines.align.train import align_model
from polymath.pipelines.steps import Step, sum_steps
from polymath.pipelines.training_runs import ENGINE, LIBRARIES, MIX

ALIGN = "params:align"


def create_pipeline(base: str | None = None) -> Pipeline:
    """A model trained before, aligned with pairs of replies or with rewards, and held against the model that it was.

    `base`: the dataset of the model that it starts from; none: the model that the dials name.
    """
    given = [*MIX, "prompt_checks", ALIGN, *LIBRARIES]
    if base:
        plan = Node(plan_alignment_of, [base, "rewarded", *given], "align_run")
    else:
        plan = Node(plan_alignment, ["finetuned", "aligned_before", "rewarded", *given], "align_run")
    return sum_steps("align", [
        Step("prepare", [
            Node(gather_checks, ["examples", "tokens", "sequences", ALIGN, ENGINE], "prompt_checks"),
            plan,
        ]),
        Step("train", [
            Node(align_model, ["align_run", *MIX, "prompt_checks"], "aligned"),
        ]),
        Step("sample", [
            Node(draw_replies, ["aligned", "rewarded", *MIX, "prompt_checks", ALIGN, ENGINE], "align_replies"),
            Node(pair_replies, ["aligned", "align_replies", "examples", ENGINE], "align_pairs"),
        ]),
        Step("report", [
            Node(write_align_page, ["aligned", "align_run", "align_replies", ALIGN, ENGINE], "align_page"),
        ]),
    ])  # fmt: skip
