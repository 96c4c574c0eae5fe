"""Report: the training run as one HTML page."""

from polymath.engine.contract import EngineConfig, Plan
from polymath.pipelines.training_runs import plan_page
from polymath.store.folder import ShardFolder
from polymath.training.trained import Trained


def write_finetune_page(finetuned: Trained, finetune_run: ShardFolder, engine: EngineConfig) -> Plan:
    """One page: the curves, what was learnt of each task, what it was trained on and how, what needs a look."""
    return plan_page(finetuned, finetune_run, engine)
