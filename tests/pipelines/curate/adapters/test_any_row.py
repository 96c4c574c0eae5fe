import contextlib
import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polymath.pipelines.curate.adapters import adapters, whole_adapters
from polymath.sources.rows import Place, Unfit

QUESTION = {"id": "q", "question": "Who?", "answers": [{"text": "Ann"}], "is_impossible": False}
TURNS = [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]
STEP = {"completions": [{"text": "2+2=4", "rating": 1}, {"text": "2+2=5", "rating": -1}], "chosen_completion": 0}
PRM = {"question": {"problem": "2+2?"}, "label": {"steps": [STEP], "finish_reason": "solution"}}
REPLIES = [{"message_id": m, "text": m, "role": "assistant", "rank": n, "replies": []} for n, m in enumerate("ab")]
TREE = {"prompt": {"message_id": "r", "text": "Hi", "role": "prompter", "lang": "en", "deleted": False, "replies": REPLIES}}
VALID: dict[str, Any] = {
    "squad": {"title": "T", "paragraphs": [{"context": "Ann came.", "qas": [QUESTION]}]},
    "subjqa": {"review": "Nice tea. ANSWERNOTFOUND", "question": "How is it?", "human_ans_spans": "Nice tea"},
    "hotpot": {
        "question": "Who?",
        "answer": "Ann",
        "supporting_facts": {"title": ["T"], "sent_id": [0]},
        "context": {"title": ["T"], "sentences": [["Ann came.", " She left."]]},
    },
    "choices": {"question": "Which?", "choices": {"label": ["A", "B"], "text": ["this", "that"]}, "answerKey": "B"},
    "graded": {"sentence1": "It rains.", "sentence2": "It is wet.", "label": 3.8},
    "copa": {"premise": "It rained.", "choice1": "wet", "choice2": "dry", "question": "effect", "label": 0},
    "alpaca": {"instruction": "Say hi", "input": "to Ann", "output": "Hi Ann"},
    "toolformer": {
        "instruction": "toolformer: enabled\ntoolformer access: wiki\nLooks up.\nwiki(query)\nWho was Ann?",
        "input": "",
        "response": "She was wiki('Ann').",
    },
    "filled_alpaca": {"prompt": "### Instruction:\nSay hi\n\n### Response:\n", "response": "Hi"},
    "natural_instructions": {"Definition": ["Add."], "Instances": [{"id": "task1-a", "input": "1 1", "output": ["2"]}]},
    "self_instruct": {"id": "s", "instruction": "Add.", "instances": [{"input": "1 1", "output": "2"}]},
    "quotes": {"quote": "Be.", "author": "Ann", "tags": "['life', 'joy']"},
    "gsm8k": {"question": "2+2?", "answer": "2+2=<<2+2=4>>4\n#### 4"},
    "math": {"problem": "2+2?", "solution": "It is $\\boxed{4}$.", "level": "Level 1", "type": "Algebra"},
    "chain_of_thought": {"instruction": "2+2?", "output": "Two and two. So the answer is 4."},
    "math_dataset": {"question": "b'2+2?\\n'", "answer": "b'4\\n'"},
    "prm800k": PRM,
    "prm800k_steps": PRM,
    "prm800k_ratings": PRM,
    "conversation": {"id": "c", "conversations": TURNS, "tools": "[]"},
    "transcript": {"text": "### Human: Hi### Assistant: Hello"},
    "liked": {"messages": TURNS, "label": True},
    "oasst_tree": TREE,
    "oasst_pairs": TREE,
    "pairs": {"conversations": TURNS[:1], "chosen": TURNS[1], "rejected": {"from": "gpt", "value": "What?"}},
    "hh_rlhf": {"chosen": "\n\nHuman: Hi\n\nAssistant: Hello", "rejected": "\n\nHuman: Hi\n\nAssistant: No"},
    "ranked": {"instruction": "And?", "input": "", "output": ["well", "bad"], "history": [["Hi", "Hello"]]},
    "scored": {"instruction": "And?", "completions": [{"response": "a", "score": 2}, {"response": "b", "score": 1.5}]},
    "compared_summaries": {"info": {"post": "Long."}, "summaries": [{"text": "S"}, {"text": "L"}], "choice": 0},
    "reddit_tldr": {"title": "T", "selftext": "Much.\n\nTL;DR: little", "score": "3"},
    "newsgroup": {"text": "From: ann\nNewsgroups: sci.med\n\nHello all"},
    "thaigov": {"text": "หัวข้อ\n\n\nข่าว\n\nที่มา : https://example.org"},
    "book": {"text": "Title: T\n*** START OF THE PROJECT GUTENBERG EBOOK T ***\nChapter 1\n\nOnce."},
    "wiki_reverts": {
        "title": "T",
        "revision": [{"text": text} for text in ("Ten words " * 5, "other words " * 5, "Ten words " * 5)],
    },
    "tldr_prompt": {"prompt": "POST: much TL;DR:", "label": " little"},
}
WHOLE: dict[str, list[Any]] = {
    "dialogue_lines": [{"text": "Human: Hi"}, {"text": ""}, {"text": "Assistant: Hello"}, {"text": "-----"}],
    "oasst_messages": [
        {"message_id": "r", "parent_id": None, "text": "Hi", "role": "prompter", "lang": "en"},
        {"message_id": "a", "parent_id": "r", "text": "Hello", "role": "assistant", "rank": 0},
    ],
    "stackexchange": [
        {"Id": "1", "PostTypeId": "1", "Title": "T", "Body": "<p>Why?</p>", "Score": "1", "Tags": "<a><b>"},
        {"Id": "2", "PostTypeId": "2", "ParentId": "1", "Body": "<p>So.</p>", "Score": "2"},
    ],
    "reddit_threads": [
        {"id": "p", "title": "T", "selftext": "Why?", "score": 1},
        {"id": "c", "parent_id": "t3_p", "body": "So.", "score": 1},
    ],
    "reddit_pairs": [
        {"id": "p", "title": "T", "selftext": "Why?", "score": 1},
        {"id": "c", "parent_id": "t3_p", "body": "So.", "score": 20},
        {"id": "d", "parent_id": "t3_p", "body": "No.", "score": 1},
    ],
    "wikitext": [{"text": " = Title = "}, {"text": ""}, {"text": " Words @-@ words . "}],
}
SCALARS = st.none() | st.booleans() | st.integers(-2, 3) | st.floats(allow_nan=False) | st.text(max_size=9)
ANYTHING = st.recursive(SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=5), v, max_size=3))


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from _places(value[key], (*path, key))


@st.composite
def _spoilt(draw: st.DrawFn, value: Any) -> Any:
    """The value with one or two of its parts, at any depth, replaced by anything."""
    holder = {"": copy.deepcopy(value)}
    for _ in range(draw(st.integers(1, 2))):
        path = draw(st.sampled_from(list(_places(holder))[1:] or [("",)]))
        inner: Any = holder
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = draw(ANYTHING)
    return holder[""]


def _are_records(made: Iterator[Any]) -> bool:
    return all(isinstance(record, Unfit | dict) for record in made)


def test_every_adapter_has_a_row_that_it_reads_whole() -> None:
    assert set(VALID) == set(adapters)
    for name, row in VALID.items():
        made = list(adapters[name](row, **adapters.options(name, {}, "test")))
        assert made
        assert all(isinstance(record, dict) for record in made), name


def test_every_adapter_of_all_rows_has_rows_that_it_reads_whole() -> None:
    assert set(WHOLE) == set(whole_adapters)
    for name, rows in WHOLE.items():
        placed = iter([(Place(0, number), row) for number, row in enumerate(rows)])
        ((_, record),) = whole_adapters[name](placed, **whole_adapters.options(name, {}, "test"))
        assert isinstance(record, dict), name


@pytest.mark.parametrize("name", adapters)
@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_whatever_stands_in_a_row_an_adapter_yields_records_or_unfit(name: str, data: st.DataObject) -> None:
    row = data.draw(_spoilt(VALID[name]))
    with contextlib.suppress(Unfit):
        assert _are_records(adapters[name](row, **adapters.options(name, {}, "test")))


@pytest.mark.parametrize("name", whole_adapters)
@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_whatever_stands_in_rows_an_adapter_of_all_rows_reads_on(name: str, data: st.DataObject) -> None:
    rows = data.draw(_spoilt(WHOLE[name]))
    placed = [(Place(0, number), row) for number, row in enumerate(rows if isinstance(rows, list) else [rows])]
    made = list(whole_adapters[name](iter(placed), **whole_adapters.options(name, {}, "test")))
    assert _are_records(record for _, record in made)
    assert {place for place, _ in made} <= {place for place, _ in placed}


def test_no_name_stands_for_two_adapters() -> None:
    assert not set(adapters) & set(whole_adapters)
