"""Size: the optimum, other choices for the same budget, what a mix allows."""

import math

import pytest

from polymath.errors import UserError
from polymath.pipelines.plan.size import list_choices, list_points, nearest, size_models, train_tokens
from tests.pipelines.curate.made import ENGINE
from tests.pipelines.plan.made import asked, counts_of, gpus, made, shapes


def rows(kind, **given):
    return [row for row in list_choices(asked(**given)).to_pylist() if row["kind"] == kind]


def test_the_optimum_costs_the_whole_budget_and_nothing_for_the_same_budget_has_a_lower_loss():
    table = list_choices(asked(budget={"money": 500})).to_pylist()
    best = table[0]
    assert (best["kind"], round(best["cost"], 6)) == ("optimum", 500)
    same = [row for row in table if row["kind"] in ("size", "shape")]
    assert {round(row["flop"] / best["flop"], 6) for row in same} == {1.0}
    assert all(row["loss"] > best["loss"] for row in same)


def test_a_smaller_model_matches_the_optimum_only_by_more_flop_and_one_too_small_never_does():
    best, (half,), (eighth,) = (
        list_choices(asked()).to_pylist()[0],
        [row for row in rows("size") if row["name"] == "half the size"],
        [row for row in rows("size") if row["name"] == "an eighth"],
    )
    assert half["tokens"] == pytest.approx(2 * best["tokens"])
    assert 1.1 < half["flop_to_match"] / best["flop"] < 2
    assert eighth["flop_to_match"] is None


def test_one_shape_is_the_nearest():
    [name] = [row["name"] for row in rows("shape", budget={"flop": 6 * 405e6 * 9.5e9}) if row["nearest"]]
    assert name in ("palm_410m", "pythia_410m")
    assert nearest(shapes().root, 1.0) == "tiny"
    assert nearest(shapes().root, 1e15) == "llama2_70b"


def test_a_mix_that_is_too_small_is_passed_over_too_often_and_says_what_it_allows():
    best = list_choices(asked(10_000_000)).to_pylist()[0]
    [mix] = rows("mix", unique_tokens=10_000_000)
    assert best["epochs"] == pytest.approx(best["tokens"] / 10e6)
    assert (mix["tokens"], mix["epochs"]) == (40_000_000, 4.0)
    assert mix["parameters"] < best["parameters"]
    assert asked().law.optimum(mix["flop"])[1] == pytest.approx(mix["tokens"], rel=1e-3)  # optimal for its own budget
    assert best["repeated_loss"] > best["loss"] + 0.1


def test_without_a_mix_epochs_are_not_known():
    assert {row["epochs"] for row in list_choices(asked()).to_pylist()} == {None}
    assert rows("mix") == []


def test_of_the_counts_only_what_is_trained_on_is_a_mixs_size(tmp_path):
    counts = counts_of(tmp_path / "counts", train=900, validation=70, test=30)
    assert train_tokens(counts) == 900
    [table] = size_models(*_given(), counts, ENGINE).run()
    [mix] = [row for row in table.to_pylist() if row["kind"] == "mix"]
    assert mix["tokens"] == 3600


def _given():
    return asked().plan, gpus(), shapes()


def test_other_counts_make_another_plan_and_equal_ones_the_same(tmp_path):
    few, many = (counts_of(tmp_path / name, train=size) for name, size in (("few", 900), ("many", 9000)))
    before = made(tmp_path / "plan", few)["training_plan"].digest
    assert made(tmp_path / "plan", few)["training_plan"].digest == before
    assert made(tmp_path / "plan", many)["training_plan"].digest != before


def test_published_models_stand_beside_the_plan_as_their_authors_trained_them():
    found = {row["name"]: row for row in rows("published")}
    assert found["llama2_70b"]["tokens"] == 2e12
    assert "palm_1b" not in found  # nobody published weights of it
    assert found["gpt_neox_20b"]["flop"] == pytest.approx(6 * 20_554_567_680 * 472e9)


def test_every_other_fit_says_what_it_would_do():
    assert {row["name"] for row in rows("fit")} == {"chinchilla", "chinchilla_beta27"}
    assert {row["name"] for row in rows("fit", fit="chinchilla")} == {"besiroglu", "chinchilla_beta27"}


def test_curves_are_those_of_the_budget_and_of_its_parts_and_multiples():
    points = list_points(asked(budget={"flop": 1e21})).to_pylist()
    assert {point["flop"] for point in points if point["share"] == 1} == {1e21}
    assert sum(point["optimal"] for point in points) == len({point["share"] for point in points}) == 5
    assert all(math.isclose(6 * point["parameters"] * point["tokens"], point["flop"]) for point in points)


def test_an_unknown_kind_of_hardware_is_told_with_the_nearest_name():
    with pytest.raises(UserError, match=r"plan.hardware.kind: 'a100_80g' is not a kind of hardware; did you mean 'a100_80gb'"):
        asked(hardware={"kind": "a100_80g"})


@pytest.mark.parametrize("flop", [1e11, 1e31, float("inf")])
def test_a_budget_that_no_plan_fits_is_refused(flop):
    with pytest.raises(UserError, match=r"plan\.budget: it comes to .* FLOP; choose one between 1e\+12 and 1e\+30"):
        asked(budget={"flop": flop})


@pytest.mark.parametrize("flop", [1e12, 1e30])
def test_at_the_bounds_there_is_a_whole_plan(tmp_path, flop):
    rows = made(tmp_path, budget={"flop": flop})["training_plan"].read().to_pylist()
    assert all(row["parameters"] > 0 and row["tokens"] > 0 for row in rows if row["kind"] != "mix")


def test_an_unknown_fit_is_told_with_the_nearest_name():
    with pytest.raises(UserError, match=r"fit: 'chinchila' is not a fit; did you mean 'chinchilla'"):
        asked(fit="chinchila")


def test_an_assumed_price_is_not_taken_for_one_in_another_currency():
    with pytest.raises(UserError, match=r"'THB', but the assumed price of a100_80gb is in USD; set plan.hardware.price"):
        asked(currency="THB")
    assert asked(currency="THB", hardware={"price": 60}).machine.price == 60
