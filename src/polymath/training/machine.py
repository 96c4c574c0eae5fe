"""What this machine has, asked without importing torch."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from polymath.errors import UserError, unknown
from polymath.planning.budget import GPU, GPUs
from polymath.planning.memory import GIB
from polymath.training.config import HardwareConfig, Machine


def find_machine(hardware: HardwareConfig, kinds: GPUs) -> Machine:
    """As the dials say; what they leave open is asked of the machine."""
    if hardware.kind is not None and hardware.kind not in kinds.root:
        raise unknown("hardware.kind", hardware.kind, "kind of hardware", kinds.root)
    slots = _slots(hardware.hostfile) if hardware.hostfile else []
    nodes, memory = max(len(slots), 1), _cpu_memory()
    here = _visible_gpus() if hardware.gpus == "auto" else hardware.gpus
    if not here:
        share = memory / hardware.cpu_ranks
        return Machine(kind="CPU", gpus=False, ranks=hardware.cpu_ranks * nodes, nodes=nodes, memory=share, cpu_memory=share)
    known: GPU | None
    if hardware.kind is not None:
        known = kinds.root[hardware.kind]
        name, size = hardware.kind, known.memory_gib * GIB
    else:
        name, size = _gpus_say()
        known = _known(name, kinds)
    return Machine(
        kind=name,
        gpus=True,
        ranks=sum(slots) or here,
        nodes=nodes,
        memory=size,
        cpu_memory=memory / here,
        peak_flops=known.peak_flops if known else None,
        link=_link(known, hardware.network_gb_s, nodes, here),
    )


def _link(known: GPU | None, network: float | None, nodes: int, gpus: int) -> float | None:
    """Bytes a second between ranks: within a node as the kind has it, between nodes a GPU's share of the network."""
    ways = [known.link_gb_s if known else None, network / gpus if network and nodes > 1 else None]
    found = [each * 1e9 for each in ways if each is not None]
    return min(found, default=None)


def _slots(hostfile: str) -> list[int]:
    """Slots of each node in DeepSpeed's hostfile."""
    try:
        lines = [line.split("#")[0].strip() for line in Path(hostfile).read_text("utf-8").splitlines()]
        return [int(line.partition("slots=")[2]) for line in lines if line]
    except OSError as error:
        raise UserError(f"hardware.hostfile: {hostfile} cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise UserError(f"hardware.hostfile: {hostfile}: each line is `name slots=8`") from error


def _visible_gpus() -> int:
    there = len(list(Path("/proc/driver/nvidia/gpus").glob("*")))
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is None:
        return there
    return min(there, sum(each.strip() not in ("", "-1") for each in chosen.split(",")))


def _gpus_say() -> tuple[str, float]:
    """Name of the GPUs, and the bytes that the smallest has."""
    words = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]
    try:
        said = subprocess.run(words, capture_output=True, text=True, timeout=20, check=True).stdout.strip().splitlines()
        return said[0].rpartition(",")[0].strip(), min(float(line.rpartition(",")[2]) for line in said) * 2**20
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
        raise UserError("hardware.kind: the GPUs cannot be asked for their memory (nvidia-smi); name their kind") from error


def _known(name: str, kinds: GPUs) -> GPU | None:
    """The GPU that the library has under a name like this one ("NVIDIA H100 80GB HBM3": h100)."""
    words = set(re.split(r"[^a-z0-9]+", name.lower()))
    return next((kind for key, kind in kinds.root.items() if key.split("_")[0] in words), None)


def _cpu_memory() -> float:
    """What may be used: the machine's memory, or the container's limit."""
    whole = float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text("utf-8").strip()
    except OSError:
        return whole
    return min(whole, int(limit)) if limit.isdigit() else whole
