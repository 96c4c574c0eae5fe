"""What lm-eval calls to score answers in Thai."""

from typing import Any

from polymath.scoring.scorers import exact_match, f1


def process_results(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    """Exact match and F1 of the answer against the best of the accepted ones."""
    answers = doc["answers"]["text"]
    return {
        "exact_match": max(exact_match(results[0], answer) for answer in answers),
        "f1": max(f1(results[0], answer) for answer in answers),
    }
