"""The frame around prompts: what curate writes into the tokens, and what a trained model's chat template writes again."""

from __future__ import annotations

import json
from typing import Literal

from polymath.config import Config


class FormConfig(Config):
    """The frame around prompts. The Alpaca form (Taori 2023), or the tokenizer's own chat template."""

    name: Literal["alpaca", "chat"] = "alpaca"
    preamble: str = "Below is an instruction that describes a task. Write a response that appropriately completes the request."
    preamble_with_input: str = (
        "Below is an instruction that describes a task, paired with an input that provides further context. "
        "Write a response that appropriately completes the request."
    )
    instruction: str = "\n\n### Instruction:\n"
    input: str = "\n\n### Input:\n"
    response: str = "\n\n### Response:\n"

    @property
    def template(self) -> str | None:
        """The frame as a chat template (Jinja), so that `apply_chat_template` writes what training saw; None for `chat`, whose
        tokenizer has one. The input of an instruction is a turn of the role `tool` after it."""
        if self.name == "chat":
            return None
        return TEMPLATE.format(**{name: json.dumps(text, ensure_ascii=False) for name, text in self if name != "name"})


TEMPLATE = (
    "{{% set turns = messages[1:] if messages[0]['role'] == 'system' else messages %}}"
    "{{% if messages[0]['role'] == 'system' %}}{{{{ messages[0]['content'] }}}}"
    "{{% elif turns[1:] and turns[1]['role'] == 'tool' and turns | length <= 3 %}}{{{{ {preamble_with_input} }}}}"
    "{{% else %}}{{{{ {preamble} }}}}{{% endif %}}"
    "{{% for turn in turns %}}"
    "{{% if turn['role'] == 'assistant' %}}{{{{ {response} + turn['content'] + eos_token }}}}"
    "{{% elif turn['role'] == 'tool' %}}{{{{ {input} + turn['content'] }}}}"
    "{{% else %}}{{{{ {instruction} + turn['content'] }}}}{{% endif %}}"
    "{{% endfor %}}"
    "{{% if add_generation_prompt %}}{{{{ {response} }}}}{{% endif %}}"
)
"""The preamble of an instruction with an input stands before one exchange; a conversation has the plain one, as in curate."""
