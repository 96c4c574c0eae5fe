import json

import pytest

from polymath.reporting.card.reading import FIRST, LAST, Decoder

END = "<|endoftext|>"


@pytest.fixture(scope="module")
def tokenizer() -> dict:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=[END], initial_alphabet=alphabet, show_progress=False)
    made.train_from_iterator(["the lamp is lit and the river is long"] * 20, trainer)
    return {"definition": made.to_str(), "special_tokens": json.dumps({"eos_token": END, "unk_token": None})}


def encoded(tokenizer: dict, text: str) -> list[int]:
    from tokenizers import Tokenizer

    return Tokenizer.from_str(tokenizer["definition"]).encode(text, add_special_tokens=False).ids


@pytest.mark.parametrize("text", ["the lamp is lit", "ก็น้ำ 😀👩‍👩‍👧", "مرحبا\n\tשלום", "<script>&amp;"])
def test_tokens_together_are_the_text_whatever_the_script(tokenizer, text):
    told = Decoder(tokenizer).decode(encoded(tokenizer, text))
    assert "".join(piece for _, piece in told) == text
    assert all(kind == "text" for kind, _ in told)


def test_a_letter_of_several_tokens_stands_with_the_last_of_them(tokenizer):
    told = [piece for _, piece in Decoder(tokenizer).decode(encoded(tokenizer, "😀"))]
    assert len(told) == 4
    assert told == ["", "", "", "😀"]


def test_special_tokens_are_told_apart(tokenizer):
    ids = [*encoded(tokenizer, "lit"), 0, *encoded(tokenizer, " the")]
    kinds = [kind for kind, _ in Decoder(tokenizer).decode(ids)]
    assert kinds.count("special") == 1
    assert ("special", END) in Decoder(tokenizer).decode(ids)


def test_what_is_masked_and_what_is_trained_on_are_runs(tokenizer):
    asked, answered = encoded(tokenizer, "the lamp"), [*encoded(tokenizer, " is lit"), 0]
    side = Decoder(tokenizer).side("", asked + answered, [False] * len(asked) + [True] * len(answered))
    assert [run.trained for run in side.runs] == [False, True]
    assert "".join(piece for _, piece in side.runs[0].tokens) == "the lamp"
    assert (side.tokens, side.trained) == (len(asked) + len(answered), len(answered))


def test_the_middle_of_a_long_example_is_left_out_and_counted(tokenizer):
    ids = encoded(tokenizer, "lamp river " * 2000)
    side = Decoder(tokenizer).side("", ids, [True] * len(ids))
    gap = [piece for run in side.runs for kind, piece in run.tokens if kind == "gap"]
    assert gap == [f"… {len(ids) - FIRST - LAST:,} tokens more …"]
    assert side.tokens == len(ids)
