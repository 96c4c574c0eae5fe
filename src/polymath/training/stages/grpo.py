"""Group-relative policy optimisation over a track of prompts (Shao 2024, 2402.03300)."""

from __future__ import annotations

from polymath.store.folder import ShardFolder
from polymath.training.build import architecture_of
from polymath.training.config import Job
from polymath.training.objectives import Grouped
from polymath.training.pairs import held_out
from polymath.training.prompts import Prompts
from polymath.training.rewards import Judge
from polymath.training.stages.aligned import learner
from polymath.training.stages.stage import Stage, training_arguments
from polymath.training.start import context_of


def train(job: Job) -> None:
    """The stage, in this process, on this rank."""
    from trl import GRPOConfig

    from polymath.training.grpo_trainer import PromptTrainer
    from polymath.training.scheduled import Pace

    run, objective = job.run, job.run.objective
    assert isinstance(objective, Grouped)
    arguments = training_arguments(
        job,
        GRPOConfig,
        beta=objective.beta,
        loss_type=objective.loss,
        scale_rewards=objective.scale,
        num_generations=objective.replies,
        max_completion_length=objective.max_new_tokens,
        temperature=objective.temperature,
        top_p=objective.top_p,
        reward_weights=list(objective.rewards.weights.values()),
        shuffle_dataset=False,
        gradient_checkpointing=run.model.gradient_checkpointing,
    )
    stage = Stage.of(job, arguments)
    track = stage.track
    assert job.data.checks is not None
    checks = next(shard.read() for shard in ShardFolder.open(job.data.checks).shards if shard.name == track.name)
    room = (
        context_of(architecture_of(run.start)) or track.sequence_tokens + objective.max_new_tokens
    ) - objective.max_new_tokens
    validation = held_out(track, run.train.validation.sequences_per_task)
    trainer = PromptTrainer(
        job,
        Prompts(track, checks, track.order[: run.steps * track.batch], room),
        Prompts(track, checks, validation, room),
        Judge(objective.rewards, arguments.device),
        args=arguments,
        processing_class=stage.tokenizer,
        callbacks=[Pace(lambda: trainer)],
        **learner(run, reference=False),
    )
    stage.carry_out(trainer, packed=False)
