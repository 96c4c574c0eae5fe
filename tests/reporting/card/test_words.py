from datetime import timedelta

import pytest

from polymath.reporting.card import words
from polymath.reporting.card.words import NARROW


@pytest.mark.parametrize(
    ("value", "told"),
    [(0, "0"), (9_999, "9,999"), (22_333, "22.3 k"), (43_000_000, "43.0 M"), (2_683_531, "2.68 M"), (4.1e11, "410 G")],
)
def test_headlines_have_three_digits_and_a_unit(value, told):
    assert words.short(value) == told.replace(" ", NARROW)


@pytest.mark.parametrize(
    ("part", "whole", "told"),
    [(0, 10, "0 %"), (10, 10, "100 %"), (1, 3, "33.3 %"), (1, 100_000, "<0.1 %"), (99_999, 100_000, ">99.9 %"), (1, 0, "–")],
)
def test_shares_never_round_something_to_nothing_or_to_all(part, whole, told):
    assert words.share(part, whole) == told.replace(" ", NARROW)


@pytest.mark.parametrize(
    ("value", "told"), [(50, "50"), (100_000, "100,000"), (0.12, "0.12"), (18.44, "18.4"), (1234.5, "1,234")]
)
def test_measured_values_have_the_digits_that_they_need(value, told):
    assert words.amount(value) == told


def test_lists_name_five_and_count_the_rest():
    assert words.listed([]) == "none"
    assert words.listed(["a"]) == "a"
    assert words.listed(["a", "b", "c"]) == "a, b and c"
    assert words.listed(list("abcdefg")) == "a, b, c, d, e and 2 more"


def test_what_cannot_be_seen_is_shown_and_line_ends_stay():
    assert words.visible("a\x00b\tc\nd\r\x7f") == "a␀b\tc\nd␍⟨U+007F⟩"


def test_marks_that_would_turn_the_pages_own_words_are_shown_by_number():
    assert words.visible("ab\u202edc") == "ab⟨U+202E⟩dc"
    assert words.visible("مرحبا 😀👩‍👩‍👧") == "مرحبا 😀👩‍👩‍👧"


def test_a_cut_text_keeps_the_accents_of_its_last_letter():
    assert words.cut("abcde\u0301f", 5) == "abcd …"
    assert words.cut("short", 5) == "short"


def test_a_shortened_text_has_its_beginning_and_its_end():
    told = words.shortened("begin " + "x" * 500 + " end", 50)
    assert told.startswith("begin")
    assert told.endswith(" end")
    assert len(told) < 60


def test_commands_can_be_pasted_whatever_a_source_is_called():
    assert words.trace(source="squad_v2", reason="copy") == "kedro trace --source squad_v2 --reason copy"
    assert words.trace("a b/3") == "kedro trace 'a b/3'"
    assert words.trace(source="x; rm -rf /", task=None) == "kedro trace --source 'x; rm -rf /'"


def test_times_are_told_in_minutes_when_they_are_long():
    assert words.seconds(2.06) == f"2.1{NARROW}s"
    assert words.seconds(timedelta(minutes=3, seconds=20).total_seconds()) == f"3{NARROW}min 20{NARROW}s"


def test_languages_have_names_and_unknown_ones_keep_their_code():
    assert words.language("th") == "Thai"
    assert words.language("xx") == "xx"
    assert words.language(None) == "unknown"
