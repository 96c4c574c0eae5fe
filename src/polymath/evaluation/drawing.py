"""The next token: drawn so that a reply does not depend on what else is in its batch, and told as text when it is whole."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from transformers import LogitsProcessorList

    from polymath.evaluation.talk import Sampling


def seed_of(seed: int, ids: Sequence[int], copy: int) -> int:
    """The seed of a reply, from the prompt's ids and which of equal prompts it is: 63 bits."""
    digest = hashlib.sha256(repr((seed, tuple(ids), copy)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def processors(sampling: Sampling, seeds: Sequence[int]) -> LogitsProcessorList:
    """What is done to the logits before the largest one wins; nothing for greedy replies without a penalty."""
    from transformers import LogitsProcessorList
    from transformers.generation import RepetitionPenaltyLogitsProcessor, TemperatureLogitsWarper, TopPLogitsWarper

    made: list[Any] = []
    if sampling.repetition_penalty != 1:
        made.append(RepetitionPenaltyLogitsProcessor(sampling.repetition_penalty))
    if sampling.temperature > 0:
        made.append(TemperatureLogitsWarper(sampling.temperature))
        if sampling.top_p < 1:
            made.append(TopPLogitsWarper(sampling.top_p))
        made.append(Draw(seeds))
    return LogitsProcessorList(made)


class Draw:
    """Noise after which the largest logit is a draw from the softmax of the logits (Gumbel 1954; the Gumbel-max trick).

    Each row has a generator of its own, on the CPU, so a draw depends neither on other rows nor on the device.
    """

    def __init__(self, seeds: Sequence[int]) -> None:
        """`seeds`: one for each row."""
        import torch

        self._generators = [torch.Generator().manual_seed(seed) for seed in seeds]

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """float[rows, vocabulary] + noise."""
        import torch

        size = scores.shape[-1]
        waits = torch.stack([torch.empty(size).exponential_(generator=each) for each in self._generators])
        return scores.float() - waits.log().to(scores.device)


class Pieces:
    """A streamer for `generate`: tells new text as soon as its characters are whole, with the spaces between tokens."""

    def __init__(self, tokenizer: Any, ends: set[int], tell: Callable[[str], None]) -> None:
        """`tell` hears each piece."""
        self._tokenizer, self._ends, self._tell = tokenizer, ends, tell
        self._ids: list[int] = []
        self._told = 0
        """Characters."""
        self._prompt_is_over = False

    def put(self, value: torch.Tensor) -> None:
        """The prompt's ids first, then those of each step."""
        if not self._prompt_is_over:
            self._prompt_is_over = True
            return
        self._ids += [token for token in value.flatten().tolist() if token not in self._ends]
        text = self._tokenizer.decode(self._ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        if not text.endswith("\ufffd"):  # a character of several tokens, of which some are still to come
            self._say(text)

    def end(self) -> None:
        """Tell what is left: a reply may be cut off within a character."""
        self._say(self._tokenizer.decode(self._ids, skip_special_tokens=True, clean_up_tokenization_spaces=False))

    def _say(self, text: str) -> None:
        if len(text) > self._told:
            self._tell(text[self._told :])
            self._told = len(text)
