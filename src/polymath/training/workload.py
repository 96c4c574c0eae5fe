"""What a step of a run has to do and to hold: rows of a batch, tokens of a row, models beside the one that learns."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from polymath.errors import UserError
from polymath.planning.memory import Beside
from polymath.training.objectives import Direct, Grouped, NextToken, Objective
from polymath.training.pairs import reply_start
from polymath.training.rewards import MODEL, check_rewards
from polymath.training.tracks import IGNORED, Track


@dataclass(frozen=True)
class Workload:
    """Of each step."""

    batch: int
    """Rows that ranks share out: sequences, or replies."""
    tokens: int
    """Of a row at most; of both sides of a pair."""
    context: int
    """Tokens that the model must be made for."""
    beside: Beside = field(default_factory=Beside)


def workload(objective: Objective, track: Track, steps: int) -> Workload:
    """Of a run of so many steps."""
    if isinstance(objective, NextToken):
        return Workload(track.batch, track.sequence_tokens, track.sequence_tokens)
    drawn = np.unique(track.order[: steps * track.batch])
    if isinstance(objective, Grouped):
        batch, tokens = track.batch * objective.replies, int(track.sizes[drawn].max()) + objective.max_new_tokens
        beside = Beside(reference=objective.beta > 0, held=_reward_model(objective), generated=batch * tokens)
        return Workload(batch, tokens, objective.max_new_tokens + 1, beside)  # prompts that are too long lose their beginning
    side = _longest_side(track, drawn)
    return Workload(track.batch, 2 * side, side, Beside(reference=isinstance(objective, Direct)))


def check_track(track: Track, objective: Objective) -> None:
    """That the track is of the kind that the objective learns from, with something to learn in the first batch."""
    first = [int(sequence) for sequence in track.order[: track.batch]]
    kind = "pairs" if track.holds_pairs else "prompts" if objective.TRACK == "prompts" and _asks(track, first) else "packed"
    words = {"pairs": "pairs", "prompts": "one prompt a sequence", "packed": "packed sequences"}
    if kind != objective.TRACK:
        raise UserError(
            f"train.track: {track.name!r} holds {words[kind]}, and this stage learns from {words[objective.TRACK]}; "
            "name another track"
        )
    if kind == "packed" and all((track.row(sequence).labels == IGNORED).all() for sequence in first):
        raise UserError(f"train.track: no token of the first batch of {track.name!r} is trained on; name another track")
    if isinstance(objective, Grouped):
        check_rewards(objective.rewards)
        if not any(objective.rewards.weights.values()):
            raise UserError("rewards.weights: no reward counts anything; give one a weight")


def _asks(track: Track, sequences: list[int]) -> bool:
    """Whether each of these sequences is one document with a prompt and a reply."""
    rows = [track.row(sequence) for sequence in sequences]
    return all((row.positions == np.arange(len(row.ids))).all() and reply_start(row) < len(row.ids) for row in rows)


def _longest_side(track: Track, sequences: np.ndarray) -> int:
    """Tokens of the longest reply with its prompt, of these pairs."""
    longest = 0
    for sequence in sequences[np.argsort(-track.sizes[sequences])].tolist():
        if track.sizes[sequence] <= longest:  # of both sides together
            break
        longest = max(longest, *(len(side.ids) for side in track.pair(sequence)))
    return longest


def _reward_model(objective: Grouped) -> float:
    """Bytes of its weights; nothing where no model gives rewards."""
    if MODEL not in objective.rewards.weights:
        return 0.0
    return float(sum(path.stat().st_size for path in Path(str(objective.rewards.model)).glob("*.safetensors")))
