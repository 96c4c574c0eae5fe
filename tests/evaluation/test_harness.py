"""Benchmarks by lm-eval: its own numbers, item by item, on rows from files."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from polymath.errors import UserError
from polymath.evaluation.harness import HarnessDials, Local, score_task, write_task
from polymath.evaluation.models import Model
from polymath.evaluation.suites import TaskFile

DIALS = {"limit": None, "max_new_tokens": None, "chat_template": False, "execute_code": False}
HELLASWAG = TaskFile("hellaswag", "", "hellaswag/hellaswag.yaml")
MMLU = TaskFile("mmlu_anatomy", "anatomy", "mmlu/default/mmlu_anatomy.yaml")
XQUAD = TaskFile("xquad_th", "", "polymath/xquad_th.yaml")


def endings(number):
    return {
        "ctx_a": f"The cat number {number} sits on the mat.",
        "ctx_b": "it",
        "activity_label": "Cats",
        "endings": ["purrs [title] softly.", "flies away.", f"counts to {number}.", "is a stone, and says so at length."],
        "label": number % 4,
        "polymath_item": f"item {number}",
    }


def question(number):
    return {"question": f"What is {number} + 1?", "choices": [str(number + n) for n in range(4)], "answer": 1}


def dials(**given):
    return HarnessDials.model_validate({"shots": 0, "batch": 4, "device": "cpu", **DIALS, **given})


def test_items_and_scores_are_those_of_lm_eval_itself(talker, tmp_path):
    from lm_eval import simple_evaluate
    from lm_eval.tasks import TaskManager

    local = Local([endings(number) for number in range(12)], [])
    rows, told = score_task(Model(str(talker)), HELLASWAG, local, dials(limit=9))

    write_task(tmp_path, HELLASWAG, local)
    found = simple_evaluate(
        model="hf",
        model_args={"pretrained": str(talker)},
        tasks=["hellaswag"],
        task_manager=TaskManager(include_path=str(tmp_path), include_defaults=False),
        limit=9,
        device="cpu",
        batch_size=4,
        bootstrap_iters=0,
    )
    theirs = found["results"]["hellaswag"]
    assert told["scores"] == {"acc": theirs["acc,none"], "acc_norm": theirs["acc_norm,none"]}
    samples = sorted(found["samples"]["hellaswag"], key=lambda each: each["doc_id"])
    for row, sample in zip(rows, samples, strict=True):
        assert row["loglikelihoods"] == [round(each[0][0], 4) for each in sample["resps"]]
        assert {each["metric"]: each["score"] for each in row["scores"]} == {m: sample[m] for m in ("acc", "acc_norm")}
    assert sum(row["scores"][0]["score"] for row in rows) / 9 == told["scores"]["acc"]


def test_a_row_tells_what_was_asked_wanted_and_found_likeliest(talker):
    rows, told = score_task(Model(str(talker)), MMLU, Local([question(3)], [question(7), question(8)]), dials(shots=2))
    (row,) = rows
    assert "What is 7 + 1?\nA. 7\nB. 8\nC. 9\nD. 10\nAnswer: B\n\nWhat is 8 + 1?" in row["prompt"]
    assert row["prompt"].endswith("What is 3 + 1?\nA. 3\nB. 4\nC. 5\nD. 6\nAnswer:")
    assert row["target"] == "B"
    assert row["answer"] == "ABCD"[row["loglikelihoods"].index(max(row["loglikelihoods"]))]
    assert told["shots"] == 2


def test_a_task_with_examples_of_its_own_is_asked_without_any(talker):
    (row,), told = score_task(Model(str(talker)), MMLU, Local([question(3)], []), dials(shots=0))
    assert "What is" in row["prompt"]
    assert row["prompt"].count("Answer:") == 1
    assert told["shots"] == 0


def test_thai_answers_are_scored_by_characters_against_the_best_accepted_one(talker):
    answers = {"text": ["สวัสดีครับ มีอะไรให้ช่วยไหม", "ไม่ใช่"], "answer_start": [0, 1]}
    row = {"context": "ก", "question": "ข", "answers": answers}
    rows, _ = score_task(Model(str(talker)), XQUAD, Local([row], []), dials(max_new_tokens=30))
    assert rows[0]["prompt"] == "บริบท: ก\n\nคำถาม: ข\n\nคำตอบ:"
    assert rows[0]["loglikelihoods"] is None
    assert {each["metric"] for each in rows[0]["scores"]} == {"exact_match", "f1"}


def test_answers_that_leave_no_room_for_a_question_are_told(talker):
    row = {"context": "ก", "question": "ข", "answers": {"text": ["ค"], "answer_start": [0]}}
    with pytest.raises(
        UserError, match=r"answers of 256 tokens leave no room .* context of 256; set evaluate\.max_new_tokens=64"
    ):
        score_task(Model(str(talker)), XQUAD, Local([row], []), dials(max_new_tokens=256))


def test_rows_without_the_hubs_columns_are_told(talker):
    with pytest.raises(UserError, match=r"harness\.hellaswag: lm-eval's task cannot read the rows .*ctx_a.* name a layout"):
        score_task(Model(str(talker)), HELLASWAG, Local([{"ctx": "x", "label": 0}], []), dials())


@pytest.mark.proof
def test_adapters_are_scored_on_their_model_as_the_merged_model_is(talker, tmp_path):
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.manual_seed(1)
    config = LoraConfig(r=4, target_modules=["q_proj"], init_lora_weights=False, task_type="CAUSAL_LM")
    adapted = get_peft_model(AutoModelForCausalLM.from_pretrained(talker), config)
    tokenizer = AutoTokenizer.from_pretrained(talker)
    for folder in (tmp_path / "adapter", tmp_path / "merged"):
        adapted.save_pretrained(folder) if folder.name == "adapter" else adapted.merge_and_unload().save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    local = Local([endings(number) for number in range(4)], [])
    places = (tmp_path / "adapter", tmp_path / "merged", talker)
    found = [[row["loglikelihoods"] for row in score_task(Model(str(p)), HELLASWAG, local, dials())[0]] for p in places]
    assert found[0] == [pytest.approx(row, abs=1e-2) for row in found[1]]
    assert found[0] != [pytest.approx(row, abs=1e-2) for row in found[2]]


@pytest.mark.proof
def test_numbers_are_those_of_the_command_on_real_files(talker, shared_data, tmp_path):
    path = shared_data / "hellaswag/hellaswag_val_1000.jsonl.gz"
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    local = Local([json.loads(line) for line in lines[:100]], [])
    _, told = score_task(Model(str(talker)), HELLASWAG, local, dials(limit=40))
    write_task(tmp_path, HELLASWAG, local)
    words = ["--model", "hf", "--model_args", f"pretrained={talker}", "--tasks", "hellaswag", "--include_path", str(tmp_path)]
    words += ["--limit", "40", "--batch_size", "4", "--device", "cpu", "--output_path", str(tmp_path / "out")]
    done = subprocess.run([sys.executable, "-m", "lm_eval", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    results = json.loads(next(Path(tmp_path / "out").rglob("results_*.json")).read_text())["results"]["hellaswag"]
    assert told["scores"] == {"acc": results["acc,none"], "acc_norm": results["acc_norm,none"]}
