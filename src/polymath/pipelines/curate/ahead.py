"""A look ahead: what would end a run after hours of work, a name that nothing has or a model that is not here, before it."""

import fnmatch
import importlib.util
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from polymath.engine.contract import EngineConfig
from polymath.errors import UserError, unknown
from polymath.pipelines.curate.clean import CleanConfig
from polymath.pipelines.curate.concepts import ConceptConfig
from polymath.pipelines.curate.forms import NO_TEMPLATE
from polymath.pipelines.curate.select import SelectConfig
from polymath.pipelines.curate.tokenize import TokenizeConfig
from polymath.pipelines.curate.tokenizer import TRAINED, load_named, plan_named
from polymath.pipelines.curate.tracks import REST, MixConfig
from polymath.sources.library import choose
from polymath.store.folder import ShardFolder

Load = Callable[[str], Any]
"""Typed parameters by name."""


def look_ahead(pipeline: Pipeline, catalog: CatalogProtocol) -> None:
    """Raise a UserError for what the steps of this run would trip over later; each looks at what its own steps use."""

    def load(name: str) -> Any:
        return catalog.load(f"params:{name}")

    verbs = {node.func.__name__ for node in pipeline.nodes}
    for verb, check in CHECKS.items():
        if verb in verbs:
            check(load)
    if "fit_tokenizer" in verbs:
        check_tokenizer(load("tokenize"), load("engine"), catalog)


def check_clean(load: Load) -> None:
    """Sources that have a recipe or a floor of their own are sources of the library."""
    clean: CleanConfig = load("clean")
    known = load("sources").root
    _known_sources("clean.judge.sources", clean.judge.sources, known)
    _known_sources("clean.judge.floors", clean.judge.floors, (*known, "default"))


def check_caps(load: Load) -> None:
    """So are those that have a cap."""
    select: SelectConfig = load("select")
    _known_sources("select.max_per_source", select.max_per_source, (*load("sources").root, "default"))


def _known_sources(place: str, names: Iterable[str], known: Iterable[str]) -> None:
    for name in names:
        if name not in known:
            raise unknown(place, name, "source", known)


def check_tracks(load: Load) -> None:
    """Sources that tracks name are of the library; those that get a share of the tokens are of this run."""
    library, mix = load("sources").root, load("mix")
    assert isinstance(mix, MixConfig)
    chosen = choose(library, load("run").sources)
    for name, track in mix.wanted.items():
        place = f"mix.tracks.{name}"
        for word in track.sources:
            if not _names_one_of(word, library):
                raise unknown(f"{place}.sources", word, "source", library)
        for word in track.shares:
            if word != REST and not _names_one_of(word, library):
                raise unknown(f"{place}.shares", word, "source", library)
            if word != REST and not _names_one_of(word, chosen):
                raise UserError(f"{place}.shares: {word!r} is no source of this run; choose it (run.sources), or leave it out")


def _names_one_of(word: str, sources: Mapping[str, Any]) -> bool:
    """Whether a name or glob means one of the sources; selectors of tasks and tiers are checked where they are read."""
    return ":" in word or any(fnmatch.fnmatchcase(name, word) for name in sources)


def check_embedding(load: Load) -> None:
    """A sentence-embedding model needs its package."""
    concepts: ConceptConfig = load("select.concepts")
    if concepts.embedding.kind == "sentence" and importlib.util.find_spec("sentence_transformers") is None:
        raise UserError("select.concepts.embedding.kind: 'sentence' needs: pip install sentence-transformers")


CHECKS: dict[str, Callable[[Load], None]] = {
    "judge_text": check_clean,
    "find_over_caps": check_caps,
    "weigh_tracks": check_tracks,
    "fit_space": check_embedding,
}
"""By the verb whose work a mistake would end."""


def check_tokenizer(tokenize: TokenizeConfig, engine: EngineConfig, catalog: CatalogProtocol) -> None:
    """A tokenizer that is named can be loaded, and has a chat template where the form is one; one that is made is not asked."""
    if tokenize.tokenizer.name == TRAINED:
        return
    plan = plan_named(tokenize.tokenizer, engine)
    made: ShardFolder | None = catalog.load("tokenizer") if catalog.exists("tokenizer") else None
    if made is not None and [shard.entry.key for shard in made.shards] == [plan.key(item) for item in plan.items]:
        table = made.read()
    else:
        table = load_named(tokenize.tokenizer)
    if tokenize.form.name == "chat" and not table["chat_template"][0].as_py():
        raise UserError(f"tokenize.form.name: {NO_TEMPLATE}")
