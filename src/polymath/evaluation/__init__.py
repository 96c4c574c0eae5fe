"""What a model can do: benchmarks, held-out examples, and what it says when one talks to it. Nothing here knows Kedro."""
