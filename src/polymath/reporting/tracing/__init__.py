"""From a training run to its data and back: batches, scores, records, and texts that a model repeats."""
