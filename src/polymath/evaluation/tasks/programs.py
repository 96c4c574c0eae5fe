"""What lm-eval calls to run programs that a model wrote."""

from typing import Any

from polymath.scoring.programs import passes


def process_results(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    """1 where the program, prompt and completion together, passes the tests of its problem."""
    program = f"{doc['prompt']}{results[0]}\n{doc['test']}\ncheck({doc['entry_point']})\n"
    return {"pass_at_1": float(passes(program))}
