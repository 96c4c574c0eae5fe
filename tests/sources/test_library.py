"""Choosing sources from the library."""

import pytest
from pydantic import ValidationError

from polymath.errors import UserError
from polymath.sources.benchmarks import Benchmark, refusal
from polymath.sources.library import LicencePolicy, Source, choose, licensed, renamed

BASE = {"kind": "hub", "licence": "MIT", "fields": {"text": "text"}, "task": "text"}
LIBRARY = {
    "books": Source(**BASE, path="me/books", tier="high"),
    "web": Source(**BASE, path="me/web", tier="low"),
    "webtexts": Source(**{**BASE, "kind": "files"}, path="w.txt", tier="high"),
    "qa": Source(**{**BASE, "task": "closed_qa", "licence": "CC-BY-4.0"}, path="me/qa", tier="high", split="validation"),
}


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ("qa books", ["qa", "books"]),
        ("web*", ["web", "webtexts"]),
        ("tier:high", ["books", "webtexts", "qa"]),
        ("tier:high&task:text", ["books", "webtexts"]),
        ("web* licence:mit", ["web", "webtexts", "books"]),
        ("all", ["books", "web", "webtexts", "qa"]),
        ("kind:files web", ["webtexts", "web"]),
    ],
)
def test_a_run_chooses_by_name_glob_or_selector_in_the_order_given(wanted, names):
    assert list(choose(LIBRARY, wanted.split())) == names


def test_an_unknown_source_is_named_with_the_nearest():
    with pytest.raises(UserError, match=r"run\.sources: 'webtext' is not a source; did you mean 'webtexts'\? Known: books, qa"):
        choose(LIBRARY, ["webtext"])


@pytest.mark.parametrize(
    ("word", "message"), [("tier:best", "no source is 'tier:best'"), ("size:big", "'size' is not a selector")]
)
def test_a_selector_that_selects_nothing_says_so(word, message):
    with pytest.raises(UserError, match=message):
        choose(LIBRARY, [word])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"task": "txt"}, "'txt' is not a task; did you mean 'text'"),
        ({"fields": {"promt": "x"}}, "'promt' is not a record field; did you mean 'prompt'"),
        ({"fields": {}}, "an entry needs `fields`"),
        ({"teir": "high"}, "teir"),
    ],
)
def test_a_wrong_entry_is_refused_with_the_nearest_name(change, message):
    with pytest.raises(ValidationError, match=message):
        Source(**{**BASE, **change}, path="x")


def benchmark(**given):
    return {
        "quiz": Benchmark(
            **{"kind": "hub", "path": "me/qa", "licence": "MIT", "item": "question", "split": "validation", **given}
        )
    }


def test_a_source_that_is_a_benchmarks_split_is_refused():
    assert "the split that quiz scores" in (refusal(LIBRARY["qa"], benchmark()) or "")
    assert refusal(LIBRARY["qa"], benchmark(split="test")) is None
    assert refusal(LIBRARY["books"], benchmark()) is None


def test_a_former_name_is_the_same_dataset():
    entry = LIBRARY["qa"].model_copy(update={"path": ("new/qa",), "former": ("me/qa",)})
    assert refusal(entry, benchmark()) is not None


def test_a_split_kept_for_scoring_is_refused_even_without_a_benchmark():
    entry = LIBRARY["qa"].model_copy(update={"benchmark_splits": ("validation",)})
    assert "kept for scoring" in (refusal(entry, {}) or "")


def test_a_run_that_drops_the_benchmark_may_train_on_its_split():
    entry = LIBRARY["qa"].model_copy(update={"benchmark_splits": ("validation",)})
    assert refusal(entry, {}, benchmark()) is None
    assert "the split that quiz scores" in (refusal(entry, benchmark(), benchmark()) or "")


@pytest.mark.parametrize(
    ("policy", "licence", "refused"),
    [
        ({}, "CC-BY-NC-4.0", False),
        ({"deny": ["*NC*"]}, "CC-BY-NC-4.0", True),
        ({"deny": "*nc*"}, "CC-BY-NC-4.0", True),
        ({"deny": "NC"}, "CC-BY-NC-4.0", True),
        ({"deny": "NC"}, "JaNCe-4.0", False),
        ({"allow": "NC"}, "CC-BY-NC-4.0", True),
        ({"deny": ["*NC*"]}, "CC-BY-4.0", False),
        ({"deny": "unknown"}, "unknown", True),
        ({"allow": ["MIT", "public domain"]}, "public domain", False),
        ({"allow": ["MIT", "CC-BY-*"]}, "Apache-2.0", True),
        ({"allow": "CC-*", "deny": "*-NC-*"}, "CC-BY-NC-SA-4.0", True),
    ],
)
def test_a_policy_takes_patterns_and_a_denial_wins(policy, licence, refused):
    assert (LicencePolicy(**policy).refuses(licence) is not None) == refused


def test_a_selector_takes_what_the_policy_lets_it_and_tells_the_rest():
    kept, refused = licensed(choose(LIBRARY, ["tier:high"]), ["tier:high"], LicencePolicy(deny="CC-*"))
    assert (list(kept), refused) == (["books", "webtexts"], ["qa"])


def test_a_source_asked_for_by_name_whose_licence_is_refused_stops_the_run():
    policy = LicencePolicy(deny="CC-*")
    with pytest.raises(
        UserError, match=r"qa is under CC-BY-4\.0, which this run does not accept: run\.licences\.deny has 'CC-\*'"
    ):
        licensed(choose(LIBRARY, ["books", "qa"]), ["books", "qa"], policy)
    with pytest.raises(UserError, match="leaves none of the 1 chosen sources"):
        licensed(choose(LIBRARY, ["q*"]), ["q*"], policy)


def test_a_former_hub_id_is_told_with_the_present_one():
    entry = Source(**BASE, path="new/qa", former=["qa", "me/qa"])
    assert renamed({"x": entry}) == {"qa": "new/qa", "me/qa": "new/qa"}
    from polymath.pipelines.libraries import Sources

    with pytest.raises(ValidationError, match="mine\\.path: 'me/qa' is now 'new/qa' on the hub; write that"):
        Sources({"x": entry.model_dump(), "mine": {**BASE, "path": "me/qa"}})
