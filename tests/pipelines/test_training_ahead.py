"""A look ahead at training: a mistake in a late stage is told before the first one."""

from functools import cache
from types import SimpleNamespace

import pytest
import yaml

from polymath.errors import UserError
from polymath.pipeline_registry import register_pipelines
from polymath.pipelines.align.config import AlignConfig
from polymath.pipelines.curate.tracks import MixConfig
from polymath.pipelines.finetune.config import FinetuneConfig
from polymath.pipelines.pretrain.config import PretrainConfig
from polymath.pipelines.reward.config import RewardConfig
from polymath.pipelines.training_ahead import look_ahead
from polymath.planning.shapes import Shapes
from polymath.sources.benchmarks import Benchmarks
from tests.conftest import ROOT
from tests.evaluation.test_suites import conf
from tests.pipelines.curate.test_ahead import changed
from tests.training.mixes import SHAPES

PIPELINES = register_pipelines()
STAGES = {"pretrain": PretrainConfig, "finetune": FinetuneConfig, "reward": RewardConfig, "align": AlignConfig}
COHERE = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 320, "intermediate_size": 64}
PALM = {"source": "a test", "learning_rate": 1e-3, "architecture": {"model_type": "cohere", **COHERE}}


@cache
def written():
    """The parameters of the stages and of the mix, as they are written."""
    files = [ROOT / f"conf/base/parameters/{name}.yml" for name in (*STAGES, "curate")]
    return {name: value for file in files for name, value in yaml.safe_load(file.read_text()).items()}


class Catalog:
    """Typed parameters, some of them changed; a schedule of these tracks, or none."""

    def __init__(self, changes, schedule):
        self.parameters, self.schedule = changed(written(), changes), schedule

    def load(self, name):
        if name == "schedule":
            return SimpleNamespace(shards=[SimpleNamespace(name=track) for track in self.schedule])
        name = name.removeprefix("params:")
        if name == "models":
            return SHAPES.model_copy(update={"root": {**SHAPES.root, **Shapes.model_validate({"palm": PALM}).root}})
        suites, harness = conf()
        known = {"suites": suites, "harness": harness, "benchmarks": Benchmarks.model_validate({}), "run.files_root": "."}
        if name in known:
            return known[name]
        return {**STAGES, "mix": MixConfig}[name].model_validate(self.parameters[name])

    def exists(self, name):
        return name == "schedule" and self.schedule is not None


def look(pipeline, schedule=None, **changes):
    look_ahead(PIPELINES[pipeline], Catalog(changes, schedule))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"pretrain": {"stages": {"careful": {"track": "pretrain.7"}}}},
            "pretrain.stages.careful.track: 'pretrain.7' is not a track",
        ),
        (
            {"finetune": {"train": {"track": "sfd"}}},
            "finetune.train.track: 'sfd' is not a track of this mix; did you mean 'sft'",
        ),
        ({"reward": {"train": {"track": "preferences"}}}, "reward.train.track: 'preferences' is not a track of this mix"),
        ({"reward": {"pretraining": {"track": "pairs"}}}, "reward.pretraining.track: 'pairs' is not a track of this mix"),
        ({"align": {"train": {"track": "promts"}}}, "align.train.track: 'promts' is not a track of this mix"),
        ({"align": {"samples": {"track": "promts"}}}, "align.samples.track: 'promts' is not a track of this mix"),
        (
            {"finetune": {"benchmarks": {"suite": "convergense"}}},
            r"finetune\.benchmarks\.suite: 'convergense' is not a suite; did you mean 'convergence'",
        ),
        (
            {"pretrain": {"benchmarks": {"suite": "own"}}},
            r"pretrain\.benchmarks\.suite: own asks for held-out answers or probes, which evaluate scores",
        ),
        ({"mix": {"tracks": {"preference": None}}}, "reward.train.track: 'preference' is not a track of this mix"),
        ({"align": {"rewards": {"weights": {"modle": 0.0}}}}, "align.rewards.weights: 'modle' is not a reward"),
        (
            {"align": {"rewards": {"weights": {"format": 1.0}, "format": "("}}},
            "align.rewards.format: '\\(' is no regular expression",
        ),
        (
            {"pretrain": {"model": {"name": "palm"}}},
            "pretrain.model.name: 'palm' is a cohere model, of which transformers has none",
        ),
    ],
)
def test_a_mistake_in_any_stage_of_the_assistant_ends_it_before_it_starts(changes, message):
    with pytest.raises(UserError, match=message):
        look("assistant", **changes)


def test_a_stage_alone_is_held_against_the_schedule_that_stands():
    with pytest.raises(UserError, match=r"align\.train\.track: 'preference' is not a track of this mix; Known: sft"):
        look("align", schedule=["sft"])
    look("align", schedule=["preference"])


def test_alone_a_fresh_model_is_not_aligned_and_after_finetune_the_name_does_not_matter():
    with pytest.raises(UserError, match=r"align\.model\.name: 'small' is a fresh model"):
        look("align", schedule=["preference"], align={"model": {"name": "small"}})
    look("assistant", align={"model": {"name": "small"}})


def test_other_stages_are_not_looked_at():
    look("curate", align={"train": {"track": "promts"}})
    look("reward", schedule=["preference"], align={"train": {"track": "promts"}})
