"""The presets: small environments, each of which is a whole plan."""

import inspect
from functools import cache
from pathlib import Path
from typing import get_type_hints

import pyarrow as pa
import pytest
from kedro.config import OmegaConfigLoader

from polymath.pipeline_registry import register_pipelines
from polymath.pipelines.curate.ingest import RunConfig
from polymath.pipelines.curate.recipes import Recipes
from polymath.pipelines.curate.tracks import NO_PART, REPLAY, REST, MixConfig
from polymath.pipelines.libraries import Sources
from polymath.sources.benchmarks import Benchmarks, refusal
from polymath.sources.library import choose, licensed

CONF = Path(__file__).parents[1] / "conf"
PRESETS = ("stage1", "stage2", "stage3", "curriculum", "llama", "wizard_orca_platypus", "multitask", "thai_english")


@cache
def parameters_of(preset):
    loader = OmegaConfigLoader(
        str(CONF), env=preset, base_env="base", default_run_env="base", merge_strategy={"parameters": "soft"}
    )
    return {"preset": preset, **loader["parameters"]}


@pytest.fixture(scope="module", params=PRESETS)
def parameters(request):
    return parameters_of(request.param)


@pytest.fixture
def chosen(parameters):
    library, run = Sources.model_validate(parameters["sources"]).root, RunConfig.model_validate(parameters["run"])
    return licensed(choose(library, run.sources), run.sources, run.licences)[0]


def kinds_of(chosen):
    """A row for each source, as a track's rules see it."""
    rows = [{"source": name, "task": source.task, "tier": source.tier} for name, source in chosen.items()]
    return pa.Table.from_pylist(rows)


def test_every_dial_of_a_preset_is_valid(parameters):
    checked = 0
    for node in register_pipelines()["curate"].nodes:
        hints = get_type_hints(node.func)
        given = (
            node._inputs
            if isinstance(node._inputs, dict)
            else dict(zip(inspect.signature(node.func).parameters, node.inputs, strict=False))
        )
        for argument, dataset in given.items():
            if dataset.startswith("params:"):
                value = parameters
                for key in dataset.removeprefix("params:").split("."):
                    value = value[key]
                hints[argument].model_validate(value)
                checked += 1
    assert checked > 30


def test_a_preset_has_sources_that_training_may_see(parameters, chosen):
    suite = Benchmarks.model_validate(parameters["benchmarks"]).root
    assert len(chosen) >= 4
    assert {name for name, source in chosen.items() if refusal(source, suite)} == set()


def test_every_track_of_a_preset_and_every_part_of_it_has_sources(parameters, chosen):
    kinds = kinds_of(chosen)
    tracks = MixConfig.model_validate(parameters["mix"]).wanted
    assert tracks
    for name, track in tracks.items():
        mine = kinds.filter(pa.array(track.takes(kinds)))
        assert len(mine), name
        parts = set(track.parts_of(mine)) - {NO_PART}
        assert parts == set(track.parts), name
        assert set(track.explicit) <= set(mine["task"].to_pylist()), name


def test_a_preset_leaves_no_source_unused(parameters, chosen):
    kinds = kinds_of(chosen)
    tracks = MixConfig.model_validate(parameters["mix"]).wanted.values()
    used = {row["source"] for track in tracks for row in kinds.filter(pa.array(track.takes(kinds))).to_pylist()}
    assert set(chosen) - used == set()


def test_a_preset_says_in_its_first_line_what_it_is(parameters):
    for path in sorted((CONF / parameters["preset"]).rglob("run.yml")):
        assert path.read_text("utf-8").startswith("# ")
    assert parameters["run"]["name"]


def plan_of(preset, track):
    return MixConfig.model_validate(parameters_of(preset)["mix"]).wanted[track], parameters_of(preset)


def test_llamas_percentages_are_those_of_the_paper():
    track, _ = plan_of("llama", "pretrain.1")
    paper = {"common_crawl": 67, "c4": 15, "github": 4.5, "wikipedia": 4.5, "books": 4.5, "arxiv": 2.5, "stackexchange": 2}
    assert sum(paper.values()) == 100
    assert {name.removeprefix("redpajama_"): share for name, share in track.shares.items()} == {
        "pg19" if name == "books" else name: share for name, share in paper.items()
    }
    assert track.strategy == "proportional", "no set is drawn more often than its share asks"


def test_the_merge_varies_its_wordings_and_replays_plain_text():
    track, parameters = plan_of("wizard_orca_platypus", "sft")
    assert track.parts[REPLAY] == 0.05
    assert track.max_epochs > 4
    recipe = Recipes.model_validate(parameters["recipes"]).of("instruct")["without_input"]
    assert recipe.variants == 2
    assert recipe.reply == "{reply}", "only the question is put in other words, never the answer"


def test_half_of_thai_and_english_is_thai():
    track, parameters = plan_of("thai_english", "sft")
    thai = {name for name, source in Sources.model_validate(parameters["sources"]).root.items() if source.language == "th"}
    assert track.parts[REST] == pytest.approx(0.5)
    assert {"iapp_wiki_qa", "wisesight", "thaisum", "thaisum_headlines"} <= thai


def test_the_curriculum_goes_from_broad_to_careful_and_every_stage_has_tiers_and_a_budget():
    stages = [plan_of("curriculum", f"pretrain.{number}")[0] for number in (1, 2, 3)]
    sft, _ = plan_of("curriculum", "sft")
    careful = [track.parts.get("tier:high", 0) for track in stages]
    assert careful == sorted(careful)
    assert careful[-1] > 0.5
    for track in (*stages, sft):
        assert track.budget_tokens
        assert {part for part in track.parts if part != REPLAY} <= {"tier:high", "tier:medium", "tier:low"}
    assert sft.parts[REPLAY] == pytest.approx(0.1)
