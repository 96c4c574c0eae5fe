"""Going on from a checkpoint on another number of ranks than it was made on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from polymath.errors import UserError
from polymath.planning.memory import Setting
from polymath.training.checkpoints import CHECKPOINTS, LAYOUT, last_checkpoint
from polymath.training.config import Job, Layout
from polymath.training.layout import deepspeed_json

UNIVERSAL = "universal"
LATEST = "latest_universal"


def fit_to_checkpoint(job: Job) -> Job:
    """The job as it can go on from its last checkpoint.

    Without ZeRO every rank's checkpoint holds all, and any number of ranks goes on from it. Under ZeRO each rank has written
    its part; for another number of ranks the parts are put together first (DeepSpeed's universal checkpoint, 2406.18820).
    """
    checkpoint = last_checkpoint(job.folder / CHECKPOINTS)
    if checkpoint is None:
        return job
    made, layout = json.loads((checkpoint / LAYOUT).read_text("utf-8")), job.run.layout
    if made["zero"] == layout.zero and (not layout.zero or made["ranks"] == layout.machine.ranks):
        return job
    if not made["zero"]:
        raise UserError(
            f"hardware.zero: the run has a checkpoint that was made without ZeRO ({checkpoint}); go on with hardware.zero=0, "
            "or begin anew by removing the folder"
        )
    put_together(checkpoint)
    return job.model_copy(update={"run": job.run.model_copy(update={"layout": _universal(job, layout, made["zero"])})})


def put_together(checkpoint: Path) -> None:
    """Write the parts of all ranks as one, beside them; done once."""
    if (checkpoint / LATEST).exists():
        return
    parts = next(checkpoint.glob("global_step*"))
    words = [sys.executable, "-m", "deepspeed.checkpoint.ds_to_universal", "--inject_missing_state"]
    words += ["--input_folder", str(parts), "--output_folder", str(checkpoint / UNIVERSAL)]
    ran = subprocess.run(words, capture_output=True, text=True, check=False)
    if ran.returncode:
        last = (ran.stderr.strip() or ran.stdout.strip()).splitlines()[-1:]
        raise UserError(f"{checkpoint}: its parts cannot be put together for another number of ranks ({' '.join(last)})")
    (checkpoint / LATEST).write_text(UNIVERSAL, "utf-8")


def _universal(job: Job, layout: Layout, zero: int) -> Layout:
    """The layout under the ZeRO stage of the checkpoint, on the ranks of today."""
    setting = Setting(zero, layout.offload)  # type: ignore[arg-type]
    plain = deepspeed_json(setting, layout.micro_batch, layout.accumulation, layout.machine, job.run.train)
    return layout.model_copy(update={"zero": zero, "deepspeed": {**plain, "checkpoint": {"load_universal": True}}})
