"""Memory that training takes on each GPU: parameters, gradients, optimizer states, activations, by ZeRO stage.

In mixed precision weights and gradients are in 16 bits, and Adam keeps a copy of the weights and two moments in 32 bits
(Rajbhandari 2020, 1910.02054): 16 bytes a parameter. In 32 bits they are as many, without the copy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from polymath.planning.shapes import Anatomy

Training = Literal["full", "lora"]
Offload = Literal["none", "optimizer", "all"]
GIB = 2**30
STATES = 16
"""Bytes of a parameter that learns, its gradient and Adam's states of it."""
LAYER_NUMBERS = 17
"""Numbers of activations a token, a layer and a unit of width: 34 bytes in 16 bits (Korthikanti 2022, 2205.05198)."""
LOGIT_BYTES = 8
"""Bytes of a token and an entry of the vocabulary: the logit in 32 bits and its gradient."""


class Setting(NamedTuple):
    """How the states of training are laid on the GPUs."""

    zero: int
    """ZeRO stage; 0: each GPU holds all of them."""
    offload: Offload
    """What lies in the CPU's memory: `optimizer`, with the gradients (ZeRO-Offload, Ren 2021, 2101.06840), or `all`, with the
    parameters (ZeRO-Infinity, Rajbhandari 2021, 2104.07857)."""


SETTINGS = (
    Setting(0, "none"),
    Setting(1, "none"),
    Setting(2, "none"),
    Setting(3, "none"),
    Setting(2, "optimizer"),
    Setting(3, "optimizer"),
    Setting(3, "all"),
)
"""From the one that talks least over the wires to the one that talks most."""


@dataclass(frozen=True)
class Beside:
    """What a GPU holds beside the model that learns."""

    reference: bool = False
    """The model as it was, which is only looked at."""
    held: float = 0.0
    """Bytes of other models that each GPU holds whole: of a reward model."""
    generated: int = 0
    """Tokens of all prompts and replies of a global batch, whose keys and values are kept while the replies are made."""


@dataclass(frozen=True)
class Load:
    """What is trained, and how much of it at a time."""

    anatomy: Anatomy
    training: Training
    tokens: int
    """Of a micro-batch: sequences that a GPU holds at once x tokens of each."""
    checkpointing: bool
    """Whether activations inside a layer are computed again in the backward pass (Chen 2016, 1604.06174)."""
    rank: int = 16
    """Of the adapters."""
    width: Literal[2, 4] = 2
    """Bytes of a number: 2 in mixed precision."""
    beside: Beside = Beside()

    @property
    def learning(self) -> int:
        """Parameters that learn."""
        return self.anatomy.parameters if self.training == "full" else self.anatomy.adapter_parameters(self.rank)

    @property
    def frozen(self) -> int:
        """Parameters that stand still below adapters."""
        return 0 if self.training == "full" else self.anatomy.parameters


@dataclass(frozen=True)
class Need:
    """Bytes on each GPU, part by part, and in the CPU's memory for it."""

    parameters: float
    gradients: float
    optimizer: float
    gathered: float
    """Under stage 3: the largest module whole, and the one that is fetched ahead of it."""
    activations: float
    offloaded: float
    """In the CPU's memory."""
    others: float = 0.0
    """The reference, and other models that stand still."""
    generation: float = 0.0
    """While replies are made; activations are not there then."""

    @property
    def total(self) -> float:
        """On the GPU."""
        states = self.parameters + self.gradients + self.optimizer + self.gathered
        return states + self.others + max(self.activations, self.generation)


def need(load: Load, setting: Setting, gpus: int) -> Need:
    """What each of `gpus` needs. Stage 1 splits the optimizer's states among them, 2 also gradients, 3 also parameters."""
    parameters = load.width * (load.frozen + load.learning) / (gpus if setting.zero >= 3 else 1)
    gradients = load.width * load.learning / (gpus if setting.zero >= 2 else 1)
    optimizer = (STATES - 2 * load.width) * load.learning / (gpus if setting.zero >= 1 else 1)
    offloaded = 0.0
    if setting.offload != "none":
        offloaded, gradients, optimizer = gradients + optimizer, 0.0, 0.0
    if setting.offload == "all":
        offloaded, parameters = offloaded + parameters, 0.0
    apart = setting.zero >= 3 and (gpus > 1 or setting.offload == "all")
    gathered = 2.0 * load.width * _largest_module(load.anatomy) if apart else 0.0
    others, generation = _others(load, setting, gpus), _generation(load, setting, gpus)
    return Need(parameters, gradients, optimizer, gathered, activations(load), offloaded, others, generation)


def _others(load: Load, setting: Setting, gpus: int) -> float:
    """A reference is laid on the GPUs as the model is; under adapters it is the model without them, and no copy."""
    copied = load.beside.reference and load.training == "full"
    reference = load.width * load.anatomy.parameters / (gpus if setting.zero >= 3 else 1) if copied else 0.0
    return reference + load.beside.held


def _generation(load: Load, setting: Setting, gpus: int) -> float:
    """Keys and values of every layer, as if no heads shared them; under stage 3 also the whole model, which speaks as one."""
    shape = load.anatomy
    kept = 2.0 * load.width * shape.hidden * shape.layers * load.beside.generated / gpus
    return kept + (load.width * shape.parameters if load.beside.generated and setting.zero >= 3 else 0.0)


def activations(load: Load) -> float:
    """Bytes of activations (Korthikanti 2022): 34 s b h a layer; with checkpointing 2 s b h a layer, and one layer whole.

    That is in 16 bits, and twice as much in 32. The scores of attention are not in it, since flash attention and SDPA do not
    keep them; the paper's layer stands for those of all shapes.
    """
    shape = load.anatomy
    layer = LAYER_NUMBERS * load.width * load.tokens * shape.hidden
    kept = load.width * load.tokens * shape.hidden * shape.layers + layer if load.checkpointing else layer * shape.layers
    return float(kept + LOGIT_BYTES * load.tokens * shape.vocabulary)


def least(load: Load, gpus: int, room: float) -> Setting | None:
    """The first of SETTINGS whose need is within `room` bytes; None where none is."""
    return next((setting for setting in SETTINGS if need(load, setting, gpus).total <= room), None)


def _largest_module(shape: Anatomy) -> int:
    return max(shape.layer_parameters, shape.vocabulary * shape.hidden)
