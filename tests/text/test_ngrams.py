import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polymath.text.ngram_index import CHARS_PER_WORD, MAX_ITEMS
from polymath.text.ngrams import Matches, build_index, matches

from .test_shingles import is_unspaced
from .text_samples import chars_of, quick, strings_of, unspaced_texts, words_of

N, SHORTEST = 3, 2
spaced_texts = st.lists(st.sampled_from(["a", "b", "c", "D", "é", "a.", "-"]), max_size=14).map(" ".join)
texts = st.lists(st.one_of(spaced_texts, spaced_texts, unspaced_texts), min_size=1, max_size=5)


def units_of(text: str) -> tuple[int, list[str]]:
    """How many units stand for a word, and the units."""
    return (CHARS_PER_WORD, list(chars_of(text))) if is_unspaced(text) else (1, words_of(text))


def windows_of(units: list[str], size: int) -> list[tuple[str, ...]]:
    return [tuple(units[i : i + size]) for i in range(len(units) - size + 1)]


def covered_slowly(item: str, row: str) -> float:
    """The share of the item that the row covers; 0 if they do not match."""
    (scale, units), (row_scale, row_units) = units_of(item), units_of(row)
    if scale != row_scale or len(units) < SHORTEST * scale:
        return 0
    if len(units) < N * scale:
        return float(tuple(units) in windows_of(row_units, len(units)))
    known = set(windows_of(row_units, N * scale))
    starts = [i for i, window in enumerate(windows_of(units, N * scale)) if window in known]
    return len({i + k for i in starts for k in range(N * scale)}) / len(units)


def found(items: list[str], rows: list[str], n: int = N, shortest: int = SHORTEST) -> Matches:
    return matches(build_index(strings_of(items), n, shortest), strings_of(rows))


def shown(match: Matches, rows: list[str]) -> list[str]:
    spans = zip(match.row, match.position, match.length, strict=True)
    return [rows[row].encode()[start : start + length].decode() for row, start, length in spans]


@quick
@given(texts, texts)
def test_matches_and_coverage_are_what_slow_search_finds(items, rows):
    match = found(items, rows)
    by_pair = dict(zip(zip(match.row.tolist(), match.item.tolist(), strict=True), match.covered.tolist(), strict=True))
    slowly = {(r, i): covered_slowly(item, row) for r, row in enumerate(rows) for i, item in enumerate(items)}
    assert by_pair == {pair: covered for pair, covered in slowly.items() if covered}
    assert list(by_pair) == sorted(by_pair)
    assert len(by_pair) == len(match.row)


@quick
@given(texts, texts)
def test_what_is_shown_stands_in_the_row_and_in_the_item(items, rows):
    match = found(items, rows)
    for text, item, row in zip(shown(match, rows), match.item, match.row, strict=True):
        # Cut out of the row, the script of a stretch may be another; its units are the row's.
        scale, units = units_of(items[item])
        stretch = list(chars_of(text)) if scale > 1 else words_of(text)
        assert tuple(stretch) in windows_of(units, len(stretch))
        assert tuple(stretch) in windows_of(units_of(rows[row])[1], len(stretch))
        assert len(stretch) >= min(N * scale, len(units))


def test_case_and_punctuation_do_not_hide_an_item():
    rows = ["Someone wrote: “THE QUICK, brown fox; jumps!” and left."]
    match = found(["The quick brown fox jumps over"], rows)
    assert match.covered.tolist() == [5 / 6]
    assert shown(match, rows) == ["THE QUICK, brown fox; jumps"]


def test_the_longest_stretch_is_shown():
    rows = ["a b c x y c d e f g z a b c"]
    match = found(["a b c d e f g h"], rows)
    assert shown(match, rows) == ["c d e f g"]
    assert match.covered.tolist() == [7 / 8]


def test_a_short_item_must_stand_whole():
    rows = ["what is the capital of spain", "the capital of", "capital of spain the"]
    match = found(["the capital of spain"], rows, n=8, shortest=3)
    assert match.row.tolist() == [0]
    assert (match.covered.tolist(), shown(match, rows)) == ([1.0], ["the capital of spain"])


def test_an_item_that_stands_twice_is_found_once_where_it_stands_first():
    rows = ["x y. a b c d; X Y! a b c d"]
    match = found(["x y", "a b c d"], rows)
    assert (match.item.tolist(), match.covered.tolist()) == ([0, 1], [1.0, 1.0])
    assert shown(match, rows) == ["x y", "a b c d"]


def test_an_item_under_the_shortest_is_never_found():
    assert len(found(["one two"], ["one two one two"], n=5, shortest=3).row) == 0


def test_thai_items_are_found_without_spaces():
    item = "กรุงเทพมหานครเป็นเมืองหลวงและนครที่มีประชากรมากที่สุดของประเทศไทย"
    rows = [f"จงตอบคำถาม {item[:40]} {item[40:]} ถูกหรือผิด", "ข้อความอื่นที่ไม่เกี่ยวข้องกับคำถามนั้นเลยแม้แต่น้อย"]
    match = found([item], rows, n=8, shortest=3)
    assert (match.row.tolist(), match.covered.tolist()) == ([0], [1.0])
    assert shown(match, rows) == [f"{item[:40]} {item[40:]}"]


def test_wording_that_many_items_share_leads_to_a_bounded_number_but_counts_as_covered():
    template = "which of the following statements is true of"
    items = [f"{template} subject number{i} today" for i in range(3 * MAX_ITEMS)]
    match = found(items, [f"{template} nothing", f"{template} subject number{3 * MAX_ITEMS - 1} today"], n=4)
    assert np.count_nonzero(match.row == 0) == MAX_ITEMS
    last = match.covered[(match.row == 1) & (match.item == len(items) - 1)]
    assert last.tolist() == [1.0]


def test_a_row_full_of_hits_takes_bounded_time():
    items = [f"which of the following is true of thing{i} and its many parts" for i in range(2_000)]
    rows = [" ".join(items), " ".join(items[::-1])] * 3
    started = time.process_time()
    match = found(items, rows, n=5)
    assert len(match.row) == 6 * len(items)
    assert (match.covered == 1).all()
    assert time.process_time() - started < 20


@pytest.mark.parametrize("items", [[], ["", None], ["one"]])
def test_an_index_of_nothing_finds_nothing(items):
    assert len(found(items, ["one two three four", ""]).row) == 0
    assert len(found(["a b c d"], items).row) == 0
