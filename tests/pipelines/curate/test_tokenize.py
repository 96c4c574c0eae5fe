"""Tokenize: once, in pieces, with a mask that says what is trained on."""

import json
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pytest
from tokenizers import AddedToken

from polymath.errors import UserError
from polymath.form import FormConfig
from polymath.pipelines.curate import tokenize as steps
from polymath.pipelines.curate.codec import Codec
from polymath.pipelines.curate.forms import pieces_of
from polymath.pipelines.curate.tokenize import TokenizeConfig, tokenize_examples
from polymath.pipelines.curate.tokenizer import TOKENIZER, TokenizerConfig, fit_tokenizer, load_named, plan_named
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
    added_tokens_decoder = MappingProxyType({2: AddedToken("</s>", special=True)})

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


def tokens(tmp_path, trained, rows, gone=(), config=TokenizeConfig(), name="tokens", origin=None):
    given = folder_of(tmp_path / f"{name}-examples", {"s-00000": examples(*rows)}, {"s-00000": {"origin": origin}})
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
    monkeypatch.setattr(
        Codec, "encode", lambda self, texts, first: encoded.extend(texts.to_pylist()) or real(self, texts, first)
    )
    again = tokens(tmp_path, trained, ROWS)
    assert [text for text in encoded if "Shout" not in text] == ["HELLO"]
    encoded.clear()
    afresh = tokens(tmp_path, trained, ROWS, name="afresh")
    assert len(encoded) == 9
    assert again.digest == afresh.digest


def test_examples_of_the_same_records_and_recipes_are_known_by_their_names(tmp_path, trained, monkeypatch):
    pair = {"prompt": "Which?", "chosen": "this one", "rejected": "that"}
    before, now = [*ROWS, pair, {**pair, "task": "preference"}], [*ROWS, pair, pair]
    tokens(tmp_path, trained, before, gone=[1, 2], origin="same")
    framed = []
    monkeypatch.setattr(steps, "pieces_of", lambda table, *more: framed.append(len(table)) or pieces_of(table, *more))
    again = tokens(tmp_path, trained, now, gone=[0, 2], origin="same")
    assert framed[:1] == [2]  # the second row is new, and the last one has moved to another task
    afresh = tokens(tmp_path, trained, now, gone=[0, 2], name="afresh")
    assert again.digest == afresh.digest
    framed.clear()
    tokens(tmp_path, trained, now, gone=[0], origin="other")
    assert framed[:1] == [5]
    tokens(tmp_path, trained, now, gone=[0, 1, 2], origin="other")
    assert framed[:1] == [5]


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
    made = tokens(tmp_path, folder_of(tmp_path / "named", {"tokenizer": table}), ROWS, config=CHAT)
    assert np.sum(made.read()["loss"].to_pylist()[3]) > 2


CHAT = TokenizeConfig(form={"name": "chat"}, tokenizer={"name": "one with a template"})
MARKUP = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
INST = (
    "{% if messages[0].role == 'system' %}{% set said = '<<SYS>>\n' + messages[0].content + '\n<</SYS>>\n\n' %}"
    "{% set turns = messages[1:] %}{% else %}{% set said = '' %}{% set turns = messages %}{% endif %}"
    "{% for m in turns %}{% if m.role == 'user' %}{{ bos_token }}[INST] {{ said if loop.first }}{{ m.content }} [/INST]"
    "{% else %} {{ m.content }} {{ eos_token }}{% endif %}{% endfor %}"
)
WORDS = [f"the cat number {n} sat on the mat and said hello to dog {n * 7}" for n in range(300)]


def chatml_like():
    """Byte-level, no begin token; the template closes each turn with the end token and a line end, as Qwen's does."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=["<|im_start|>", "<|im_end|>"], initial_alphabet=alphabet)
    tokenizer.train_from_iterator(WORDS, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|im_end|>", chat_template=MARKUP)


def llama_like():
    """A space before every text, a begin token before it, bytes for what it does not know; the template writes both ends."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    parts = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    tokenizer.decoder = decoders.Sequence(parts)
    special = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    tokenizer.train_from_iterator(WORDS, trainers.BpeTrainer(vocab_size=500, special_tokens=special))
    tokenizer.pre_tokenizer = None
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    names = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, chat_template=INST, **names)


TALKS = [
    {"prompt": "the cat", "reply": "sat on the mat"},
    {
        "system": "said hello",
        "history": [{"role": "user", "content": "cat or dog"}, {"role": "assistant", "content": "the dog"}],
        "prompt": "and the mat",
        "reply": "hello, mat",
    },
]


def turns_of(talk):
    system = [{"role": "system", "content": talk["system"]}] if "system" in talk else []
    asked = [{"role": "user", "content": talk["prompt"]}, {"role": "assistant", "content": talk["reply"]}]
    return [*system, *talk.get("history", []), *asked]


def named(tmp_path, tokenizer):
    """The tokenizer saved in a folder as a person has it, and loaded as a run loads it."""
    tokenizer.save_pretrained(tmp_path / "folder")
    config = TokenizerConfig(name=str(tmp_path / "folder"))
    return runner(tmp_path)("tokenizer", plan_named(config, ENGINE))


@pytest.mark.parametrize("tokenizer", [chatml_like, llama_like])
def test_the_chat_form_is_what_the_tokenizer_makes_of_the_conversation(tmp_path, tokenizer):
    """Token for token: no second begin or end, and no space that only the beginning of a text has."""
    theirs = tokenizer()
    made = tokens(tmp_path, named(tmp_path, theirs), TALKS, config=CHAT).read().to_pylist()
    for found, talk in zip(made, TALKS, strict=True):
        whole = theirs.apply_chat_template(turns_of(talk), tokenize=True)["input_ids"]
        assert theirs.convert_ids_to_tokens(found["ids"]) == theirs.convert_ids_to_tokens(whole)
        trained = theirs.decode([each for each, loss in zip(found["ids"], found["loss"], strict=True) if loss])
        replies = [turn["content"] for turn in turns_of(talk) if turn["role"] == "assistant"]
        assert [part.strip() for part in trained.split(theirs.eos_token)] == [*replies, ""]


def test_a_reply_that_the_template_does_not_close_is_closed(tmp_path):
    theirs = chatml_like()
    theirs.chat_template = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    for found in tokens(tmp_path, named(tmp_path, theirs), TALKS, config=CHAT).read().to_pylist():
        assert found["ids"][-1] == theirs.eos_token_id


@pytest.mark.parametrize("refusal", ["{{ raise_exception('System role not supported') }}", ""])
def test_where_a_template_takes_no_system_turn_the_prompt_stands_before_the_first_question(tmp_path, refusal):
    theirs = chatml_like()
    theirs.chat_template = (
        "{% for m in messages %}{% if m.role == 'system' %}" + refusal + "{% else %}"
        "<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endif %}{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    made = tokens(tmp_path, named(tmp_path, theirs), TALKS, config=CHAT).read().to_pylist()
    assert theirs.decode(made[1]["ids"]).startswith("<|im_start|>user\nsaid hello\n\ncat or dog<|im_end|>")


def test_a_conversation_that_the_template_refuses_is_named(tmp_path):
    theirs = chatml_like()
    theirs.chat_template = (
        "{% for m in messages %}{% if m.role == 'tool' %}{{ raise_exception('no tools') }}{% endif %}{% endfor %}"
    )
    history = [{"role": "user", "content": "a"}, {"role": "tool", "content": "b"}, {"role": "assistant", "content": "c"}]
    with pytest.raises(UserError, match=r"refuses s/0#r with the turns user, tool \(no tools\); leave its source out"):
        tokens(tmp_path, named(tmp_path, theirs), [{"history": history, "prompt": "d", "reply": "e"}], config=CHAT)


def test_in_the_alpaca_form_a_reply_begins_without_the_space_of_a_new_text(tmp_path):
    theirs = llama_like()
    (found,) = tokens(tmp_path, named(tmp_path, theirs), TALKS[:1]).read().to_pylist()
    assert found["ids"][0] == theirs.bos_token_id
    assert found["ids"].count(theirs.bos_token_id) == 1
    asked = found["loss"].index(True)
    assert theirs.decode(found["ids"]).endswith("### Response:\nsat on the mat</s>")
    assert theirs.convert_ids_to_tokens(found["ids"][asked:])[0][0] != "▁"


def test_a_folder_whose_tokenizer_has_changed_is_read_again(tmp_path):
    first = named(tmp_path, chatml_like())
    assert named(tmp_path, chatml_like()).manifest == first.manifest
    (tmp_path / "folder" / "model.safetensors").write_bytes(b"weights")
    assert named(tmp_path, chatml_like()).manifest == first.manifest
    assert named(tmp_path, llama_like()).digest != first.digest


def test_a_tokenizer_that_cannot_be_found_is_named(tmp_path):
    with pytest.raises(UserError, match=r"tokenizer\.name: 'nobody/nothing' cannot be loaded .*give a hub id, a folder"):
        load_named(TokenizerConfig(name="nobody/nothing"))


def test_where_gigatoken_differs_hugging_face_does_the_work_and_says_so(trained, monkeypatch, caplog):
    from polymath.pipelines.curate import codec as module

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
