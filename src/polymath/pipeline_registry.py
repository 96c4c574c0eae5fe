"""The table of contents: every pipeline by its name."""

from kedro.pipeline import Pipeline

from polymath.pipelines.curate.pipeline import create_pipeline as curate


def register_pipelines() -> dict[str, Pipeline]:
    """Named sums of pipelines; `__default__` is what `kedro run` runs."""
    pipelines = {"curate": curate()}
    return {**pipelines, "__default__": pipelines["curate"]}
