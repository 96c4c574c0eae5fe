"""TRL's DPOTrainer, made to replay a schedule: our pairs in our order, as the ids that they were made with."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from typing import Any

import torch
import torch.nn.functional as F
from accelerate.utils import gather_object
from trl import DPOTrainer

from datasets import Dataset
from polymath.training.config import Job
from polymath.training.pairs import PairCollator, Pairs
from polymath.training.scheduled import Scheduled
from polymath.training.shares import shares
from polymath.training.tracks import IGNORED

MEASURED = ("rewards/margins", "rewards/accuracies", "rewards/chosen", "rewards/rejected", "logps/chosen", "entropy")


class PairTrainer(Scheduled, DPOTrainer):
    """Trains on slot after slot of a track of pairs. The global batch of step s is exactly the schedule's, on any ranks."""

    MEASURED = MEASURED

    def __init__(self, job: Job, pairs: Pairs, validation: Pairs, **given: Any) -> None:
        """`given`: what DPOTrainer takes, but for data and collator."""
        self._pairs = pairs
        collate = PairCollator(given["processing_class"].pad_token_id)
        # TRL asks for a Dataset of texts, which it would tokenize: `_prepare_dataset` gives it the pairs in place of this one.
        slots = Dataset.from_dict({"slot": range(len(pairs))})
        super().__init__(data_collator=collate, train_dataset=slots, **given)
        self.validation = validation
        self.follow(job)

    def _prepare_dataset(self, *_: Any) -> Pairs:
        return self._pairs

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """Ours is written when the model is exported."""

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> torch.Tensor:
        """DPO's loss of a micro-batch. Fails with the examples' ids where it is no number."""
        slots = inputs.pop("slot")
        self.tokens += int(inputs["attention_mask"].sum())
        loss: torch.Tensor = super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
        return self.checked(loss, slots)

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """-log sigmoid of the margin, and how often the better reply gained more on the worse one: of all, and by source."""
        started = time.monotonic()
        margins: dict[str, list[float]] = defaultdict(list)
        model: Any = self.model
        model.eval()
        size, rank, ranks = self.args.per_device_train_batch_size, self.args.process_index, self.args.world_size
        for rows, counts in shares(len(self.validation), size, rank, ranks):
            found = self._margins([self.validation[row] for row in rows])
            for row, margin in zip(rows, found if counts else (), strict=False):
                margins[self.validation.source(row)].append(margin)
        model.train()
        together: list[dict[str, list[float]]] = gather_object([dict(margins)])
        sources = sorted({name for part in together for name in part})
        by_source = {name: [margin for part in together for margin in part.get(name, [])] for name in sources}
        every = [margin for some in by_source.values() for margin in some]
        losses = {name: _loss(some) for name, some in {"all": every, **by_source}.items()}
        self.keep(losses["all"])
        accuracies = {f"accuracy {name}": _accuracy(some) for name, some in by_source.items()}
        measured = {"margin": sum(every) / max(len(every), 1), "accuracy": _accuracy(every), **accuracies}
        self.told({"validation": losses, "measured": measured, "seconds": round(time.monotonic() - started, 3)})
        return {"eval_loss": losses["all"]}

    def _margins(self, items: list[dict[str, Any]]) -> list[float]:
        """beta x (how much likelier the better reply became than it was, less the same of the worse one), of each pair."""
        batch = self._prepare_inputs(self.data_collator(items))
        del batch["slot"]
        policy: Any = self.model_wrapped if self.is_deepspeed_enabled else self.model
        labels = batch["input_ids"].masked_fill(batch["completion_mask"] == 0, IGNORED)
        given = {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"], "labels": labels}
        with torch.no_grad(), self.accelerator.autocast():
            logps = policy(**given, use_cache=False, fused_lm_head=True).log_probs.sum(dim=1)
        better, worse = logps.chunk(2)
        before_better, before_worse = self.compute_ref_log_probs(self.ref_model or policy, batch)
        margins: list[float] = (self.beta * ((better - before_better) - (worse - before_worse))).float().tolist()
        return margins


def _loss(margins: list[float]) -> float:
    return float(-F.logsigmoid(torch.tensor(margins)).mean()) if margins else math.nan


def _accuracy(margins: list[float]) -> float:
    return sum(margin > 0 for margin in margins) / len(margins) if margins else math.nan
