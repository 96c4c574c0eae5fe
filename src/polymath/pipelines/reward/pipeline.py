"""Reward, from preferences to a model that scores replies: one glance, the whole flow."""

from kedro.pipeline import Node, Pipeline

from polymath.pipelines.reward.prepare import plan_reward, plan_reward_of
from polymath.pipelines.reward.report import write_reward_page
from polymath.pipelines.reward.train import train_reward_model
from polymath.pipelines.steps import Step, sum_steps
from polymath.pipelines.training_runs import ENGINE, LIBRARIES, MIX


def create_pipeline(base: str | None = None) -> Pipeline:
    """A model, fresh or trained before, taught by pairs of replies to give the better one the higher score.

    `base`: the dataset of the model that it starts from; none: the model that the dials name.
    """
    given = [*MIX, "params:reward", *LIBRARIES]
    plan = Node(plan_reward_of, [base, *given], "reward_run") if base else Node(plan_reward, given, "reward_run")
    return sum_steps("reward", [
        Step("prepare", [plan]),
        Step("train", [
            Node(train_reward_model, ["reward_run", *MIX], "rewarded"),
        ]),
        Step("report", [
            Node(write_reward_page, ["rewarded", "reward_run", ENGINE], "reward_page"),
        ]),
    ])  # fmt: skip
