"""Report: the curriculum as one HTML page."""

from polymath.engine.contract import EngineConfig, Plan
from polymath.pipelines.training_runs import plan_page
from polymath.store.folder import ShardFolder
from polymath.training.trained import Trained


def write_pretrain_page(pretrained: Trained, pretrain_run: ShardFolder, engine: EngineConfig) -> Plan:
    """One page for all stages: the curves, what was learnt of each source, from what and how, what needs a look."""
    return plan_page(pretrained, pretrain_run, engine)
