"""What Kedro-Viz is given to show, and by which name it tells the kind."""

import inspect
from html import unescape

import pyarrow as pa
import pytest

from polymath.datasets import ChartedShardsDataset, PageDataset, ShardsDataset
from polymath.datasets.previews import GREYS, TASK_COLOURS, bars, said
from polymath.tasks import TASKS
from tests.pipelines.curate.made import folder_of


@pytest.fixture
def fates(tmp_path):
    rows = [("a", None, 7), ("a", "copy", 2), ("b", None, 30), ("b", "too_short", 4), ("b", "copy", 1)]
    table = pa.table(dict(zip(("source", "reason", "records"), map(list, zip(*rows, strict=True)), strict=True)))
    return folder_of(tmp_path / "fates", {"one": table.slice(0, 3), "two": table.slice(3)})


@pytest.mark.parametrize(
    ("dataset", "kind"),
    [(ShardsDataset, "TablePreview"), (ChartedShardsDataset, "PlotlyPreview"), (PageDataset, "HTMLPreview")],
)
def test_viz_knows_the_kind_by_the_annotation(dataset, kind):
    assert inspect.signature(dataset.preview).return_annotation.__name__ == kind


def test_by_itself_a_preview_is_the_first_rows_with_long_text_cut(tmp_path):
    folder_of(tmp_path, {"none": pa.table({"n": pa.array([], pa.int64())}), "some": pa.table({"n": [1234], "t": ["x" * 999]})})
    shown = ShardsDataset(str(tmp_path)).preview()
    assert shown["columns"] == ["n", "t"]
    assert shown["data"][0][0] == "1,234"
    assert shown["data"][0][1].endswith("x…")
    assert len(shown["data"][0][1]) == 160


def test_values_are_counted_over_all_shards(fates):
    shown = ShardsDataset(str(fates.path)).preview(count_by=["reason"])
    assert shown["columns"] == ["reason", "rows", "share"]
    assert sorted(map(tuple, shown["data"])) == [("", "2", "40.0%"), ("copy", "2", "40.0%"), ("too_short", "1", "20.0%")]


def test_a_pivot_has_a_line_for_each_source_the_largest_first(fates):
    pivot = {"index": "source", "columns": "reason", "values": "records"}
    shown = ShardsDataset(str(fates.path)).preview(pivot=pivot, where={"reason": ["copy", "too_short"]})
    assert shown["columns"] == ["source", "too short", "copy"]
    assert shown["data"] == [["b", "4", "1"], ["a", "", "2"]]


def test_bars_stack_what_was_kept_and_grey_what_was_removed(fates):
    figure = bars(fates, "records", "source", "reason", "records", {}, whole=False)
    assert [trace["name"] for trace in figure["data"]] == ["kept", "too short", "copy"]
    assert figure["data"][0]["y"] == ["b", "a"]
    assert figure["data"][0]["x"] == [30, 7]
    assert {trace["marker"]["color"] for trace in figure["data"][1:]} <= set(GREYS)


def test_shares_of_a_bar_add_up_and_tasks_have_their_colours(tmp_path):
    tasks = list(TASKS)[:2]
    folder = folder_of(tmp_path, {"one": pa.table({"track": ["sft"] * 2, "task": tasks, "weight": [0.2, 0.6]})})
    figure = ChartedShardsDataset(str(folder.path)).preview("weight", "track", "task", "share", whole=True)
    assert sum(trace["x"][0] for trace in figure["data"]) == pytest.approx(1)
    assert {trace["name"]: trace["marker"]["color"] for trace in figure["data"]} == {
        task.replace("_", " "): colour for task, colour in zip(tasks, TASK_COLOURS, strict=False)
    }


def test_what_is_said_is_neither_markup_nor_markdown():
    shown = said({"<b>rows</b>": "1"}, ["a_b_c *d* `g`\n# [e](f)"])
    assert "<b>" not in shown
    assert not set("_*[]`") & set(unescape(shown))  # Kedro-Viz undoes entities before it looks for Markdown
