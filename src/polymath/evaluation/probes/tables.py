"""Results of probes as rows: the scores, and every word that was said."""

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from polymath.evaluation.intervals import Interval
from polymath.evaluation.probes.run import Dialogue, ProbeResult
from polymath.evaluation.probes.scorers import scorers

ALL = "all"
"""In place of a scorer's name: the least of a probe's scorers, reply by reply."""

PROBE_SCORE = pa.schema(
    [
        ("probe", pa.string()),
        ("scorer", pa.string()),  # `all`: the least score of a reply's scorers
        ("score", pa.float64()),  # 0 to 1, the mean over items
        ("low", pa.float64()),  # of Wilson's interval at 95 %, over items
        ("high", pa.float64()),
        ("items", pa.int64()),  # things that were asked
        ("replies", pa.int64()),  # with all wordings and samples
        ("definition", pa.string()),  # what the score says
    ]
)

TRANSCRIPT = pa.schema(
    [
        ("probe", pa.string()),
        ("item", pa.int64()),  # within the probe, from 0
        ("wording", pa.int64()),  # of the item's prompt, from 0
        ("sample", pa.int64()),  # of the wording, from 0
        ("turn", pa.int64()),  # of the conversation, from 0
        ("language", pa.string()),  # in which the reply should be
        ("prompt", pa.string()),
        ("reply", pa.string()),
        ("ended", pa.bool_()),  # by itself; else it was cut off
        ("score", pa.float64()),  # 0 to 1; null for turns before the last, which are not judged
        ("why", pa.string()),  # what the scorers found, where the score is below 1
    ]
)


def scores_table(results: Sequence[ProbeResult]) -> pa.Table:
    """One row for each probe and one for each of its scorers (schema PROBE_SCORE)."""
    rows = []
    for result in results:
        replies = len(result.transcripts)
        rows.append(_score(result, ALL, result.score, result.probe.about, replies))
        for name, score in result.scores.items():
            rows.append(_score(result, name, score, " ".join((scorers[name].__doc__ or "").split()), replies))
    return pa.Table.from_pylist(rows, schema=PROBE_SCORE)


def transcripts_table(results: Sequence[ProbeResult]) -> pa.Table:
    """One row for each prompt and its reply (schema TRANSCRIPT)."""
    rows = [row for result in results for dialogue in result.transcripts for row in _turns(result.name, dialogue)]
    return pa.Table.from_pylist(rows, schema=TRANSCRIPT)


def _score(result: ProbeResult, scorer: str, score: Interval, definition: str, replies: int) -> dict[str, Any]:
    numbers = {"score": score.mean, "low": score.low, "high": score.high, "items": score.items}
    return {"probe": result.name, "scorer": scorer, **numbers, "replies": replies, "definition": definition}


def _turns(probe: str, dialogue: Dialogue) -> Iterator[dict[str, Any]]:
    place = {"probe": probe, "item": dialogue.item, "wording": dialogue.wording, "sample": dialogue.sample}
    last = len(dialogue.turns) - 1
    for turn, (asked, answer) in enumerate(dialogue.turns):
        said = {"turn": turn, "language": dialogue.language, "prompt": asked, "reply": answer.text, "ended": answer.ended}
        judged = {"score": dialogue.verdict.score, "why": dialogue.verdict.why} if turn == last else {}
        yield {**place, **said, **judged}
