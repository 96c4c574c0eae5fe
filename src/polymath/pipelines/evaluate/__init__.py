"""Evaluate: what a model can do, by benchmarks, on held-out examples and in conversation."""
