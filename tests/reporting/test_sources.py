"""`kedro sources list` and `kedro sources check`."""

import json

import pytest

from polymath.errors import UserError
from polymath.reporting.sources_check import first_records
from polymath.reporting.sources_list import find_sources, place_of
from polymath.sources.library import LicencePolicy, Source
from polymath.sources.rows import Batch, Place
from tests.running import kedro

ENTRY = {"kind": "files", "path": "qa.jsonl", "task": "closed_qa", "licence": "MIT", "fields": {"prompt": "q", "reply": "a"}}
LIBRARY = {
    "qa": Source(**ENTRY, tier="high"),
    "chat": Source(**{**ENTRY, "task": "chat", "licence": "CC-BY-NC-4.0"}),
    "hub": Source(**{**ENTRY, "kind": "hub", "path": "nobody/nothing"}, gated=True),
}


@pytest.mark.parametrize(
    ("task", "tier", "licence", "names"),
    [
        (None, None, None, ["qa", "chat", "hub"]),
        ("chat", None, None, ["chat"]),
        (None, "high", None, ["qa"]),
        (None, None, "*nc*", ["chat"]),
        ("closed_qa", "medium", "mit", ["hub"]),
    ],
)
def test_sources_are_found_by_task_tier_and_licence(task, tier, licence, names):
    assert list(find_sources(LIBRARY, task, tier, licence)) == names


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (("chatt", None, None), "--task: 'chatt' is not a task of a source; did you mean 'chat'"),
        ((None, "best", None), "--tier: 'best' is not a tier"),
        ((None, None, "GPL*"), r"none of these sources has a licence like 'GPL\*'; there are CC-BY-NC-4\.0, MIT"),
    ],
)
def test_a_word_that_finds_nothing_is_told_with_the_known_ones(wanted, message):
    with pytest.raises(UserError, match=message):
        find_sources(LIBRARY, *wanted)


def test_a_source_is_here_on_the_hub_missing_or_refused(tmp_path):
    assert place_of(LIBRARY["qa"], tmp_path, LicencePolicy()) == "files missing"
    (tmp_path / "qa.jsonl").write_text("{}")
    assert place_of(LIBRARY["qa"], tmp_path, LicencePolicy()) == "here"
    assert place_of(LIBRARY["hub"], tmp_path, LicencePolicy()) == "on the hub, gated"
    assert place_of(LIBRARY["hub"], tmp_path, LicencePolicy(deny="MIT")) == "refused"


def test_looking_stops_at_the_rows_that_are_wanted():
    def batches():
        for number in range(3):
            yield Batch(
                "f", Place(0, 2 * number), [(Place(0, 2 * number + n), {"q": f"{number}{n}", "a": "x"}) for n in (0, 1)]
            )
        raise AssertionError("read on beyond what is shown")

    look = first_records("qa", LIBRARY["qa"], batches(), 3)
    assert look.records["prompt"].to_pylist() == ["00", "01", "10"]


def test_a_source_none_of_whose_rows_is_a_record_says_why():
    batch = Batch("f", Place(0, 0), [(Place(0, 0), {"q": None, "a": "x"})])
    with pytest.raises(UserError, match="qa: none of the 1 rows that were read is a record; the first says: prompt is missing"):
        first_records("qa", LIBRARY["qa"], [batch], 5)


@pytest.fixture(scope="module")
def project(make_project):
    """A project with a file of its own, two rows of which are questions."""
    made = make_project()
    raw = made / "data" / "01_raw"
    raw.mkdir(parents=True)
    rows = [{"q": "Is it [bold]?", "a": "It &amp; is"}, {"q": None, "a": "x"}, {"q": "Why?", "a": "Because. " * 400}]
    (raw / "qa.jsonl").write_text("\n".join(map(json.dumps, rows)))
    lines = [{"prompt": "Hi", "chosen": "Hello", "rejected": "No"}]
    (raw / "pairs.jsonl").write_text("\n".join(map(json.dumps, lines)))
    pairs = {**ENTRY, "path": "pairs.jsonl", "task": "preference", "adapter": "pairs", "fields": {}, "licence": "CC-BY-NC-4.0"}
    local = made / "conf" / "local" / "parameters"
    local.mkdir(parents=True, exist_ok=True)
    (local / "mine.yml").write_text(json.dumps({"sources": {"mine": ENTRY, "pairs": pairs}}))
    return made


def test_check_shows_rows_as_the_model_will_see_them_and_what_was_lost(project):
    said = kedro(project, "sources", "check", "mine").stdout
    assert "### Instruction:\n" in said
    assert "Is it [bold]?" in said
    assert "It & is" in said
    assert "characters more" in said
    assert "no record  row 1: null_field" in said
    assert "recipe without_context" in said


def test_check_shows_both_replies_of_a_pair(project):
    said = kedro(project, "sources", "check", "pairs").stdout
    assert "the better reply" in said
    assert "the worse reply" in said


def test_a_hub_source_offline_is_one_clear_sentence(project):
    result = kedro(project, "sources", "check", "squad")
    assert result.returncode == 1
    assert result.stderr.strip() == (
        "rajpurkar/squad is not in the cache and the hub cannot be reached; connect once, or unset HF_HUB_OFFLINE"
    )


def test_list_has_every_entry_with_what_is_here_and_check_knows_no_others(project):
    said = kedro(project, "sources", "list", "--task", "closed_qa").stdout
    mine = next(line for line in said.splitlines() if line.startswith("mine "))
    assert mine.split() == ["mine", "closed_qa", "medium", "MIT", "here"]
    assert "bbh" in said
    assert "did you mean 'mine'" in kedro(project, "sources", "check", "mime").stderr


def test_a_run_with_a_policy_refuses_before_it_reads_and_the_command_says_so(project):
    result = kedro(project, "run", "--pipeline=curate", "--params=run.sources=pairs,run.licences.deny=NC")
    assert result.returncode == 1
    assert "pairs is under CC-BY-NC-4.0, which this run does not accept: run.licences.deny has 'NC'" in result.stderr
    assert not list(project.glob("data/02_records/records/*"))
