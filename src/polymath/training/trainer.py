"""transformers' Trainer, made to replay a schedule: its order, its batches, its loss over labelled tokens, its checkpoints."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator
from typing import Any

import torch
import torch.distributed
import torch.nn.functional as F
from transformers import Trainer

from polymath.errors import UserError
from polymath.training.collate import Collator
from polymath.training.config import Job
from polymath.training.scheduled import Scheduled
from polymath.training.shares import shares
from polymath.training.tracks import IGNORED
from polymath.training.validation import ValidationSet


class ScheduleTrainer(Scheduled, Trainer):
    """Trains on slot after slot of the schedule. The global batch of step s is exactly the schedule's, on any ranks."""

    def __init__(self, job: Job, collate: Collator, validation: ValidationSet, **given: Any) -> None:
        """`given`: what Trainer takes; `train_dataset` is a TrainingSet."""
        super().__init__(data_collator=collate, **given)
        self.follow(job)
        self.validation = validation
        # The loss is a sum over labelled tokens, divided by their number in the whole global batch: ours, for every model.
        self.model_accepts_loss_kwargs = True
        self.loss_is_scaled_for_ga = True
        self._head = LabelledHead(self.model)

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> torch.Tensor:
        """The share of this micro-batch in the mean loss over the labelled tokens of the global batch.

        Fails with the examples' ids where the loss is no number, or where the whole batch has nothing to learn from.
        """
        assert not return_outputs
        slots = inputs.pop("slot")
        self.tokens += int(inputs.pop("tokens"))
        count = num_items_in_batch if num_items_in_batch is not None else (inputs["labels"] != IGNORED).sum()
        if not int(count):
            raise UserError(f"step {self.state.global_step + 1}: no token of the batch is trained on ({self.named(slots)})")
        loss = self.checked(self.losses(model, inputs).sum() / count, slots)
        return loss * self.accelerator.num_processes  # gradients are averaged over the ranks

    def losses(self, model: Any, inputs: dict[str, Any]) -> torch.Tensor:
        """Cross-entropy of each labelled token, float32[rows, tokens], where it is foretold; 0 elsewhere."""
        labels = foretold(inputs.pop("labels"))
        with self._head.at(labels != IGNORED) as places:
            logits = model(**inputs, use_cache=False).logits[0]
        wanted = labels.flatten()[places]
        found = F.cross_entropy(logits.float(), wanted, ignore_index=IGNORED, reduction="none")
        losses = torch.zeros(labels.numel(), dtype=found.dtype, device=found.device)
        return losses.index_copy(0, places, found).view(labels.shape)

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Validation loss over all labelled tokens (`all`), and of each task or source; the same on every rank."""
        started = time.monotonic()
        names = self.validation.groups
        totals = torch.zeros(len(names), 2, dtype=torch.float64, device=self.args.device)
        model: Any = self.model_wrapped if self.is_deepspeed_enabled else self.model
        size, rank, ranks = self.args.per_device_train_batch_size, self.args.process_index, self.args.world_size
        model.eval()
        with torch.no_grad():
            for rows, counts in shares(len(self.validation), size, rank, ranks):
                batch: Any = self._prepare_inputs(self.data_collator([self.validation[row] for row in rows]))
                group = batch.pop("group")
                del batch["tokens"]
                labelled = foretold(batch["labels"]) != IGNORED
                with self.accelerator.autocast():
                    losses = self.losses(model, batch)
                if counts:
                    each = torch.stack([losses.flatten(), labelled.flatten()], 1).double()
                    totals.index_add_(0, group.flatten(), each)
        if torch.distributed.is_initialized():
            torch.distributed.all_reduce(totals)
        model.train()
        found = {name: float(total / count) for name, (total, count) in zip(names, totals, strict=True) if count}
        everything = float(totals[:, 0].sum() / totals[:, 1].sum()) if totals[:, 1].sum() else math.nan
        self.keep(everything)
        self.told({"validation": {"all": everything, **found}, "seconds": round(time.monotonic() - started, 3)})
        return {"eval_loss": everything}


def foretold(labels: torch.Tensor) -> torch.Tensor:
    """The label that each token is to foretell, int64[rows, tokens]: that of the next one."""
    return F.pad(labels[:, 1:], (0, 1), value=IGNORED)


class LabelledHead:
    """The model's head, run on those tokens alone that a label follows: a large part of a small model's work, and the largest
    tensor of any."""

    def __init__(self, model: Any) -> None:
        """Hooks into the head of `model`; without `at`, it works as ever."""
        self._places: torch.Tensor | None = None
        model.get_output_embeddings().register_forward_pre_hook(self._chosen)

    @contextlib.contextmanager
    def at(self, wanted: torch.Tensor) -> Iterator[torch.Tensor]:
        """Within it, logits are float[1, places, vocabulary]; yields the places in the flattened rows, one at least.

        `wanted`: bool[rows, tokens].
        """
        places = wanted.flatten().nonzero()[:, 0]
        self._places = places if len(places) else torch.zeros(1, dtype=torch.long, device=wanted.device)
        try:
            yield self._places
        finally:
            self._places = None

    def _chosen(self, _: Any, given: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...] | None:
        if self._places is None:
            return None
        return (given[0].flatten(0, 1)[self._places][None], *given[1:])
