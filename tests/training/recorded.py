"""A rank that writes down the slots whose prompts it replies to: `python -m tests.training.recorded run.json`."""

import json
import sys
from pathlib import Path

from polymath.training import worker
from polymath.training.ranks import rank

if __name__ == "__main__":
    from polymath.training.grpo_trainer import PromptTrainer

    path = Path(sys.argv[-1])
    generate = PromptTrainer._generate_and_score_completions

    def recorded(self, inputs):
        with path.with_name(f"slots-{rank()}.jsonl").open("a") as file:
            file.write(json.dumps([self.state.global_step, [each["slot"] for each in inputs]]) + "\n")
        return generate(self, inputs)

    PromptTrainer._generate_and_score_completions = recorded
    sys.exit(worker.main(path))
