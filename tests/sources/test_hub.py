import http.server
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets.exceptions import DatasetNotFoundError
from huggingface_hub.errors import OfflineModeIsEnabled

import datasets
from polymath.errors import UserError
from polymath.sources.hub import hub_digest, hub_features, needs_network, read_hub
from polymath.sources.location import Location
from polymath.sources.options import ReadOptions
from polymath.sources.rows import Place

COMMIT = "0123456789abcdef0123456789abcdef01234567"
README = """---
configs:
- config_name: easy
  data_files:
  - {split: train, path: easy/train.parquet}
  - {split: test, path: easy/test.parquet}
- config_name: hard
  data_files: hard/*.parquet
---
A dataset of numbers.
"""


@pytest.fixture(autouse=True)
def offline_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of `datasets`, and no network."""
    cache = tmp_path_factory.mktemp("cache")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", cache)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return cache


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A local folder laid out like a hub repository, with two configurations."""
    (tmp_path / "numbers" / "easy").mkdir(parents=True)
    (tmp_path / "numbers" / "hard").mkdir()
    (tmp_path / "numbers" / "README.md").write_text(README)
    for split, size in (("train", 5), ("test", 2)):
        pq.write_table(pa.table({"n": range(size)}), tmp_path / "numbers" / "easy" / f"{split}.parquet")
    features = datasets.Features(
        {
            "n": datasets.Value("int64"),
            "label": datasets.ClassLabel(names=["even", "odd"]),
            "tags": [datasets.ClassLabel(names=["x"])],
        }
    )
    table = pa.table({"n": [7, 8], "label": [1, 0], "tags": [[0], []]}, features.arrow_schema)
    pq.write_table(table, tmp_path / "numbers" / "hard" / "train-00000.parquet")
    return tmp_path / "numbers"


def rows(path: Path, **options: Any) -> list[tuple[Place, dict[str, Any]]]:
    found = []
    for batch in read_hub(str(path), **options):
        assert batch.table is not None
        for number, row in enumerate(batch.table.to_pylist()):
            found.append((Place(batch.start.file, batch.start.row + number), row))
    return found


@pytest.mark.parametrize("streaming", [False, True])
def test_a_split_is_read_as_tables_from_any_row_on(folder: Path, streaming: bool) -> None:
    assert rows(folder, name="easy", streaming=streaming) == [(Place(0, n), {"n": n}) for n in range(5)]
    assert rows(folder, name="easy", split="test", streaming=streaming) == [(Place(0, n), {"n": n}) for n in range(2)]
    assert rows(folder, name="easy", start=Place(0, 3), streaming=streaming) == [
        (Place(0, 3), {"n": 3}),
        (Place(0, 4), {"n": 4}),
    ]


def test_the_file_of_a_row_names_configuration_and_split(folder: Path) -> None:
    [batch] = read_hub(str(folder), name="easy", split="test")
    assert (batch.file, batch.start, batch.end) == (f"{folder}/easy/test", Place(0, 0), None)


def test_parts_of_splits_can_be_read(folder: Path) -> None:
    assert [row["n"] for _, row in rows(folder, name="easy", split="train[1:3]+test")] == [1, 2, 0, 1]


def test_data_files_can_be_named(folder: Path) -> None:
    assert [row["n"] for _, row in rows(folder, data_files=["easy/test.parquet"])] == [0, 1]


def test_labels_come_as_numbers_and_their_names_apart(folder: Path) -> None:
    assert rows(folder, name="hard")[0] == (Place(0, 0), {"n": 7, "label": 1, "tags": [0]})
    assert hub_features(str(folder), name="hard") == {"label": ("even", "odd"), "tags": ("x",)}
    assert hub_features(str(folder), name="easy") == {}


def test_an_unknown_configuration_or_split_is_an_error_with_the_known_ones(folder: Path) -> None:
    with pytest.raises(UserError, match="'hrad' is not a configuration; did you mean 'hard'"):
        read_hub(str(folder), name="hrad")
    with pytest.raises(UserError, match=r"name one of its configurations as `config`; Known: easy, hard"):
        read_hub(str(folder))
    with pytest.raises(UserError, match=r"'trian' is not a split; did you mean 'train'\? Known: test, train"):
        read_hub(str(folder), name="easy", split="test+trian[:10%]")


def test_a_repository_with_only_a_script_is_an_error_and_the_script_does_not_run(tmp_path: Path) -> None:
    (tmp_path / "scripted").mkdir()
    (tmp_path / "scripted" / "scripted.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(UserError, match=r"only a loading script, which is never run: .*`revision: refs/convert/parquet`"):
        read_hub(str(tmp_path / "scripted"))
    assert not (tmp_path / "ran").exists()


def test_a_folder_without_data_and_a_name_that_is_none_are_errors(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no files that `datasets` can read: name `data_files`"):
        read_hub(str(tmp_path))
    with pytest.raises(UserError, match="is neither a folder here nor an id on the hub"):
        read_hub("no/such/folder")


def test_offline_and_not_cached_needs_the_network() -> None:
    assert needs_network("rajpurkar/squad_v2")
    with pytest.raises(UserError, match="rajpurkar/squad_v2: needs the network: it is not in the cache"):
        read_hub("rajpurkar/squad_v2")
    with pytest.raises(UserError, match="needs the network"):
        hub_digest("rajpurkar/squad_v2")


@pytest.fixture
def cached(folder: Path, offline_cache: Path) -> str:
    """A hub dataset that was read before, at COMMIT."""
    list(read_hub(str(folder), name="hard"))
    [made] = [info.parent for info in offline_cache.glob("numbers/hard/*/*/dataset_info.json")]
    shutil.copytree(made, offline_cache / "me___numbers" / "hard" / made.parent.name / COMMIT)
    return "me/numbers"


def test_a_cached_dataset_is_read_offline(cached: str) -> None:
    assert not needs_network(cached)
    assert not needs_network(cached, COMMIT, name="hard")
    [batch] = read_hub(cached, name="hard", revision=COMMIT)
    assert batch.table is not None
    assert batch.table.column("n").to_pylist() == [7, 8]
    assert hub_digest(cached) == hub_digest(cached, revision=COMMIT) != hub_digest(cached, revision=COMMIT[::-1])


def test_another_commit_than_the_cached_one_is_never_taken_for_it(cached: str) -> None:
    other = COMMIT[::-1]
    assert needs_network(cached, other)
    assert needs_network(cached, name="easy")
    with pytest.raises(UserError, match=f"needs the network: the cache holds commit {COMMIT}, not {other}"):
        read_hub(cached, name="hard", revision=other)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            DatasetNotFoundError("Dataset 'a/b' is a gated dataset on the Hub."),
            r"is gated: accept its terms at .*/a/b and run `hf auth login`",
        ),
        (DatasetNotFoundError("Dataset 'a/b' doesn't exist on the Hub"), "is not on the hub, or private: was it renamed"),
        (DatasetNotFoundError("Revision 'v9' doesn't exist for dataset 'a/b'"), "has no revision 'v9'"),
        (OfflineModeIsEnabled("offline"), "needs the network"),
        (RuntimeError("Dataset scripts are no longer supported, but found b.py"), "has only a loading script"),
        (KeyError("first line\nsecond"), "cannot be read .KeyError"),
    ],
)
def test_what_the_hub_says_becomes_one_sentence_with_a_way_out(
    monkeypatch: pytest.MonkeyPatch, error: Exception, message: str
) -> None:
    def fail(*arguments: Any, **options: Any) -> None:
        raise error

    monkeypatch.setattr(datasets, "load_dataset_builder", fail)
    with pytest.raises(UserError, match=f"a/b: {message}") as told:
        read_hub("a/b", revision="v9")
    assert "\n" not in str(told.value)


def test_the_digest_of_a_local_folder_is_that_of_its_files(folder: Path) -> None:
    before = hub_digest(str(folder))
    assert before == hub_digest(str(folder))
    (folder / "easy" / "test.parquet").rename(folder / "easy" / "validation.parquet")
    assert hub_digest(str(folder)) != before
    assert not needs_network(str(folder))


@pytest.mark.parametrize("name", ["/etc/passwd", "../secret.jsonl", "a/../../b.json", "https://example.org/x.csv", "file:///x"])
def test_files_of_a_repository_stay_in_it(name: str) -> None:
    with pytest.raises(UserError, match=r"data_files: .* leads out of its repository; name files by their path in it"):
        Location.model_validate({"kind": "hub", "path": "me/numbers", "licence": "MIT", "data_files": name})


def test_a_local_folder_outside_the_project_is_refused_unless_it_is_meant(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    place = Location(kind="hub", path=str(folder), config="hard", licence="MIT")
    for look in (place.batches, place.content_digest):
        with pytest.raises(UserError, match=r"leads out of the project: set `read: \{outside: true\}`"):
            look(tmp_path)
    meant = place.model_copy(update={"read": ReadOptions(outside=True)})
    assert [len(batch.table) for batch in meant.batches(tmp_path) if batch.table is not None] == [2]
    monkeypatch.chdir(tmp_path)
    assert list(place.batches(tmp_path))


ANSWERS = {
    "gone": (404, {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"}),
    "private": (401, {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Invalid username or password."}),
    "gated": (403, {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access to dataset me/gated is restricted"}),
    "lost": (404, {"X-Error-Code": "RevisionNotFound", "X-Error-Message": "Invalid rev id: v9"}),
}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A hub of our own on this machine, which answers as the real one does."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            code, headers = next((a for name, a in ANSWERS.items() if f"/me/{name}" in self.path), ANSWERS["gone"])
            self.send_response(code)
            for key, value in headers.items():
                self.send_header(key, value)
            self.end_headers()

        do_HEAD = do_GET

        def log_message(self, *words: Any) -> None:
            """Silent."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", address)
    yield
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gone", "is not on the hub, or private: was it renamed"),
        ("private", "is not on the hub, or private: was it renamed"),
        ("gated", r"is gated: accept its terms at .*/me/gated and run `hf auth login`"),
        ("lost", "has no revision 'v9'"),
    ],
)
@pytest.mark.usefixtures("hub")
def test_what_a_hub_answers_becomes_one_sentence(name: str, message: str) -> None:
    with pytest.raises(UserError, match=f"me/{name}: {message}") as told:
        hub_digest(f"me/{name}", revision="v9")
    assert "\n" not in str(told.value)


def test_reading_goes_on_with_the_batches_of_a_reading_of_the_whole(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("polymath.sources.hub.OPTIONS", ReadOptions(batch_rows=100, batch_mb=0.01))
    sizes = [10, 900, 3, 2000] * 80
    pq.write_table(pa.table({"text": ["x" * size for size in sizes]}), folder / "easy" / "train.parquet")
    pq.write_table(pa.table({"text": ["x"]}), folder / "easy" / "test.parquet")
    whole = [(batch.start, batch.table) for batch in read_hub(str(folder), name="easy")]
    assert len(whole) > 8
    for number, (start, _) in enumerate(whole):
        rest = [(batch.start, batch.table) for batch in read_hub(str(folder), name="easy", start=start)]
        assert [place for place, _ in rest] == [place for place, _ in whole[number:]]
        assert all(one.equals(other) for (_, one), (_, other) in zip(rest, whole[number:], strict=True))
