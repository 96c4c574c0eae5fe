"""How an export is used, in the words of the tools that read it: a part of its card."""

from collections import Counter

from polymath.export.contents import SPLITS, Contents


def use_of(form: str, contents: Contents, rows: Counter[str]) -> str:
    """The part of the card that shows how the form is loaded."""
    return {"hub": _hub, "chat": _chat, "megatron": _megatron}[form](contents, rows)


def _hub(contents: Contents, rows: Counter[str]) -> str:
    return _python("## Loading it", 'mix = load_dataset("FOLDER")')


def _python(title: str, line: str) -> str:
    return f"{title}\n\n```python\nfrom datasets import load_dataset\n\n{line}\n```"


def _chat(contents: Contents, rows: Counter[str]) -> str:
    told = ["## Training on it"]
    if contents.shapes - {"text"}:
        told.append({"packed": _turns, "pairs": _pairs, "prompts": _prompts}[contents.config.kind]())
    if "text" in contents.shapes:
        told.append(
            'Plain text has no turns: its lines are `{"text": ...}`, for continued pretraining (TRL `SFTTrainer`, axolotl '
            "`type: completion`, LLaMA-Factory `stage: pt` with the dataset `text_train`)."
        )
    return "\n\n".join(told)


def _turns() -> str:
    return """Lines hold `messages`, turns with `role` and `content`.

- TRL: `SFTTrainer(train_dataset=load_dataset("FOLDER", "chat", split="train"), ...)`
- axolotl: `datasets: [{path: FOLDER/chat_train.jsonl, ds_type: json, type: chat_template}]`
- LLaMA-Factory: `stage: sft`, `dataset_dir: FOLDER`, `dataset: chat_train`"""


def _pairs() -> str:
    return """Lines hold `prompt` (turns), and the two replies: `chosen` and `rejected` as lists of turns, `chosen_turn` and
`rejected_turn` as one turn each.

- TRL: `DPOTrainer` or `RewardTrainer` on `load_dataset("FOLDER", "pairs", split="train")`
- axolotl: `rl: dpo`, `datasets: [{path: FOLDER/pairs_train.jsonl, ds_type: json, type: chat_template.default,
  field_messages: prompt, field_chosen: chosen_turn, field_rejected: rejected_turn}]`
- LLaMA-Factory: `stage: dpo` or `rm`, `dataset_dir: FOLDER`, `dataset: pairs_train`"""


def _prompts() -> str:
    return """Lines hold `prompt` (turns) without the reply, and beside it `reply`, one that is right, for those who reward
against it. Where a program can tell a right reply, `check` says how and `expected` against what: `same` (the reply is what
is expected), `letter` (its first letter is), `last_line` (it is `Answer: ` and what is expected), `tests` (a program passes
them).

- TRL: `GRPOTrainer` on `load_dataset("FOLDER", "prompts", split="train")`; reward functions are given `reply`, `check` and
  `expected`"""


def _megatron(contents: Contents, rows: Counter[str]) -> str:
    splits = ", ".join(f"`{split}/`" for split in SPLITS if rows[split])
    told = f"""## Training on it

{splits} hold token files for each task: `<task>.bin` and `<task>.idx`, one document an example, closed by the
end-of-text token. `tokenizer/` is the tokenizer whose ids these are. Paths in `blend.json` begin in this folder, so start
training in it.

- Megatron-LM: `--per-split-data-args-path blend.json --tokenizer-type HuggingFaceTokenizer --tokenizer-model tokenizer`"""
    if contents.shapes != {"text"}:
        prefix = "pos_train_label_data_paths" if contents.config.kind == "pairs" else "train_label_data_paths"
        told += f"""
- GPT-NeoX: the prefixes under `train_data_paths`, and those that end in `_label` under `{prefix}`

**Prompts are not trained on.** `<task>_label.bin` holds, document for document, the same ids with -100 where there is no loss.
A reader that takes no labels trains on prompts too."""
    if contents.config.kind == "pairs":
        told += (
            "\n\nThe better side of each pair is in `preference_chosen`, the worse one in `preference_rejected`, in one order."
        )
    return told
