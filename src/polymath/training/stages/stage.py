"""What all stages do alike: from the run's start, or its last checkpoint, to its last step; then the export."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polymath.store.folder import ShardFolder
from polymath.training.build import count_parameters
from polymath.training.checkpoints import (
    CHECKPOINTS,
    LOG,
    Log,
    checkpoint_steps,
    clear_unfinished,
    last_checkpoint,
    step_of,
)
from polymath.training.config import Job
from polymath.training.export import export_model, write_result
from polymath.training.launch import free_port
from polymath.training.ranks import rank, say
from polymath.training.tokenizer import load_tokenizer, tokenizer_row
from polymath.training.tracks import Track

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

    from polymath.training.scheduled import Scheduled


@dataclass(frozen=True)
class Stage:
    """A run that is about to train: its data, and the checkpoint that it goes on from."""

    job: Job
    track: Track
    tokenizer: PreTrainedTokenizerFast
    checkpoint: Path | None

    @classmethod
    def of(cls, job: Job, arguments: Any) -> Stage:
        """Opens the track, clears away what a killed run had begun to write, and takes the log back to the checkpoint."""
        warnings.filterwarnings("ignore", message=".*were not in the checkpoint.*")
        data = job.data
        tokens, sequences, schedule = (ShardFolder.open(path) for path in (data.tokens, data.sequences, data.schedule))
        track = Track(tokens, sequences, schedule, job.run.train.track, job.run.begins)
        tokenizer = load_tokenizer(tokenizer_row(ShardFolder.open(data.tokenizer)), job.run.form)
        return cls(job, track, tokenizer, _ready_to_go_on(job, arguments))

    def carry_out(self, trainer: Scheduled, packed: bool) -> None:
        """Train, then export. `packed`: whether documents share rows."""
        run, model = self.job.run, trainer.model
        begun = step_of(self.checkpoint) if self.checkpoint else 0
        if rank() == 0:
            parameters, learning = count_parameters(model)
            say("start", parameters=parameters, learning=learning, packed=packed, step=begun, steps=run.steps)
        trainer.train(resume_from_checkpoint=str(self.checkpoint) if self.checkpoint else None)
        trainer.accelerator.wait_for_everyone()
        if rank() == 0:
            export_model(self.job, packed)
            write_result(self.job, packed, count_parameters(model), self.track)
        trainer.accelerator.wait_for_everyone()


def training_arguments(job: Job, kind: type[Any] | None = None, **more: Any) -> Any:
    """transformers' arguments for the run (or TRL's, of this `kind`, with `more`); order, pace and checkpoints' names are ours.

    Made before the model: under ZeRO 3 they decide how models are made.
    """
    from transformers import TrainingArguments

    kind = kind or TrainingArguments
    run, folder = job.run, job.folder / CHECKPOINTS
    optimizer, gpus = run.train.optimizer, run.layout.machine.gpus
    if run.layout.deepspeed is not None:
        _join_ranks(gpus)
    return kind(
        output_dir=str(folder),
        max_steps=run.steps,
        per_device_train_batch_size=run.layout.micro_batch,
        gradient_accumulation_steps=run.layout.accumulation,
        learning_rate=run.learning_rate,
        weight_decay=optimizer.weight_decay,
        adam_beta1=optimizer.beta_1,
        adam_beta2=optimizer.beta_2,
        max_grad_norm=optimizer.max_grad_norm,
        bf16=run.train.precision == "bf16",
        fp16=run.train.precision == "fp16",
        use_cpu=not gpus,
        torch_compile=run.model.compile,
        deepspeed=run.layout.deepspeed,
        train_sampling_strategy="sequential",
        remove_unused_columns=False,
        eval_on_start=not checkpoint_steps(folder),
        eval_strategy="no",
        save_strategy="no",
        logging_strategy="no",
        report_to=[],
        disable_tqdm=True,
        dataloader_pin_memory=gpus,
        seed=run.train.seed,
        save_only_model=False,
        **more,
    )


def _join_ranks(gpus: bool) -> None:
    """Before transformers does: on CPUs it would begin in another way than DeepSpeed, and ZeRO 3 would miscount the ranks."""
    import deepspeed

    if gpus:
        deepspeed.init_distributed()
        return
    import deepspeed.ops

    # Ranks talk through gloo alone: the shared-memory kernel would be compiled here, and a killed run leaves its lock.
    deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False
    alone = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1"}
    alone["MASTER_PORT"] = str(free_port())
    for name, value in alone.items():
        os.environ.setdefault(name, value)
    deepspeed.init_distributed(dist_backend="gloo")


def _ready_to_go_on(job: Job, arguments: Any) -> Path | None:
    """The checkpoint to go on from, with the log as it was then; None for a run that begins."""
    folder = job.folder / CHECKPOINTS
    with arguments.main_process_first(local=False):
        checkpoint = last_checkpoint(folder)
        if rank() == 0:
            folder.mkdir(parents=True, exist_ok=True)
            clear_unfinished(folder)
            Log(job.folder / LOG).rewind(step_of(checkpoint) if checkpoint else -1)
    return checkpoint
