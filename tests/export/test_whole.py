"""An export as a whole: it appears at once, never over something else, and is the same each time."""

import pytest

from polymath.errors import UserError
from polymath.export import FORMS, export_mix
from polymath.export.folder import whole_folder
from polymath.project import open_project
from tests.running import kedro


def bytes_of(path):
    return {str(file.relative_to(path)): file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file()}


@pytest.mark.parametrize("form", FORMS)
def test_two_exports_are_byte_for_byte_the_same(exported, tmp_path, form):
    first, second = (exported("sft", form, tmp_path / name).folder for name in ("a", "b"))
    assert bytes_of(first) == bytes_of(second)
    assert len(bytes_of(first)) > 3


def test_an_earlier_export_is_replaced_and_leaves_nothing_behind(exported, tmp_path):
    exported("sft", "megatron", tmp_path / "mix")
    made = exported("sft", "hub", tmp_path / "mix")
    assert sorted(path.name for path in made.folder.iterdir()) == ["README.md", "data", "export.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["mix"]


def test_a_folder_with_other_things_is_refused_and_left_as_it_is(exported, tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UserError, match="holds other things than an export of ours; name another folder with --to"):
        exported("sft", "hub", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_an_export_to_which_a_person_added_or_changed_something_is_refused(exported, tmp_path):
    made = exported("sft", "hub", tmp_path / "mix")
    (made.folder / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match=r"holds notes\.txt, which no export wrote"):
        exported("sft", "hub", tmp_path / "mix")
    (made.folder / "notes.txt").unlink()
    with (made.folder / "README.md").open("a") as card:
        card.write("and my own words")
    with pytest.raises(UserError, match=r"README\.md was changed after it was exported"):
        exported("sft", "hub", tmp_path / "mix")


def test_what_fails_half_way_leaves_the_earlier_export_as_it_was(tmp_path):
    with whole_folder(tmp_path / "mix", {}) as writing:
        (writing / "a").write_text("first")
    with pytest.raises(FileNotFoundError), whole_folder(tmp_path / "mix", {}) as writing:
        (writing / "folder" / "b").write_text("second")
    assert (tmp_path / "mix" / "a").read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["mix"]


def test_unknown_and_empty_tracks_are_named(exported):
    with pytest.raises(UserError, match="'stf' is not a track of this run; did you mean 'sft'"):
        exported("stf", "hub")
    with pytest.raises(UserError, match="no example of this run goes into 'nothing'"):
        exported("nothing", "hub")


def test_the_command_says_what_it_wrote_and_where(finished):
    made = kedro(finished, "export", "--track", "preference", "--as", "chat", "--env", "mine")
    assert made.returncode == 0, made.stderr
    assert "examples of the track preference" in made.stdout
    folder = finished / "data/06_outputs/exports/preference-chat"
    assert str(folder) in made.stdout
    assert (folder / "pairs_train.jsonl").exists()


def test_sources_of_another_environment_are_asked_for(opened):
    with open_project() as base, pytest.raises(UserError, match="'my_chats', which is no source of this environment"):
        export_mix(base, "sft", "hub", None, False)
