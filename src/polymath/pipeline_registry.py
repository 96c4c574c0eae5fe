"""The table of contents: every pipeline by its name."""

from kedro.pipeline import Pipeline

from polymath.pipelines.curate.pipeline import create_pipeline as curate
from polymath.pipelines.plan.pipeline import create_pipeline as plan


def register_pipelines() -> dict[str, Pipeline]:
    """Named sums of pipelines; `__default__` is what `kedro run` runs. `plan` is asked for by name."""
    pipelines = {"curate": curate(), "plan": plan()}
    return {**pipelines, "__default__": pipelines["curate"]}
