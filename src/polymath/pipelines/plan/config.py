"""The dials of plan, and what they come to once the libraries have been looked up."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from polymath.config import Config
from polymath.errors import UserError, choices, unknown
from polymath.planning.budget import GPU, PRICED_IN, Budget, GPUs, Machine
from polymath.planning.memory import GIB, Load, Training
from polymath.planning.scaling import FITS, Fit
from polymath.planning.shapes import Shape, Shapes

LEAST_FLOP, MOST_FLOP = 1e12, 1e30
"""Far beyond what any fit was made on, on both sides."""


class HardwareChoice(Config):
    """The machine: how many processors of which kind, how well they are used, what they cost."""

    kind: str = "a100_80gb"
    """An entry of `parameters/hardware.yml`."""
    count: int = Field(8, ge=1)
    """Processors of that kind."""
    price: float | None = Field(None, gt=0)
    """Of one processor and hour, in `plan.currency`; none given: what the entry assumes, which is in US dollars."""
    mfu: float = Field(0.4, gt=0, le=1)
    """Model FLOP utilisation: the share of the peak that training reaches (llm-foundry, 8 H100: 0.46 at 7 B)."""


class MemoryConfig(Config):
    """What a GPU has to hold at once."""

    sequence_tokens: int = Field(2048, ge=8)
    """Length of a sequence."""
    micro_batch: int = Field(1, ge=1)
    """Sequences that a GPU holds at once."""
    checkpointing: bool = True
    """Compute the activations inside a layer again in the backward pass: a third more work, a fraction of the memory."""
    adapter_rank: int = Field(16, ge=1)
    """Rank of the adapters where LoRA is estimated."""
    reserve: float = Field(0.1, ge=0, lt=1)
    """Share of a GPU's memory that is left to the runtime, to buffers and to fragments."""


class PlanConfig(Config):
    """`params:plan`: what may be spent, on what, and by which scaling law."""

    budget: Budget = Budget()
    currency: str = Field(PRICED_IN, min_length=1)
    """A label: nothing is converted."""
    hardware: HardwareChoice = HardwareChoice()
    fit: str = "besiroglu"
    """The scaling law: besiroglu, chinchilla or chinchilla_beta27. At 1e21 FLOP they give a parameter 22, 50 and 102 tokens."""
    max_epochs: float = Field(4.0, gt=0)
    """More passes over the mix than this are flagged (beyond four, repeats bring little; Muennighoff 2023, 2305.16264)."""
    memory: MemoryConfig = MemoryConfig()

    @field_validator("fit")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in FITS:
            raise UserError(f"{name!r} is not a fit; {choices(name, FITS)}")
        return name


class Asked(Config):
    """The whole question: the dials, the kind of processor and the shapes that they name. A plan's shards are keyed by it."""

    plan: PlanConfig
    gpu: GPU
    shapes: dict[str, Shape]
    unique_tokens: int | None = None
    """Training tokens of the mix; None where the project has none."""

    @classmethod
    def of(cls, plan: PlanConfig, hardware: GPUs, models: Shapes, unique_tokens: int | None = None) -> Asked:
        """Look up the names; a UserError for one that is not there, for an assumed price in another currency, for a budget
        that is out of bounds."""
        kind = plan.hardware.kind
        if kind not in hardware.root:
            raise unknown("plan.hardware.kind", kind, "kind of hardware", hardware.root)
        if plan.hardware.price is None and plan.currency != PRICED_IN:
            raise UserError(
                f"plan.currency: {plan.currency!r}, but the assumed price of {kind} is in {PRICED_IN}; "
                f"set plan.hardware.price, in {plan.currency}"
            )
        found = cls(plan=plan, gpu=hardware.root[kind], shapes=models.root, unique_tokens=unique_tokens)
        if not LEAST_FLOP <= found.flop <= MOST_FLOP:
            raise UserError(
                f"plan.budget: it comes to {found.flop:.3g} FLOP; choose one between {LEAST_FLOP:g} and {MOST_FLOP:g}"
            )
        return found

    @property
    def law(self) -> Fit:
        """The scaling law."""
        return FITS[self.plan.fit]

    @property
    def machine(self) -> Machine:
        """The processors with their price."""
        chosen = self.plan.hardware
        return Machine(self.gpu.peak_flops, chosen.mfu, chosen.count, chosen.price or self.gpu.price)

    @property
    def flop(self) -> float:
        """The budget in FLOP."""
        return self.machine.flop_of(self.plan.budget)

    @property
    def room(self) -> float:
        """Bytes of a GPU that training may fill."""
        return self.gpu.memory_gib * GIB * (1 - self.plan.memory.reserve)

    def load(self, shape: Shape, training: Training, checkpointing: bool) -> Load:
        """What a GPU has to hold to train a shape."""
        dials = self.plan.memory
        width: Literal[2, 4] = 4 if self.gpu.precision == "fp32" else 2
        return Load(
            shape.anatomy, training, dials.micro_batch * dials.sequence_tokens, checkpointing, dials.adapter_rank, width
        )
