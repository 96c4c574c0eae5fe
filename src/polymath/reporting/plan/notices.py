"""What to look at before money is spent on a plan, and the plan in a few lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from polymath.reporting.plan.words import big, gib, lasting, money, stage, three, told_budget

if TYPE_CHECKING:
    from polymath.pipelines.plan.config import Asked

Lines = list[dict[str, Any]]
FAR = 2.0
"""A shape whose size is so many times the optimum, or a part of it, is told to be far off."""


def chosen_of(choices: Lines) -> dict[str, Any]:
    """The shape nearest to the optimum; the optimum itself where the library has no shape."""
    return next((row for row in choices if row["nearest"]), choices[0])


def least_of(needs: Lines, asked: Asked) -> dict[str, Any] | None:
    """The first setting in which full training fits, with checkpointing as it was asked for; None where none does."""
    wanted = ("full", asked.plan.memory.checkpointing)
    return next((row for row in needs if row["least"] and (row["training"], row["checkpointing"]) == wanted), None)


def tell_plan(choices: Lines, needs: Lines, asked: Asked) -> dict[str, str]:
    """The plan in a few lines, by what they tell of."""
    best, near = choices[0], chosen_of(choices)
    told = {
        "budget": f"{told_budget(asked)}: {three(near['gpu_hours'])} GPU-hours, {lasting(near['days'])}, "
        f"{money(near['cost'], asked.plan.currency)}",
        "optimum": f"{big(best['parameters'])} parameters on {big(best['tokens'])} tokens, loss {best['loss']:.3f} "
        f"by the fit {asked.plan.fit}",
        "nearest": f"{near['name']}, {big(near['parameters'])} parameters on {big(near['tokens'])} tokens, "
        f"loss {near['loss']:.3f}",
    }
    first = least_of(needs, asked)
    if needs:
        what = f"{gib(first['total'])} of {asked.gpu.memory_gib:g} GiB" if first else "no ZeRO stage fits"
        told["memory"] = f"{stage(first['zero'], first['offload'])}: {what}" if first else what
    told["mix"] = tell_mix(near)
    return told


def tell_mix(near: dict[str, Any]) -> str:
    """How often the mix would be passed over; that there is none, where there is none."""
    if near["epochs"] is None:
        return "none in this project yet (kedro run --pipeline=curate), so how often tokens would repeat is not known"
    return f"{big(near['tokens'] / near['epochs'])} training tokens: {three(near['epochs'])} epochs of them"


def notices(choices: Lines, needs: Lines, asked: Asked) -> list[str]:
    """Sentences; none where nothing stands out."""
    near, most = chosen_of(choices), asked.plan.max_epochs
    found = []
    if near["epochs"] is not None and near["epochs"] > most:
        mix = next(row for row in choices if row["kind"] == "mix")
        found.append(
            f"The plan passes over the mix {three(near['epochs'])} times, more than {most:g}: "
            f"up to there it feeds {big(mix['parameters'])} parameters, on {big(mix['tokens'])} tokens. "
            "Choose more sources, or spend less."
        )
    if needs and least_of(needs, asked) is None:
        found.append(
            f"{near['name']} does not fit {asked.plan.hardware.count:,} × {asked.plan.hardware.kind} under any ZeRO stage: "
            "take more of them, shorter sequences, or checkpointing; tensor and pipeline parallelism are not reckoned with."
        )
    ratio = near["parameters"] / choices[0]["parameters"]
    if not FAR > ratio > 1 / FAR:
        found.append(
            f"The nearest shape has {three(ratio)} times the parameters of the optimum; parameters/models has none nearer."
        )
    if asked.plan.hardware.price is None and asked.plan.budget.flop is None:
        found.append(
            f"The price of {money(asked.gpu.price, asked.plan.currency)} an hour is assumed; set plan.hardware.price to yours."
        )
    return found
