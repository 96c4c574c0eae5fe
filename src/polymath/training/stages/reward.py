"""A reward model: a scalar for each reply, learnt from pairs of which one is said to be better."""

from __future__ import annotations

from polymath.training.build import build_model
from polymath.training.config import Job
from polymath.training.objectives import Pairwise
from polymath.training.pairs import Pairs, held_out
from polymath.training.stages.stage import Stage, training_arguments


def train(job: Job) -> None:
    """The stage, in this process, on this rank."""
    from polymath.training.language_head import LanguageHead
    from polymath.training.reward_trainer import BothSides, RewardTrainer
    from polymath.training.scheduled import Pace

    run, objective, arguments = job.run, job.run.objective, training_arguments(job)
    assert isinstance(objective, Pairwise)
    stage = Stage.of(job, arguments)
    track, pad = stage.track, int(stage.tokenizer.pad_token_id or 0)
    model = build_model(run)
    plain = model.get_base_model() if run.model.lora else model
    plain.config.get_text_config().pad_token_id = pad  # a reply is scored at its last token that is no padding
    language = objective.language_weight > 0
    trainer = RewardTrainer(
        job,
        objective,
        Pairs(track, held_out(track, run.train.validation.sequences_per_task)),
        LanguageHead(plain) if language else None,
        model=model,
        args=arguments,
        data_collator=BothSides(pad, language, track.sequence_tokens if run.model.compile else None),
        train_dataset=Pairs(track, track.order[: run.steps * track.batch]),
        callbacks=[Pace(lambda: trainer)],
    )
    stage.carry_out(trainer, packed=False)
