"""What our stages add to any trainer of transformers' family: the pace of the schedule, a log, atomic checkpoints, rates."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import torch
import torch.distributed
from torch.optim.lr_scheduler import LambdaLR
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from polymath.errors import UserError
from polymath.training.checkpoints import LOG, WRITING, Log, prune, publish, scores_of
from polymath.training.config import Job
from polymath.training.export import chosen_step
from polymath.training.ranks import say
from polymath.training.rates import rate
from polymath.training.spikes import Watch

LOOKING_SECONDS = 0.2
LISTED = 8
"""Example ids that an error names."""
if TYPE_CHECKING:
    Base = Trainer
else:
    Base = object


class Traced(Protocol):
    """A training set whose slots are known by the examples in them."""

    def examples(self, slots: Sequence[int]) -> list[str]:
        """The ids of all examples that stand in these slots."""


class Scheduled(Base):
    """Stands before Trainer, or one of TRL's, in a class's bases. The training set is read slot after slot, in order."""

    MEASURED: tuple[str, ...] = ()
    """What the trainer logs beside loss, norm and rate, and is kept of each step under `measured`."""
    SPIKES = True
    """Whether a loss far above those before it is worth a word."""

    def follow(self, job: Job) -> None:
        """Once, at the end of `__init__`."""
        self.job, self.run, self.folder = job, job.run, job.folder
        self.checkpoints = Path(str(self.args.output_dir))
        self.log_file = Log(job.folder / LOG)
        self.validated = self.log_file.losses()
        """Validation loss by step; the same on every rank."""
        self.watch = Watch(job.run.train.spikes, self.log_file.read())
        self.tokens = 0
        """That this rank saw, without padding."""

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> LambdaLR:
        """Our schedules."""
        if self.lr_scheduler is None:
            chosen = self.run.train.optimizer
            given: Any = optimizer if optimizer is not None else self.optimizer
            self.lr_scheduler = LambdaLR(given, lambda step: rate(step, num_training_steps, chosen))
            self._created_lr_scheduler = True
        return self.lr_scheduler

    def create_optimizer(self, *given: Any) -> Any:
        """transformers' own; which group of parameters decays is remembered for `mend_optimizer`."""
        made = super().create_optimizer(*given)
        self._decays = [group["weight_decay"] for group in made.param_groups]
        return made

    def mend_optimizer(self) -> None:
        """Once it goes on from a checkpoint. DeepSpeed, under ZeRO 3 on another number of ranks, gives all groups of parameters
        the weight decay of the first, and one count of steps to share, to which each of them then adds."""
        optimizer: Any = self.optimizer
        for group, decay in zip(optimizer.param_groups, self._decays, strict=True):
            group["weight_decay"] = decay
        for state in optimizer.state.values():
            if torch.is_tensor(state.get("step")):
                state["step"] = state["step"].clone()

    def _get_output_dir(self, trial: Any = None) -> str:
        return str(self.checkpoints / WRITING)

    def _save_checkpoint(self, model: Any, trial: Any = None) -> None:
        """Written aside by all ranks, then named by the first."""
        super()._save_checkpoint(model, trial)
        self.accelerator.wait_for_everyone()
        if self.is_world_process_zero():
            layout = self.run.layout
            facts = {"ranks": layout.machine.ranks, "zero": layout.zero}
            publish(self.checkpoints, self.state.global_step, facts)
            prune(self.checkpoints, self.run.train.checkpoints, self.validated)
        self.accelerator.wait_for_everyone()

    def keep(self, loss: float) -> None:
        """The validation loss of this step; with it, training may have come to its end."""
        self.validated[self.state.global_step] = loss
        # transformers asks its callbacks in the `evaluate` that ours stands in the place of.
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, {"eval_loss": loss})

    def told(self, facts: dict[str, Any]) -> None:
        """A line of the log, and the same to the launcher, by the first rank."""
        if self.is_world_process_zero():
            line = {"step": self.state.global_step, "time": round(time.time(), 3), **facts}
            self.log_file.add(line)
            kind = "step" if "loss" in line else "scores" if "scores" in line else "validation"
            say(kind, steps=self.run.steps, **line)

    def wait_for_scores(self, step: int) -> None:
        """Until the launcher has had the step's checkpoint scored. All ranks look for its file: no barrier waits so long."""
        if any("scores" in line and line["step"] == step for line in self.log_file.read()):
            return
        path = scores_of(self.folder, step, self.run.score_label)
        if self.is_world_process_zero() and not path.exists():
            say("scores_wanted", step=step)
        while not path.exists():
            time.sleep(LOOKING_SECONDS)
        self.told({"step": step, "scores": json.loads(path.read_text("utf-8"))})

    def checked(self, loss: torch.Tensor, slots: torch.Tensor) -> torch.Tensor:
        """The loss of a micro-batch of these slots. A UserError with their examples' ids where it is no number."""
        if torch.isfinite(loss):
            return loss
        raise UserError(
            f"step {self.state.global_step + 1}: the loss is {loss.item()}; lower "
            f"{self.run.stage}.train.optimizer.learning_rate, or look at the examples of the batch: {self.named(slots)}"
        )

    def over_ranks(self, count: int) -> int:
        """The sum of what each rank has counted; asked on all of them."""
        if not torch.distributed.is_initialized():
            return count
        total = torch.tensor(count, device=self.args.device)
        torch.distributed.all_reduce(total)
        return int(total)

    def spike(self, loss: float) -> dict[str, Any]:
        """Where the loss of this step is a spike: `spike`, with the examples of its batch."""
        found = self.watch.sees(loss)
        if found is None or not self.SPIKES or not self.is_world_process_zero():
            return {}
        step, batch = self.state.global_step, self.run.layout.batch
        return {"spike": {**found, "examples": self.named(torch.arange((step - 1) * batch, step * batch))}}

    def named(self, slots: torch.Tensor) -> str:
        """The examples in these slots, as an error names them."""
        traced: Traced = self.train_dataset  # type: ignore[assignment]
        names = list(dict.fromkeys(traced.examples(slots.tolist())))
        more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
        return ", ".join(names[:LISTED]) + more


class Pace(TrainerCallback):
    """When to validate, to save and to stop early; and a line for each step."""

    def __init__(self, trainer: Callable[[], Scheduled]) -> None:
        """`trainer`: known only after the callback is made."""
        self._trainer = trainer
        self._started = time.monotonic()
        self._tokens = 0

    def on_step_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Time the step."""
        self._started, self._tokens = time.monotonic(), self._trainer().tokens

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Validate and save where it is due, and at the end."""
        run, last = self._trainer().run, state.global_step >= state.max_steps
        control.should_log = True
        control.should_evaluate = last or state.global_step % run.validate_every == 0
        scored = run.score_every is not None and state.global_step % run.score_every == 0
        control.should_save = last or state.global_step % run.save_every == 0 or scored
        self._spent = time.monotonic() - self._started

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Let the checkpoint be scored where that is due; at the end in any case, and with it the one that is exported."""
        self._have_scored(state, ends=control.should_training_stop)

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """The same of the checkpoint that a killed run had left unscored."""
        if state.global_step:
            self._trainer().mend_optimizer()
            self._have_scored(state, ends=False)

    def _have_scored(self, state: TrainerState, ends: bool) -> None:
        trainer, step = self._trainer(), state.global_step
        every, ends = trainer.run.score_every, ends or step >= state.max_steps
        if every is None:
            return
        if ends or step % every == 0:
            trainer.wait_for_scores(step)
        if ends:
            trainer.wait_for_scores(chosen_step(trainer.job))

    def on_epoch_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """What the last step asked for is done: Trainer would do it again."""
        control.should_log = control.should_evaluate = control.should_save = False

    def on_log(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **given: Any) -> None:
        """Tell of the step."""
        trainer, logs = self._trainer(), given["logs"]
        if "loss" not in logs:
            return
        tokens = trainer.over_ranks(trainer.tokens - self._tokens)
        facts = {"loss": logs["loss"], "grad_norm": logs.get("grad_norm"), "learning_rate": logs["learning_rate"]}
        measured = {name: logs[name] for name in trainer.MEASURED if logs.get(name) is not None}
        more = {**({"measured": measured} if measured else {}), **trainer.spike(logs["loss"])}
        trainer.told({**facts, "tokens": tokens, "seconds": round(self._spent, 4), "memory_mb": peak_memory(), **more})

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Stop where validation has long been no better."""
        trainer = self._trainer()
        patience = trainer.run.train.validation.patience
        losses = trainer.validated
        best = min(losses, key=lambda step: losses[step])
        if patience is not None and sum(step > best for step in losses) >= patience:
            control.should_training_stop = control.should_save = True


def peak_memory() -> int:
    """The most memory this rank has held, MB: of the GPU where there is one, else of the process."""
    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated() / 2**20)
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
