"""Pairs and prompts as trainers read them, and items shared out among ranks."""

import numpy as np
import pytest

from polymath.training.pairs import Pairs, held_out, reply_start
from polymath.training.prompts import CHECK, Prompts
from polymath.training.shares import shares
from polymath.training.tracks import Track
from tests.training.mixes import make_mix


@pytest.fixture(scope="module")
def track(tmp_path_factory):
    """A track of pairs."""
    mix = make_mix(tmp_path_factory.mktemp("pairs"), pair=True, planted=True).mix
    return Track(mix.tokens, mix.sequences, mix.schedule, "sft")


def test_a_pair_is_one_prompt_and_two_replies(track):
    pair = Pairs(track, track.order[:4])[2]
    better, worse = track.pair(int(track.order[2]))
    assert pair["prompt_ids"] + pair["chosen_ids"] == better.ids.tolist()
    assert pair["prompt_ids"] + pair["rejected_ids"] == worse.ids.tolist()
    assert pair["prompt_ids"][-1] == 50  # what stands before the reply in these examples
    assert pair["slot"] == 2


def test_held_out_pairs_are_drawn_evenly_from_each_source(track):
    chosen = held_out(track, 5)
    assert [track.source_of(int(each)) for each in chosen] == ["sums"] * 5 + ["words"] * 5
    assert set(chosen.tolist()) <= set(track.of_split("validation").tolist())


def test_a_prompt_that_is_too_long_loses_its_beginning(track):
    checks = CHECK.empty_table().from_pylist([{"wanted": str(row)} for row in range(len(track.tasks))], CHECK)
    whole, cut = (Prompts(track, checks, track.order, room) for room in (1000, 3))
    better = track.pair(int(track.order[7]))[0]
    assert whole[7]["prompt"] == better.ids[: reply_start(better)].tolist()
    assert cut[7]["prompt"] == whole[7]["prompt"][-3:]
    assert cut[7]["wanted"] == str(track.order[7])


@pytest.mark.parametrize("items", [0, 1, 7, 8])
@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_each_item_counts_once_and_all_ranks_step_equally_often(items, ranks):
    every = [list(shares(items, 2, rank, ranks)) for rank in range(ranks)]
    assert len({len(mine) for mine in every}) == 1
    counted = [row for mine in every for rows, counts in mine if counts for row in rows]
    assert sorted(counted) == list(np.arange(items))
