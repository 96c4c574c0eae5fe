"""What models wrote stands beside its dataset as files that a source reads, a file for each round."""

import json

import pyarrow as pa

from polymath.datasets import OwnRowsDataset
from polymath.engine.contract import EngineConfig, Item, Plan
from polymath.sources.library import Source
from tests.pipelines.curate.made import folder_of


def rows_of(folder):
    return folder.read()


def plan(folder):
    return Plan("made", rows_of, (Item("rows", (folder,), 1),), engine=EngineConfig(workers=1))


def test_each_round_leaves_a_file_and_none_is_written_over(tmp_path):
    dataset = OwnRowsDataset(str(tmp_path / "made"), str(tmp_path / "rows"))
    for number in (1, 2, 2):
        dataset.save(plan(folder_of(tmp_path / str(number), {"a": pa.table({"prompt": [f"p{number}"], "parents": [["s/1"]]})})))
    said = sorted(json.loads(path.read_text())["prompt"] for path in (tmp_path / "rows").glob("*.jsonl"))
    assert said == ["p1", "p2"]


def test_no_rows_leave_no_file(tmp_path):
    dataset = OwnRowsDataset(str(tmp_path / "made"), str(tmp_path / "rows"))
    dataset.save(plan(folder_of(tmp_path / "0", {"a": pa.table({"prompt": pa.array([], pa.string())})})))
    assert not (tmp_path / "rows").exists()


def test_the_source_of_the_environment_iterate_reads_them(tmp_path):
    import yaml

    from tests.conftest import ROOT

    entry = yaml.safe_load((ROOT / "conf/iterate/parameters/sources/own.yml").read_text("utf-8"))["sources"]["own_pairs"]
    place = tmp_path / "own_pairs"
    place.mkdir()
    row = {"messages": [{"role": "user", "content": "p"}], "chosen": "c", "rejected": "r", "margin": 0.5, "parents": ["s/1"]}
    (place / "1.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    batches = list(Source.model_validate(entry).batches(tmp_path))
    assert sum(len(batch.rows or batch.table) for batch in batches) == 1
