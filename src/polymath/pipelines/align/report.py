"""Report: the alignment as one HTML page."""

from polymath.config import Config
from polymath.engine.contract import EngineConfig, Item, Piece, Plan
from polymath.pipelines.align.config import AlignConfig
from polymath.store.folder import ShardFolder
from polymath.training.rewards import MODEL
from polymath.training.trained import Trained

VERSION = 1
NO_MODEL = (
    "No reward model was there to judge its replies, so that nobody knows whether they are better than before "
    "(kedro run --pipeline=reward, or align.rewards.weights)."
)


class ReportConfig(Config):
    """What the page says beside what the run left."""

    rank_bytes: float
    """The most that a rank was to hold."""
    missing: str | None
    """Why no reward may say anything."""


def write_align_page(
    aligned: Trained, align_run: ShardFolder, align_replies: ShardFolder, align: AlignConfig, engine: EngineConfig
) -> Plan:
    """One page: the curves of reward, divergence, length and variety; the model against what it was, and against best-of-n."""
    config = ReportConfig(
        rank_bytes=max(align_run.read(["rank_bytes"])["rank_bytes"].to_pylist()),
        missing=NO_MODEL if set(align.rewards.weights) == {MODEL} else None,
    )
    item = Item("training", (aligned, align_replies), 1)
    inputs = {"aligned": aligned.digest, "align_replies": align_replies.digest}
    return Plan("report", tell_alignment, (item,), config, VERSION, engine=engine, inputs=inputs)


def tell_alignment(aligned: Trained, replies: ShardFolder, config: ReportConfig) -> Piece:
    """The page of a run, with what its model says."""
    from polymath.reporting.align.sections import align_sections
    from polymath.reporting.training.page import write_page

    rows = [row for table in replies.tables() for row in table.to_pylist()]
    sections, notices = align_sections(rows, config.missing)
    return write_page(aligned, config.rank_bytes, sections, notices)
