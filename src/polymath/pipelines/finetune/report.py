"""Report: the training run as one HTML page."""

from polymath.config import Config
from polymath.engine.contract import EngineConfig, Item, Piece, Plan
from polymath.store.folder import ShardFolder
from polymath.training.trained import Trained

VERSION = 1


class Reckoned(Config):
    """What was said before the run."""

    rank_bytes: float


def write_training_page(finetuned: Trained, finetune_run: ShardFolder, engine: EngineConfig) -> Plan:
    """One page: the curves, what was learnt of each task, what it was trained on and how, what needs a look."""
    said = Reckoned(rank_bytes=finetune_run.read(["rank_bytes"])["rank_bytes"][0].as_py())
    item = Item("training", (finetuned,), 1)
    return Plan("report", tell_training, (item,), said, VERSION, engine=engine, inputs={"finetuned": finetuned.digest})


def tell_training(finetuned: Trained, said: Reckoned) -> Piece:
    """The page of a run."""
    from polymath.reporting.training.page import write_page

    return write_page(finetuned, said.rank_bytes)
