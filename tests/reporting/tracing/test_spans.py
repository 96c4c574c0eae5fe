"""Shared runs against a slow search that compares everything with everything."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polymath.reporting.tracing import spans
from polymath.reporting.tracing.spans import (
    SHORTEST,
    STRIDE,
    Catalogue,
    Flat,
    Samples,
    count_heads,
    merge,
    sample,
    sample_count,
    shared_runs,
)

LETTERS = st.integers(0, 3)
DOCUMENTS = st.lists(st.lists(LETTERS, max_size=60), min_size=1, max_size=6)


def flat(documents):
    offsets = np.concatenate([[0], np.cumsum([len(each) for each in documents])]).astype(np.int64)
    return Flat(np.array([token for each in documents for token in each], np.uint16), offsets)


def indexed(corpora, wanted=lambda corpus, document: True, bits=3):
    starts = np.concatenate([[0], np.cumsum([sample_count(len(each.ids)) for each in corpora])])
    parts = []
    for number, corpus in enumerate(corpora):
        found = sample(corpus, np.array([wanted(number, row) for row in range(len(corpus.offsets) - 1)], bool))
        parts.append(Samples(found.keys, found.numbers + starts[number]))
    samples = merge(parts)
    return Catalogue(samples, np.concatenate([[0], count_heads(samples.keys, bits).cumsum()]), starts)


def nobody(array, begin, end):
    """Whom it does not help to know what will be read."""


def search(text, corpora, before=None, **how):
    runs = shared_runs(np.array(text, np.uint32), indexed(corpora, **how), corpora.__getitem__, nobody, before)
    return set(zip(*(each.tolist() for each in (runs.begin, runs.end, runs.corpus, runs.document)), strict=True))


def slow_search(text, corpora):
    """The same from the definition: every pair of places whose run cannot be made longer on either side."""
    found = set()
    for corpus, documents in enumerate(corpora):
        for row, document in enumerate(documents):
            for begin in range(len(text)):
                for place in range(len(document)):
                    if begin and place and text[begin - 1] == document[place - 1]:
                        continue
                    size = 0
                    while (
                        begin + size < len(text)
                        and place + size < len(document)
                        and text[begin + size] == document[place + size]
                    ):
                        size += 1
                    if size >= SHORTEST:
                        found.add((begin, begin + size, corpus, row))
    return found


@settings(max_examples=150, deadline=None)
@given(st.lists(DOCUMENTS, min_size=1, max_size=3), st.lists(LETTERS, max_size=30), st.data())
def test_every_shared_run_is_found_and_no_other(corpora, filler, data):
    """The text is made of pieces of the documents, so that there is something to find."""
    text = list(filler)
    for _ in range(data.draw(st.integers(0, 3))):
        document = data.draw(st.sampled_from([each for documents in corpora for each in documents]))
        start = data.draw(st.integers(0, max(len(document) - 1, 0)))
        text += document[start : start + data.draw(st.integers(0, 50))]
    corpora_, every = [flat(each) for each in corpora], slow_search(text, corpora)
    assert search(text, corpora_) == every
    before = data.draw(st.integers(0, len(text)))
    assert {run for run in every if run[0] < before} <= search(text, corpora_, before) <= every


@pytest.mark.parametrize("before", range(STRIDE + 1))
def test_a_run_of_the_promised_length_is_found_wherever_it_lies(before):
    rng = np.random.default_rng(before)
    run, noise = rng.integers(100, 200, SHORTEST).tolist(), rng.integers(300, 400, 40).tolist()
    corpus = flat([noise[:before] + run + noise[before:]])
    assert search([1, 2, 3, *run, 4], [corpus]) == {(3, 3 + SHORTEST, 0, 0)}
    assert search([1, 2, 3, *run[1:], 4], [corpus]) == set()


def test_documents_that_are_not_wanted_are_not_found():
    run = list(range(20))
    assert search(run, [flat([run, run])], wanted=lambda corpus, document: document == 1) == {(0, 20, 0, 1)}


def test_a_run_does_not_reach_into_the_next_document():
    run = list(range(30))
    assert search(run, [flat([run[:15], run[15:]])]) == {(0, 15, 0, 0), (15, 30, 0, 1)}


def test_of_wording_in_more_places_than_are_compared_the_longest_run_is_found_and_it_says_that_there_are_more(monkeypatch):
    monkeypatch.setattr(spans, "MOST_PLACES", 4)
    opening, rest = list(range(10)), list(range(50, 90))
    corpora = [flat([[*opening, 200 + number, 201, 202] for number in range(30)] + [opening + rest])]
    runs = shared_runs(np.array(opening + rest[:30], np.uint32), indexed(corpora), corpora.__getitem__, nobody)
    assert (0, 40, 30) in set(zip(runs.begin.tolist(), runs.end.tolist(), runs.document.tolist(), strict=True))
    assert runs.unseen.tolist()[:4] == [True, True, True, False]


def test_wording_in_more_places_than_are_compared_is_found_where_nothing_goes_on_as_the_text_does(monkeypatch):
    monkeypatch.setattr(spans, "MOST_PLACES", 4)
    opening = list(range(14))
    found = search([*opening, *range(500, 520)], [flat([[*opening, 200 + number] for number in range(30)])])
    assert {(begin, end) for begin, end, *_ in found} == {(0, 14)}
