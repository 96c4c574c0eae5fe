"""The page and the console lines of a plan."""

import re

import pytest

from polymath.planning.shapes import Shapes
from polymath.reporting.plan.curves import draw_curves
from polymath.reporting.plan.page import write_page
from polymath.reporting.plan.words import big, lasting, money, power, three
from tests.pipelines.plan.made import asked, counts_of, made


def page_of(folders, question):
    piece = write_page(*folders.values(), question)
    return piece.table["page"][0].as_py(), piece.note


def test_the_page_tells_the_plan_and_fetches_nothing(tmp_path):
    page, note = page_of(made(tmp_path), asked())
    assert "<h1>1.36\u202fB parameters on 30.5\u202fB tokens</h1>" in page
    assert not re.search(r"(src|href)=.?https?:", page)
    assert "There is no mix yet." in page
    assert note["told"]["nearest"].startswith("gpt_neo_1.3b, 1.32\u202fB parameters")


def test_an_assumed_price_is_told_and_a_given_one_is_not(tmp_path):
    assert any("is assumed" in notice for notice in page_of(made(tmp_path), asked())[1]["notices"])
    given = {"hardware": {"price": 1.5}}
    assert page_of(made(tmp_path, **given), asked(**given))[1]["notices"] == []


def test_too_many_epochs_are_flagged_with_what_the_mix_would_feed(tmp_path):
    folders = made(tmp_path, counts_of(tmp_path / "counts", train=50_000_000))
    page, note = page_of(folders, asked())
    assert any("more than 4" in notice and "it feeds" in notice for notice in note["notices"])
    assert '<span class="act">632</span>' in page


def test_a_model_that_does_not_fit_is_flagged(tmp_path):
    given = {"budget": {"flop": 3e24}, "hardware": {"kind": "cpu_core", "count": 1}}
    page, note = page_of(made(tmp_path, **given), asked(**given))
    assert any("under any ZeRO stage" in notice for notice in note["notices"])
    assert "Full training <b>does not fit</b>" in page


def test_a_shape_far_from_the_optimum_is_told(tmp_path):
    given = {"budget": {"flop": 1e13}}
    assert any(
        "times the parameters of the optimum" in n for n in page_of(made(tmp_path, **given), asked(**given))[1]["notices"]
    )


def test_without_shapes_the_optimum_stands_alone(tmp_path):
    page, note = page_of(made(tmp_path, models=Shapes.model_validate({})), asked())
    assert "There is no shape to reckon with." in page
    assert "memory" not in note["told"]


def test_names_from_the_configuration_are_text_on_the_page(tmp_path):
    question = asked(currency="<b>x", hardware={"price": 2})
    page, _ = page_of(made(tmp_path, currency="<b>x", hardware={"price": 2}), question)
    assert "<b>x" not in page
    assert "&lt;b&gt;x" in page


def test_every_curve_and_mark_lies_within_the_drawing(tmp_path):
    folders = made(tmp_path)
    published = [row for row in folders["training_plan"].read().to_pylist() if row["kind"] == "published"]
    drawing = draw_curves(folders["iso_flop_curves"].read().to_pylist(), published)
    assert [curve.chosen for curve in drawing.curves] == [False, False, True, False, False]
    numbers = [tuple(map(float, pair.split(","))) for curve in drawing.curves for pair in curve.path[1:].split("L")]
    assert all(58 <= x <= 420 and 16 <= y <= 254 for x, y in numbers)
    assert len(drawing.published) + drawing.left_out == len(published)
    assert len(drawing.across) >= 2


@pytest.mark.parametrize(
    ("made_of", "told"),
    [
        (big(6_738_415_616), "6.74 B"), (big(999_999_999), "1.00 B"), (big(2e12), "2.00 T"), (big(950), "950"),
        (power(2.4961e20), "2.50 × 10²⁰"), (three(9.999), "10.0"), (three(0.117), "0.12"),
        (money(1000, "USD"), "1,000 USD"), (money(1.8, "USD"), "1.80 USD"),
        (lasting(0.5), "12.0 hours"), (lasting(2.894), "2.89 days"), (lasting(9587), "26.2 years"),
    ],
)  # fmt: skip
def test_quantities_read_as_people_write_them(made_of, told):
    assert made_of.replace("\u202f", " ") == told
