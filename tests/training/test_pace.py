"""What is told of each step."""

from types import SimpleNamespace

import pytest
import torch

from polymath.training.scheduled import Pace, Scheduled


@pytest.mark.parametrize(("others", "expected"), [(None, 30), (11, 41)])
def test_the_tokens_of_a_step_are_those_that_all_ranks_saw(monkeypatch, others, expected):
    """The other rank has looked at 11 tokens, this one at 30 in this step and at 5 before."""
    told = []
    rank = Scheduled()
    rank.tokens, rank.args, rank.told, rank.spike = 5, SimpleNamespace(device="cpu"), told.append, lambda loss: {}
    if others is not None:
        monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
        monkeypatch.setattr(torch.distributed, "all_reduce", lambda total: total.add_(others))
    pace = Pace(lambda: rank)
    pace.on_step_begin(None, None, None)
    rank.tokens += 30
    pace._spent = 0.1
    pace.on_log(SimpleNamespace(world_size=2), None, None, logs={"loss": 1.0, "learning_rate": 0.1})
    assert [facts["tokens"] for facts in told] == [expected]
