"""From a training run, a score or a text back to the data behind it."""

from polymath.reporting.tracing.batches import tell_batch
from polymath.reporting.tracing.scores import tell_score
from polymath.reporting.tracing.texts import tell_text

__all__ = ["tell_batch", "tell_score", "tell_text"]
