"""Talking: replies end, do not depend on one another, fit the context; and what cannot talk says why."""

import json
import logging
import shutil

import pyarrow as pa
import pytest

from polymath.errors import UserError
from polymath.evaluation.talk import Message, Sampling, Speaker, without_oldest
from tests.evaluation.tiny import LEARNT, SHAPES, TEXT, make_model, make_tokenizer, save
from tests.pipelines.curate.made import folder_of

GREEDY = Sampling(max_new_tokens=40)
ASKED = [[Message(role="user", content=text)] for text in LEARNT]


def fresh(kind="llama", chat=True, context=256):
    """A model whose weights are so large that every token of the prompt tells."""
    return Speaker(kind, make_model(kind, context, spread=0.3), make_tokenizer(chat))


def user(*texts):
    """A conversation in which the model said `So.` after each turn but the last."""
    turns = [turn for text in texts for turn in (Message(role="user", content=text), Message(role="assistant", content="So."))]
    return turns[:-1]


def test_an_empty_text_is_begun_by_the_model(speaker):
    assert speaker.complete([""], Sampling(max_new_tokens=3))


def test_what_was_learnt_in_the_form_of_training_is_answered_and_ends(speaker):
    assert speaker.answer(ASKED, GREEDY) == list(LEARNT.values())
    assert all(answer.ended for answer in speaker.answers(ASKED, GREEDY))


def test_a_reply_that_does_not_end_is_cut_off(speaker):
    (answer,) = speaker.answers(ASKED[:1], Sampling(max_new_tokens=2))
    assert (answer.ended, answer.tokens) == (False, 2)
    assert LEARNT["Say hello."].startswith(answer.text)


def test_a_text_is_continued_without_the_text(speaker):
    beginning, rest = TEXT[:30], TEXT[30:]
    assert speaker.complete([beginning], GREEDY)[0].startswith(rest)


DRAWN = Sampling(max_new_tokens=12, temperature=0.05, top_p=0.9, repetition_penalty=1.5)


@pytest.mark.parametrize(("kind", "sampling"), [*((kind, Sampling(max_new_tokens=12)) for kind in SHAPES), ("llama", DRAWN)])
def test_a_reply_does_not_depend_on_the_prompts_beside_it(kind, sampling):
    speaker = fresh(kind)
    together = speaker.answer(ASKED, sampling)
    assert [speaker.answer([asked], sampling)[0] for asked in ASKED] == together
    assert speaker.answer(ASKED[::-1], sampling.model_copy(update={"batch": 3})) == together[::-1]


def test_the_repetition_penalty_does_not_see_the_padding_of_a_batch(speaker):
    strict = Sampling(max_new_tokens=40, repetition_penalty=20.0)
    alone = [speaker.answers([asked], strict)[0] for asked in ASKED]
    assert any(answer.ended for answer in alone)  # the token of the end, which is the padding elsewhere, still wins
    assert speaker.answers(ASKED, strict) == alone


def test_greedy_replies_are_those_of_transformers(speaker):
    ids = speaker.prompt(ASKED[0], GREEDY).ids
    import torch

    made = speaker.model.generate(input_ids=torch.tensor([ids]), do_sample=False, max_new_tokens=40)
    assert speaker.tokenizer.decode(made[0, len(ids) :], skip_special_tokens=True) == speaker.answer(ASKED[:1], GREEDY)[0]


def test_equal_prompts_are_drawn_anew_and_the_same_seed_draws_the_same():
    speaker, hot = fresh(), Sampling(max_new_tokens=10, temperature=1.0, batch=2)
    drawn = speaker.answer([ASKED[0]] * 4, hot)
    assert len(set(drawn)) == 4
    assert speaker.answer([ASKED[0]] * 4, hot) == drawn
    assert speaker.answer([ASKED[0]] * 4, hot.model_copy(update={"seed": 1})) != drawn


def test_draws_follow_the_probabilities_of_the_model():
    import torch

    from polymath.evaluation.drawing import Draw

    logits = torch.log(torch.tensor([0.5, 0.3, 0.2])).repeat(4000, 1)
    drawn = Draw(range(4000))(torch.zeros(0), logits).argmax(dim=1)
    shares = torch.bincount(drawn, minlength=3) / 4000
    assert shares.tolist() == pytest.approx([0.5, 0.3, 0.2], abs=0.025)  # three standard errors


def test_the_models_own_generation_settings_are_set_aside_but_for_its_end_tokens(tmp_path, talker, speaker):
    from transformers import GenerationConfig

    ends = speaker.tokenizer("friend")["input_ids"][-1:]
    own = GenerationConfig(do_sample=True, temperature=5.0, repetition_penalty=9.0, eos_token_id=[0, *ends])
    folder = save(tmp_path / "model", speaker.model, speaker.tokenizer)
    own.save_pretrained(folder)
    (answer,) = Speaker.load(str(folder)).answers(ASKED[:1], GREEDY)
    assert answer.ended
    assert LEARNT["Say hello."].startswith(answer.text + speaker.tokenizer.decode(ends))


@pytest.mark.parametrize("asked", ASKED, ids=list(LEARNT))
def test_streamed_pieces_make_up_the_reply(speaker, asked):
    pieces: list[str] = []
    answer = speaker.stream(speaker.prompt(asked, GREEDY), GREEDY, pieces.append)
    assert "".join(pieces) == answer.text == speaker.answer([asked], GREEDY)[0]
    assert len(pieces) > 2
    assert not any("\ufffd" in piece for piece in pieces)


# --- prompts that are too long ------------------------------------------------------------------------------------------


def test_the_earliest_turns_of_a_long_conversation_are_left_out_and_that_is_told(speaker, caplog):
    system = Message(role="system", content="Be brief.")
    asked = [system, *user("x" * 300, "second question", "last question")]
    with caplog.at_level(logging.WARNING):
        (answer,) = speaker.answers([asked], GREEDY)
    assert answer.left_out > 0
    assert "1 of 1 prompts had more than 216 tokens" in caplog.text
    kept = speaker.tokenizer.decode(speaker.prompt(asked, GREEDY).ids)
    assert kept.startswith("Be brief.")
    assert "second question" in kept
    assert "x" not in kept


def test_the_beginning_of_one_long_turn_is_left_out(speaker):
    asked = [Message(role="system", content="Be brief."), Message(role="user", content="a" + "xy" * 400 + " z?")]
    prompt = speaker.prompt(asked, GREEDY)
    text = speaker.tokenizer.decode(prompt.ids)
    assert len(prompt.ids) <= 216
    assert text.startswith("Be brief.\n\n### Instruction:\n")
    assert text.endswith("xy z?\n\n### Response:\n")
    whole = speaker.tokenizer.apply_chat_template(asked, add_generation_prompt=True)["input_ids"]
    assert prompt.left_out == len(whole) - len(prompt.ids)


def test_a_text_that_is_too_long_loses_its_beginning(speaker):
    prompt = speaker.beginning("xy" * 400 + TEXT, GREEDY)
    assert len(prompt.ids) == 216
    assert speaker.tokenizer.decode(prompt.ids).endswith(TEXT)


def test_a_reply_takes_at_most_half_of_the_context():
    (answer,) = fresh(context=128).answers([user("x" * 500)], Sampling(max_new_tokens=5000))
    assert answer.tokens <= 64


def test_a_system_prompt_without_room_for_another_is_an_error(speaker):
    with pytest.raises(UserError, match="reads prompts of 216 tokens, and the system prompt leaves no room"):
        speaker.answer([[Message(role="system", content="x" * 500), Message(role="user", content="Hi")]], GREEDY)


def test_an_exchange_goes_as_a_whole():
    turns = [Message(role="system", content="s"), *user("a", "b")]
    assert without_oldest(turns) == [turns[0], turns[3]]
    assert without_oldest([turns[0], turns[3]]) is None


# --- what cannot talk ---------------------------------------------------------------------------------------------------


def test_a_model_without_a_chat_template_says_so_and_still_continues_texts():
    base = fresh(chat=False)
    with pytest.raises(UserError, match="has no chat template"):
        base.answer(ASKED, GREEDY)
    assert base.complete([TEXT], Sampling(max_new_tokens=3))


def test_a_template_that_refuses_a_conversation_is_quoted():
    speaker = fresh()
    speaker.tokenizer.chat_template = "{{ raise_exception('no system role here') }}"
    with pytest.raises(UserError, match=r"refuses the conversation \(no system role here"):
        speaker.answer(ASKED, GREEDY)


def test_what_is_no_model_is_told(tmp_path, talker):
    for place, said in (
        (str(tmp_path / "nowhere"), "there is no such folder"),
        (str(tmp_path), "no model lies there"),
        (str(talker.parent), f"did you mean {talker}"),
        ("nobody/knows-this-model", "neither from a folder nor from the hub"),
    ):
        with pytest.raises(UserError, match=said):
            Speaker.load(place)


def test_a_checkpoint_takes_the_tokenizer_of_its_run(tmp_path, speaker):
    checkpoint = tmp_path / "checkpoints" / "checkpoint-8"
    speaker.model.save_pretrained(checkpoint)
    with pytest.raises(UserError, match="no tokenizer lies there"):
        Speaker.load(str(checkpoint))
    definition = speaker.tokenizer.backend_tokenizer.to_str()
    row = {"definition": definition, "special_tokens": json.dumps({"eos_token": "<end>"}), "chat_template": None}
    tokenizer = folder_of(tmp_path / "tokenizer", {"tokenizer": pa.Table.from_pylist([row])})
    job = {"data": {"tokenizer": str(tokenizer.path)}, "run": {"form": {"name": "alpaca"}, "mix": {"digests": {}}}}
    for digest in ("of another mix", tokenizer.digest):
        job["run"]["mix"]["digests"]["tokenizer"] = digest
        (tmp_path / "run.json").write_text(json.dumps(job), "utf-8")
        if digest != tokenizer.digest:
            with pytest.raises(UserError, match=r"the tokenizer that it was trained with is not in .* any more"):
                Speaker.load(str(checkpoint))
    assert Speaker.load(str(checkpoint)).answer(ASKED[:1], GREEDY) == [LEARNT["Say hello."]]
    shutil.rmtree(tokenizer.path)
    speaker.tokenizer.save_pretrained(tmp_path / "model")
    assert Speaker.load(str(checkpoint)).answer(ASKED[:1], GREEDY) == [LEARNT["Say hello."]]


def test_a_tokenizer_of_another_model_is_refused(tmp_path):
    folder = save(tmp_path / "model", make_model(tokens=100), make_tokenizer())
    with pytest.raises(UserError, match="tokenizer has 400 tokens, its model only 100"):
        Speaker.load(str(folder))
