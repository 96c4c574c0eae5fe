import json
from pathlib import Path
from typing import Any

import pytest

from polymath.errors import UserError
from polymath.sources.files import columns_of, content_digest, describe_files, find_files, read_files
from polymath.sources.options import ReadOptions
from polymath.sources.rows import Place


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three files with two rows each, in two folders."""
    folder = tmp_path / "root"
    (folder / "sub").mkdir(parents=True)
    for number, name in enumerate(["b.jsonl", "a.jsonl", "sub/c.jsonl"]):
        (folder / name).write_text(f'{{"n": {2 * number}}}\n{{"n": {2 * number + 1}}}\n')
    return folder


def rows(root: Path, *paths: str, start: Place = Place(0, 0), **options: Any) -> list[tuple[str, Place, Any]]:
    batches = read_files(paths, root, ReadOptions(**options), start)
    return [(batch.file, place, row["n"]) for batch in batches for place, row in batch.rows]


def test_files_are_read_in_the_order_of_their_names_each_once(root: Path) -> None:
    everything = [
        ("a.jsonl", Place(0, 0), 2),
        ("a.jsonl", Place(0, 1), 3),
        ("b.jsonl", Place(1, 0), 0),
        ("b.jsonl", Place(1, 1), 1),
        ("sub/c.jsonl", Place(2, 0), 4),
        ("sub/c.jsonl", Place(2, 1), 5),
    ]
    assert rows(root, "sub/*.jsonl", "b.jsonl", "**/*.jsonl", "./a.jsonl") == everything
    assert rows(root, "*.jsonl") == everything[:4]


def test_reading_goes_on_at_any_place_with_the_same_rows(root: Path) -> None:
    everything = rows(root, "**/*.jsonl")
    for at, (_, place, _) in enumerate(everything):
        assert rows(root, "**/*.jsonl", start=place) == everything[at:]
    assert rows(root, "**/*.jsonl", start=Place(0, 2)) == everything[2:]
    assert rows(root, "**/*.jsonl", start=Place(3, 0)) == []


def test_reading_goes_on_where_any_batch_ended(root: Path) -> None:
    everything = rows(root, "**/*.jsonl")
    ends = [batch.end for batch in read_files(["**/*.jsonl"], root, ReadOptions(batch_rows=1))]
    assert ends.pop() is None
    assert [rows(root, "**/*.jsonl", start=end)[0] for end in ends if end] == everything[1:]


def test_a_description_numbers_files_as_places_do(root: Path) -> None:
    described = describe_files(["**/*.jsonl"], root)
    assert [(file.name, file.bytes) for file in described] == [("a.jsonl", 18), ("b.jsonl", 18), ("sub/c.jsonl", 18)]
    assert all(described[place.file].name == name for name, place, _ in rows(root, "**/*.jsonl"))
    assert described[0].modified_ns == (root / "a.jsonl").stat().st_mtime_ns


def test_a_description_finds_what_holds_no_data_before_any_work(root: Path) -> None:
    (root / "z.jsonl").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:8be3\n")
    with pytest.raises(UserError, match=r"z\.jsonl: is a Git LFS pointer"):
        describe_files(["*.jsonl"], root)


def test_a_name_with_glob_characters_is_a_name_if_it_exists(root: Path) -> None:
    (root / "a[1].jsonl").write_text('{"n": 9}')
    assert rows(root, "a[1].jsonl") == [("a[1].jsonl", Place(0, 0), 9)]


def test_hidden_files_are_not_matched_by_globs(root: Path) -> None:
    (root / "._a.jsonl").write_bytes(b"\0\5\x16\7")
    assert len(rows(root, "*.jsonl")) == 4


def test_no_match_is_an_error_with_the_nearest_names(root: Path) -> None:
    with pytest.raises(UserError, match=r"sub/d\.jsonl: matches no file below .*/root; the nearest names are sub/c\.jsonl"):
        read_files(["sub/d.jsonl"], root)
    with pytest.raises(UserError, match=r"is not a folder, so '\*' cannot be read from it"):
        read_files(["*"], root / "missing")


def test_a_folder_is_an_error_that_shows_how_to_name_its_files(root: Path) -> None:
    with pytest.raises(UserError, match=r"sub: is a folder: name its files, e\.g\. 'sub/\*\.jsonl'"):
        read_files(["sub"], root)


@pytest.mark.parametrize(
    "path", ["../secret.jsonl", "sub/../../secret.jsonl", "link.jsonl", "linked/*.jsonl", "{root}/../secret.jsonl"]
)
def test_what_leads_out_of_the_root_is_refused_unless_it_is_meant(root: Path, path: str) -> None:
    (root.parent / "secret.jsonl").write_text('{"n": 7}')
    (root / "link.jsonl").symlink_to(root.parent / "secret.jsonl")
    (root / "linked").symlink_to(root.parent, target_is_directory=True)
    path = path.replace("{root}", str(root))
    with pytest.raises(UserError, match=r"leads out of .*: set `outside: true` if that is meant"):
        read_files([path], root)
    assert [n for _, _, n in rows(root, path, outside=True)] == [7]


def test_an_absolute_path_inside_the_root_is_the_same_file(root: Path) -> None:
    assert rows(root, str(root / "a.jsonl")) == rows(root, "a.jsonl")


def test_a_name_on_disk_that_is_no_text_is_shown_escaped(root: Path) -> None:
    (root / "caf\udce9.jsonl").write_text('{"n": 1}')
    assert rows(root, "caf*.jsonl") == [("caf\\xe9.jsonl", Place(0, 0), 1)]


def test_the_digest_covers_names_and_bytes_and_nothing_else(root: Path) -> None:
    before = content_digest(["*.jsonl"], root)
    assert before == content_digest(["b.jsonl", "a.jsonl"], root)
    assert len(before) == 32
    (root / "a.jsonl").touch()
    assert content_digest(["*.jsonl"], root) == before
    (root / "a.jsonl").rename(root / "a2.jsonl")
    renamed = content_digest(["*.jsonl"], root)
    (root / "a2.jsonl").write_text('{"n": 2}\n{"n": 4}\n')
    assert len({before, renamed, content_digest(["*.jsonl"], root)}) == 3


def test_the_columns_are_those_of_the_first_readable_row(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('oops\n{"question": 1, "answer": 2}\n')
    (tmp_path / "x.json").write_text("[1, 2]")
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    assert columns_of(["x.jsonl"], tmp_path) == ("question", "answer")
    assert columns_of(["x.json"], tmp_path) == ()
    assert columns_of(["x.csv"], tmp_path) == ("a", "b")


def test_a_file_that_may_not_be_read_is_an_error(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*arguments: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(UserError, match=r"a\.jsonl: cannot be read \(Permission denied\)"):
        list(read_files(["a.jsonl"], root))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"encoding": "utf-88"}, "Python knows no such text encoding"),
        ({"encoding": "base64"}, "Python knows no such text encoding"),
        ({"delimiter": "||"}, "at most 1 character"),
        ({"max_depth": 5000}, "less than or equal to 250"),
        ({"fromat": "json"}, "Extra inputs are not permitted"),
    ],
)
def test_options_are_checked_before_any_file_is_opened(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ReadOptions(**options)


# Rows as the README of the bundle counts them; with what its own traps ask for.
SHARED: list[tuple[str, int, int, dict[str, Any]]] = [
    ("squad_v2/dev-v2.0.json.gz", 6078, 0, {"rows_at": "data.*.paragraphs.*.qas"}),
    ("xquad/xquad.th.json.gz", 1190, 0, {"rows_at": "data.*.paragraphs.*.qas"}),
    ("bbh/bbh/*.json.gz", 3500, 0, {"rows_at": "examples"}),
    ("natural_instructions/tasks/*.json.gz", 86_877, 0, {"rows_at": "Instances"}),
    ("agnews/train.json.gz", 4000, 0, {"rows_at": "Instances"}),
    ("agnews/labels.json.gz", 4, 0, {}),
    ("alpaca/*.json.gz", 10_228, 0, {}),
    ("gsm8k/*.jsonl.gz", 5319, 0, {}),
    ("thai_wisesight/*.jsonl.gz", 24_032, 0, {}),
    ("subjqa/**/*.csv.gz", 2286, 0, {}),
    ("reddit/*.csv.gz", 6999, 0, {}),
    ("mmlu/data/*/*.csv.gz", 1950, 0, {"columns": "question A B C D answer"}),
    ("alpaca_cot/**/*.tsv.gz", 2061, 0, {"columns": "question answer rationale"}),
    ("sst2/*.tsv.gz", 61_486, 0, {}),
    ("**/*.arrow", 1841, 0, {}),
    ("derived_parquet/**/*.parquet", 2221, 0, {}),
    ("stackexchange/**/Posts.xml.gz", 1279, 0, {}),
    ("wikitext2/test.txt.gz", 4358, 0, {"unit": "line"}),
    ("piqa/valid-labels.lst.gz", 1838, 0, {"unit": "line"}),
    ("nltk/sentence_polarity.zip", 10_662, 0, {"unit": "line", "members": "*.pos *.neg", "encoding": "latin-1"}),
    ("nltk/webtext.zip", 2, 4, {"members": "*.txt"}),
    ("newsgroups/mini_newsgroups.tar.gz", 1994, 6, {}),
    ("tldr_news/1.2.0.tar.gz", 7932, 0, {}),
    ("thai_thaigov/thaigov.500.tar.gz", 500, 0, {}),
]


@pytest.mark.parametrize(("path", "good", "bad", "options"), SHARED, ids=[path for path, *_ in SHARED])
def test_real_files_have_the_rows_that_were_counted(
    shared_data: Path, path: str, good: int, bad: int, options: dict[str, Any]
) -> None:
    batches = list(read_files([path], shared_data, ReadOptions(**options)))
    assert sum(len(batch.rows) + (len(batch.table) if batch.table is not None else 0) for batch in batches) == good
    assert sum(len(batch.bad) for batch in batches) == bad
    assert {row.reason for batch in batches for row in batch.bad} <= {"bad_utf8"}


def test_a_real_lfs_pointer_is_named(shared_data: Path) -> None:
    with pytest.raises(UserError, match=r"corner_cases/helpful-base_test\.jsonl\.gz: is a Git LFS pointer"):
        describe_files(["corner_cases/*.gz"], shared_data)


def test_choices_that_look_like_nulls_stay_strings(shared_data: Path) -> None:
    cells = set()
    for batch in read_files(["mmlu/data/**/*.csv.gz"], shared_data, ReadOptions(columns=tuple("qABCDa"))):
        cells |= {cell for _, row in batch.rows for cell in row.values()}
    assert all(isinstance(cell, str) for cell in cells)


def test_a_real_book_is_cut_into_chapters_and_loses_nothing(shared_data: Path) -> None:
    def read(**options: Any) -> list[str]:
        batches = read_files(["gutenberg/GITenberg_11/11-0.txt.gz"], shared_data, ReadOptions(**options))
        return [row["text"] for batch in batches for _, row in batch.rows]

    pieces = read(unit="pieces")
    assert [piece.split()[1] for piece in pieces if piece.startswith("CHAPTER")][:4] == ["I.", "II.", "III.", "IV."]
    assert "".join(pieces) == read()[0]


def test_names_of_real_members_are_kept_in_any_script(shared_data: Path) -> None:
    names = [name for name, _ in find_files(["thai_thaigov/*"], shared_data)]
    assert names == ["thai_thaigov/thaigov.500.tar.gz"]
    members = [file.name for file in describe_files(names, shared_data)]
    assert "thai_thaigov/thaigov.500.tar.gz/data/2021/03/25/ข่าวคณะโฆษก_1.txt" in members
    assert members == sorted(members)


def test_an_object_with_its_rows_inside_is_told_apart_by_its_columns(shared_data: Path) -> None:
    assert columns_of(["squad_v2/*.json.gz"], shared_data) == ("version", "data")
    assert json.dumps(columns_of(["derived_parquet/sciq/*.parquet"], shared_data)).startswith('["question"')
