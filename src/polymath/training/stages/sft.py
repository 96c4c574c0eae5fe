"""Supervised fine-tuning, and pretraining alike: next-token loss over a packed track."""

from __future__ import annotations

from polymath.training.build import architecture_of, attention_for, build_model
from polymath.training.collate import Collator, Rows
from polymath.training.config import Job, RunConfig
from polymath.training.leaks import packs_safely
from polymath.training.stages.stage import Stage, training_arguments
from polymath.training.tracks import TrainingSet
from polymath.training.validation import ValidationSet


def train(job: Job) -> None:
    """The stage, in this process, on this rank."""
    from polymath.training.scheduled import Pace
    from polymath.training.trainer import ScheduleTrainer

    run, arguments = job.run, training_arguments(job)
    stage = Stage.of(job, arguments)
    rows, track, validation = rows_for(run), stage.track, run.train.validation
    length = track.sequence_tokens * (run.layout.micro_batch if rows == "flat" else 1)
    collate = Collator(int(stage.tokenizer.pad_token_id or 0), rows, length if run.model.compile else None)
    trainer = ScheduleTrainer(
        job,
        collate,
        ValidationSet(track, "validation", validation.sequences_per_task, validation.by),
        model=build_model(run),
        args=arguments,
        train_dataset=TrainingSet(track, run.steps),
        callbacks=[Pace(lambda: trainer)],
    )
    stage.carry_out(trainer, packed=rows != "documents")


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
