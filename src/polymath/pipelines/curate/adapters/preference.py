"""Better and worse replies: pairs in several shapes, hh-rlhf's transcripts, ranked and scored lists, compared summaries."""

from collections.abc import Iterable, Sequence
from itertools import combinations, pairwise
from typing import Any, Literal, TypeVar

from polymath.pipelines.curate.adapters.kinds import Record, Records, adapters
from polymath.pipelines.curate.adapters.turns import Turn, marked_turns, paired, turn_of, turns_of
from polymath.pipelines.curate.adapters.values import Expression, attempt, listed, optional, pick, said, some, text
from polymath.sources.build import LEFT_OUT
from polymath.sources.rows import Unfit

T = TypeVar("T")
Take = Literal["ends", "neighbours", "all"]
"""Which pairs of a list, best first: the best with the worst, each with the next, or each with every worse one."""
SUMMARISE = "Write a short summary of this post.\n\n"


@adapters.register
def pairs(
    row: Any,
    *,
    prompt: Expression = "conversations|prompt|instruction|question",
    chosen: Expression = "chosen",
    rejected: Expression = "rejected",
    system: Expression | None = "system",
) -> Records:
    """A prompt (text, or a list of turns) with a better and a worse reply: texts, single turns, or whole conversations."""
    better, worse = pick(row, chosen), pick(row, rejected)
    if isinstance(better, list) and isinstance(worse, list):
        yield _told_apart(turns_of(better, chosen), turns_of(worse, rejected))
        return
    asked = pick(row, prompt)
    turns = turns_of(asked, prompt) if isinstance(asked, list) else [{"role": "user", "content": text(row, prompt)}]
    record = paired(turns, _reply(row, chosen), _reply(row, rejected))
    yield {**record, "system": record["system"] or optional(row, system)}


@adapters.register
def hh_rlhf(row: Any) -> Records:
    """Two transcripts, `Human:` and `Assistant:`, that differ in the assistant's last reply alone."""
    yield _told_apart(marked_turns(text(row, "chosen")), marked_turns(text(row, "rejected")))


@adapters.register
def ranked(row: Any, *, take: Take = "ends") -> Records:
    """An instruction with a list of replies, the best first, and perhaps the exchanges before it (`history`).

    `ends` pairs the best with the worst, `neighbours` each with the next, `all` each with every worse one.
    """
    replies = [reply for reply in listed(row, "output") if isinstance(reply, str) and reply.strip()]
    if len(replies) < 2:
        raise Unfit("no_pair", f"{len(replies)} of the replies say something; a pair needs two")
    given = optional(row, "input")
    turns = [*_history(row), {"role": "user", "content": "\n".join(filter(None, [text(row, "instruction"), given]))}]
    for better, worse in taken(replies, take):
        yield attempt(paired, turns, better, worse)


@adapters.register
def scored(
    row: Any,
    *,
    prompt: Expression = "instruction|prompt|question",
    replies: Expression = "completions|responses|replies",
    reply: Expression = "response|text|content",
    score: Expression = "overall_score|score",
    min_gap: float = 0.0,
    take: Take = "ends",
) -> Records:
    """A prompt with several replies that have scores, in pairs whose scores are more than `min_gap` apart.

    `ends` pairs the best with the worst, `neighbours` each with the next, `all` each with every worse one.
    """
    found: list[tuple[float, str]] = []
    for one in listed(row, replies):
        worth = pick(one, score)
        if isinstance(worth, bool) or not isinstance(worth, int | float):
            raise Unfit("no_label", f"{score} is {worth!r}, not a number")
        found.append((worth, text(one, reply)))
    if len(found) < 2:
        raise Unfit("no_pair", f"{len(found)} replies; a pair needs two")
    best_first = sorted(found, key=lambda each: -each[0])
    pairs = [(better, worse) for better, worse in taken(best_first, take) if better[0] - worse[0] > min_gap]
    if not pairs:
        raise Unfit(LEFT_OUT, f"the scores are not more than {min_gap:g} apart")
    asked = [{"role": "user", "content": text(row, prompt)}]
    for better, worse in pairs:
        pair = attempt(paired, asked, better[1], worse[1])
        scores = {"chosen_score": better[0], "rejected_score": worse[0]}
        yield pair if isinstance(pair, Unfit) else {**pair, "extra": scores}


@adapters.register
def compared_summaries(row: Any) -> Records:
    """A post and two summaries, of which `choice` names the better (summarize_from_feedback, `comparisons`)."""
    summaries, choice = listed(row, "summaries"), pick(row, "choice")
    if choice not in (0, 1) or len(summaries) != 2:
        raise Unfit("no_label", f"choice {choice!r} of {len(summaries)} summaries")
    post = "\n\n".join(filter(None, [optional(row, "info.title"), text(row, "info.post|info.article")]))
    asked = [{"role": "user", "content": SUMMARISE + post}]
    record = paired(asked, text(summaries[choice], "text").strip(), text(summaries[1 - choice], "text").strip())
    yield {**record, "extra": said(id=pick(row, "info.id"), subreddit=pick(row, "info.subreddit"))}


def taken(best_first: Sequence[T], take: Take) -> Iterable[tuple[T, T]]:
    """The pairs of a list of two or more: the better one, the worse one."""
    chosen = {"ends": [(best_first[0], best_first[-1])], "neighbours": pairwise(best_first), "all": combinations(best_first, 2)}
    return chosen[take]


def _history(row: Any) -> list[Turn]:
    turns: list[Turn] = []
    for exchange in some(row, "history"):
        if not isinstance(exchange, list) or len(exchange) != 2:
            raise Unfit("wrong_type", "history is not a list of pairs")
        turns += [{"role": role, "content": str(said)} for role, said in zip(("user", "assistant"), exchange, strict=True)]
    return turns


def _reply(row: Any, expression: str) -> str:
    """A reply given as text, or as one turn of the assistant."""
    value = pick(row, expression)
    return turn_of(value)["content"] if isinstance(value, dict) else text(row, expression)


def _told_apart(better: list[Turn], worse: list[Turn]) -> Record:
    """The pair of two conversations: what they share is the prompt, the last turns are the replies."""
    if len(better) < 2 or better[:-1] != worse[:-1]:
        raise Unfit("prompts_differ", "the two conversations differ before the last reply")
    if better[-1]["role"] != "assistant" or worse[-1]["role"] != "assistant":
        raise Unfit("no_reply", "the last turn is not the assistant's")
    return paired(better[:-1], better[-1]["content"], worse[-1]["content"])
