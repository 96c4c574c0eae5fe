"""Plan, from a budget to a model: one glance, the whole flow. It trains nothing and reads nothing but a mix's token counts."""

from kedro.pipeline import Node, Pipeline

from polymath.pipelines.plan.fragment import write_fragment
from polymath.pipelines.plan.memory import estimate_memory
from polymath.pipelines.plan.page import write_plan_page
from polymath.pipelines.plan.size import draw_curves, size_models
from polymath.pipelines.steps import Step, sum_steps

ENGINE = "params:engine"
ASKED = ["params:plan", "params:hardware", "params:models"]


def create_pipeline() -> Pipeline:
    """A budget and a machine in; the size, tokens, cost and memory of the model that is best trained for it out."""
    return sum_steps("plan", [
        Step("size", [
            Node(size_models, [*ASKED, "counted_tokens", ENGINE], "training_plan"),
            Node(draw_curves, [*ASKED, ENGINE], "iso_flop_curves"),
        ]),
        Step("memory", [
            Node(estimate_memory, ["training_plan", *ASKED, ENGINE], "memory_needs"),
        ]),
        Step("tell", [
            Node(write_plan_page, ["training_plan", "iso_flop_curves", "memory_needs", *ASKED, ENGINE], "plan_page"),
            Node(write_fragment, ["training_plan", "memory_needs", *ASKED, ENGINE], "plan_fragment"),
        ]),
    ])  # fmt: skip
