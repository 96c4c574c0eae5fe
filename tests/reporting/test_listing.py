import pyarrow as pa
import pytest

from polymath.errors import UserError
from polymath.reporting.listing import find_records
from tests.pipelines.curate.made import folder_of, records_of


@pytest.fixture
def load(tmp_path):
    records = records_of(tmp_path / "records", {"a": [{"prompt": str(n), "reply": "r"} for n in range(3)], "b": [{}, {}]})

    def columns(**values: dict[str, list]) -> dict[str, pa.Table]:
        return {
            f"{source}-00000": pa.table({name: pa.array(given[source]) for name, given in values.items()})
            for source in ("a", "b")
        }

    tables = {
        "split_decisions": columns(
            reason={"a": [None, "copy", "refusal"], "b": [None, "copy"]}, task={"a": ["chat"] * 3, "b": ["text"] * 2}
        ),
        "record_concepts": columns(concept={"a": [0, 1, 1], "b": [2, 2]}),
        "clean_decisions": columns(moved={"a": ["rule", None, None], "b": pa.nulls(2, pa.string())}),
    }
    folders = {name: folder_of(tmp_path / name, shards) for name, shards in tables.items()} | {"records": records}
    return folders.__getitem__


def ids(load, source=None, limit=10, **wanted) -> list[str]:
    return [name for name, _, _ in find_records(load, wanted, source, limit).first]


def test_records_are_listed_by_what_became_of_them(load):
    assert ids(load, reason="copy") == ["a/1", "b/1"]
    assert ids(load, reason="copy", source="b") == ["b/1"]
    assert ids(load, reason="kept") == ["a/0", "b/0"]
    assert ids(load, reason="removed", task="chat") == ["a/1", "a/2"]
    assert ids(load, concept="1") == ["a/1", "a/2"]
    assert ids(load, moved="any") == ["a/0"]


def test_all_are_counted_and_the_first_are_listed(load):
    found = find_records(load, {"reason": "removed"}, None, 2)
    assert found.count == 3
    assert [name for name, _, _ in found.first] == ["a/1", "a/2"]


def test_a_word_that_no_record_has_is_an_error_with_the_known_ones(load):
    with pytest.raises(UserError, match="'cop' is not a reason of this run; did you mean 'copy'"):
        find_records(load, {"reason": "cop"}, None, 5)
    with pytest.raises(UserError, match="'c' is not a source of this run"):
        find_records(load, {"reason": "copy"}, "c", 5)
