"""Size: which model and how many tokens the budget is best spent on, and what other choices come to."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pyarrow as pa

from polymath.engine.contract import EngineConfig, Item, Plan
from polymath.pipelines.plan.config import Asked, PlanConfig
from polymath.planning.budget import GPUs
from polymath.planning.memory import least
from polymath.planning.scaling import FITS, Fit, iso_flop, tokens_for, train_flop, worth_of_repeats
from polymath.planning.shapes import Shape, Shapes
from polymath.store.folder import ShardFolder

VERSION = 1
FRACTIONS = {"twice the size": 2.0, "half the size": 1 / 2, "a quarter": 1 / 4, "an eighth": 1 / 8}
"""Sizes beside the optimum, for the same budget."""
BUDGETS = (1 / 16, 1 / 4, 1.0, 4.0, 16.0)
"""Curves are drawn for the budget and for these parts and multiples of it."""

CHOICE = pa.schema(
    [
        ("kind", pa.string()),  # optimum, size, shape, mix, fit (the optimum of another one), published
        ("name", pa.string()),
        ("nearest", pa.bool_()),  # the shape nearest to the optimum, in logarithms of parameters
        ("parameters", pa.int64()),
        ("tokens", pa.float64()),  # drawn, repeats counted
        ("flop", pa.float64()),
        ("gpu_hours", pa.float64()),
        ("days", pa.float64()),  # on all GPUs together
        ("cost", pa.float64()),  # in the plan's currency
        ("loss", pa.float64()),  # nats a token, were all tokens new; a prediction of the fit
        ("epochs", pa.float64()),  # passes over the mix's training tokens; null without a mix
        ("repeated_loss", pa.float64()),  # with the repeats counted for what they are worth; null without a mix
        ("flop_to_match", pa.float64()),  # FLOP after which this size has the optimum's loss; null where it never has
        ("zero", pa.int8()),  # the least ZeRO stage that fits; null where none does, and where there is no shape to count
        ("offload", pa.string()),  # none, optimizer, all
    ]
)

CURVE = pa.schema(
    [
        ("flop", pa.float64()),  # of all models of the curve
        ("share", pa.float64()),  # of the plan's budget
        ("parameters", pa.float64()),
        ("tokens", pa.float64()),
        ("loss", pa.float64()),  # nats a token
        ("optimal", pa.bool_()),  # the curve's lowest point
    ]
)


def size_models(
    plan: PlanConfig, hardware: GPUs, models: Shapes, counted_tokens: ShardFolder | None, engine: EngineConfig
) -> Plan:
    """The loss-optimal model; other sizes, the library's shapes, published models; what the mix allows."""
    asked = Asked.of(plan, hardware, models, None if counted_tokens is None else train_tokens(counted_tokens))
    inputs = {} if counted_tokens is None else {"token_counts": counted_tokens.digest}
    return Plan("size", list_choices, (Item("choices", (), 1),), asked, VERSION, engine=engine, inputs=inputs)


def draw_curves(plan: PlanConfig, hardware: GPUs, models: Shapes, engine: EngineConfig) -> Plan:
    """Iso-FLOP curves: for the budget, and parts and multiples of it, the loss of every size that it could be spent on."""
    asked = Asked.of(plan, hardware, models)
    return Plan("size", list_points, (Item("curves", (), 1),), asked, VERSION, engine=engine)


def train_tokens(counts: ShardFolder) -> int:
    """Tokens of the split `train`, each counted once, of all tracks together."""
    return sum(row["tokens"] for row in counts.read(["split", "tokens"]).to_pylist() if row["split"] == "train")


@dataclass(frozen=True)
class _Chosen:
    """A row to be filled in."""

    kind: str
    name: str
    parameters: float
    tokens: float
    law: Fit
    shape: Shape | None = None


def list_choices(asked: Asked) -> pa.Table:
    """A row for each choice (schema CHOICE): the optimum first, then what else could be done."""
    law, flop = asked.law, asked.flop
    size, tokens = law.optimum(flop)
    chosen = [_Chosen("optimum", "loss-optimal", size, tokens, law)]
    chosen += [_Chosen("size", name, size * part, tokens / part, law) for name, part in FRACTIONS.items()]
    shapes = sorted(asked.shapes.items(), key=lambda item: item[1].parameters)
    chosen += [_Chosen("shape", name, s.parameters, tokens_for(flop, s.parameters), law, s) for name, s in shapes]
    if asked.unique_tokens:
        most = asked.unique_tokens * asked.plan.max_epochs
        chosen.append(_Chosen("mix", f"{asked.plan.max_epochs:g} epochs of the mix", law.optimal_size(most), most, law))
    chosen += [_Chosen("fit", name, *fit.optimum(flop), fit) for name, fit in FITS.items() if name != asked.plan.fit]
    chosen += [_Chosen("published", name, s.parameters, s.trained_tokens, law, s) for name, s in shapes if s.trained_tokens]
    best = law.loss(size, tokens)
    near = nearest(asked.shapes, size)
    return pa.Table.from_pylist([_row(asked, each, best, near) for each in chosen], CHOICE)


def nearest(shapes: dict[str, Shape], parameters: float) -> str:
    """The name of the shape whose parameters are nearest, in logarithms; the first by name of equal ones."""
    return min(sorted(shapes), key=lambda name: abs(math.log(shapes[name].parameters / parameters)), default="")


def _row(asked: Asked, one: _Chosen, best: float, near: str) -> dict[str, object]:
    spent = asked.machine.spend(train_flop(one.parameters, one.tokens))
    unique = asked.unique_tokens
    worth = worth_of_repeats(unique, one.tokens) if unique else None
    own = one.law is asked.law  # losses of another fit are not on the same scale
    match = train_flop(one.parameters, one.law.tokens_to_reach(best, one.parameters)) if own else math.inf
    setting = None
    if one.shape is not None and one.kind == "shape":
        load = asked.load(one.shape, "full", asked.plan.memory.checkpointing)
        setting = least(load, asked.plan.hardware.count, asked.room)
    return {
        "kind": one.kind,
        "name": one.name,
        "nearest": one.kind == "shape" and one.name == near,
        "parameters": round(one.parameters),
        "tokens": float(round(one.tokens)),
        "flop": spent.flop,
        "gpu_hours": spent.gpu_hours,
        "days": spent.days,
        "cost": spent.cost,
        "loss": one.law.loss(one.parameters, one.tokens),
        "epochs": one.tokens / unique if unique else None,
        "repeated_loss": one.law.loss(one.parameters, worth) if worth else None,
        "flop_to_match": match if math.isfinite(match) else None,
        "zero": setting.zero if setting else None,
        "offload": setting.offload if setting else None,
    }


def list_points(asked: Asked) -> pa.Table:
    """The curves, point by point (schema CURVE)."""
    rows = []
    for share in BUDGETS:
        flop = asked.flop * share
        points = iso_flop(asked.law, flop)
        best = min(points, key=lambda point: point.loss)
        rows += [{"flop": flop, "share": share, **vars(point), "optimal": point is best} for point in points]
    return pa.Table.from_pylist(rows, CURVE)
