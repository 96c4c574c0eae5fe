"""The page of a training run, or of a chain of them: curves that follow the logs, and what needs a look."""

import json
import re

import pytest
from markupsafe import Markup

from polymath.reporting.training.curves import HEIGHT, SMALL_HEIGHT, SMALL_WIDTH, WIDTH, History, draw_losses, draw_measured
from polymath.reporting.training.notices import notices
from polymath.reporting.training.page import write_page
from polymath.reporting.training.sections import Section
from polymath.training.trained import Trained
from tests.training.mixes import make_mix, training

LOG = [
    {"step": 0, "validation": {"all": 9.0, "code": 9.1, "chat": 8.9}},
    *({"step": step, "loss": 9.0 - step, "learning_rate": 0.1} for step in range(1, 4)),
    {"step": 4, "loss": 5.0, "learning_rate": 0.1, "spike": {"usual": 4.0, "deviations": 9.0}},
    {"step": 4, "validation": {"all": 5.0, "code": 5.5, "chat": 4.5}, "measured": {"accuracy": 0.75}},
]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_mix(tmp_path_factory.mktemp("mix"))


def points(path):
    return [tuple(map(float, each.split(","))) for line in path.split("M")[1:] for each in line.split("L")]


def trained(done, folder):
    """A run that ended, as its folder tells it, without the training."""
    job = done.job(folder)
    (job.folder / "model").mkdir(parents=True)
    (job.folder / "model/config.json").write_text("{}")
    (job.folder / "run.json").write_text(job.model_dump_json())
    log = [{"tokens": 100, "seconds": 0.5, **line} for line in LOG]
    (job.folder / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in log))
    said = {"packed": True, "parameters": 1000, "learning": 1000, "tokens": 400, "seconds": 2.0, "memory_mb": 100}
    counted = {"key": job.run.key, "step": 4, "steps": 4, "spikes": []}
    losses = {"first": LOG[0]["validation"], "validation": LOG[-1]["validation"]}
    (job.folder / "result.json").write_text(json.dumps({**said, **counted, **losses}))
    return Trained(job.folder)


@pytest.fixture(scope="module")
def chain(made, tmp_path_factory):
    """The last of two runs, the second with another learning rate."""
    folder = tmp_path_factory.mktemp("runs")
    first = training(made)
    second = training(made, before=first.run, train={"optimizer": {"learning_rate": 0.001}})
    return [trained(each, folder) for each in (first, second)][-1]


def text_of(piece):
    return " ".join(re.sub(r"<[^>]+>", " ", piece.table["page"][0].as_py()).split())


def test_curves_begin_and_end_where_the_log_does_and_stay_on_the_paper():
    drawn = draw_losses(History([LOG]))
    assert [(curve.name, curve.last) for curve in drawn.validation] == [("all", 5.0), ("chat", 4.5), ("code", 5.5)]
    assert drawn.training.last == 5.0
    assert drawn.spikes == [drawn.training.end]
    every = [point for curve in (drawn.training, *drawn.validation) for point in points(curve.path)]
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in every)
    heights = [y for _, y in points(drawn.training.path)]
    assert heights == sorted(heights)  # a loss that falls goes down the page


def test_a_log_without_steps_has_no_curves():
    assert draw_losses(History([LOG[:1]])) is None


def test_the_steps_of_runs_that_go_on_from_one_another_are_counted_through():
    history = History([LOG, LOG])
    assert history.begins == [0, 4]
    assert [[step for step, _ in run] for run in history.points(lambda line: line.get("loss"))] == [[1, 2, 3, 4], [5, 6, 7, 8]]
    drawn = draw_losses(history)
    assert drawn.training.path.count("M") == 2  # no line leads from a run's end to the next one's beginning
    middle, end = points(drawn.training.path)[3][0], points(drawn.training.path)[-1][0]
    assert drawn.begins == [pytest.approx(52), pytest.approx((52 + end) / 2, abs=0.1)]
    assert middle == drawn.begins[1]


def test_whatever_a_stage_measures_is_drawn_small():
    drawn = {small.name: small for small in draw_measured(History([LOG]))}
    assert set(drawn) == {"accuracy", "learning_rate"}
    assert drawn["accuracy"].validations
    assert not drawn["accuracy"].steps
    assert drawn["learning_rate"].steps
    assert not drawn["learning_rate"].validations
    assert drawn["accuracy"].last == 0.75
    assert all(0 <= x <= SMALL_WIDTH and 0 <= y <= SMALL_HEIGHT for x, y in points(drawn["learning_rate"].steps))


def score(run, by_step):
    """As a run writes down what its checkpoints scored."""
    with (run.folder / "log.jsonl").open("a") as log:
        for step, score in by_step.items():
            scores = {"hellaswag": {"metric": "acc_norm", "score": score, "low": score - 0.1, "high": score + 0.1, "items": 50}}
            log.write(json.dumps({"step": step, "scores": scores}) + "\n")


def test_benchmarks_of_a_chain_are_listed_by_the_steps_of_all_its_runs(made, tmp_path):
    first = training(made)
    second = training(made, before=first.run, train={"optimizer": {"learning_rate": 0.001}})
    runs = [trained(each, tmp_path) for each in (first, second)]
    for run, got in zip(runs, (0.25, 0.3), strict=True):
        score(run, {4: got})
    told = text_of(write_page(runs[-1], 1e9)).replace("\u202f", " ")
    assert re.search(r"Step 4 Step 8 hellaswag acc norm 50 25\.0 % 15\.0 % to 35\.0 % 30\.0 %", told)


def test_benchmarks_between_epochs_are_drawn_and_listed_by_step(made, tmp_path):
    run = trained(training(made), tmp_path)
    score(run, {2: 0.25, 4: 0.3})
    (small, *_) = draw_measured(History([run.log()]))
    assert (small.name, small.low, small.high, small.last) == ("hellaswag", 0.25, 0.3, 0.3)
    told = text_of(write_page(run, 1e9)).replace("\u202f", " ")
    assert re.search(r"hellaswag acc norm 50 25\.0 % 15\.0 % to 35\.0 % 30\.0 % 20\.0 % to 40\.0 %", told)


def test_a_chain_is_one_page_with_a_column_for_each_run_where_they_differ(chain):
    page = write_page(chain, 2**30)
    text = text_of(page)
    assert "2 training runs, one after another" in text
    assert "in 8 steps" in text
    assert "Learning rate 0.01, cosine, warm-up over 5% of the steps 0.001, cosine" in text
    assert text.count("fp32") == 1


def test_a_section_of_the_stage_stands_after_the_curves_and_is_counted(chain):
    page = write_page(chain, 2**30, [Section("calibration", "How sure it is", Markup("<p>Rightly so.</p>"))])
    text = text_of(page)
    assert "2 How sure it is Rightly so." in text
    assert "3 What it was trained on" in text
    assert '<a href="#calibration">How sure it is</a>' in page.table["page"][0].as_py()


def test_what_needs_a_look_is_told(made):
    result = {
        "first": {"code": 2.0, "chat": 3.0},
        "validation": {"code": 2.5, "chat": 1.0},
        "step": 4,
        "steps": 6,
        "packed": False,
        "key": "0123456789abcdef",
        "spikes": [
            {"step": 3, "loss": 7.5, "usual": 2.25, "deviations": 40.0, "examples": ["words/1#r", "sums/2#r"]},
            *({"step": step, "loss": 3.0, "usual": 2.25, "deviations": 7.0, "examples": ["words/1#r"]} for step in (4, 5, 6)),
        ],
    }
    told = " ".join(notices(training(made).run, result))
    assert "The validation loss of code is higher than before" in told
    assert "stopped at step 4 of 6" in told
    assert "one document a row" in told
    assert "The loss of step 3 stood out: 7.500, where 2.250 was usual" in told
    assert "words/1#r and sums/2#r (kedro trace --run 0123456789ab --step 3)" in told
    assert "1 more of its losses stood out" in told


def test_nothing_needs_a_look_where_all_is_well(made):
    result = {"first": {"code": 2.0}, "validation": {"code": 1.0}, "step": 6, "steps": 6, "packed": True, "spikes": []}
    assert notices(training(made).run, result) == []
