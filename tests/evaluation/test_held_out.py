"""Held-out examples: losses are the model's own, prompts are the ids of training, other tokenizers get the same text."""

import numpy as np
import pytest
import torch

from polymath.evaluation.held_out import HeldOut, Reader, answer_held_out, losses_of
from polymath.training.losses import perplexity
from tests.evaluation.tiny import LEARNT, TEXT, make_model, make_tokenizer


def example(tokenizer, asked, reply, name="s/0#r"):
    """As curate makes its tokens: prompt and reply each by itself, an end token behind the reply."""
    turns = [{"role": "user", "content": asked}]
    prompt = tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=True)["input_ids"]
    said = [*tokenizer(reply)["input_ids"], tokenizer.eos_token_id]
    return HeldOut(name, "s", np.array([*prompt, *said]), np.array([False] * len(prompt) + [True] * len(said)))


def answered(speaker, examples, task="instruct", answers=9):
    definition = speaker.tokenizer.backend_tokenizer.to_str()
    return list(answer_held_out(speaker, definition, task, examples, answers, 40, 4))


@pytest.fixture
def examples(speaker):
    return [example(speaker.tokenizer, asked, reply, f"s/{n}#r") for n, (asked, reply) in enumerate(LEARNT.items())]


def test_what_is_known_by_heart_gets_full_marks_and_a_small_loss(speaker, examples):
    rows = answered(speaker, examples)
    assert [row["answer"] for row in rows] == list(LEARNT.values())
    assert all(each["score"] == pytest.approx(1) for row in rows for each in row["scores"] if each["metric"] == "rouge_l")
    assert max(row["loss"] / row["tokens"] for row in rows) < 0.1
    assert rows[0]["prompt"].endswith("Say hello.\n\n### Response:\n")
    assert [row["bytes"] for row in rows] == [len(reply.encode()) for reply in LEARNT.values()]


def test_losses_are_those_that_transformers_reckons_for_each_example_alone(speaker, examples):
    found = losses_of(speaker, examples, batch=3)
    for (nats, tokens), each in zip(found, examples, strict=True):
        ids = torch.from_numpy(each.ids)[None]
        with torch.no_grad():
            mean = speaker.model(input_ids=ids, labels=ids.masked_fill(~torch.from_numpy(each.trained)[None], -100)).loss
        assert nats == pytest.approx(float(mean) * tokens, abs=1e-3)
        assert tokens == each.trained.sum()


def test_plain_text_has_a_loss_and_no_answer(speaker):
    ids = np.array(speaker.tokenizer(TEXT)["input_ids"])
    (row,) = answered(speaker, [HeldOut("s/0#t", "s", ids, np.ones(len(ids), bool))], task="text")
    assert row["answer"] is None
    assert row["scores"] == []
    assert row["tokens"] == len(ids) - 1
    assert row["wanted"] == TEXT


def test_only_so_many_are_answered_and_the_loss_is_of_all(speaker, examples):
    rows = answered(speaker, examples, answers=1)
    assert [row["answer"] is None for row in rows] == [False, True, True, True]
    assert all(row["tokens"] for row in rows)


def test_a_text_longer_than_the_context_is_measured_by_its_beginning(speaker):
    ids = np.array(speaker.tokenizer(TEXT * 40)["input_ids"])
    assert len(ids) > speaker.context_tokens
    (row,) = answered(speaker, [HeldOut("s/0#t", "s", ids, np.ones(len(ids), bool))], task="text")
    assert row["tokens"] == speaker.context_tokens - 1
    assert row["bytes"] == len(speaker.tokenizer.decode(ids[: speaker.context_tokens]).encode())


def test_a_model_with_another_tokenizer_gets_the_same_text_in_its_own_ids(speaker, examples):
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    from polymath.evaluation.talk import Speaker

    letters = Tokenizer(models.BPE())
    letters.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    letters.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    letters.train_from_iterator(
        [], trainers.BpeTrainer(special_tokens=["<stop>"], initial_alphabet=alphabet, show_progress=False)
    )
    other = Speaker("other", make_model(context=2048), PreTrainedTokenizerFast(tokenizer_object=letters, eos_token="<stop>"))
    definition = make_tokenizer().backend_tokenizer.to_str()
    reader = Reader(definition, other)
    assert not reader.is_same
    translated = reader.translated(examples[0])
    said = other.tokenizer.decode(translated.ids[translated.reply_start :], skip_special_tokens=False)
    assert said == "Hello there, friend!<stop>"
    (mine,), (theirs,) = (answer_held_out(each, definition, "instruct", examples[:1], 0, 8, 4) for each in (speaker, other))
    assert mine["bytes"] == theirs["bytes"]
    assert theirs["tokens"] > mine["tokens"]


def test_perplexity_is_bounded_by_what_can_be_written():
    assert perplexity(0) == 1
    assert perplexity(1e6) == float("inf")
