"""TRL's GRPOTrainer, made to replay a schedule: our prompts in our order, as the ids that they were made with."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean
from typing import Any

import torch
from accelerate.utils import gather_object
from trl import GRPOTrainer

from datasets import Dataset
from polymath.scoring.diversity import distinct_n, self_bleu
from polymath.training.config import Job
from polymath.training.prompts import Prompts
from polymath.training.rewards import Judge, Reply
from polymath.training.scheduled import Scheduled
from polymath.training.shares import shares

MEASURED = ("reward", "reward_std", "kl", "entropy", "completions/mean_length", "completions/clipped_ratio")


class PromptTrainer(Scheduled, GRPOTrainer):
    """Trains on slot after slot of a track of prompts: the prompts of step s are exactly the schedule's, on any ranks.

    Replies are made anew for each step, so every step begins where a checkpoint may stand.
    """

    SPIKES = False
    """How high this loss is says how replies differ in what they earn, and nothing of the examples."""

    def __init__(self, job: Job, prompts: Prompts, validation: Prompts, judge: Judge, **given: Any) -> None:
        """`given`: what GRPOTrainer takes, but for data and rewards."""
        slots = Dataset.from_dict({"prompt": [""] * len(prompts)})
        super().__init__(reward_funcs=[Named(judge, name, self) for name in judge.names], train_dataset=slots, **given)
        # TRL asks for a Dataset of texts; what it reads are our prompts, whose ids `_tokenize_prompts` hands on.
        self.train_dataset: Any = prompts
        self.validation, self.judge = validation, judge
        self.MEASURED = (*MEASURED, *(f"rewards/{name}/mean" for name in judge.names))
        self._slots: list[int] = []
        self.follow(job)

    def _tokenize_prompts(self, prompts: list[list[int]]) -> tuple[list[list[int]], None, dict[str, Any]]:
        return prompts, None, {}

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        self._slots = [each["slot"] for each in inputs]
        made: dict[str, Any] = super()._generate_and_score_completions(inputs)
        return made

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """Ours is written when the model is exported."""

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> torch.Tensor:
        """GRPO's loss of a micro-batch. Fails with the prompts' ids where it is no number."""
        self.tokens += int(inputs["prompt_mask"].sum() + inputs["completion_mask"].sum())
        loss: torch.Tensor = super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        return self.checked(loss, torch.tensor(self._slots))

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """A reply to each held-out prompt, drawn alike each time: rewards, length, variety. The loss is minus the reward."""
        started = time.monotonic()
        model: Any = self.model
        model.eval()
        mine: list[dict[str, Any]] = []
        size, rank, ranks = self.args.per_device_train_batch_size, self.args.process_index, self.args.world_size
        with torch.random.fork_rng():  # training draws what it would have drawn
            torch.manual_seed(self.run.train.seed)
            for rows, counts in shares(len(self.validation), size, rank, ranks):
                found = self._answered(list(rows))
                mine += found if counts else []
        model.train()
        rows_: list[dict[str, Any]] = gather_object(mine)
        by_source: dict[str, list[float]] = defaultdict(list)
        for row in rows_:
            by_source[row["source"]].append(row["reward"])
        losses = {"all": -mean(row["reward"] for row in rows_), **{n: -mean(by_source[n]) for n in sorted(by_source)}}
        self.keep(losses["all"])
        self.told({"validation": losses, "measured": self._summary(rows_), "seconds": round(time.monotonic() - started, 3)})
        return {"eval_loss": losses["all"]}

    def _answered(self, rows: Sequence[int]) -> list[dict[str, Any]]:
        items = [self.validation[row] for row in rows]
        ids, _ = self._generate_single_turn([item["prompt"] for item in items], None, {}, 1)
        tokenizer: Any = self.processing_class
        replies = self.replies(ids, tokenizer.batch_decode(ids, skip_special_tokens=True), items)
        every = self.judge.all(replies)
        return [
            {"source": self.validation.source(row), "reward": self.judge.total(each), "each": each, "text": reply.text,
             "tokens": len(reply.ids), "ended": reply.ended}
            for row, each, reply in zip(rows, every, replies, strict=True)
        ]  # fmt: skip

    def _summary(self, rows: Sequence[dict[str, Any]]) -> dict[str, float]:
        texts = [row["text"] for row in rows]
        kinds = {f"reward {name}": mean(row["each"][name] for row in rows) for name in self.judge.names}
        facts = {
            "reply tokens": mean(row["tokens"] for row in rows),
            "ended": mean(row["ended"] for row in rows),
            "distinct 2": distinct_n(texts, 2),
            "self-BLEU": fmean(self_bleu(texts)) if texts else math.nan,
        }
        return {name: value for name, value in {**kinds, **facts}.items() if not math.isnan(value)}

    def replies(self, ids: Sequence[Sequence[int]], texts: Sequence[str], items: Sequence[dict[str, Any]]) -> list[Reply]:
        """What was said to these prompts, as rewards look at it."""
        ends = set(self.eos_token_ids)
        return [
            Reply(text, item["prompt"], said, said[-1] in ends, item["check"], item["expected"], item["wanted"])
            for said, text, item in zip(ids, texts, items, strict=True)
        ]


class Named:
    """One reward as TRL calls it."""

    def __init__(self, judge: Judge, name: str, trainer: PromptTrainer) -> None:
        """TRL's own name of it is `name`."""
        self._judge, self.__name__, self._trainer = judge, name, trainer

    def __call__(self, prompts: Any, completions: Any, completion_ids: Any, **columns: Any) -> list[float | None]:
        """A reward for each completion; None where it says nothing of one."""
        names = ("check", "expected", "wanted")
        items = [{"prompt": p, **{name: columns[name][row] for name in names}} for row, p in enumerate(prompts)]
        return self._judge.of(self.__name__, self._trainer.replies(completion_ids, completions, items))


def mean(values: Any) -> float:
    """Over what is there; NaN where nothing is."""
    said = [float(value) for value in values if value is not None and not math.isnan(value)]
    return fmean(said) if said else math.nan
