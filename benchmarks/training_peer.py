"""TRL's SFTTrainer on the documents of a schedule's first steps: `python -m benchmarks.training_peer PROJECT STEPS`."""

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any


def main(project: Path, steps: int) -> list[dict[str, Any]]:
    """A line for each step: tokens of documents, seconds, loss."""
    import yaml
    from transformers import AutoConfig, AutoModelForCausalLM, TrainerCallback, set_seed
    from trl import SFTConfig, SFTTrainer

    from datasets import Dataset
    from polymath.store.folder import ShardFolder
    from polymath.training.collate import documents
    from polymath.training.tokenizer import load_tokenizer, tokenizer_row
    from polymath.training.tracks import Track, TrainingSet

    folders = {
        name: ShardFolder.open(project / "data/04_tokens" / name) for name in ("tokens", "sequences", "schedule", "tokenizer")
    }
    track = Track(folders["tokens"], folders["sequences"], folders["schedule"], "sft")
    items = TrainingSet(track, steps + 1)  # TRL may pack a little tighter
    every = [document for slot in range(len(items)) for document in documents(items[slot])]
    rows = [{"input_ids": each["input_ids"].tolist(), "labels": each["labels"].tolist()} for each in every]
    row = tokenizer_row(folders["tokenizer"])
    shape = yaml.safe_load((project / "conf/base/parameters/models/tiny.yml").read_text())["models"]["tiny"]["architecture"]
    kind = shape.pop("model_type")
    set_seed(0)
    config = AutoConfig.for_model(
        kind, **{**shape, "vocab_size": row["vocabulary"], "bos_token_id": None, "eos_token_id": row["end"]}
    )
    model = AutoModelForCausalLM.from_config(config)

    class Clock(TrainerCallback):
        """Times the steps."""

        lines: list[dict[str, Any]] = []  # noqa: RUF012 (one of it)

        def on_step_begin(self, *_: Any, **__: Any) -> None:
            """From here."""
            self.started = time.monotonic()

        def on_step_end(self, *_: Any, **__: Any) -> None:
            """To here."""
            self.lines.append({"seconds": time.monotonic() - self.started})

        def on_log(self, *_: Any, logs: dict[str, Any], **__: Any) -> None:
            """What the step came to."""
            if "loss" in logs:
                self.lines[-1]["loss"] = float(logs["loss"])

    batch = track.batch
    with tempfile.TemporaryDirectory() as folder:
        arguments = SFTConfig(
            output_dir=folder, max_steps=steps, per_device_train_batch_size=1, gradient_accumulation_steps=batch, packing=True,
            max_length=track.sequence_tokens, learning_rate=3e-3, lr_scheduler_type="cosine", use_cpu=True, bf16=False,
            gradient_checkpointing=False, logging_steps=1, save_strategy="no", report_to=[], disable_tqdm=True,
        )  # fmt: skip
        clock = Clock()
        trainer = SFTTrainer(
            model=model,
            args=arguments,
            train_dataset=Dataset.from_list(rows),
            processing_class=load_tokenizer(row),
            callbacks=[clock],
        )
        tokens = sum(len(each) for each in trainer.train_dataset["input_ids"]) / len(trainer.train_dataset) * batch
        trainer.train()
    return [{**line, "tokens": tokens} for line in clock.lines]


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]))))
