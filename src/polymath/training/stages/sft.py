"""Supervised fine-tuning, and pretraining alike: next-token loss over a packed track."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

from polymath.store.folder import ShardFolder
from polymath.training.build import architecture_of, attention_for, build_model, count_parameters
from polymath.training.checkpoints import (
    CHECKPOINTS,
    LOG,
    Log,
    checkpoint_steps,
    clear_unfinished,
    last_checkpoint,
    step_of,
)
from polymath.training.collate import Collator, Rows
from polymath.training.config import Job, RunConfig
from polymath.training.export import export_model, write_result
from polymath.training.launch import free_port
from polymath.training.leaks import packs_safely
from polymath.training.ranks import rank, say
from polymath.training.tokenizer import load_tokenizer, tokenizer_row
from polymath.training.tracks import Track, TrainingSet, ValidationSet


def train(job: Job) -> None:
    """From the run's start, or its last checkpoint, to its last step; then the export."""
    from polymath.training.trainer import Pace, ScheduleTrainer

    warnings.filterwarnings("ignore", message=".*were not in the checkpoint.*")
    run, data = job.run, job.data
    arguments = training_arguments(job)  # first: under ZeRO 3 it decides how models are made
    tokens, sequences, schedule = (ShardFolder.open(path) for path in (data.tokens, data.sequences, data.schedule))
    track = Track(tokens, sequences, schedule, run.train.track)
    tokenizer = load_tokenizer(tokenizer_row(ShardFolder.open(data.tokenizer)))
    rows = rows_for(run)
    checkpoint = _ready_to_go_on(job, arguments)
    model = build_model(run)
    length = track.sequence_tokens * (run.layout.micro_batch if rows == "flat" else 1)
    collate = Collator(int(tokenizer.pad_token_id or 0), rows, length if run.model.compile else None)
    validation = ValidationSet(track, "validation", run.train.validation.sequences_per_task)
    pace = Pace(lambda: trainer)
    trainer = ScheduleTrainer(
        job,
        collate,
        validation,
        model=model,
        args=arguments,
        train_dataset=TrainingSet(track, run.steps),
        callbacks=[pace],
    )
    begun = step_of(checkpoint) if checkpoint else 0
    if rank() == 0:
        parameters, learning = count_parameters(model)
        say("start", parameters=parameters, learning=learning, packed=rows != "documents", step=begun, steps=run.steps)
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    trainer.accelerator.wait_for_everyone()
    if rank() == 0:
        export_model(job, rows != "documents")
        write_result(job, rows != "documents", count_parameters(model))
    trainer.accelerator.wait_for_everyone()


def rows_for(run: RunConfig) -> Rows:
    """How documents lie in rows: apart where the model lets them see each other, which is tried before its weights are made."""
    config = architecture_of(run.start)
    attention = attention_for(config, run.model.attention, run.layout.machine.gpus)
    flash = attention == "flash_attention_2"
    if not packs_safely(config, "sdpa" if flash else attention):  # flash attention cannot be tried without a GPU
        return "documents"
    if flash:
        return "flat"
    return "packed" if run.layout.machine.gpus or run.model.compile else "narrow"


def training_arguments(job: Job) -> Any:
    """transformers' arguments for the run; order, pace and names of checkpoints are ours."""
    from transformers import TrainingArguments

    run, folder = job.run, job.folder / CHECKPOINTS
    optimizer, gpus = run.train.optimizer, run.layout.machine.gpus
    if run.layout.deepspeed is not None:
        _join_ranks(gpus)
    return TrainingArguments(
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
