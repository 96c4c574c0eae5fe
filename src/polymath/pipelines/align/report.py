"""Report: the alignment as one HTML page."""

from polymath.engine.contract import EngineConfig, Piece, Plan
from polymath.pipelines.align.config import AlignConfig
from polymath.pipelines.training_runs import Reckoned, plan_page
from polymath.store.folder import ShardFolder
from polymath.training.rewards import MODEL
from polymath.training.trained import Trained

VERSION = 1
NO_MODEL = (
    "No reward model was there to judge its replies, so that nobody knows whether they are better than before "
    "(kedro run --pipeline=reward, or align.rewards.weights)."
)


def write_align_page(
    aligned: Trained, align_run: ShardFolder, align_replies: ShardFolder, align: AlignConfig, engine: EngineConfig
) -> Plan:
    """One page: the curves of reward, divergence, length and variety; the model against what it was, and against best-of-n."""
    weighed = {name for name, weight in align.rewards.weights.items() if weight}
    missing = NO_MODEL if weighed == {MODEL} else None
    return plan_page(aligned, align_run, engine, tell_alignment, VERSION, {"align_replies": align_replies}, missing)


def tell_alignment(aligned: Trained, replies: ShardFolder, said: Reckoned) -> Piece:
    """The page of a run, with what its model says."""
    from polymath.reporting.align.sections import align_sections
    from polymath.reporting.training.page import write_page

    rows = [row for table in replies.tables() for row in table.to_pylist()]
    sections, notices = align_sections(rows, said.missing)
    return write_page(aligned, said.rank_bytes, sections, notices)
