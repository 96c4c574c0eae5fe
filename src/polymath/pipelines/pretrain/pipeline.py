"""Pretrain, from a mix to a model that has read it: one glance, the whole flow."""

from kedro.pipeline import Node, Pipeline

from polymath.pipelines.pretrain.prepare import plan_pretraining
from polymath.pipelines.pretrain.report import write_pretrain_page
from polymath.pipelines.pretrain.train import pretrain_model
from polymath.pipelines.steps import Step, sum_steps
from polymath.pipelines.training_runs import ENGINE, LIBRARIES, MIX, SUITE


def create_pipeline() -> Pipeline:
    """A model, fresh or trained before, that reads track after track of the mix, each with a learning rate of its own."""
    return sum_steps("pretrain", [
        Step("prepare", [
            Node(plan_pretraining, [*MIX, "params:pretrain", *LIBRARIES], "pretrain_run"),
        ]),
        Step("train", [
            Node(pretrain_model, ["pretrain_run", *MIX, "params:pretrain", *SUITE], "pretrained"),
        ]),
        Step("report", [
            Node(write_pretrain_page, ["pretrained", "pretrain_run", ENGINE], "pretrain_page"),
        ]),
    ])  # fmt: skip
