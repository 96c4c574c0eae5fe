import gzip
import io
import stat
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from polymath.errors import UserError
from polymath.sources import streams
from polymath.sources.files import describe_files, read_files
from polymath.sources.options import ReadOptions
from polymath.sources.rows import Place

ROWS = {"b.jsonl": b'{"n": 1}\n', "a/c.jsonl": b'{"n": 2}\n{"n": 3}\n', "a/b.jsonl.gz": gzip.compress(b'{"n": 4}\n')}
SUFFIXES = ["zip", "tar", "tar.gz", "tar.bz2", "tar.xz", "tgz"]


def pack(path: Path, members: dict[str, bytes]) -> None:
    """An archive of the kind that the file's name says."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return
    mode = {".tar": "w", ".gz": "w:gz", ".tgz": "w:gz", ".bz2": "w:bz2", ".xz": "w:xz"}[path.suffix]
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def read(folder: Path, name: str, start: Place = Place(0, 0), **options: Any) -> list[tuple[str, Place, Any]]:
    batches = read_files([name], folder, ReadOptions(**options), start)
    return [(batch.file, place, row) for batch in batches for place, row in batch.rows]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_members_are_files_in_the_order_of_their_names(tmp_path: Path, suffix: str) -> None:
    name = f"x.{suffix}"
    pack(tmp_path / name, ROWS)
    everything = [
        (f"{name}/a/b.jsonl.gz", Place(0, 0), {"n": 4}),
        (f"{name}/a/c.jsonl", Place(1, 0), {"n": 2}),
        (f"{name}/a/c.jsonl", Place(1, 1), {"n": 3}),
        (f"{name}/b.jsonl", Place(2, 0), {"n": 1}),
    ]
    assert read(tmp_path, name) == everything
    assert read(tmp_path, name, Place(1, 1)) == everything[2:]
    assert [file.name for file in describe_files([name], tmp_path)] == [f"{name}/{m}" for m in sorted(ROWS)]


@pytest.mark.parametrize("suffix", ["zip", "tar.gz"])
def test_what_macos_leaves_in_archives_is_skipped(tmp_path: Path, suffix: str) -> None:
    junk = ["1.2.0/._train.json", "__MACOSX/1.2.0/._x.json", "1.2.0/.DS_Store", "._top"]
    pack(tmp_path / f"x.{suffix}", {**dict.fromkeys(junk, b"\0\x05\x16\x07"), "1.2.0/train.json": b'[{"n": 1}]'})
    assert [row for _, _, row in read(tmp_path, f"x.{suffix}")] == [{"n": 1}]


def test_folders_are_no_members(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        folder = tarfile.TarInfo("folder")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        archive.addfile(tarfile.TarInfo("folder/a.txt"))
    assert [file.name for file in describe_files(["x.tar"], tmp_path)] == ["x.tar/folder/a.txt"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [("*.jsonl", 2), ("a/*", 2), ("**/b.jsonl", 1), ("b.jsonl", 1), ("a/b.jsonl.gz b.jsonl", 2)],
)
def test_members_are_chosen_by_patterns(tmp_path: Path, pattern: str, expected: int) -> None:
    pack(tmp_path / "x.zip", ROWS)
    assert len(describe_files(["x.zip"], tmp_path, ReadOptions(members=pattern))) == expected


def test_a_pattern_that_chooses_nothing_is_an_error_with_the_members(tmp_path: Path) -> None:
    pack(tmp_path / "x.zip", ROWS)
    with pytest.raises(UserError, match=r"x\.zip: no member matches `members: \*\.csv`; Known: a/b\.jsonl\.gz, a/c\.jsonl"):
        read(tmp_path, "x.zip", members=("*.csv",))
    pack(tmp_path / "empty.zip", {})
    with pytest.raises(UserError, match=r"empty\.zip: holds no files"):
        read(tmp_path, "empty.zip")


@pytest.mark.parametrize("suffix", ["zip", "tar"])
@pytest.mark.parametrize("name", ["/etc/x.txt", "../x.txt", "a/../../x.txt", "C:\\x.txt", "..\\x.txt", "\\\\host\\x.txt"])
def test_members_that_lead_out_are_refused_by_name(tmp_path: Path, suffix: str, name: str) -> None:
    pack(tmp_path / f"x.{suffix}", {name: b"text", "good.txt": b"text"})
    with pytest.raises(UserError, match=rf"x\.{suffix}: the member .*x\.txt' leads out of the archive: leave it out"):
        read(tmp_path, f"x.{suffix}")
    assert len(read(tmp_path, f"x.{suffix}", members=("good.txt",))) == 1


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, kind: bytes) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        info = tarfile.TarInfo("passwords.txt")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    with pytest.raises(UserError, match=r"the member 'passwords\.txt' is a link or a device"):
        read(tmp_path, "x.tar")


def test_links_in_a_zip_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        info = zipfile.ZipInfo("passwords.txt")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(UserError, match="is a link or a device"):
        read(tmp_path, "x.zip")


def test_an_encrypted_member_is_an_error(tmp_path: Path) -> None:
    pack(tmp_path / "x.zip", {"a.txt": b"text"})
    content = bytearray((tmp_path / "x.zip").read_bytes())
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(UserError, match=r"x\.zip: a\.txt is encrypted"):
        read(tmp_path, "x.zip")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_archive_that_is_cut_off_is_an_error(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x.{suffix}"
    pack(path, {"a.txt": bytes(range(256)) * 100})
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UserError, match=rf"x\.{suffix}.* (is|data is) (cut off|damaged)"):
        read(tmp_path, path.name)


def test_a_member_whose_bytes_are_damaged_is_an_error_that_names_it(tmp_path: Path) -> None:
    pack(tmp_path / "x.zip", {"a.txt": b"some text that is stored " * 50})
    content = bytearray((tmp_path / "x.zip").read_bytes())
    content[40:50] = b"\xff" * 10
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(UserError, match=r"x\.zip/a\.txt: is damaged, cut off"):
        read(tmp_path, "x.zip")


@pytest.mark.parametrize("suffix", ["zip", "tar.gz"])
def test_an_archive_that_unpacks_to_far_more_is_refused_before_it_is_read(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "BOMB_BYTES", 1_000_000)
    pack(tmp_path / f"x.{suffix}", {"a.txt": bytes(5_000_000)})
    with pytest.raises(UserError, match=rf"x\.{suffix}: unpacks to over 200 times its size, like a bomb"):
        describe_files([f"x.{suffix}"], tmp_path)


def test_a_sparse_tar_member_is_measured_by_what_it_promises(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        info = tarfile.TarInfo("a.txt")
        info.size = 0
        info.pax_headers = {
            "GNU.sparse.major": "0",
            "GNU.sparse.minor": "1",
            "GNU.sparse.map": "0,0",
            "GNU.sparse.size": str(1 << 42),
        }
        archive.addfile(info)
    with pytest.raises(UserError, match="like a bomb"):
        describe_files(["x.tar"], tmp_path)


def test_an_archive_in_an_archive_is_refused(tmp_path: Path) -> None:
    pack(tmp_path / "inner.zip", {"a.txt": b"text"})
    pack(tmp_path / "x.tar", {"dummy.zip": (tmp_path / "inner.zip").read_bytes()})
    for use in (read, lambda folder, name: describe_files([name], folder)):
        with pytest.raises(UserError, match=r"x\.tar/dummy\.zip: is an archive inside an archive"):
            use(tmp_path, "x.tar")


def test_of_two_members_with_one_name_the_later_counts(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a.txt", "old")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.txt", "new")
    assert read(tmp_path, "x.zip") == [("x.zip/a.txt", Place(0, 0), {"text": "new"})]


def test_a_zip_under_another_name_is_still_an_archive(tmp_path: Path) -> None:
    pack(tmp_path / "x.zip", ROWS)
    (tmp_path / "x.zip").rename(tmp_path / "download.json")
    assert len(read(tmp_path, "download.json")) == 4


def test_a_name_in_a_zip_that_is_not_utf8_although_it_says_so_is_an_error(tmp_path: Path) -> None:
    pack(tmp_path / "x.zip", {"ne\xe9.jsonl": b"{}"})
    (tmp_path / "x.zip").write_bytes((tmp_path / "x.zip").read_bytes().replace("\xe9".encode(), b"\xff\xfe"))
    with pytest.raises(UserError, match=r"x\.zip: is damaged"):
        read(tmp_path, "x.zip")


@pytest.mark.parametrize(
    "header", [{"GNU.sparse.size": "q"}, {"GNU.sparse.map": "a,b"}, {"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}]
)
def test_a_sparse_member_of_a_tar_without_sense_is_an_error(tmp_path: Path, header: dict[str, str]) -> None:
    with tarfile.open(tmp_path / "x.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("x.jsonl")
        info.size, info.pax_headers = 8, header
        archive.addfile(info, io.BytesIO(b'{"n": 1}'))
    with pytest.raises(UserError, match=r"x\.tar: is damaged"):
        read(tmp_path, "x.tar")
