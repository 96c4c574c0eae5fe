"""A look ahead: mistakes that would end a run late are told before it starts."""

from functools import cache
from types import SimpleNamespace

import pytest
from kedro.config import OmegaConfigLoader

from polymath.engine.contract import EngineConfig
from polymath.errors import UserError
from polymath.pipeline_registry import register_pipelines
from polymath.pipelines.curate import ahead
from polymath.pipelines.curate.ahead import look_ahead
from polymath.pipelines.curate.clean import CleanConfig
from polymath.pipelines.curate.concepts import ConceptConfig
from polymath.pipelines.curate.ingest import RunConfig
from polymath.pipelines.curate.select import SelectConfig
from polymath.pipelines.curate.tokenize import TokenizeConfig
from polymath.pipelines.curate.tracks import MixConfig
from polymath.pipelines.libraries import Sources
from tests.conftest import ROOT

CURATE = register_pipelines()["curate"]
TYPES = {
    "clean": CleanConfig,
    "engine": EngineConfig,
    "mix": MixConfig,
    "run": RunConfig,
    "select": SelectConfig,
    "select.concepts": ConceptConfig,
    "tokenize": TokenizeConfig,
}


@cache
def written():
    """The parameters as they are written, and the library as it is typed, which takes its time."""
    loader = OmegaConfigLoader(str(ROOT / "conf"), base_env="base", default_run_env="base")
    found = loader["parameters"]
    return found, Sources.model_validate(found["sources"])


def changed(value, change):
    """`value` with the keys that `change` names set anew."""
    if not isinstance(change, dict):
        return change
    before = value or {}
    return {**before, **{key: changed(before.get(key), inner) for key, inner in change.items()}}


class Catalog:
    """Typed parameters, some of them changed, and no dataset."""

    def __init__(self, changes):
        self.parameters, self.sources = written()
        self.parameters = changed(self.parameters, changes)

    def load(self, name):
        name = name.removeprefix("params:")
        if name == "sources":
            return self.sources
        value = self.parameters
        for key in name.split("."):
            value = value[key]
        return TYPES[name].model_validate(value)

    def exists(self, name):
        return False


def look(pipeline=CURATE, **changes):
    """The look ahead of a run whose parameters have these changes."""
    look_ahead(pipeline, Catalog(changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"clean": {"judge": {"sources": {"python_topic": "prose"}}}}, "clean.judge.sources: 'python_topic' is not a source"),
        (
            {"clean": {"judge": {"floors": {"python_topic": 0.1}}, "relevance": {"measured": True}}},
            "clean.judge.floors: 'python_topic' is not a source; did you mean 'python_topics'",
        ),
        ({"select": {"max_per_source": {"python_topic": 9}}}, "select.max_per_source: 'python_topic' is not a source"),
        ({"mix": {"tracks": {"sft": {"sources": "pyton_*"}}}}, "mix.tracks.sft.sources: 'pyton_\\*' is not a source"),
        ({"mix": {"tracks": {"sft": {"shares": {"dolli": 1, "rest": 1}}}}}, "mix.tracks.sft.shares: 'dolli' is not a source"),
        ({"mix": {"tracks": {"sft": {"shares": {"dolly": 1, "rest": 1}}}}}, "'dolly' is no source of this run; choose it"),
        ({"select": {"concepts": {"embedding": {"kind": "sentence"}}}}, "'sentence' needs: pip install sentence-transformers"),
        ({"tokenize": {"tokenizer": {"name": "nobody/nothing"}}}, "'nobody/nothing' cannot be loaded"),
    ],
)
def test_what_would_end_a_run_late_ends_it_before_it_starts(monkeypatch, changes, message):
    monkeypatch.setattr(ahead, "importlib", SimpleNamespace(util=SimpleNamespace(find_spec=lambda name: None)))
    with pytest.raises(UserError, match=message):
        look(**changes)


def test_what_a_part_of_the_run_does_not_use_is_not_looked_at():
    changes = {"select": {"max_per_source": {"python_topic": 9}}}
    look(CURATE.filter(node_namespaces=["curate.clean"]), **changes)
    with pytest.raises(UserError, match="python_topic"):
        look(CURATE.filter(node_namespaces=["curate.select"]), **changes)


def test_a_run_without_mistakes_is_let_through():
    look(mix={"tracks": {"sft": {"shares": {"python_*": 1, "task:chat": 1, "rest": 1}}}})
