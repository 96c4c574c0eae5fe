"""Imported once by the fork server, so that every worker starts with these modules already in memory."""

import numpy  # noqa: F401
import pyarrow.compute
import pyarrow.parquet  # noqa: F401

import polymath.engine.save  # noqa: F401
