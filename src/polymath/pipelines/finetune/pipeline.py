"""Finetune, from a mix and a model to a tuned model: one glance, the whole flow."""

from kedro.pipeline import Node, Pipeline

from polymath.pipelines.finetune.prepare import plan_run
from polymath.pipelines.finetune.report import write_training_page
from polymath.pipelines.finetune.train import train_model
from polymath.pipelines.steps import Step, sum_steps

ENGINE = "params:engine"
MIX = ["tokens", "sequences", "schedule", "tokenizer"]


def create_pipeline() -> Pipeline:
    """A model, fresh or trained before, tuned on a track of the mix, batch by batch as the schedule says."""
    return sum_steps("finetune", [
        Step("prepare", [
            Node(plan_run,
                 [*MIX, "params:finetune", "params:models", "params:hardware", "params:tokenize.form", "params:sources",
                  ENGINE],
                 "finetune_run"),
        ]),
        Step("train", [
            Node(train_model, ["finetune_run", *MIX], "finetuned"),
        ]),
        Step("report", [
            Node(write_training_page, ["finetuned", "finetune_run", ENGINE], "training_page"),
        ]),
    ])  # fmt: skip
