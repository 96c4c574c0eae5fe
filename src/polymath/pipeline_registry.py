"""The table of contents: every pipeline by its name."""

from kedro.pipeline import Pipeline

from polymath.pipelines.curate.pipeline import create_pipeline as curate
from polymath.pipelines.evaluate.pipeline import create_pipeline as evaluate
from polymath.pipelines.finetune.pipeline import create_pipeline as finetune
from polymath.pipelines.plan.pipeline import create_pipeline as plan


def register_pipelines() -> dict[str, Pipeline]:
    """Named sums of pipelines; `__default__` is what `kedro run` runs. `finetune` evaluates what it has trained."""
    # Kedro makes typed parameters in this order: what takes a part (`tokenize.form`) comes before what takes the whole.
    pipelines = {"finetune": finetune() + evaluate(), "curate": curate(), "evaluate": evaluate(), "plan": plan()}
    return {**pipelines, "__default__": pipelines["curate"]}
