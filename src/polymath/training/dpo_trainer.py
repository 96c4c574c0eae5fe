"""TRL's DPOTrainer, made to replay a schedule: our pairs in our order, as the ids that they were made with."""

from __future__ import annotations

import contextlib
import math
import time
from collections import defaultdict
from dataclasses import dataclass
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
from polymath.training.trainer import LabelledHead, foretold

AT_ONCE = 256
"""Tokens whose whole distributions are held against each other at once: a vocabulary of each, in 32 bits."""
MEASURED = ("rewards/margins", "rewards/accuracies", "rewards/chosen", "rewards/rejected", "logps/chosen", "entropy")


@dataclass(frozen=True)
class Strayed:
    """A held-out pair, as the model sees it beside the reference."""

    margin: float
    """beta x (how much likelier the better reply became than it was, less the same of the worse one)."""
    divergence: float
    """Nats, summed over the tokens of the better reply."""
    tokens: int
    """Of the better reply."""


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
        self._head = LabelledHead(self.model)
        self._reference_head = LabelledHead(self.accelerator.unwrap_model(self.ref_model)) if self.ref_model else self._head
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
        """-log sigmoid of the margin, how often the better reply gained more on the worse one, by source too; and how far the
        model has strayed from the reference."""
        started = time.monotonic()
        strayed: dict[str, list[Strayed]] = defaultdict(list)
        model: Any = self.model
        model.eval()
        size, rank, ranks = self.args.per_device_train_batch_size, self.args.process_index, self.args.world_size
        for rows, counts in shares(len(self.validation), size, rank, ranks):
            found = self._strayed([self.validation[row] for row in rows])
            for row, each in zip(rows, found if counts else (), strict=False):
                strayed[self.validation.source(row)].append(each)
        model.train()
        together: list[dict[str, list[Strayed]]] = gather_object([dict(strayed)])
        sources = sorted({name for part in together for name in part})
        pairs = {name: [each for part in together for each in part.get(name, [])] for name in sources}
        by_source = {name: [each.margin for each in some] for name, some in pairs.items()}
        every = [margin for some in by_source.values() for margin in some]
        losses = {name: _loss(some) for name, some in {"all": every, **by_source}.items()}
        self.keep(losses["all"])
        accuracies = {f"accuracy {name}": _accuracy(some) for name, some in by_source.items()}
        kl = _per_token([each for some in pairs.values() for each in some])
        measured = {"margin": sum(every) / max(len(every), 1), "accuracy": _accuracy(every), "kl": kl, **accuracies}
        self.told({"validation": losses, "measured": measured, "seconds": round(time.monotonic() - started, 3)})
        return {"eval_loss": losses["all"]}

    def _strayed(self, items: list[dict[str, Any]]) -> list[Strayed]:
        batch = self._prepare_inputs(self.data_collator(items))
        wanted = foretold(batch["input_ids"].masked_fill(batch["completion_mask"] == 0, IGNORED))
        given = {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"], "use_cache": False}
        policy: Any = self.model_wrapped if self.is_deepspeed_enabled else self.model
        with torch.no_grad(), self.accelerator.autocast():
            with self._head.at(wanted != IGNORED) as places:
                now = policy(**given).logits[0]
            with self._as_it_was(), self._reference_head.at(wanted != IGNORED):
                before = (self.ref_model or policy)(**given).logits[0]
        gained = torch.zeros(wanted.numel(), dtype=torch.float64, device=now.device)
        divergence = torch.zeros_like(gained)
        for some, here, there in zip(places.split(AT_ONCE), now.split(AT_ONCE), before.split(AT_ONCE), strict=True):
            after, earlier = here.float().log_softmax(-1), there.float().log_softmax(-1)
            gained[some] = (after - earlier).gather(1, wanted.flatten()[some, None].clamp(min=0))[:, 0].double()
            divergence[some] = F.kl_div(earlier, after, reduction="none", log_target=True).sum(-1).double()
        told = wanted != IGNORED
        better, worse = (gained.view(wanted.shape) * told).sum(1).chunk(2)
        nats, tokens = (each.chunk(2)[0] for each in ((divergence.view(wanted.shape) * told).sum(1), told.sum(1)))
        margins = (self.beta * (better - worse)).tolist()
        return [Strayed(*each) for each in zip(margins, nats.tolist(), tokens.tolist(), strict=True)]

    def _as_it_was(self) -> contextlib.AbstractContextManager[Any]:
        """Within it, a model with adapters speaks without them."""
        model: Any = self.accelerator.unwrap_model(self.model)
        return contextlib.nullcontext() if self.ref_model else model.disable_adapter()


def _loss(margins: list[float]) -> float:
    return float(-F.logsigmoid(torch.tensor(margins)).mean()) if margins else math.nan


def _accuracy(margins: list[float]) -> float:
    return sum(margin > 0 for margin in margins) / len(margins) if margins else math.nan


def _per_token(pairs: list[Strayed]) -> float:
    """Kullback-Leibler divergence from the reference, nats a token, over the whole distributions at each token of the better
    replies."""
    tokens = sum(each.tokens for each in pairs)
    return sum(each.divergence for each in pairs) / tokens if tokens else math.nan
