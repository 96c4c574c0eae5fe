"""The dials of evaluate, and the models that they come to."""

from __future__ import annotations

from pydantic import Field

from polymath.config import Config, Words
from polymath.engine.contract import EngineConfig
from polymath.errors import UserError
from polymath.evaluation.exams import Asking
from polymath.evaluation.models import Model
from polymath.evaluation.places import model_folder
from polymath.evaluation.talk import Sampling
from polymath.training.trained import Trained


class HeldOutDials(Config):
    """How much of the split `test` is looked at."""

    answers_per_task: int = Field(32, ge=1)
    """Examples of each task that the model answers."""
    losses_per_task: int = Field(128, ge=1)
    """Examples of each task whose loss is measured."""
    max_new_tokens: int = Field(64, ge=1)
    """An answer is cut off after so many tokens."""


class EvaluateConfig(Asking):
    """`params:evaluate`: which models, on what, and how much of it."""

    model: str | None = None
    """A folder in transformers' format, or a hub id; none given: the model that finetune trained last."""
    revision: str | None = None
    """Commit of a hub model."""
    against: Words = ()
    """Other models that get the same questions and are compared with it: the base that it was tuned from, say."""
    checkpoints: bool = False
    """Also the checkpoints that the run of the model that finetune trained last has kept: to see it converge."""
    suite: Words = ("quick",)
    """Suites of `parameters/suites.yml`, or benchmarks by their own names."""
    limit: int | None = Field(200, ge=1)
    """Items of each task of a benchmark, the first ones; null: all."""
    confidence: float = Field(0.95, gt=0.5, lt=1)
    """Of every interval, and of saying that two models differ."""
    seed: int = 0
    """Of resampling."""
    overlap_words: int = Field(8, ge=3)
    """Words in a row that an item and the training mix share for the item to count as seen."""
    workers: int = Field(1, ge=1)
    """Processes that each hold a model."""
    held_out: HeldOutDials = HeldOutDials()
    probes: Sampling = Sampling(max_new_tokens=96)
    """How replies to probes are drawn; a probe may say otherwise."""

    def models(self, trained: Trained | None) -> list[Model]:
        """The model, and those that it is compared with; `trained`: the one that finetune made last, if there is one."""
        if self.model is None and trained is None:
            raise UserError(
                "evaluate.model: none is named, and none was trained here; "
                "train one (kedro run --pipeline=finetune), or name a folder or a hub id"
            )
        first = Model(str(trained.model)) if trained and self.model is None else Model(str(self.model), self.revision)
        kept = trained.checkpoints if trained and self.model is None and self.checkpoints else []
        found = [first, *(Model(str(each)) for each in kept), *(Model(each) for each in self.against)]
        for model in found:
            _check(model)
        if len({model.digest for model in found}) < len(found):
            raise UserError(f"evaluate.against: {' '.join(self.against)} names a model twice, or evaluate.model itself")
        places: dict[str, str] = {}
        for model in found:
            if model.name in places:
                raise UserError(
                    f"evaluate.against: {places[model.name]} and {model.place} would both be called {model.name!r}; "
                    "rename a folder"
                )
            places[model.name] = model.place
        return found

    def engine(self, engine: EngineConfig) -> EngineConfig:
        """As many workers as may hold a model."""
        return engine.model_copy(update={"workers": self.workers})


def _check(model: Model) -> None:
    """A UserError where a folder is no model, or a hub model is neither here nor to be had."""
    if model_folder(model.place) is not None:
        return
    from huggingface_hub import try_to_load_from_cache

    from polymath.sources.hub import is_reachable

    cached = try_to_load_from_cache(model.place, "config.json", revision=model.revision)
    if not isinstance(cached, str) and not is_reachable():
        raise UserError(
            f"{model.place} is no folder here and not in the cache of the hub, which cannot be reached; "
            "name a folder in transformers' format, or connect"
        )


NO_MIX = (
    "evaluate.suite: held_out asks for the split `test` of a mix, and none was made here; "
    "make one (kedro run --pipeline=curate), or choose another suite"
)
