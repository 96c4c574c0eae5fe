"""The table of contents: every pipeline by its name."""

from kedro.pipeline import Pipeline

from polymath.pipelines.align.pipeline import create_pipeline as align
from polymath.pipelines.curate.pipeline import create_pipeline as curate
from polymath.pipelines.evaluate.pipeline import create_pipeline as evaluate
from polymath.pipelines.finetune.pipeline import create_pipeline as finetune
from polymath.pipelines.plan.pipeline import create_pipeline as plan
from polymath.pipelines.pretrain.pipeline import create_pipeline as pretrain
from polymath.pipelines.reward.pipeline import create_pipeline as reward


def register_pipelines() -> dict[str, Pipeline]:
    """Named sums of pipelines; `__default__` is what `kedro run` runs.

    `finetune` evaluates what it has trained; `assistant` is all of it, each stage on the model that the one before has left.
    `round` makes the next reward model of old and new pairs, and aligns again (`--env=iterate`).
    """
    # Kedro makes typed parameters in this order: what takes a part of some (`tokenize.tokenizer`) comes before what takes all.
    pipelines = {
        "curate": curate(),
        "pretrain": pretrain(),
        "finetune": finetune() + evaluate(),
        "reward": reward(),
        "align": align(),
        "assistant": curate()
        + pretrain()
        + finetune(base="pretrained")
        + reward(base="finetuned")
        + align(base="finetuned")
        + evaluate(model="aligned"),
        "round": curate() + reward(base="finetuned") + align(),
        "evaluate": evaluate(),
        "plan": plan(),
    }
    return {**pipelines, "__default__": pipelines["curate"]}
