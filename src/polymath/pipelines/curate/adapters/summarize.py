"""Documents with summaries, where the columns alone do not do."""

from typing import Any

from polymath.pipelines.curate.adapters.kinds import Records, adapters
from polymath.pipelines.curate.adapters.values import text


@adapters.register
def tldr_prompt(row: Any) -> Records:
    """A Reddit post and its summary, the post written as a prompt that ends in `TL;DR:` (openai_summarize_tldr)."""
    post = text(row, "prompt").strip().removesuffix("TL;DR:").rstrip()
    yield {"context": post, "reply": text(row, "label").strip()}
