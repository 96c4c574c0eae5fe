import pytest

from polymath.pipelines.curate.filters import filters
from polymath.reporting.card.reasons import axis, described, explain, in_percent


@pytest.mark.parametrize("name", sorted(filters))
def test_every_filter_is_described_without_names_of_its_code(name):
    told = described(name, {})
    assert told
    assert "max_" not in told
    assert "min_" not in told
    assert " _" not in told


def test_limits_stand_in_place_of_their_names_shares_in_percent():
    assert described("few_letters", {"min_share": 0.5}) == "Fewer than 50\u202f% of the words have a letter in them."
    assert described("phrases_again", {}).endswith("the limit falls evenly from 15\u202f% to 10\u202f%.")
    assert "60 words" in described("truncated_reply", {})


def test_reasons_that_are_no_filters_say_their_own_limits():
    assert "80\u202f%" in explain("near_duplicate", {}, threshold=0.8, min_coverage=0.7)
    assert "70\u202f%" in explain("benchmark_leak", {}, threshold=0.8, min_coverage=0.7)
    assert explain("copy", {}, 0.8, 0.7)


def test_a_reason_of_a_filter_that_is_gone_is_left_unexplained():
    assert explain("filter_of_last_year", {}, 0.8, 0.7) == ""


def test_axes_are_titled_in_words():
    assert axis("too_few_words", {}) == "words"
    assert axis("mostly_bullets", {}) == "share of the lines"
    assert axis("one_phrase_again", {}) == "largest share, as a multiple of its limit"
    assert in_percent("mostly_bullets", {})
    assert not in_percent("too_few_words", {})
