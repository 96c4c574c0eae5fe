import itertools
from collections import Counter

import pytest

from polymath.reporting.card.fates import Ledger
from polymath.reporting.card.sankey import draw_sankey


def ledger(name: str, kept: int, removed: dict[str, int], task: str = "instruct") -> Ledger:
    return Ledger(
        name, task, "high", "MIT", records=kept + sum(removed.values()), kept=Counter({task: kept}), removed=Counter(removed)
    )


def test_ribbons_hold_every_record_once():
    lines = [ledger("one", 90, {"copy": 10}), ledger("two", 40, {"copy": 5, "refusal": 5}, "chat")]
    drawn = draw_sankey(lines, 900, 200, (12, 8))
    assert sum(node.count for node in drawn.sources) == sum(node.count for node in drawn.ends) == 150
    assert sum(link.width for link in drawn.links) == pytest.approx(300, abs=1)
    assert [node.label for node in drawn.ends] == ["kept: instruct", "kept: chat", "copy", "refusal"]


def test_what_has_no_room_is_drawn_together():
    lines = [ledger(f"s{number}", 10 * number, {f"reason_{number}": number}) for number in range(1, 8)]
    drawn = draw_sankey(lines, 900, 200, (3, 2))
    assert [node.label for node in drawn.sources] == ["s7", "s6", "s5", "4 more: instruct"]
    assert [node.label for node in drawn.ends] == ["kept: instruct", "reason 7", "reason 6", "other reasons"]
    assert sum(node.count for node in drawn.sources) == sum(line.records for line in lines)


def test_small_sources_stand_together_beside_the_large_ones_of_their_task():
    tasks = {"instruct": "ab", "chat": "cde"}
    lines = [ledger(name, 100 if name in "ac" else 5, {}, task) for task, names in tasks.items() for name in names]
    drawn = draw_sankey(lines, 900, 200, (2, 2))
    assert [node.label for node in drawn.sources] == ["a", "b", "c", "2 more: chat"]  # a group of one is called by its name
    ends = [float(link.path.split(",")[-1]) for link in drawn.links]
    assert ends == sorted(ends)  # no ribbon crosses another


def test_labels_never_overlap_and_stay_on_the_paper():
    lines = [ledger(f"s{number}", 1, {}) for number in range(9)] + [ledger("huge", 10_000, {"copy": 1})]
    drawn = draw_sankey(lines, 900, 200, (12, 8))
    for nodes in (drawn.sources, drawn.ends):
        middles = [node.y + node.height / 2 for node in nodes]
        assert all(below - above >= 18 for above, below in itertools.pairwise(middles))
        assert middles[0] > 0
        assert middles[-1] < drawn.height


def test_kept_ribbons_lie_over_removed_ones_in_the_colour_of_the_task():
    drawn = draw_sankey([ledger("one", 5, {"copy": 5}, "chat")], 900, 200, (12, 8))
    assert [link.css for link in drawn.links] == ["gone", "t3"]
    assert drawn.links[1].title == "one: 5 kept as chat"


def test_a_source_without_records_is_not_drawn():
    drawn = draw_sankey([ledger("one", 5, {}), ledger("refused", 0, {})], 900, 200, (12, 8))
    assert [node.label for node in drawn.sources] == ["one"]
