"""Sharing out items that are looked at between steps among the ranks."""

from __future__ import annotations

from collections.abc import Iterator


def shares(items: int, size: int, rank: int, ranks: int) -> Iterator[tuple[range, bool]]:
    """The batches of one rank, and whether each counts. All ranks get equally many: under ZeRO 3 they must step together.

    A rank that has none left gets the first batch once more, which does not count.
    """
    batches = [range(start, min(start + size, items)) for start in range(0, items, size)]
    for turn in range(0, len(batches), ranks):
        mine = turn + rank
        yield (batches[mine], True) if mine < len(batches) else (batches[0], False)
