"""A model speaks: several replies to each prompt, and what each earns."""

from __future__ import annotations

import math
from typing import Any

from polymath.evaluation.harness import quiet
from polymath.evaluation.models import Model
from polymath.evaluation.talk import Prompt, Sampling, Speaker
from polymath.pipelines.align.config import SamplesConfig
from polymath.training.objectives import Rewards
from polymath.training.prompts import Prompts
from polymath.training.rewards import Judge, Reply


def answers(model: Model, prompts: Prompts, dials: SamplesConfig, rewards: Rewards) -> list[dict[str, Any]]:
    """A row for each reply: the fields of REPLY but for the model's. A reply depends on its prompt and its copy alone."""
    with quiet():
        speaker = Speaker.load(model.place, revision=model.revision)
        judge = Judge(rewards, speaker.model.device)
    sampling = Sampling(
        max_new_tokens=dials.max_new_tokens,
        temperature=dials.temperature,
        top_p=dials.top_p,
        seed=dials.seed,
        batch=dials.batch,
    )
    room = speaker.context_tokens - min(dials.max_new_tokens, speaker.context_tokens // 2)
    items = [prompts[slot] for slot in range(len(prompts)) for _ in range(dials.replies)]
    asked = [Prompt(tuple(item["prompt"][-room:]), 0) for item in items]
    said = speaker.continuations(asked, sampling)
    replies = [
        Reply(answer.text, each.ids, answer.ids, answer.ended, item["check"], item["expected"], item["wanted"])
        for item, each, answer in zip(items, asked, said, strict=True)
    ]
    rows = []
    for number, (item, answer, earned) in enumerate(zip(items, said, judge.all(replies), strict=True)):
        total = judge.total(earned)
        rows.append(
            {
                "id": prompts.examples([item["slot"]])[0],
                "source": prompts.source(item["slot"]),
                "prompt": speaker.tokenizer.decode(item["prompt"], skip_special_tokens=True),
                "copy": number % dials.replies,
                "reply": answer.text,
                "tokens": answer.tokens,
                "ended": answer.ended,
                "rewards": [{"name": name, "value": value} for name, value in earned.items() if value is not None],
                "reward": None if math.isnan(total) else total,
            }
        )
    return rows
