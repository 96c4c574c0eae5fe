import numpy as np
import pytest

from polymath.reporting.card.charts import Scale, histogram, spread, ticks


def beyond(chart) -> float:
    """The height of all bars beyond the limit, as a share."""
    heights = [(bar[2], bar[3]) for bar in chart.bars]
    return sum(height for height, gone in heights if gone) / sum(height for height, _ in heights)


def test_no_bar_is_half_removed():
    values = np.arange(1000.0)
    chart = histogram(values, limit=333.0, is_floor=True)
    for left, width, _, gone in chart.bars:
        assert (left + width <= chart.limit + 1e-3) == gone
    assert beyond(chart) == pytest.approx(0.333, abs=0.01)


def test_what_is_at_the_limit_is_kept_on_either_kind_of_limit():
    values = np.array([10.0] * 50 + [0.0, 20.0])
    assert beyond(histogram(values, 10.0, is_floor=True)) == pytest.approx(1 / 52, abs=0.01)
    assert beyond(histogram(values, 10.0, is_floor=False)) == pytest.approx(1 / 52, abs=0.01)


def test_a_limit_outside_of_all_values_is_on_the_axis():
    chart = histogram(np.linspace(0, 1, 100), limit=5.0, is_floor=False)
    assert 0 < chart.limit <= 1
    assert beyond(chart) == 0


def test_long_tails_are_drawn_on_a_logarithmic_axis():
    values = np.concatenate([np.full(1000, 8.0), [5000.0] * 20])
    marks = [text for _, text in histogram(values, 50.0, is_floor=False).marks]
    assert "1,000" in marks
    assert "10" in marks


def test_one_value_alone_still_makes_a_chart():
    chart = histogram(np.array([3.0]), 3.0, is_floor=True)
    assert len(chart.bars) == 1
    assert not chart.bars[0][3]


def test_shares_are_marked_in_percent():
    marks = [text for _, text in histogram(np.linspace(0, 1, 50), 0.3, is_floor=False, percent=True).marks]
    assert all(text.endswith("%") for text in marks)


def test_marks_are_round_and_within():
    assert [text for _, text in ticks(0.0, 10.0)] == ["0", "2", "4", "6", "8", "10"]
    assert [text for _, text in ticks(0.12, 0.19)] == ["0.12", "0.14", "0.16", "0.18"]
    assert len(ticks(1.0, 1.0)) == 1


def test_values_that_differ_by_a_hair_are_not_torn_apart():
    scale = Scale.around([1.0, 1.0 - 1e-9], 0, 100)
    assert abs(scale(1.0) - scale(1.0 - 1e-9)) < 1


def test_a_spread_has_the_first_and_the_last():
    assert spread(5, 10).tolist() == [0, 1, 2, 3, 4]
    places = spread(1000, 100)
    assert len(places) == 100
    assert places[0] == 0
    assert places[-1] == 999
    assert spread(0, 3).tolist() == []
