"""One rank of a training run: `python -m polymath.training.worker run.json`, or the same under DeepSpeed's launcher."""

from __future__ import annotations

import logging
import sys
import traceback
from importlib import import_module
from pathlib import Path

from polymath.errors import UserError
from polymath.training.config import Job, naming
from polymath.training.ranks import end_with_the_launcher, rank, say

BUILDERS = {"next_token": "sft", "pairwise": "reward", "dpo": "dpo", "grpo": "grpo"}
"""The module of `stages/` that trains towards an objective."""
LOST = ("Connection reset by peer", "Connection closed by peer", "NCCL", "Broken pipe")
"""What a rank says that talks to one that is no more: the consequence of what ended the other."""


def main(path: Path) -> int:
    """Carry out the run; what went wrong is said in one line, and told in full to standard error."""
    end_with_the_launcher()
    logging.basicConfig(level=logging.WARNING)
    # DeepSpeed imports MLflow wherever it is installed, which takes two seconds; the run's record is not kept by its ranks.
    sys.modules["mlflow"] = None  # type: ignore[assignment]
    try:
        job = Job.model_validate_json(path.read_text("utf-8"))
        with naming(job.run.stage):
            import_module(f"polymath.training.stages.{BUILDERS[job.run.objective.kind]}").train(job)
    except UserError as error:
        say("error", text=str(error), rank=rank())
        return 1
    except Exception as error:
        traceback.print_exc()
        first = str(error).strip().splitlines()[0] if str(error) else ""
        lost = any(words in first for words in LOST)
        say("lost" if lost else "error", text=f"{type(error).__name__}: {first}", rank=rank())
        return 1
    return 0


if __name__ == "__main__":
    # DeepSpeed's launcher puts --local_rank before our argument.
    sys.exit(main(Path(sys.argv[-1])))
