import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polymath.text.sentences import count_char, count_sentences

from .text_samples import any_texts, quick, strings_of

SENTENCE = re.compile(r"[.!?][\"'”’)]*([\t\n\f\r ]|\Z)")
marks = st.text(st.sampled_from(".!?\"'”’)“ \n\v\ta…é"), max_size=30)


@quick
@given(st.lists(st.one_of(any_texts, marks), max_size=5))
def test_sentences_are_those_of_the_regular_expression(texts):
    assert count_sentences(strings_of(texts)).tolist() == [len(SENTENCE.findall(text)) for text in texts]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [("", 0), ("No end", 0), ("One. Two! Three?", 3), ('He said "so."', 1), ("v1.2 is (out.)\n", 1), ("Wait... what?!", 2)],
)
def test_a_sentence_ends_where_space_or_nothing_follows(text, sentences):
    assert count_sentences(strings_of([text])).tolist() == [sentences]


@quick
@given(st.lists(st.text(st.sampled_from("{}aé")), max_size=4))
def test_characters_are_counted(texts):
    assert count_char(strings_of(texts), "{").tolist() == [text.count("{") for text in texts]
