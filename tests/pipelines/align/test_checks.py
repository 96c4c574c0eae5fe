"""What judges replies stands row for row with the sequences of a track; dials become the folders that they name."""

import json
from types import SimpleNamespace

import pyarrow as pa
import pytest

from polymath.datasets import RoundDataset
from polymath.engine.contract import EngineConfig
from polymath.errors import UserError
from polymath.pipelines.align.checks import checks_of_track, gather_checks
from polymath.pipelines.align.config import AlignConfig
from polymath.pipelines.align.prepare import settled, started
from polymath.pipelines.align.sample import REPLY, PairsConfig, best_and_worst
from polymath.records import EXAMPLE
from polymath.store.folder import Manifest
from polymath.training.tracks import Track
from polymath.training.trained import Trained, point_to
from tests.pipelines.curate.made import folder_of
from tests.training.aligning import examples_of
from tests.training.mixes import job, make_mix

GRPO = AlignConfig(method="grpo", train={"track": "prompts"})


@pytest.fixture(scope="module")
def prompts(tmp_path_factory):
    return make_mix(tmp_path_factory.mktemp("prompts"), tracks={"prompts": {"kind": "prompts"}, "sft": {}})


def test_each_sequence_has_the_check_of_its_own_example(prompts, tmp_path):
    mix = prompts.mix
    examples = examples_of(tmp_path / "examples", mix.tokens, check="same", expected="x")
    shard = next(shard for shard in mix.sequences.shards if shard.name == "prompts")
    checks = checks_of_track(examples, mix.tokens, shard)
    track = Track(mix.tokens, mix.sequences, mix.schedule, "prompts")
    names = [track.examples(sequence)[0] for sequence in range(len(checks))]
    assert checks["wanted"].to_pylist() == names  # the reply of these examples is their own id
    assert set(checks["check"].to_pylist()) == {"same"}


def test_only_the_tracks_that_replies_are_made_to_are_gathered(prompts, tmp_path):
    mix = prompts.mix
    examples = examples_of(tmp_path / "examples", mix.tokens)
    plan = gather_checks(examples, mix.tokens, mix.sequences, GRPO, EngineConfig())
    assert [item.name for item in plan.items] == ["prompts"]


def test_a_track_that_there_is_not_is_refused_before_the_training(prompts, tmp_path):
    mix = prompts.mix
    dials = AlignConfig(train={"track": "prompts"}, samples={"track": "promts"})
    with pytest.raises(UserError, match=r"align\.samples\.track: 'promts' is not a track of this mix; did you mean 'prompts'"):
        gather_checks(examples_of(tmp_path / "examples", mix.tokens), mix.tokens, mix.sequences, dials, EngineConfig())


def test_words_become_the_folders_of_what_stages_left():
    finetuned, rewarded = SimpleNamespace(model="models/tuned"), SimpleNamespace(model="models/judge")
    aligned = SimpleNamespace(model="models/aligned")
    assert started(AlignConfig(model={"name": "finetuned"}), finetuned, aligned).model.name == "models/tuned"
    assert started(AlignConfig(model={"name": "aligned"}), finetuned, aligned).model.name == "models/aligned"
    assert started(AlignConfig(model={"name": "aligned"}), finetuned, None).model.name == "models/tuned"
    assert started(AlignConfig(model={"name": "gpt2"}), None, None).model.name == "gpt2"
    assert settled(GRPO, rewarded).rewards.model == "models/judge"
    with pytest.raises(
        UserError, match=r"align\.model\.name: no model was finetuned here yet; run: kedro run --pipeline=finetune"
    ):
        started(AlignConfig(model={"name": "finetuned"}), None, None)


def test_without_a_reward_model_pairs_go_on_and_rewards_do_not():
    alone = settled(AlignConfig(), None).rewards
    assert (alone.model, alone.weights) == (None, {})
    with pytest.raises(UserError, match="no reward model was trained here yet; run: kedro run --pipeline=reward"):
        settled(GRPO, None)
    checked = GRPO.model_copy(update={"rewards": GRPO.rewards.model_copy(update={"weights": {"model": 0.0, "check": 1.0}})})
    assert settled(checked, None).rewards.weights == {"check": 1.0}


def test_the_best_and_the_worst_reply_to_a_training_prompt_become_a_pair(tmp_path):
    def row(name, copy, reply, reward, prompts="training"):
        same = {
            "model": "m",
            "role": "aligned",
            "step": 1,
            "source": "s",
            "prompt": name,
            "tokens": 1,
            "ended": True,
            "rewards": [],
        }
        return {**same, "id": name, "copy": copy, "reply": reply, "reward": reward, "prompts": prompts}

    rows = [row("a", 0, "bad", 0.1), row("a", 1, "good", 0.9), row("a", 2, "so", 0.5), row("b", 0, "x", 0.5),
            row("b", 1, "y", 0.5), row("c", 0, "p", 0.1, "held out"), row("c", 1, "q", 0.9, "held out")]  # fmt: skip
    replies = folder_of(tmp_path / "replies", {"0-aligned": pa.Table.from_pylist(rows, schema=REPLY)})
    asked = {"id": "a", "system": "Be brief.", "history": [], "prompt": "What is it?", "input": "A stone."}
    examples = folder_of(tmp_path / "examples", {"s-00000": pa.Table.from_pylist([asked, {"id": "b"}], schema=EXAMPLE)})
    (pair,) = best_and_worst(replies, examples, PairsConfig(model="m")).to_pylist()
    assert (pair["chosen"], pair["rejected"]) == ("good", "bad")
    assert [turn["content"] for turn in pair["messages"]] == ["Be brief.", "What is it?\n\nA stone."]
    assert pair["margin"] == pytest.approx(0.8)


def finished(run, place):
    """A run's folder as its training leaves it, the last one of `place`."""
    folder = place / run.run.key[:12]
    (folder / "model").mkdir(parents=True)
    (folder / "model/config.json").write_text("{}")
    (folder / "run.json").write_text(run.model_dump_json())
    (folder / "result.json").write_text(json.dumps({"key": run.run.key, "step": 1}))
    point_to(place, run.run.key)
    return Trained(folder)


def test_a_round_that_was_killed_after_its_training_is_begun_again_from_where_it_began(prompts, tmp_path):
    place, left = tmp_path / "align", tmp_path / "pairs"
    left.mkdir()
    dataset = RoundDataset(str(place), str(left))

    def end(trained):
        Manifest("sample", "key", (), {"aligned": trained.digest}).write(left)

    assert dataset.load() is None
    first = job(prompts, place, train={"track": "sft"})
    one = finished(first, place)
    assert dataset.load() is None
    end(one)
    assert dataset.load() == one
    start = first.run.start.model_copy(update={"made_by": first.run.key})
    second = first.model_copy(update={"run": first.run.model_copy(update={"key": "2" * 64, "start": start})})
    two = finished(second, place)
    assert dataset.load() == one
    end(two)
    assert dataset.load() == two
