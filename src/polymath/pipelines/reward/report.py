"""Report: the training run as one HTML page, with how far the rewards can be trusted."""

from polymath.engine.contract import EngineConfig, Item, Piece, Plan
from polymath.pipelines.training_runs import PAGE_VERSION, Reckoned
from polymath.store.folder import ShardFolder
from polymath.training.trained import Trained

VERSION = PAGE_VERSION + 1


def write_reward_page(rewarded: Trained, reward_run: ShardFolder, engine: EngineConfig) -> Plan:
    """One page: the curves, accuracy by source and by pairs seen, calibration, what length has to do with it."""
    said = Reckoned(rank_bytes=max(reward_run.read(["rank_bytes"])["rank_bytes"].to_pylist()))
    item = Item("training", (rewarded,), 1)
    return Plan("report", tell_reward, (item,), said, VERSION, engine=engine, inputs={"trained": rewarded.digest})


def tell_reward(rewarded: Trained, said: Reckoned) -> Piece:
    """The page of the run, and of the one that it went on from."""
    from polymath.reporting.reward.sections import notices_of, sections_of
    from polymath.reporting.training.page import write_page

    return write_page(rewarded, said.rank_bytes, sections_of(rewarded), notices_of(rewarded))
