import time
from typing import Any

import pytest

from polymath.pipelines.curate.adapters.reasoning import boxed

TASK = "reasoning"


def test_gsm8k_gives_steps_and_the_answer_apart(adapted: Any) -> None:
    row = {"question": "How many?", "answer": "48/2 = <<48/2=24>>24 clips\n1000+24 = <<1000+24=1024>>1024\n#### 1,024"}
    (record,) = adapted("gsm8k", row, TASK)
    assert record == {"prompt": "How many?", "reply": "48/2 = 24 clips\n1000+24 = 1024", "answer": "1024"}
    (kept,) = adapted("gsm8k", row, TASK, calculator=True)
    assert "<<48/2=24>>" in kept["reply"]
    assert adapted("gsm8k", {"question": "How many?", "answer": "24"}, TASK) == ["null_field"]


@pytest.mark.parametrize(
    ("solution", "answer"),
    [
        (r"so $\boxed{2}$.", "2"),
        (r"$\boxed{\frac{1}{2}}$ and done", r"\frac{1}{2}"),
        (r"first \boxed{1}, then \boxed{x \in \{1, 2\}}", r"x \in \{1, 2\}"),
        (r"$\boxed 5$", "5"),
        (r"$\fbox{7}$", "7"),
        (r"\boxed{cut off", None),
        ("no box", None),
    ],
)
def test_the_answer_is_what_the_last_box_holds(solution: str, answer: str | None) -> None:
    assert boxed(solution) == answer


def test_math_keeps_level_and_type(adapted: Any) -> None:
    row = {"problem": "2+2?", "solution": r"It is $\boxed{4}$.", "level": "Level 1", "type": "Algebra"}
    (record,) = adapted("math", row, TASK)
    assert (record["reply"], record["answer"]) == (r"It is $\boxed{4}$.", "4")
    assert record["extra"] == '{"level":"Level 1","type":"Algebra"}'


OPTIONS = r"\nOptions:\n(A) 300\n(B) 992"


@pytest.mark.parametrize(
    "wording",
    [
        "Question: {} Let's think first. Some random reasoning:",
        "Give stream of consciousness and then the final answer. {}",
        "Student: {}.\nAnother student: Let's say, hmmm...\n",
        "Some question: {}\nSome stream of consciousness:",
        "{} Hmmm, my stream of consciousness:",
        "{}\nLet's think carefully first. Step-by-step reasoning process:",
        "{}\nPlease answer and provide answer explanation.",
        "Use reasoning to lead to the answer of the following question:\n{}\n Reasoning process:",
        "next question: {}\nreasoning:",
    ],
)
def test_the_same_question_looks_the_same_in_every_wording(adapted: Any, wording: str) -> None:
    row = {"instruction": wording.format("How much is A?" + OPTIONS), "input": "", "output": "1+1. So the answer is (A)."}
    (record,) = adapted("chain_of_thought", row, TASK)
    assert record["prompt"].removesuffix(".") == "How much is A?\nOptions:\n(A) 300\n(B) 992"


@pytest.mark.parametrize(
    ("output", "reply", "answer"),
    [
        (r"1/5*5600 = 1120\n2240-1120 = 1120 The final answer: (C).", "1/5*5600 = 1120\n2240-1120 = 1120", "C"),
        ("Blood is red. So the final answer is bloody mess.", "Blood is red.", "bloody mess"),
        ("It is used up.\nTherefore, the answer is friend's house.", "It is used up.", "friend's house"),
        ("15*14 = 210 Final answer: (E).", "15*14 = 210", "E"),
        ("The answer: trying.", "The answer: trying.", "trying"),
        ("Answer: Option C\nThey decrease by 1. The answer: (C).", "Answer: Option C\nThey decrease by 1.", "C"),
        ("He waits. The answer is a reaction.\nSo, the answer is answer.", "He waits. The answer is a reaction.", "answer"),
    ],
)
def test_the_stated_answer_stands_apart_from_the_steps(adapted: Any, output: str, reply: str, answer: str) -> None:
    (record,) = adapted("chain_of_thought", {"instruction": "Which?", "output": output}, TASK)
    assert (record["reply"], record["answer"]) == (reply, answer)


def test_steps_without_a_stated_answer_are_unfit(adapted: Any) -> None:
    assert adapted("chain_of_thought", {"instruction": "Which?", "output": "Who knows."}, TASK) == ["null_field"]


def test_text_written_as_bytes_is_read_as_text(adapted: Any) -> None:
    row = {"question": r"b'Solve 0 = -b for b.\n'", "answer": r"b'5\n'"}
    assert adapted("math_dataset", row, "closed_qa") == [{"prompt": "Solve 0 = -b for b.", "reply": "5"}]
    assert adapted("math_dataset", {"question": "Solve.", "answer": "5"}, "closed_qa")[0]["reply"] == "5"
    assert adapted("math_dataset", {"question": "b'broken", "answer": "5"}, "closed_qa") == ["bad_row"]
    assert adapted("math_dataset", {"question": r"b'\xff'", "answer": "5"}, "closed_qa") == ["bad_row"]


def _step(*rated: tuple[str, int], chosen: int | None = 0, human: str | None = None) -> dict[str, Any]:
    completions = [{"text": text, "rating": rating} for text, rating in rated]
    return {"completions": completions, "chosen_completion": chosen, "human_completion": human}


def _solved(*steps: dict[str, Any], reason: str = "solution") -> dict[str, Any]:
    question = {"problem": "2+2?", "ground_truth_answer": "4"}
    return {"question": question, "label": {"steps": list(steps), "finish_reason": reason}}


def test_prm800k_follows_the_chosen_and_the_written_steps(adapted: Any) -> None:
    steps = (
        _step(("One.", 1), ("Bad.", -1)),
        _step(("Bad.", -1), chosen=None, human="Two."),
        _step(("Done.\n\n# Answer\n\n4", 1)),
    )
    (record,) = adapted("prm800k", _solved(*steps), TASK)
    assert (record["reply"], record["answer"]) == ("One.\nTwo.\nDone.", "4")


def test_prm800k_leaves_out_what_is_no_solution(adapted: Any) -> None:
    assert adapted("prm800k", _solved(reason="give_up"), TASK) == ["left_out"]
    assert adapted("prm800k", _solved(_step(("One.", 1), chosen=None)), TASK) == ["null_field"]


def test_prm800k_pairs_right_and_wrong_next_steps(adapted: Any) -> None:
    steps = (_step(("One.", 1), ("Bad.", -1), ("Worse.", -1)), _step(("Two.", 1)), _step(("Three.", 1), ("No.", -1)))
    first, second = adapted("prm800k_steps", _solved(*steps, reason="found_error"), "preference")
    assert (first["chosen"], first["rejected"]) == ("One.", "Bad.")
    assert (second["chosen"], second["rejected"]) == ("One.\nTwo.\nThree.", "One.\nTwo.\nNo.")
    assert first["group"] == second["group"]
    assert adapted("prm800k_steps", _solved(_step(("One.", 1))), "preference") == ["left_out"]


LABELS = ["wrong", "neither right nor wrong", "right"]


def test_every_rated_step_is_a_record_after_the_steps_that_were_chosen(adapted: Any) -> None:
    steps = (
        _step(("One.", 1), ("Bad.", -1)),
        _step(("Hm.", 0), ("Unrated.", 7), chosen=None, human="Two."),
        _step(("Three.", 1)),
    )
    records = adapted("prm800k_ratings", _solved(*steps, reason="give_up"), "classify", labels=LABELS)
    assert [(record["text"], record["label"]) for record in records] == [("One.", 2), ("Bad.", 0), ("Hm.", 1), ("Three.", 2)]
    assert records[0]["context"] == "Problem: 2+2?"
    assert records[3]["context"] == "Problem: 2+2?\nOne.\nTwo."
    assert len({record["group"] for record in records}) == 1


def test_steps_that_nobody_rated_are_left_out(adapted: Any) -> None:
    assert adapted("prm800k_ratings", _solved(_step(("One.", 7))), "classify", labels=LABELS) == ["left_out"]


@pytest.mark.parametrize(
    "value", ["b'a', 1", "b'" + "\\xff" * 3 + "'", "b'' + " + "(" * 300, "b'' " + "- " * 90_000 + "1", "b'a"]
)
def test_what_is_not_how_python_writes_bytes_costs_only_its_row(value: str, adapted: Any) -> None:
    assert adapted("math_dataset", {"question": value, "answer": "b'4'"}, "reasoning") == ["bad_row"]


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("chain_of_thought", {"instruction": "q?", "output": "Steps." + "\n" * 100_000 + "The answer is 4."}),
        ("chain_of_thought", {"instruction": "q?" + " " * 100_000 + "x", "output": "The answer is 4."}),
        ("gsm8k", {"question": "q?", "answer": "#" * 100_000 + "4"}),
    ],
)
def test_long_runs_of_one_character_take_no_more_time_than_others(name: str, row: Any, adapted: Any) -> None:
    start = time.process_time()
    adapted(name, row, "reasoning")
    assert time.process_time() - start < 5, "from each of them, all that follow were looked at again"
