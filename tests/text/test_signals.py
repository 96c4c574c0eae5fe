import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import example, given

from polymath.text.buffers import as_strings
from polymath.text.signals import STOP_WORDS, Signal, measure

from . import reference_datatrove as reference
from .text_samples import any_texts, quick, repetitive_texts, strings_of


def counted(text: str) -> dict[str, int]:
    """Every signal of one text, counted slowly."""
    words, lines, nonblank = text.split(), text.splitlines(), reference.nonblank_lines_of(text)
    content = [word for word in words if set(word) - reference.SYMBOLS]
    split_lines, paragraphs = reference.split_lines_of(text), reference.paragraphs_of(text)
    return {
        "words": len(words),
        "content_words": len(content),
        "content_word_chars": sum(map(len, content)),
        "hash_signs": text.count("#"),
        "ellipses": text.count("...") + text.count("…"),
        "lines": len(lines),
        "bullet_lines": sum(map(reference.is_bullet, lines)),
        "ellipsis_lines": sum(map(reference.trails_off, lines)),
        "alphabetic_words": sum(map(reference.has_letter, words)),
        "stop_words": len(set(STOP_WORDS) & set(words)),
        "nonblank_lines": len(nonblank),
        "punctuated_lines": sum(line.endswith(reference.SENTENCE_ENDS) for line in nonblank),
        "short_lines": sum(len(line) <= 30 for line in nonblank),
        "duplicate_nonblank_line_chars": reference.repeats(nonblank)[1],
        "newlines": text.count("\n"),
        "chars": len(text),
        "split_lines": len(split_lines),
        "duplicate_split_lines": reference.repeats(split_lines)[0],
        "duplicate_split_line_chars": reference.repeats(split_lines)[1],
        "paragraphs": len(paragraphs),
        "duplicate_paragraphs": reference.repeats(paragraphs)[0],
        "duplicate_paragraph_chars": reference.repeats(paragraphs)[1],
        **{f"top_{n}_gram_chars": reference.top_gram_chars(words, n) for n in range(2, 5)},
        **{f"duplicate_{n}_gram_chars": reference.duplicate_gram_chars(words, n) for n in range(5, 11)},
    }


def decided(of: dict[str, int]) -> tuple[str | None, str | None, str | None]:
    """What the three filters decide when they see only the signals of a text."""
    quality = "gopher_short_doc"
    if of["content_words"] >= 50:
        mean_length = of["content_word_chars"] / of["content_words"]
        quality = reference.first_broken(
            gopher_long_doc=of["content_words"] > 100_000,
            gopher_below_avg_threshold=mean_length < 3,
            gopher_above_avg_threshold=mean_length > 10,
            gopher_too_many_hashes=of["hash_signs"] / of["words"] > 0.1,
            gopher_too_many_ellipsis=of["ellipses"] / of["words"] > 0.1,
            gopher_too_many_bullets=of["bullet_lines"] / of["lines"] > 0.9,
            gopher_too_many_end_ellipsis=of["ellipsis_lines"] / of["lines"] > 0.3,
            gopher_below_alpha_threshold=of["alphabetic_words"] / of["words"] < 0.8,
            gopher_enough_stop_words=of["stop_words"] < 2,
        )
    repetition = "empty"
    if of["chars"]:
        share = {name: count / of["chars"] for name, count in of.items()}
        repetition = reference.first_broken(
            dup_para_frac=of["duplicate_paragraphs"] / of["paragraphs"] > 0.3,
            dup_para_char_frac=share["duplicate_paragraph_chars"] > 0.2,
            dup_line_frac=of["duplicate_split_lines"] / of["split_lines"] > 0.3,
            dup_line_char_frac=share["duplicate_split_line_chars"] > 0.2,
            **{f"top_{n}_gram": share[f"top_{n}_gram_chars"] > (12 - n) / 50 for n in range(2, 5)},
            **{f"duplicated_{n}_n_grams": share[f"duplicate_{n}_gram_chars"] > (20 - n) / 100 for n in range(5, 11)},
        )
    fineweb = "empty"
    if of["nonblank_lines"]:
        fineweb = reference.first_broken(
            line_punct_ratio=of["punctuated_lines"] / of["nonblank_lines"] < 0.12,
            short_line_ratio=of["short_lines"] / of["nonblank_lines"] > 0.67,
            char_dup_ratio=of["duplicate_nonblank_line_chars"] / (of["chars"] - of["newlines"]) > 0.01,
            list_ratio=of["newlines"] / of["words"] > 0.3,
        )
    return quality, repetition, fineweb


def decided_on(text: str) -> tuple[str | None, str | None, str | None]:
    """What they decide when they see the text."""
    return reference.gopher_quality(text), reference.gopher_repetition(text), reference.fineweb(text)


def measured(text: str) -> dict[str, int]:
    return {name: int(column[0]) for name, column in measure(strings_of([text])).items()}


@quick
@given(any_texts)
@example(" \n\n ")
@example("...…....\n-\r\n•\x85")
def test_signals_are_what_slow_counting_finds(text):
    assert text == "" or measured(text) == counted(text)


@quick
@given(repetitive_texts)
@example("ab c d e f g a bc d e f g")
@example("ab c d e f gh a bc d e fg h")
@example("a b c d e f gh ab c d e f g h")
def test_what_repeats_is_what_slow_counting_finds(text):
    assert text == "" or measured(text) == counted(text)


def test_an_empty_text_has_no_signals():
    assert set(measured("").values()) == {0}


def test_texts_do_not_disturb_each_other():
    texts = ["a b a b\n\na b", "", "the the the", "a b a b\n\na b"]
    together = measure(strings_of(texts))
    for i, text in enumerate(texts):
        assert {name: column[i] for name, column in together.items()} == measured(text)


def test_a_table_that_has_run_out_of_rounds_starts_anew():
    text = "one two three four one two three four five six seven eight nine ten"
    columns = measure(strings_of([text] * 20_000))
    assert all(set(columns[name].tolist()) == {count} for name, count in counted(text).items())


def test_without_repetition_the_other_signals_stay_the_same():
    text = strings_of(["the cat sat on the mat\n\nthe cat sat on the mat"])
    full, quick_ = measure(text), measure(text, repetition=False)
    assert all(full[name] == quick_[name] for name in list(full)[: Signal.PARAGRAPHS])
    assert all(quick_[name] == 0 for name in list(full)[Signal.PARAGRAPHS :])


def test_filters_decide_as_datatrove_does_on_real_documents(shared_bench):
    texts = pq.read_table(shared_bench / "data" / "corpus_small.parquet", columns=["text"])["text"]
    sample = texts.take(pa.array(range(0, len(texts), 41)))
    columns = measure(as_strings(sample))
    for i, text in enumerate(sample.to_pylist()):
        assert decided({name: int(column[i]) for name, column in columns.items()}) == decided_on(text)


@quick
@given(repetitive_texts.map(lambda text: text * 5))
def test_filters_decide_as_datatrove_does_on_repetitive_texts(text):
    assert decided(measured(text)) == decided_on(text)
