"""Rows as evaluate writes them, for the page alone."""

from typing import Any

from polymath.reporting.evaluation.view import PageConfig, Rows

MINE, OTHER = "tiny-sft 0123", "base"


def config(**given: Any) -> PageConfig:
    same = {
        **{
            "model": MINE,
            "place": "data/05_models/finetune/0123/model",
            "against": (OTHER,),
            "suite": ("quick", "convergence"),
        },
        **{"limit": 200, "confidence": 0.95, "overlap_words": 8, "left_out": {}},
    }
    return PageConfig.model_validate({**same, **given})


def bounds(score: float | None, items: int) -> dict[str, Any]:
    if score is None:
        return {"score": None, "low": None, "high": None, "items": 0}
    return {"score": score, "low": score * 0.8, "high": min(score * 1.2, 1.0) if score <= 1 else score * 1.2, "items": items}


def benchmark(model: str, name: str, task: str, score: float, clean: float | None = None) -> dict[str, Any]:
    row = {"model": model, "benchmark": name, "task": task, "metric": "acc_norm", "main": True, "shots": 5, "stderr": 0.01}
    rest = (
        {f"clean_{k}": v for k, v in bounds(clean, 150).items()}
        if clean is not None
        else dict.fromkeys(("clean_score", "clean_low", "clean_high", "clean_items"))
    )
    return {**row, **bounds(score, 200), **rest}


def item(text: str, name: str = "hellaswag", number: int = 0) -> dict[str, Any]:
    said = {"prompt": f"Q: {text}", "target": "a dog", "answer": "a <b>cat</b>", "loglikelihoods": [-1.0, -2.0]}
    place = {"model": MINE, "benchmark": name, "task": name, "doc": number, "item": text}
    return {**place, **said, "scores": [{"metric": "acc_norm", "score": 0.0}]}


def held_out(model: str, task: str, loss: float, score: float | None) -> Rows:
    found = [] if score is None else [{"metric": "f1", "main": True, **bounds(score, 32)}]
    found += [
        {"metric": "loss", "main": score is None, **bounds(loss, 64)},
        {"metric": "perplexity", "main": False, **bounds(2.7**loss, 64)},
        {"metric": "bits_per_byte", "main": False, **bounds(loss / 3, 64)},
    ]
    return [{"model": model, "task": task, **row} for row in found]


def answer(task: str, said: str, number: int) -> dict[str, Any]:
    text = {"prompt": "Who is it?", "wanted": "It is Ada.", "answer": said}
    place = {"model": MINE, "task": task, "id": f"squad/{number}#ask", "source": "squad"}
    return {**place, **text, "scores": [{"metric": "f1", "score": 0.5}], "loss": 3.0, "tokens": 9, "bytes": 20}


def probe(model: str, name: str, score: float) -> Rows:
    same = {"model": model, "probe": name, "replies": 4, **bounds(score, 4)}
    return [{**same, "scorer": "all", "definition": "It greets."}, {**same, "scorer": "ends", "definition": "It ends."}]


def turn(number: int, asked: str, reply: str, score: float | None) -> dict[str, Any]:
    place = {"model": MINE, "probe": "follow_ups", "item": 0, "wording": 0, "sample": 0, "turn": number, "language": "en"}
    return {**place, "prompt": asked, "reply": reply, "ended": False, "score": score, "why": "" if score is None else "loops"}


def compared(name: str, metric: str, difference: float, p: float) -> dict[str, Any]:
    sides = {"model": MINE, "against": OTHER, "kind": "benchmark", "name": name, "metric": metric}
    scores = {
        "score": 0.5 + difference,
        "other": 0.5,
        "difference": difference,
        "low": difference - 0.1,
        "high": difference + 0.1,
    }
    return {**sides, **scores, "p": p, "items": 200, "noise": p > 0.05}


def made() -> dict[str, Rows]:
    """An evaluation with all of its parts."""
    return {
        "benchmark_scores": [
            *(benchmark(model, "hellaswag", "hellaswag", score, 0.3) for model, score in ((MINE, 0.35), (OTHER, 0.31))),
            *(benchmark(MINE, "mmlu", task, 0.25, 0.25) for task in ("mmlu", "mmlu_anatomy")),
        ],
        "benchmark_items_scored": [
            *(item(f"text {number}", number=number) for number in range(4)),
            *(item(f"question {number}", "mmlu", number) for number in range(120)),
        ],
        "benchmark_overlaps": [{"item": "text 1", "record": "s/1", "covered": 0.5}],
        "held_out_scores": [
            *held_out(MINE, "extractive_qa", 2.5, 0.4),
            *held_out(OTHER, "extractive_qa", 3.0, 0.2),
            *held_out(MINE, "text", 3.1, None),
        ],
        "held_out_answers": [
            answer("extractive_qa", said, n) for n, said in enumerate(("It is <i>Bob</i>.", "", "Ada", "Ada."))
        ],
        "probe_scores": [*probe(MINE, "greetings", 0.75), *probe(OTHER, "greetings", 0.5), *probe(MINE, "follow_ups", 0.25)],
        "probe_transcripts": [turn(0, "I am Ada.", "Hello.", None), turn(1, "Who am I?", "Who? Who? Who?", 0.25)],
        "model_comparison": [
            compared("hellaswag", "acc_norm", 0.04, 0.3),
            compared("extractive_qa", "f1", 0.2, 0.0001),
            compared("extractive_qa", "bits_per_byte", 0.17, 0.01),
        ],
    }


def nothing() -> dict[str, Rows]:
    """An evaluation that was asked for nothing."""
    return {name: [] for name in made()}
