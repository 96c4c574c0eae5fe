"""The record of a run: kept in the project first, then sent to MLflow; a store that is away gets it with a later run."""

from polymath.tracking.record import RunRecord, find_run, read_records
from polymath.tracking.tracker import Tracker

__all__ = ["RunRecord", "Tracker", "find_run", "read_records"]
