"""What a packed track is validated on: every token is known by its task or its source."""

import numpy as np
import pytest

from polymath.training.tracks import Track
from polymath.training.validation import ValidationSet
from tests.training.mixes import make_mix


def track(made):
    return Track(made.mix.tokens, made.mix.sequences, made.mix.schedule, "sft")


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """Two sources of one task: a sequence holds documents of both."""
    return make_mix(tmp_path_factory.mktemp("mixed"), task="text")


def test_equally_many_sequences_of_each_task_of_its_split_are_taken(made):
    items = ValidationSet(track(made), "validation", 2)
    seen = [set(items[n]["group"].tolist()) for n in range(len(items))]
    assert sorted(seen, key=list) == [{0}, {0}, {1}, {1}]
    assert items.groups == ["closed_qa", "instruct"]
    known = track(made)
    assert set(known.of_split("validation")) | set(known.of_split("train")) == set(range(len(known.tasks)))


def test_each_token_is_known_by_the_source_of_its_own_document(mixed):
    known = track(mixed)
    items = ValidationSet(known, "validation", 4, by="source")
    assert items.groups == ["sums", "words"]
    assert any(len(set(items[n]["group"].tolist())) == 2 for n in range(len(items)))
    held = known.of_split("validation")
    texts = {known.row(int(sequence)).ids.tobytes(): int(sequence) for sequence in held}
    for number in range(len(items)):
        item = items[number]
        names = known.examples(texts[item["input_ids"].tobytes()])
        begins = np.flatnonzero(item["position_ids"] == 0)
        owners = [items.groups[group] for group in item["group"][begins]]
        assert owners == [name.partition("/")[0] for name in names]
        assert all(np.diff(item["group"])[place - 1] == 0 for place in range(1, len(item["group"])) if place not in begins)


def test_of_each_source_as_many_sequences_are_taken_as_are_asked_for(mixed):
    known = track(mixed)
    holding = {name: [name in names for names in known.sources_in(known.of_split("validation"))] for name in ("sums", "words")}
    items = ValidationSet(known, "validation", 3, by="source")
    for number, (_, holds) in enumerate(holding.items()):
        seen = sum(number in set(items[n]["group"].tolist()) for n in range(len(items)))
        assert seen >= min(3, sum(holds))
    assert len(items) <= 6
