"""OpenAssistant's trees: as threads from the root down, as pairs of ranked replies, and put together from flat messages."""

from collections.abc import Iterator
from typing import Any, Literal

from polymath.pipelines.curate.adapters.kinds import PlacedRecords, Record, Records, Rows, adapters, whole_adapters
from polymath.pipelines.curate.adapters.preference import Take, taken
from polymath.pipelines.curate.adapters.turns import in_order, paired, turn_of
from polymath.pipelines.curate.adapters.values import attempt, optional, pick, said, some, text
from polymath.sources.build import LEFT_OUT
from polymath.sources.rows import Place, Unfit

Threads = Literal["all", "best"]
Path = tuple[Any, ...]
"""Messages from the root down."""


@adapters.register
def oasst_tree(row: Any, *, threads: Threads = "all") -> Records:
    """A tree of the export format: a conversation for each last reply of the assistant, or the best-ranked one alone.

    Deleted and refused messages are cut off with what hangs on them; a question that nobody answered is left off its thread.
    """
    yield from _threads(_root(row), threads)


@adapters.register
def oasst_pairs(row: Any, *, take: Take = "ends") -> Records:
    """The same trees as preferences: wherever people ranked several replies, the best one and the worst one.

    `neighbours` pairs each with the next, `all` each with every worse one.
    """
    pairs = [record for path in _paths((_root(row),)) for record in _ranked_pairs(path, take)]
    if not pairs:
        raise Unfit(LEFT_OUT, "no message has two ranked replies")
    yield from pairs


@whole_adapters.register
def oasst_messages(rows: Rows, *, threads: Threads = "all") -> PlacedRecords:
    """Flat messages (`message_id`, `parent_id`), the rows of a tree one after another, as on the hub. Holds one tree."""
    known: dict[str, dict[str, Any]] = {}
    start = Place(0, 0)
    for place, row in rows:
        name, parent = attempt(text, row, "message_id"), attempt(optional, row, "parent_id")
        if isinstance(name, Unfit) or isinstance(parent, Unfit):
            yield place, name if isinstance(name, Unfit) else Unfit("wrong_type", "parent_id is not text")
            continue
        message = {**row, "replies": []}
        if parent is None:
            yield from _placed(start, known, threads)
            known, start = {name: message}, place
        elif parent in known:
            known[parent]["replies"].append(message)
            known[name] = message
        else:
            yield place, Unfit("no_parent", f"its parent {parent!r} is not in the tree before it")
    yield from _placed(start, known, threads)


def _placed(place: Place, tree: dict[str, dict[str, Any]], threads: Threads) -> PlacedRecords:
    """The threads of a tree, its messages by id, the root first."""
    for root in list(tree.values())[:1]:
        try:
            yield from ((place, record) for record in _threads(root, threads))
        except Unfit as why:
            yield place, why


def _root(row: Any) -> Any:
    root = pick(row, "prompt")
    if not isinstance(root, dict):
        raise Unfit("wrong_type", "prompt is not a message")
    return root


def _threads(root: Any, threads: Threads) -> Records:
    if not _sound(root):
        raise Unfit(LEFT_OUT, "the first message is deleted or was refused")
    ends = [path for path in _paths((root,)) if _is_assistant(path[-1]) and not _goes_on(path[-1])]
    if not ends:
        raise Unfit("no_reply", "nobody replied")
    for path in ends[:1] if threads == "best" else ends:
        yield attempt(_thread, path)


def _paths(path: Path) -> Iterator[Path]:
    """This path and all that lead on from it, the best-ranked replies first."""
    yield path
    for reply in _replies(path[-1]):
        yield from _paths((*path, reply))


def _replies(message: Any) -> list[Any]:
    """The sound replies by rank; unranked ones after them, in file order."""
    return sorted(filter(_sound, some(message, "replies")), key=_rank)


def _rank(message: Any) -> float:
    rank = pick(message, "rank")
    return rank if isinstance(rank, int | float) else float("inf")


def _goes_on(message: Any) -> bool:
    return any(_is_assistant(reply) for question in _replies(message) for reply in _replies(question))


def _sound(message: Any) -> bool:
    return isinstance(message, dict) and not message.get("deleted") and message.get("review_result") is not False


def _is_assistant(message: Any) -> bool:
    return pick(message, "role") == "assistant"


def _thread(path: Path) -> Record:
    last = path[-1]
    return {
        "messages": in_order([turn_of(message) for message in path]),
        **_of_tree(path[0]),
        "extra": said(id=pick(last, "message_id"), rank=pick(last, "rank"), model=pick(last, "model_name") or None),
    }


def _ranked_pairs(path: Path, take: Take) -> Records:
    """Pairs of the replies that people ranked, after the conversation so far."""
    ranked = [reply for reply in _replies(path[-1]) if _is_assistant(reply) and pick(reply, "rank") is not None]
    for one, other in taken(ranked, take) if len(ranked) > 1 else ():
        record = attempt(_pair, path, one, other)
        yield record if isinstance(record, Unfit) else {**record, **_of_tree(path[0])}


def _pair(path: Path, better: Any, worse: Any) -> Record:
    return paired([turn_of(message) for message in path], text(better, "text"), text(worse, "text"))


def _of_tree(root: Any) -> Record:
    language = optional(root, "lang")
    return {"group": pick(root, "message_id"), "language": language.partition("-")[0] if language else None}
