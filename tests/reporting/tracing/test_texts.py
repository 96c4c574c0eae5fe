"""What a text repeats of the training examples, as people are told it."""

import numpy as np
import pytest
from tokenizers import Tokenizer

from polymath.errors import UserError
from polymath.reporting.tracing.spans import Runs
from polymath.reporting.tracing.texts import Span, find_spans, spans_of, tell_text
from tests.pipelines.curate.made import folder_of
from tests.reporting.tracing.test_index import made, tokens_of
from tests.training.mixes import tokenizer_table

HOTEL = "We stayed at the Grand Hotel Miramar by the old harbour of Trapani"
TEXTS = [f"In May of 19{year} it rained. {HOTEL}, and left on day {year}." for year in range(30, 55)]
OTHERS = ["A cat sat on the mat of the mill.", "What is the sum of one and two? Say the word again."]


@pytest.fixture(scope="module")
def mix(tmp_path_factory):
    """Tokens of the texts, and their tokenizer; the hotel stands in 25 examples."""
    path = tmp_path_factory.mktemp("mix")
    tokenizer = folder_of(path / "tokenizer", {"tokenizer": tokenizer_table()})
    reader = Tokenizer.from_str(tokenizer_table()["definition"][0].as_py())
    shards = [[reader.encode(text).ids for text in texts] for texts in (TEXTS, OTHERS)]
    return {"tokens": tokens_of(path / "tokens", shards), "tokenizer": tokenizer}


@pytest.fixture(scope="module")
def index(mix, tmp_path_factory):
    return made(tmp_path_factory.mktemp("index"), mix["tokens"])


def find(index, mix, text, min_tokens=12):
    found = find_spans(index, mix["tokenizer"], text, min_tokens)
    return [(found.words(span), len(span.examples)) for span in found.spans]


def test_the_longest_span_is_told_with_every_example_that_holds_it(index, mix):
    assert find(index, mix, f"My favourite: {HOTEL}! I love it.") == [(f" {HOTEL}", 25)]


def test_a_span_is_told_with_what_is_around_it_where_one_example_has_that_too(index, mix):
    (found,) = find(index, mix, f"In 1931 it rained. {HOTEL}, and left on day 31. So what?")
    assert found == (f" 1931 it rained. {HOTEL}, and left on day 31.", 1)


@pytest.mark.parametrize("text", ["cat sat on the mat of", "A cat sat on the mat of"])
def test_the_first_word_is_found_whether_it_began_the_example_or_stood_within(index, mix, text):
    (found,) = find(index, mix, text)
    assert found[0].strip() == text


def test_shorter_spans_than_the_least_are_not_told(index, mix):
    text = f"Oh, what a day: {HOTEL}! We will never ever come back to it again."
    assert len(find(index, mix, text, min_tokens=40)) == 1
    assert find(index, mix, text, min_tokens=60) == []


def test_a_text_with_fewer_tokens_than_the_shortest_span_is_an_error(index, mix):
    with pytest.raises(UserError, match=r"trace --text: the text has \d tokens, and spans of fewer than 12 are not looked for"):
        find(index, mix, "Hello")


def runs_of(*rows, unseen=()):
    begin, end, corpus, document = np.array(rows).T
    mask = np.zeros(100, bool)
    mask[list(unseen)] = True
    return Runs(begin, end, corpus, document, mask)


def test_a_span_that_longer_ones_cover_is_left_out_and_an_example_counts_once():
    runs = runs_of((0, 30, 0, 1), (0, 30, 0, 1), (0, 30, 1, 4), (10, 40, 2, 0), (5, 20, 3, 3), (50, 64, 0, 2))
    assert spans_of(runs, 12) == [
        Span(0, 30, [(0, 1), (1, 4)], False),
        Span(10, 40, [(2, 0)], False),
        Span(50, 64, [(0, 2)], False),
    ]
    assert [span.end - span.begin for span in spans_of(runs, 20)] == [30, 30]


def test_where_more_places_were_not_compared_there_are_at_least_so_many_examples():
    spans = spans_of(runs_of((0, 20, 0, 0), (50, 70, 0, 1), unseen=[53]), 12)
    assert [span.at_least for span in spans] == [False, True]


def test_the_index_is_made_once_and_at_most_the_limit_is_listed(project, mix, capsys):
    project.load = mix.__getitem__
    tell_text(project, f"My favourite: {HOTEL}!", 12, limit=2)
    first = capsys.readouterr().out
    assert "making an index of the training tokens of 27 examples, once for this mix" in first
    assert "in 25 examples" in first
    assert "s0/0#r  text, s0" in first
    assert "and 23 more (--limit)" in first
    tell_text(project, "One two three four five six seven eight nine ten.", 12, limit=2)
    second = capsys.readouterr().out
    assert "making" not in second
    assert "no 12 in a row stand in the training examples of this mix" in second
