import time
from typing import Any

import pytest


def _turns(*values: tuple[str, str]) -> list[dict[str, str]]:
    return [{"from": role, "value": value} for role, value in values]


def _spoken(record: dict[str, Any]) -> list[tuple[str, str]]:
    return [(turn["role"], turn["content"]) for turn in record["messages"]]


HI, HELLO = ("human", "Hi"), ("gpt", "Hello")


def test_roles_of_all_datasets_become_ours(adapted: Any) -> None:
    for row in (
        {"conversations": _turns(HI, HELLO)},
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]},
        {"conversation": [{"role": "prompter", "text": "Hi"}, {"role": "assistant", "text": "Hello"}]},
    ):
        (record,) = adapted("conversation", row, "chat")
        assert _spoken(record) == [("user", "Hi"), ("assistant", "Hello")]


def test_calls_and_what_they_return_are_turns_and_tools_join_the_system_prompt(adapted: Any) -> None:
    turns = _turns(("system", "Be kind."), HI, ("function_call", "{}"), ("observation", "[]"), HELLO)
    (record,) = adapted("conversation", {"conversations": turns, "tools": '[{"name": "f"}]'}, "chat")
    assert [role for role, _ in _spoken(record)] == ["user", "assistant", "tool", "assistant"]
    assert record["system"] == 'Be kind.\n\nYou may call these functions:\n[{"name": "f"}]'


@pytest.mark.parametrize("tools", ["", "[]", "null", None])
def test_no_tools_leave_no_system_prompt(adapted: Any, tools: str | None) -> None:
    (record,) = adapted("conversation", {"conversations": _turns(HI, HELLO), "tools": tools, "system": ""}, "chat")
    assert "system" not in record


def test_a_conversation_cut_out_of_a_longer_one_is_read_from_question_to_reply(adapted: Any) -> None:
    (record,) = adapted("conversation", {"conversations": _turns(HELLO, HI, HELLO, HI)}, "chat")
    assert _spoken(record) == [("user", "Hi"), ("assistant", "Hello")]


@pytest.mark.parametrize(
    ("turns", "reason"),
    [
        (_turns(HI, HI, HELLO), "wrong_order"),
        (_turns(HI, HELLO, HELLO), "wrong_order"),
        (_turns(HI, ("tool", "x"), HELLO), "wrong_order"),
        (_turns(HI, ("gpt", " ")), "empty"),
        (_turns(HI), "no_reply"),
        (_turns(HELLO, HI), "no_reply"),
        ([], "no_reply"),
        (_turns(("narrator", "Once"), HI, HELLO), "unknown_role"),
        ([{"from": "human", "value": None}], "wrong_type"),
        (["Hi", "Hello"], "wrong_type"),
        ("Hi", "wrong_type"),
        (None, "null_field"),
    ],
)
def test_a_conversation_that_is_none_is_unfit(adapted: Any, turns: Any, reason: str) -> None:
    assert adapted("conversation", {"conversations": turns}, "chat") == [reason]


@pytest.mark.parametrize(
    "text",
    [
        "### Human: Hi### Assistant: Hello### Human: More?### Assistant: No",
        "### Human: Hi\n### Assistant: Hello\n### Human: More?\n### Assistant: No",
        "\n\nHuman: Hi\n\nAssistant: Hello\n\nHuman: More?\n\nAssistant: No",
        "<s>[INST] Hi [/INST] Hello </s><s>[INST] More? [/INST] No </s>",
    ],
)
def test_transcripts_in_every_markup_become_turns(adapted: Any, text: str) -> None:
    (record,) = adapted("transcript", {"text": text}, "chat")
    assert _spoken(record) == [("user", "Hi"), ("assistant", "Hello"), ("user", "More?"), ("assistant", "No")]


def test_the_system_prompt_of_a_llama_transcript_stands_apart(adapted: Any) -> None:
    text = "<s>[INST] <<SYS>>\nBe kind.\n<</SYS>>\n\nHi [/INST] Hello </s>"
    (record,) = adapted("transcript", {"text": text}, "chat")
    assert record["system"] == "Be kind."
    assert _spoken(record) == [("user", "Hi"), ("assistant", "Hello")]


def test_text_without_speakers_and_empty_turns_are_unfit(adapted: Any) -> None:
    assert adapted("transcript", {"text": "Once upon a time"}, "chat") == ["bad_row"]
    assert adapted("transcript", {"text": "<s>[INST]  [/INST] Hello </s>"}, "chat") == ["empty"]


def test_liked_replies_are_kept_and_disliked_ones_left_out(adapted: Any) -> None:
    row = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}
    (record,) = adapted("liked", {**row, "label": True}, "chat")
    assert _spoken(record)[-1] == ("assistant", "Hello")
    assert adapted("liked", {**row, "label": False}, "chat") == ["left_out"]
    assert adapted("liked", row, "chat") == ["no_label"]


def test_dialogues_are_put_together_from_lines(adapted_whole: Any) -> None:
    lines = ["Human: Hi", "", "Assistant: Hello", "there", "-----", "", "Human: And?", "", "Assistant: Well.", "-----", "noise"]
    made = adapted_whole("dialogue_lines", [{"text": line} for line in lines], "chat")
    assert [row for row, _ in made] == [0, 5, 10]
    assert _spoken(made[0][1]) == [("user", "Hi"), ("assistant", "Hello\nthere")]
    assert made[2][1] == "bad_row"


def test_a_llama_transcript_whose_marks_never_close_is_read_once(adapted: Any) -> None:
    start = time.process_time()
    assert adapted("transcript", {"text": "[INST]" * 50_000}, "chat") == ["no_reply"]
    [record] = adapted("transcript", {"text": "[INST] Hi [/INST] Hello" + " </s><s> " * 20_000 + "[INST]"}, "chat")
    assert record["messages"][-1] == {"role": "assistant", "content": "Hello"}
    assert time.process_time() - start < 5
