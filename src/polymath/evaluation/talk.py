"""Talking to a causal language model: prompts in, replies out, in batches or token by token."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypedDict

from pydantic import Field

from polymath.config import Config
from polymath.errors import UserError
from polymath.evaluation.models import Model
from polymath.evaluation.places import load_model
from polymath.training.start import context_of

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

logger = logging.getLogger(__name__)


class Message(TypedDict):
    """One turn of a conversation."""

    role: str
    """system, user, assistant or tool"""
    content: str


class Sampling(Config):
    """How replies are drawn. A reply depends on its own prompt and on these dials, not on the prompts beside it."""

    max_new_tokens: int = Field(256, ge=1)
    """A reply is cut off after so many tokens, or after half of the model's context."""
    temperature: float = Field(0.0, ge=0)
    """0: the likeliest token each time (greedy)."""
    top_p: float = Field(1.0, gt=0, le=1)
    """Draw from the likeliest tokens that together have this probability (nucleus sampling, Holtzman 2020)."""
    repetition_penalty: float = Field(1.0, gt=0)
    """Divides what speaks for tokens that stood before (Keskar 2019, CTRL); 1: no penalty."""
    seed: int = 0
    batch: int = Field(8, ge=1)
    """Prompts that are answered at once."""


@dataclass(frozen=True)
class Prompt:
    """The ids that a model is given."""

    ids: tuple[int, ...]
    left_out: int
    """Tokens that were left out so that the prompt fits the context."""


@dataclass(frozen=True)
class Answer:
    """What a model said."""

    text: str
    tokens: int
    """With the end-of-sequence token."""
    ended: bool
    """It ended by itself; else it was cut off."""
    left_out: int = 0
    """Tokens of its prompt that were left out."""
    ids: tuple[int, ...] = field(default=(), repr=False, compare=False)
    """What it was made of, with the end-of-sequence token."""


class Speaker:
    """A causal language model that answers: a local folder in transformers' format, or a hub id."""

    def __init__(self, name: str, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
        """`name` is how reports call it. The model's own generation settings are set aside, all but its end tokens."""
        from transformers import GenerationConfig

        self.name = name
        self.model: Any = model.eval()
        self.tokenizer: Any = tokenizer
        own = self.model.generation_config.eos_token_id
        ends = {*(own if isinstance(own, list) else [own]), self.tokenizer.eos_token_id} - {None}
        self._ends = sorted(ends)
        self.model.generation_config = GenerationConfig(eos_token_id=self._ends or None, pad_token_id=(self._ends or [0])[0])

    @classmethod
    def load(cls, place: str, *, revision: str | None = None, device: str = "auto") -> Speaker:
        """The model at a folder or of a hub id; on a CPU in float32. A UserError where there is no model or no tokenizer."""
        return cls(Model(place, revision).name, *load_model(place, revision, device))

    @property
    def context_tokens(self) -> int:
        """Tokens of prompt and reply together that the model was made for."""
        # Where no positions are learnt, the tokenizer may say nothing either.
        return context_of(self.model.config.get_text_config()) or min(int(self.tokenizer.model_max_length), 2048)

    @property
    def converses(self) -> bool:
        """It has a chat template: how a question is put to it is known."""
        return bool(self.tokenizer.chat_template)

    def answer(self, conversations: Sequence[Sequence[Message]], sampling: Sampling) -> list[str]:
        """Reply to each conversation, put to the model by its chat template. A UserError where it has none.

        Where a conversation is too long, its earliest turns are left out, then the beginning of its longest turn, never the
        system prompt; a warning tells of it.
        """
        return [answer.text for answer in self.answers(conversations, sampling)]

    def complete(self, texts: Sequence[str], sampling: Sampling) -> list[str]:
        """How the model goes on with each text, without the text; the beginning of a text that is too long is left out."""
        return [answer.text for answer in self.completions(texts, sampling)]

    def answers(self, conversations: Sequence[Sequence[Message]], sampling: Sampling) -> list[Answer]:
        """As `answer`, with what became of each: its length, whether it ended, what was left out of its prompt."""
        return self._speak([self.prompt(each, sampling) for each in conversations], sampling)

    def completions(self, texts: Sequence[str], sampling: Sampling) -> list[Answer]:
        """As `complete`, with what became of each."""
        return self._speak([self.beginning(each, sampling) for each in texts], sampling)

    def continuations(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[Answer]:
        """How the model goes on with ids that were made elsewhere, as training saw them."""
        return self._speak(prompts, sampling)

    def stream(self, prompt: Prompt, sampling: Sampling, tell: Callable[[str], None]) -> Answer:
        """The reply to one prompt; `tell` hears it piece by piece, and the pieces make up the text of the answer."""
        from polymath.evaluation.drawing import Pieces

        (answer,) = self._batch([prompt], sampling, [0], Pieces(self.tokenizer, set(self._ends), tell))
        return answer

    def prompt(self, conversation: Sequence[Message], sampling: Sampling) -> Prompt:
        """A conversation as `answer` puts it to the model: by the chat template, with room left for the reply."""
        if not self.converses:
            raise UserError(
                f"{self.name} has no chat template, so nobody knows how to put a question to it (a base model?); let it "
                "continue a text instead"
            )
        turns, room = list(conversation), self._room(sampling)
        whole = ids = self._templated(turns)
        while len(ids) > room and (shorter := without_oldest(turns)):
            turns, ids = shorter, self._templated(shorter)
        if len(ids) > room:
            ids = self._with_less_of_the_longest(turns, room)
        return Prompt(tuple(ids), len(whole) - len(ids))

    def beginning(self, text: str, sampling: Sampling) -> Prompt:
        """A text as `complete` puts it to the model: what the tokenizer puts before it, and the last tokens of its own."""
        room = self._room(sampling)
        ids: list[int] = self.tokenizer(text)["input_ids"]
        begin = ids[:1] if ids[:1] == [self.tokenizer.bos_token_id] else []
        kept = [*begin, *ids[len(begin) :][len(begin) - room :]]
        return Prompt(tuple(kept or self._ends[:1] or [0]), len(ids) - len(kept))

    def _room(self, sampling: Sampling) -> int:
        return self.context_tokens - self._new_tokens(sampling)

    def _new_tokens(self, sampling: Sampling) -> int:
        return min(sampling.max_new_tokens, self.context_tokens // 2)

    def _templated(self, turns: Sequence[Message]) -> list[int]:
        from jinja2 import TemplateError

        try:
            made = self.tokenizer.apply_chat_template(list(turns), add_generation_prompt=True, return_dict=True)
        except TemplateError as error:
            raise UserError(f"{self.name}: its chat template refuses the conversation ({error})") from error
        return list(made["input_ids"])

    def _with_less_of_the_longest(self, turns: list[Message], room: int) -> list[int]:
        """The ids without the beginning of the longest turn."""
        chosen = max((turn for turn in turns if turn["role"] != "system"), key=lambda turn: len(turn["content"]))
        content = self.tokenizer(chosen["content"], add_special_tokens=False)["input_ids"]
        ids, kept = self._templated(turns), len(content)
        while len(ids) > room:
            kept -= len(ids) - room
            if kept <= 0:
                raise UserError(f"{self.name} reads prompts of {room} tokens, and the system prompt leaves no room for another")
            shorter = self.tokenizer.decode(content[len(content) - kept :])
            ids = self._templated([Message(role=t["role"], content=shorter) if t is chosen else t for t in turns])
        return ids

    def _speak(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[Answer]:
        """Prompts of like length together, so that little is padded; answers in the order of the prompts."""
        if cut := sum(prompt.left_out > 0 for prompt in prompts):
            room = self._room(sampling)
            logger.warning("%d of %d prompts had more than %d tokens: their beginnings were left out", cut, len(prompts), room)
        seen: Counter[Prompt] = Counter()
        copies = []
        for prompt in prompts:
            copies.append(seen[prompt])
            seen[prompt] += 1
        order = sorted(range(len(prompts)), key=lambda number: len(prompts[number].ids))
        answers: dict[int, Answer] = {}
        for some in _batches(order, sampling.batch):
            found = self._batch([prompts[number] for number in some], sampling, [copies[number] for number in some])
            answers.update(zip(some, found, strict=True))
        return [answers[number] for number in range(len(prompts))]

    def _batch(
        self, prompts: Sequence[Prompt], sampling: Sampling, copies: Sequence[int], streamer: Any = None
    ) -> list[Answer]:
        """Answer several prompts at once, padded on the left; equal prompts are told apart by the number of the copy."""
        import torch
        from transformers import GenerationConfig

        from polymath.evaluation.drawing import processors, seed_of

        longest = max(len(prompt.ids) for prompt in prompts)
        # A row is padded with its own first token, behind the mask: the repetition penalty must see no other.
        rows = [(prompt.ids[0],) * (longest - len(prompt.ids)) + prompt.ids for prompt in prompts]
        mask = [[0] * (longest - len(prompt.ids)) + [1] * len(prompt.ids) for prompt in prompts]
        seeds = [seed_of(sampling.seed, prompt.ids, copy) for prompt, copy in zip(prompts, copies, strict=True)]
        config = GenerationConfig(max_new_tokens=self._new_tokens(sampling), do_sample=False, num_beams=1, use_cache=True)
        with torch.inference_mode():
            made: torch.Tensor = self.model.generate(
                input_ids=torch.tensor(rows, device=self.model.device),
                attention_mask=torch.tensor(mask, device=self.model.device),
                generation_config=config,
                logits_processor=processors(sampling, seeds),
                streamer=streamer,
            )
        spoken = made[:, longest:].tolist()
        return [self._answer(ids, prompt.left_out) for ids, prompt in zip(spoken, prompts, strict=True)]

    def _answer(self, ids: list[int], left_out: int) -> Answer:
        """The text before the first end token; what stands behind it is padding."""
        end = next((place for place, token in enumerate(ids) if token in self._ends), None)
        text = self.tokenizer.decode(ids[:end], skip_special_tokens=True, clean_up_tokenization_spaces=False)
        said = ids if end is None else ids[: end + 1]
        return Answer(text, len(said), end is not None, left_out, tuple(said))


def without_oldest(turns: list[Message]) -> list[Message] | None:
    """A conversation without its first exchange; None where only one is left."""
    opening = [turn for turn in turns[:1] if turn["role"] == "system"]
    rest = turns[len(opening) :]
    second = next((place for place, turn in enumerate(rest) if place and turn["role"] == "user"), None)
    return None if second is None else [*opening, *rest[second:]]


def _batches(order: list[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(order), size):
        yield order[start : start + size]
