"""Mixing as pure algorithms: splits that hold, weights, packing, and the schedule of batches. Nothing here knows Kedro."""
