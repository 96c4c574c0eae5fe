"""Report: the training run as one HTML page, with how far the rewards can be trusted."""

from polymath.engine.contract import EngineConfig, Piece, Plan
from polymath.pipelines.training_runs import Reckoned, plan_page
from polymath.store.folder import ShardFolder
from polymath.training.trained import Trained

VERSION = 1


def write_reward_page(rewarded: Trained, reward_run: ShardFolder, engine: EngineConfig) -> Plan:
    """One page: the curves, accuracy by source and by pairs seen, calibration, what length has to do with it."""
    return plan_page(rewarded, reward_run, engine, tell_reward, VERSION)


def tell_reward(rewarded: Trained, said: Reckoned) -> Piece:
    """The page of the run, and of the one that it went on from."""
    from polymath.reporting.reward.sections import notices_of, sections_of
    from polymath.reporting.training.page import write_page

    return write_page(rewarded, said.rank_bytes, sections_of(rewarded), notices_of(rewarded))
