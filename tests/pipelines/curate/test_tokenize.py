"""Tokenize: once, in pieces, with a mask that says what is trained on."""

import json

import numpy as np
import pyarrow as pa
import pytest

from polymath.errors import UserError
from polymath.pipelines.curate import tokenize as steps
from polymath.pipelines.curate.forms import FormConfig, pieces_of
from polymath.pipelines.curate.tokenize import TokenizeConfig, tokenize_examples
from polymath.pipelines.curate.tokenizer import TOKENIZER, Codec, TokenizerConfig, fit_tokenizer, load_named
from polymath.records import EXAMPLE
from polymath.store.folder import ShardFolder
from tests.pipelines.curate.made import ENGINE, folder_of, runner

TEMPLATE = (
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}</s>{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"
)


def example(number=0, **fields):
    same = {"id": f"s/{number}#r", "record": number, "source": "s", "task": "instruct", "recipe": "r"}
    return {**same, **fields}


def examples(*rows):
    return pa.Table.from_pylist([example(n, **row) for n, row in enumerate(rows)], schema=EXAMPLE)


ROWS = [
    {"prompt": "Say hi", "reply": "Hi there"},
    {"prompt": "Shout it", "input": "hello", "reply": "HELLO"},
    {"text": "Plain text, all of it."},
    {
        "system": "Be brief.",
        "history": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}],
        "prompt": "c",
        "reply": "d",
    },
]


def told(pieces, row):
    return [
        (text, bool(trained))
        for text, owner, trained in zip(pieces.text.to_pylist(), pieces.example, pieces.trained, strict=True)
        if owner == row
    ]


def test_the_alpaca_form_frames_instruction_input_and_response():
    pieces = pieces_of(examples(*ROWS), FormConfig())
    form = FormConfig()
    assert told(pieces, 0) == [(f"{form.preamble}\n\n### Instruction:\nSay hi\n\n### Response:\n", False), ("Hi there", True)]
    framed = f"{form.preamble_with_input}\n\n### Instruction:\nShout it\n\n### Input:\nhello\n\n### Response:\n"
    assert told(pieces, 1) == [(framed, False), ("HELLO", True)]
    assert told(pieces, 2) == [("Plain text, all of it.", True)]


def test_every_assistant_turn_of_a_conversation_is_trained_on():
    assert told(pieces_of(examples(*ROWS), FormConfig()), 3) == [
        ("Be brief.\n\n### Instruction:\na\n\n### Response:\n", False),
        ("b", True),
        ("\n\n### Instruction:\nc\n\n### Response:\n", False),
        ("d", True),
    ]


class FakeTemplate:
    """A tokenizer's chat template, rendered as transformers would."""

    chat_template = TEMPLATE

    def apply_chat_template(self, turns, tokenize, add_generation_prompt):
        import jinja2

        return jinja2.Template(TEMPLATE).render(messages=turns, add_generation_prompt=add_generation_prompt)


def test_a_chat_template_is_cut_into_what_is_asked_and_what_is_answered():
    pieces = pieces_of(examples(*ROWS), FormConfig(name="chat"), template=FakeTemplate())
    assert told(pieces, 3) == [
        ("<system>Be brief.</s><user>a</s><assistant>", False),
        ("b</s>", True),
        ("<user>c</s><assistant>", False),
        ("d</s>", True),
    ]
    assert told(pieces, 1) == [("<user>Shout it\n\nhello</s><assistant>", False), ("HELLO</s>", True)]


def test_the_chat_form_without_a_template_says_what_to_do():
    with pytest.raises(UserError, match="needs a tokenizer with a chat template; use alpaca"):
        pieces_of(examples(*ROWS), FormConfig(name="chat"), template=None)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A small tokenizer trained on words."""
    path = tmp_path_factory.mktemp("tok")
    rows = examples(*[{"text": f"the cat number {n} sat on the mat and said hello to dog {n * 7}"} for n in range(300)])
    decided = decisions(300)
    plan = fit_tokenizer(folder_of(path / "examples", {"s-00000": rows}), folder_of(path / "split", {"s-00000": decided}),
                         TokenizerConfig(vocabulary=400, sample_mb=1), ENGINE)  # fmt: skip
    return runner(path)("tokenizer", plan)


def decisions(rows, gone=(), split="train"):
    kept = [n not in gone for n in range(rows)]
    return pa.table({"kept": kept, "split": pa.array([split] * rows).dictionary_encode()})


def tokens(tmp_path, trained, rows, gone=(), config=TokenizeConfig(), name="tokens"):
    given = folder_of(tmp_path / f"{name}-examples", {"s-00000": examples(*rows)})
    split = folder_of(tmp_path / f"{name}-split", {"s-00000": decisions(len(rows), gone)})
    return runner(tmp_path)(name, tokenize_examples(given, split, trained, config, ENGINE), "arrow")


def test_ids_are_those_of_hugging_face_piece_by_piece_and_replies_are_closed(tmp_path, trained):
    from tokenizers import Tokenizer

    row = trained.read().to_pylist()[0]
    plain, end = Tokenizer.from_str(row["definition"]), row["end"]
    made = tokens(tmp_path, trained, ROWS).read().to_pylist()
    pieces = pieces_of(examples(*ROWS), FormConfig())
    for number, found in enumerate(made):
        ids, loss = [], []
        for text, is_trained in told(pieces, number):
            piece = plain.encode(text, add_special_tokens=False).ids + ([end] if is_trained else [])
            ids += piece
            loss += [is_trained] * len(piece)
        assert found["ids"] == ids
        assert found["loss"] == loss


def test_examples_of_removed_records_are_not_tokenized(tmp_path, trained):
    made = tokens(tmp_path, trained, ROWS, gone=[1]).read()
    assert made["id"].to_pylist() == ["s/0#r", "s/2#r", "s/3#r"]


def test_a_pair_has_both_sides_with_the_prompt_before_each(tmp_path, trained):
    rows = [{"prompt": "Which?", "chosen": "this one", "rejected": "that"}, ROWS[0]]
    pair, plain = tokens(tmp_path, trained, rows).read().to_pylist()
    asked = pair["loss"].index(True)
    assert pair["ids"][:asked] == pair["rejected_ids"][:asked]
    assert pair["ids"][asked:] != pair["rejected_ids"][asked:]
    assert plain["rejected_ids"] is None


def test_what_was_tokenized_before_is_not_tokenized_again(tmp_path, trained, monkeypatch):
    tokens(tmp_path, trained, ROWS, gone=[1])
    encoded = []
    real = Codec.encode
    monkeypatch.setattr(Codec, "encode", lambda self, texts: encoded.extend(texts.to_pylist()) or real(self, texts))
    again = tokens(tmp_path, trained, ROWS)
    assert [text for text in encoded if "Shout" not in text] == ["HELLO"]
    encoded.clear()
    afresh = tokens(tmp_path, trained, ROWS, name="afresh")
    assert len(encoded) == 9
    assert again.digest == afresh.digest


def test_another_tokenizer_tokenizes_everything_again(tmp_path, trained, monkeypatch):
    tokens(tmp_path, trained, ROWS)
    row = trained.read().to_pylist()[0]
    other = folder_of(tmp_path / "other", {"tokenizer": pa.Table.from_pylist([{**row, "begin": 1}], schema=TOKENIZER)})
    made = tokens(tmp_path, other, ROWS).read()
    assert {ids[0] for ids in made["ids"].to_pylist()} == {1}
    assert not any(loss[0] for loss in made["loss"].to_pylist()), "the opening token is not trained on"


def test_the_tokenizer_is_kept_when_a_threshold_moves(tmp_path, trained):
    rows = examples(*[{"text": f"words {n} of another kind"} for n in range(300)])
    given = folder_of(tmp_path / "examples", {"s-00000": rows})
    run = runner(tmp_path)
    first = run(
        "tokenizer",
        fit_tokenizer(given, folder_of(tmp_path / "a", {"s-00000": decisions(300)}), TokenizerConfig(vocabulary=300), ENGINE),
    )
    again = run(
        "tokenizer",
        fit_tokenizer(
            given,
            folder_of(tmp_path / "b", {"s-00000": decisions(300, gone=range(200))}),
            TokenizerConfig(vocabulary=300),
            ENGINE,
        ),
    )
    assert again.digest == first.digest


@pytest.fixture
def saved(tmp_path, trained):
    """A tokenizer folder as a person has it."""
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    definition = Tokenizer.from_str(trained.read()["definition"][0].as_py())
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=definition, eos_token="<|endoftext|>", pad_token="<|padding|>")
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(tmp_path / "mine")
    return tmp_path / "mine"


def test_a_tokenizer_is_loaded_from_a_folder_with_its_chat_template(tmp_path, saved):
    table = load_named(TokenizerConfig(name=str(saved)))
    row = table.to_pylist()[0]
    assert (row["vocabulary"], row["chat_template"], row["begin"]) == (400, TEMPLATE, None)
    assert json.loads(row["special_tokens"])["eos_token"] == "<|endoftext|>"
    made = tokens(
        tmp_path, folder_of(tmp_path / "named", {"tokenizer": table}), ROWS, config=TokenizeConfig(form={"name": "chat"})
    )
    assert np.sum(made.read()["loss"].to_pylist()[3]) > 2


def test_a_tokenizer_that_cannot_be_found_is_named(tmp_path):
    with pytest.raises(UserError, match=r"tokenizer\.name: 'nobody/nothing' cannot be loaded .*give a hub id, a folder"):
        load_named(TokenizerConfig(name="nobody/nothing"))


def test_where_gigatoken_differs_hugging_face_does_the_work_and_says_so(trained, monkeypatch, caplog):
    from polymath.pipelines.curate import tokenizer as module

    monkeypatch.setattr(
        module, "_encode_fast", lambda tokenizer, texts: (np.zeros(len(texts), np.int64), np.arange(len(texts) + 1))
    )
    codec = Codec(ShardFolder.open(trained.path).read())
    ids, offsets, library = codec.encode(pa.array(["the cat sat", "on the mat"], pa.large_string()))
    assert library == "tokenizers"
    assert "gigatoken's ids differ" in caplog.text
    assert codec.row["vocabulary"] > ids.max()
    assert offsets[-1] == len(ids)


def test_no_texts_make_no_tokens(trained):
    codec = Codec(trained.read())
    ids, offsets, _ = codec.encode(pa.array([], pa.large_string()))
    assert (len(ids), offsets.tolist()) == (0, [0])
    assert steps.VERSION
