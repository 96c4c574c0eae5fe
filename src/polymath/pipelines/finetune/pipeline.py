"""Finetune, from a mix and a model to a tuned model: one glance, the whole flow."""

from kedro.pipeline import Node, Pipeline

from polymath.pipelines.finetune.prepare import plan_finetuning, plan_finetuning_of
from polymath.pipelines.finetune.report import write_finetune_page
from polymath.pipelines.finetune.train import finetune_model
from polymath.pipelines.steps import Step, sum_steps
from polymath.pipelines.training_runs import ENGINE, LIBRARIES, MIX, SUITE


def create_pipeline(base: str | None = None) -> Pipeline:
    """A model, fresh or trained before, tuned on a track of the mix, batch by batch as the schedule says.

    `base`: the dataset of the model that it starts from; none: the model that the dials name.
    """
    given = [*MIX, "params:finetune", *LIBRARIES]
    plan = Node(plan_finetuning_of, [base, *given], "finetune_run") if base else Node(plan_finetuning, given, "finetune_run")
    return sum_steps("finetune", [
        Step("prepare", [plan]),
        Step("train", [
            Node(finetune_model, ["finetune_run", *MIX, "params:finetune", *SUITE], "finetuned"),
        ]),
        Step("report", [
            Node(write_finetune_page, ["finetuned", "finetune_run", ENGINE], "finetune_page"),
        ]),
    ])  # fmt: skip
