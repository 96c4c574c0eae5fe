"""transformers' Trainer for a model that scores replies: Bradley and Terry's loss over the pairs of the schedule's batches.

TRL's RewardTrainer has the pairs' loss too, but no next-token loss beside it and no rewards of single pairs when it validates,
and it wants all pairs in a Dataset before the first step.
"""

from __future__ import annotations

import math
import time
from functools import cached_property
from typing import Any

import numpy as np
import torch
import torch.distributed
import torch.nn.functional as F
from accelerate.utils import gather_object
from transformers import Trainer

from polymath.training.collate import MULTIPLE
from polymath.training.config import Job
from polymath.training.judged import Judged
from polymath.training.language_head import LanguageHead
from polymath.training.objectives import Pairwise
from polymath.training.pairs import Pairs
from polymath.training.scheduled import Scheduled
from polymath.training.shares import shares
from polymath.training.tracks import IGNORED
from polymath.training.trainer import foretold


class BothSides:
    """Pairs of a micro-batch as rows: the better sides, then the worse ones, padded at the end."""

    def __init__(self, pad: int, language: bool, length: int | None = None) -> None:
        """`language`: the tokens of the better replies are labels. `length`: of every row, for compiled models."""
        self._pad, self._language, self._length = pad, language, length

    def __call__(self, items: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        """int64[2 x pairs, tokens]: `input_ids`; int64[pairs, tokens]: `labels`, of the better sides; int64[pairs]: `slot`;
        and the number of `tokens` that are no padding."""
        sides = [[*item["prompt_ids"], *item[f"{side}_ids"]] for side in ("chosen", "rejected") for item in items]
        width = self._length or -(-max(map(len, sides)) // MULTIPLE) * MULTIPLE
        ids = np.full((len(sides), width), self._pad, np.int64)
        labels = np.full((len(items), width), IGNORED, np.int64)
        for row, side in enumerate(sides):
            ids[row, : len(side)] = side
        for row, item in enumerate(items):
            start = len(item["prompt_ids"])
            labels[row, start : start + len(item["chosen_ids"])] = item["chosen_ids"]
        batch = {"input_ids": ids, "tokens": np.array(sum(map(len, sides))), "slot": np.array([item["slot"] for item in items])}
        if self._language:
            batch["labels"] = labels
        return {name: torch.from_numpy(values) for name, values in batch.items()}


class RewardTrainer(Scheduled, Trainer):
    """Trains on slot after slot of a track of pairs. The global batch of step s is exactly the schedule's, on any ranks."""

    MEASURED = ("accuracy", "margin", "language_loss")

    def __init__(self, job: Job, objective: Pairwise, validation: Pairs, head: LanguageHead | None, **given: Any) -> None:
        """`given`: what Trainer takes; `train_dataset` are Pairs. `head`: where the next-token loss counts too."""
        super().__init__(**given)
        self.follow(job)
        self.objective: Pairwise = objective
        self.validation, self._head = validation, head
        # Sums over a micro-batch are divided by what the whole global batch has: ours, for every model.
        self.model_accepts_loss_kwargs = True
        self.loss_is_scaled_for_ga = True
        self._sums = torch.zeros(len(self.MEASURED), dtype=torch.float64, device=self.args.device)

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> torch.Tensor:
        """The share of this micro-batch in the loss of the global batch. Fails with the examples' ids where it is no number."""
        assert not return_outputs
        self.tokens += int(inputs["tokens"])
        better, worse, language = self._passed(model, inputs)
        pairs, margins = self.run.layout.batch, better - worse
        loss = pair_losses(better, worse, self.objective).sum() / pairs
        spoken = torch.zeros((), device=loss.device)
        if language is not None:
            spoken = language.sum() / num_items_in_batch
            loss = loss + self.objective.language_weight * spoken
        self.checked(loss, inputs["slot"])
        told = [(margins > 0).sum() / pairs, margins.sum() / pairs, spoken]
        self._sums += torch.stack([each.detach().double() for each in told])
        return loss * self.accelerator.num_processes  # gradients are averaged over the ranks

    def _passed(self, model: Any, inputs: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
        """float32[pairs]: the rewards of the better replies and of the worse ones; and float32[labels], the losses of the
        better replies' tokens, where they are labelled."""
        # Without an attention mask: padding stands at the end, where causal attention never looks from a token of the text.
        given = {"input_ids": inputs["input_ids"], "use_cache": False}
        if self._head is None or "labels" not in inputs:
            better, worse = model(**given).logits[:, 0].float().chunk(2)
            return better, worse, None
        labels = foretold(inputs["labels"]).flatten()
        places = (labels != IGNORED).nonzero()[:, 0]
        with self._head.at(places):
            better, worse = model(**given).logits[:, 0].float().chunk(2)
            logits = self._head.logits
        assert logits is not None
        return better, worse, F.cross_entropy(logits.float(), labels[places], reduction="none")

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """With what the batch of the step has shown, on all ranks."""
        if "loss" in logs:
            if torch.distributed.is_initialized():
                torch.distributed.all_reduce(self._sums)
            names = self.MEASURED if self._head is not None else self.MEASURED[:2]
            logs |= dict(zip(names, self._sums.tolist(), strict=False))
            self._sums.zero_()
        super().log(logs, start_time)

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """The pairs' loss, of all and by source, and what the rewards of the held-out pairs say of the model."""
        started = time.monotonic()
        judged = self._judge()
        losses = {"all": self._loss(judged.better, judged.worse)}
        losses |= {source: self._loss(judged.better[own], judged.worse[own]) for source, own in judged.by_source()}
        self.keep(losses["all"])
        if self.is_world_process_zero():
            judged.write(self.folder, self.state.global_step)
        self.told({"validation": losses, "measured": judged.measures(), "seconds": round(time.monotonic() - started, 3)})
        return {"eval_loss": losses["all"]}

    def _judge(self) -> Judged:
        """The held-out pairs, shared out among the ranks and put together again in their order."""
        model: Any = self.model_wrapped if self.is_deepspeed_enabled else self.model
        size, rank, ranks = self.args.per_device_train_batch_size, self.args.process_index, self.args.world_size
        found: list[tuple[int, float, float, int, int]] = []
        model.eval()
        for rows, counts in shares(len(self.validation), size, rank, ranks):
            items = [self.validation[row] for row in rows]
            inputs: Any = self._prepare_inputs(self.data_collator(items))
            inputs.pop("labels", None)
            with torch.no_grad(), self.accelerator.autocast():
                better, worse, _ = self._passed(model, inputs)
            tokens = ([len(item[side]) for item in items] for side in ("chosen_ids", "rejected_ids"))
            found += zip(rows, better.tolist(), worse.tolist(), *tokens, strict=True) if counts else ()
        model.train()
        rows_, known = sorted(gather_object(found)), self.validation
        return Judged.of([(self._names[row], known.source(row), *rest) for row, *rest in rows_])

    @cached_property
    def _names(self) -> list[str]:
        """Of the held-out pairs' examples."""
        return self.validation.examples(range(len(self.validation)))

    def _loss(self, better: np.ndarray, worse: np.ndarray) -> float:
        """Mean over pairs; NaN where there are none."""
        if not len(better):
            return math.nan
        return float(pair_losses(torch.from_numpy(better), torch.from_numpy(worse), self.objective).mean())


def pair_losses(better: torch.Tensor, worse: torch.Tensor, objective: Pairwise) -> torch.Tensor:
    """-log sigmoid(better - worse - margin) of each pair, and what holds the rewards around zero."""
    losses = -F.logsigmoid(better - worse - objective.margin)
    return losses + objective.centring * (better + worse) ** 2 if objective.centring else losses
