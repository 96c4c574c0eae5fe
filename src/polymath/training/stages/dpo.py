"""Direct preference optimisation over a track of pairs (Rafailov 2023, 2305.18290)."""

from __future__ import annotations

from polymath.training.config import Job
from polymath.training.objectives import Direct
from polymath.training.pairs import Pairs, held_out
from polymath.training.stages.aligned import learner
from polymath.training.stages.stage import Stage, training_arguments


def train(job: Job) -> None:
    """The stage, in this process, on this rank."""
    from trl import DPOConfig

    from polymath.training.dpo_trainer import PairTrainer
    from polymath.training.scheduled import Pace

    run, objective = job.run, job.run.objective
    assert isinstance(objective, Direct)
    arguments = training_arguments(
        job,
        DPOConfig,
        beta=objective.beta,
        loss_type=[objective.loss],
        label_smoothing=objective.label_smoothing,
        max_length=None,  # what is too long for a sequence was left out by curate
        gradient_checkpointing=run.model.gradient_checkpointing,
    )
    stage = Stage.of(job, arguments)
    track = stage.track
    trainer = PairTrainer(
        job,
        Pairs(track, track.order[: run.steps * track.batch]),
        Pairs(track, held_out(track, run.train.validation.sequences_per_task)),
        args=arguments,
        processing_class=stage.tokenizer,
        callbacks=[Pace(lambda: trainer)],
        **learner(run, reference=True),
    )
    stage.carry_out(trainer, packed=False)
