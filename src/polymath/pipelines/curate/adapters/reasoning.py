"""Problems with their steps and a short final answer: GSM8K, MATH, chains of thought, step labels."""

import ast
import re
from collections.abc import Iterator
from typing import Any

from polymath.pipelines.curate.adapters.kinds import Records, adapters
from polymath.pipelines.curate.adapters.values import NOT_LITERAL, listed, optional, pick, said, shared, some, text
from polymath.sources.build import LEFT_OUT
from polymath.sources.rows import Unfit

_CALCULATION = re.compile(r"<<[^<>]*>>")
_BOX = re.compile(r"\\(?:boxed|fbox)\s*(?:\{|([^\s{}$]+))")
# The wordings around questions in the chain-of-thought files of Alpaca-CoT. They say that steps are wanted, which is the
# matter of our own recipes; with them the same question would look like ten different ones.
_BEFORE = re.compile(
    r"\A(?:Question: |Some question: |Student: |next question: "
    r"|Use some thinking to answer the following question\. |Use reasoning to lead to the answer of the following question:\n"
    r"|Give stream of consciousness and then the final answer\. "
    r"|Give a quick stream of consciousness before answering the following question\. "
    r"|I'll give you a question, please answer with step-by-step reasoning process\. )"
)
_AFTER = re.compile(
    r"(?:Another student: Let's say, hmmm\.\.\.|Hmmm, (?:let me think\.|my stream of consciousness:)"
    r"|(?:Some s|S)tream of consciousness(?: first, then make a decision)?:"
    r"|Think first, then make a decision\. Some random thoughts:"
    r"|Let's think first\. (?:Some random reasoning|Stream of consciousness):"
    r"|Now, let's think a bit\. Some random thoughts:|OK\. Let's think\. Some random thoughts first:"
    r"|Let's give (?:some random thoughts before answering\.|stream of consciousness first:)"
    r"|Let's think (?:step by step:|carefully first\. Step-by-step reasoning process:|now! Step-by-step reasoning:)"
    r"|Please answer and provide answer explanation\.|Step-by-step reasoning process below:|(?:R|r)easoning(?: process)?:)\Z"
)
_STATES = re.compile(r"(?:\A|(?<=\s))(?:(?:So|Thus|Therefore),? )?(?:[Tt]he )?(?:[Ff]inal )?[Aa]nswer(?: is|:)(?=\s*[^\s.])")
_FINAL = re.compile(r"(?<!#)#+ Answer\s*(?P<answer>.+)\Z", re.DOTALL)


@adapters.register
def gsm8k(row: Any, *, calculator: bool = False) -> Records:
    """A word problem with its steps; `#### 18` at the end is the answer. `calculator` keeps the notes `<<48/2=24>>`."""
    steps, mark, answer = text(row, "answer").rpartition("####")
    if not mark:
        raise Unfit("null_field", "answer has no line #### with the result")
    reply = steps if calculator else _CALCULATION.sub("", steps)
    yield {"prompt": text(row, "question"), "reply": reply.strip(), "answer": answer.strip().replace(",", "")}


@adapters.register
def math(row: Any) -> Records:
    r"""A competition problem with its solution; what stands in its last `\boxed{}` is the answer."""
    solution = text(row, "solution")
    extra = said(level=pick(row, "level"), type=pick(row, "type"))
    yield {"prompt": text(row, "problem"), "reply": solution, "answer": boxed(solution), "extra": extra}


def boxed(solution: str) -> str | None:
    r"""What the last `\boxed{...}` or `\boxed 5` holds, braces balanced; None where there is none, or where it is cut off."""
    boxes = list(_BOX.finditer(solution))
    if not boxes or boxes[-1][1]:
        return boxes[-1][1] if boxes else None
    found = boxes[-1]
    depth, start = 1, found.end()
    for end in range(start, len(solution)):
        depth += {"{": 1, "}": -1}.get(solution[end], 0)
        if depth == 0:
            return solution[start:end].strip()
    return None


@adapters.register
def chain_of_thought(row: Any) -> Records:
    r"""A question of Alpaca-CoT, its steps, and the answer that its last sentence states.

    Line ends stand there as the two characters `\n`, and each question in one of some ten wordings that ask for steps.
    """
    question = _BEFORE.sub("", _AFTER.sub("", text(row, "instruction").replace("\\n", "\n").rstrip()))
    steps = text(row, "output|response").replace("\\n", "\n")
    stated = list(_STATES.finditer(steps))  # the last one counts: steps may name an answer on the way
    if not stated:
        raise Unfit("null_field", "the last sentence states no answer")
    answer = steps[stated[-1].end() :].strip().removesuffix(".").rstrip()
    letter = re.fullmatch(r"\(([A-Z])\)", answer)
    reply = steps[: stated[-1].start()].strip() or steps.strip()
    yield {
        "prompt": question.strip(),
        "context": optional(row, "input"),
        "reply": reply,
        "answer": letter[1] if letter else answer,
    }


@adapters.register
def math_dataset(row: Any) -> Records:
    r"""A generated problem and its answer; both are stored as Python writes bytes, `b'Solve 2*x = 4 for x.\n'`."""
    yield {"prompt": _unquoted(text(row, "question")), "reply": _unquoted(text(row, "answer"))}


def _unquoted(value: str) -> str:
    if value[:2] not in ("b'", 'b"'):
        return value.strip()
    try:
        written = ast.literal_eval(value)
        if isinstance(written, bytes):
            return written.decode().strip()
    except NOT_LITERAL:  # what it says of the value may hold addresses in memory, different every time
        pass
    raise Unfit("bad_row", f"{value[:80]!r} is not how Python writes the bytes of a text")


@adapters.register
def prm800k(row: Any) -> Records:
    """A problem of PRM800K and the steps that its labellers chose, up to the solution; half-way solutions are left out."""
    reason = pick(row, "label.finish_reason")
    if reason != "solution":
        raise Unfit(LEFT_OUT, f"the steps end with {reason!r}, not with a solution")
    steps = [_chosen(step) for step in listed(row, "label.steps")]
    if None in steps:
        raise Unfit("null_field", "a step has no chosen completion")
    reply = "\n".join(step for step in steps if step)
    found = _FINAL.search(reply)
    yield {
        "prompt": text(row, "question.problem"),
        "reply": reply[: found.start()].rstrip() if found else reply,
        "answer": optional(row, "question.ground_truth_answer") or (found["answer"].strip() if found else None),
        "group": shared(text(row, "question.problem")),
    }


@adapters.register
def prm800k_steps(row: Any) -> Records:
    """Pairs of a right and a wrong next step, after the steps that were chosen before; one for each step that has both."""
    problem = text(row, "question.problem")
    pairs = list(_step_pairs(listed(row, "label.steps")))
    if not pairs:
        raise Unfit(LEFT_OUT, "no step has both a right and a wrong completion")
    for before, right, wrong in pairs:
        chosen, rejected = ("\n".join([*before, step]) for step in (right, wrong))
        yield {"prompt": problem, "chosen": chosen, "rejected": rejected, "group": shared(problem)}


RATINGS = {-1: "wrong", 0: "neither right nor wrong", 1: "right"}
"""What PRM800K's labellers say of a step; the names of the classes stand in the entry's `labels`."""


@adapters.register
def prm800k_ratings(row: Any) -> Records:
    """A record for every rated step: the problem and the steps chosen before it, the step, and what its labeller says of it."""
    problem, before = text(row, "question.problem"), list[str]()
    rated = False
    for step in listed(row, "label.steps"):
        for completion in some(step, "completions"):
            rating = pick(completion, "rating")
            if isinstance(rating, int) and rating in RATINGS:
                rated = True
                context = "\n".join([f"Problem: {problem}", *before])
                yield {"context": context, "text": text(completion, "text"), "label": RATINGS[rating], "group": shared(problem)}
        chosen = _chosen(step)
        if chosen is None:
            break
        before.append(chosen)
    if not rated:
        raise Unfit(LEFT_OUT, "no step is rated")


def _step_pairs(steps: list[Any]) -> Iterator[tuple[list[str], str, str]]:
    before: list[str] = []
    for step in steps:
        right, wrong = (_first_rated(step, rating) for rating in (1, -1))
        if right and wrong:
            yield before, right, wrong
        chosen = _chosen(step)
        if chosen is None:
            return
        before = [*before, chosen]


def _first_rated(step: Any, rating: int) -> str | None:
    return next((text(one, "text") for one in some(step, "completions") if pick(one, "rating") == rating), None)


def _chosen(step: Any) -> str | None:
    """The completion that the labeller chose, or wrote when none would do."""
    written = pick(step, "human_completion")
    if written is not None:
        return written if isinstance(written, str) else text(written, "text")
    number, completions = pick(step, "chosen_completion"), some(step, "completions")
    return text(completions[number], "text") if isinstance(number, int) and 0 <= number < len(completions) else None
