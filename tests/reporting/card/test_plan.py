from collections import Counter

import pytest

from polymath.pipelines.curate.tracks import TrackConfig
from polymath.reporting.card.plan import plan


def test_shares_stand_beside_what_was_weighed_and_what_the_batches_hold():
    track = TrackConfig(shares={"squad": 3, "rest": 1}, budget_tokens=1000)
    found = plan(track, Counter(squad=740, rest=260), Counter(squad=600, rest=200))
    assert [(p.name, p.planned, p.weighed, p.scheduled) for p in found.parts] == [
        ("squad", 0.75, 0.74, 0.75),
        ("all others", 0.25, 0.26, 0.25),
    ]
    assert (found.tokens, found.weighed, found.scheduled) == (1000, 1000, 800)


def test_a_replay_is_a_part():
    found = plan(TrackConfig(replay=0.1), Counter({"": 90, "replay": 10}), Counter({"": 90, "replay": 10}))
    assert [(p.name, p.planned) for p in found.parts] == [("replay of plain text", 0.1), ("all others", 0.9)]
    assert not any(p.is_off for p in found.parts)


def test_explicit_weights_of_tasks_are_a_plan_and_what_is_off_is_marked():
    track = TrackConfig(strategy="explicit", explicit={"chat": 1, "code": 1})
    found = plan(track, Counter(chat=60, code=40), Counter(chat=60, code=40))
    assert [(p.name, p.planned, p.is_off) for p in found.parts] == [("chat", 0.5, True), ("code", 0.5, True)]


def test_a_strategy_alone_plans_no_parts():
    found = plan(TrackConfig(), Counter({"": 10}), Counter())
    assert (found.tokens, found.parts) == (None, [])


@pytest.mark.parametrize("drawn", [Counter(), Counter(other=5)])
def test_a_part_that_is_not_drawn_has_no_share(drawn):
    assert plan(TrackConfig(shares={"squad": 1}), Counter(), drawn).parts[0].scheduled == 0
