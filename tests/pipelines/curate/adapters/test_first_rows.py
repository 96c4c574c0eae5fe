"""Entries over the first rows of their own datasets, in the files in which these are published: a third of the hub's columns
have other names there, and labels other types."""

from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.pipelines.curate.adapters.conftest import _parameters
from tests.pipelines.curate.made import passes

from polymath.pipelines.curate.adapters import adapters, whole_adapters
from polymath.pipelines.curate.compose import ComposeConfig, Composer
from polymath.pipelines.curate.recipes import Recipes
from polymath.records import RECORD
from polymath.sources.build import RecordBuilder
from polymath.sources.library import Source
from polymath.tasks import TASKS

TSV = {"quote": ""}
SQUAD = {"adapter": "squad", "fields": {}, "read": {"rows_at": "data", "format": "json"}}

FILES: dict[str, tuple[str, dict[str, Any], int, dict[str, int]]] = {
    "glue_sst2": ("glue/*/sst2/**/train.tsv", {"read": TSV}, 3, {}),
    "glue_cola": (
        "glue/*/cola/**/train.tsv",
        {"read": {**TSV, "columns": "source label note sentence"}},
        3,
        {},
    ),
    "glue_mrpc": (
        "glue/*/mrpc/**/MRPC/train",
        {
            "read": {**TSV, "format": "tsv"},
            "fields": {"context": "#1 String", "text": "#2 String", "label": "BOMQuality"},
        },
        18,
        {},
    ),
    "glue_qqp": (
        "glue/*/qqp/**/train.tsv",
        {"read": TSV, "fields": {"context": "question1", "text": "question2", "label": "is_duplicate"}},
        3,
        {},
    ),
    "glue_mnli": (
        "glue/*/mnli/**/train.tsv",
        {"read": TSV, "fields": {"context": "sentence1", "text": "sentence2", "label": "gold_label"}},
        3,
        {},
    ),
    "glue_qnli": (
        "glue/*/qnli/**/train.tsv",
        {"read": TSV, "labels": ["entailment", "not_entailment"]},
        3,
        {},
    ),
    "glue_rte": ("glue/*/rte/**/train.tsv", {"read": TSV, "labels": ["entailment", "not_entailment"]}, 3, {}),
    "glue_wnli": ("glue/*/wnli/**/train.tsv", {"read": TSV}, 3, {}),
    "glue_stsb": ("glue/*/stsb/**/train.tsv", {"read": TSV, "options": {"score": "score"}}, 3, {}),
    "super_glue_cb": ("super_glue/*/boolq/**/CB/train.jsonl", {}, 3, {}),
    "super_glue_copa": ("super_glue/*/copa/**/train.jsonl", {}, 3, {}),
    "super_glue_boolq": ("super_glue/*/boolq/**/BoolQ/train.jsonl", {}, 3, {}),
    "super_glue_wic": ("super_glue/*/wic/**/train.jsonl", {}, 3, {}),
    "super_glue_wsc": (
        "super_glue/*/wsc/**/train.jsonl",
        {"fields": {"context": "text", "text": "target.span2_text+target.span1_text", "label": "label", "group": "text"}},
        3,
        {},
    ),
    "squad": ("squad/**/train-v1.1.json", SQUAD, 1, {}),
    "adversarial_qa": ("adversarial_qa/*/adversarialQA/**/combined/train.json", SQUAD, 66, {}),
    "subjqa": (
        "subjqa/*/books/**/train.csv",
        {"adapter": "subjqa", "fields": {}},
        4,
        {},
    ),
    "hotpot_qa": ("hotpot_qa/*/distractor/**/hotpot_train_v1.1.json", {}, 1, {}),
    "wiki_qa": (
        "wiki_qa/**/WikiQA-train.tsv",
        {"read": TSV, "fields": {"context": "Question", "text": "Sentence", "label": "Label", "group": "QuestionID"}},
        5,
        {},
    ),
    "sciq": ("sciq/**/train.json", {}, 3, {}),
    "cosmos_qa": ("cosmos_qa/**/train.csv", {}, 2, {}),
    "commonsense_qa": (
        "commonsense_qa/**/train_rand_split.jsonl",
        {"options": {"prompt": "question.stem", "options": "question.choices", "label": "answerKey"}},
        5,
        {},
    ),
    "hellaswag": ("hellaswag/**/hellaswag_train.jsonl", {}, 2, {}),
    "gsm8k": ("gsm8k/*/main/**/train.jsonl", {}, 5, {}),
    "gsm8k_socratic": ("gsm8k/*/socratic/**/train_socratic.jsonl", {}, 5, {}),
    "competition_math": ("competition_math/**/train/**/*.json", {}, 6, {}),
    "mbpp": ("mbpp/*/full/**/mbpp.jsonl", {}, 5, {}),
    "wikitext_103": (
        "wikitext/*/wikitext-103-raw-v1/**/wiki.train.raw",
        {"read": {"format": "text", "unit": "line"}},
        1,
        {},
    ),
    "c4": ("c4/*/en/**/c4-train*.json.gz", {"read": {"format": "jsonl"}}, 3, {}),
    "openwebtext": ("openwebtext/**/*.txt", {"read": {"format": "text"}}, 4, {}),
    "arxiv_abstracts": ("arxiv_dataset/**/arxiv-metadata*.json", {"read": {"format": "jsonl"}}, 5, {}),
    "arxiv_titles": ("arxiv_dataset/**/arxiv-metadata*.json", {"read": {"format": "jsonl"}}, 5, {}),
    "reddit_tldr_17": ("reddit/**/corpus-webis-tldr-17.json", {"read": {"format": "jsonl"}}, 2, {"null_field": 1}),
    "reddit_tifu_long": (
        "reddit_tifu/**/dummy_data",
        {"read": {"format": "jsonl"}, "fields": {"context": "selftext_without_tldr", "reply": "tldr"}},
        1,
        {},
    ),
    "thaisum": ("thaisum/**/train.csv", {}, 4, {}),
    "thaisum_headlines": ("thaisum/**/train.csv", {}, 4, {}),
    "wisesight": ("wisesight_sentiment/**/train.jsonl", {}, 5, {}),
    "iapp_wiki_qa": ("iapp_wiki_qa_squad/**/train.jsonl", {}, 5, {}),
}
"""Entry: its file below the archive, what differs from the hub, how many records there are, and why parts became none."""


def read(name: str, source: Source, root: Path) -> tuple[list[dict[str, Any]], dict[str, int]]:
    registry = whole_adapters if source.adapter in whole_adapters else adapters
    adapter = source.adapter and partial(registry[source.adapter], **registry.options(source.adapter, source.options, name))
    whole = source.adapter in whole_adapters
    builder = RecordBuilder(name, source, None if whole else adapter or None)
    batches = source.batches(root)
    made = [(t, bad) for _, t, bad in builder.build_whole(batches, adapter)] if whole else [builder.build(b) for b in batches]
    return [row for table, _ in made for row in table.to_pylist()], dict(Counter(one.reason for _, bad in made for one in bad))


@pytest.mark.parametrize("name", FILES)
def test_an_entry_reads_the_files_that_its_dataset_publishes(name: str, unpacked: Path, sources: Any) -> None:
    path, change, records, unfit = FILES[name]
    entry = sources("base")[name].model_dump(exclude={"config", "revision", "data_files"})
    source = Source(**{**entry, "kind": "files", "path": path, **change})
    found, lost = read(name, source, unpacked)
    assert (len(found), lost) == (records, unfit)
    for record in found:
        assert all(record[field] is not None for field in TASKS[source.task].needs)


def test_programs_of_real_rows_pass_the_unit_tests_that_go_with_them(unpacked: Path, sources: Any) -> None:
    path, change, _, _ = FILES["mbpp"]
    entry = sources("base")["mbpp"].model_dump(exclude={"config", "revision", "data_files"})
    records, _ = read("mbpp", Source(**{**entry, "kind": "files", "path": path, **change}), unpacked)
    recipe = Recipes.model_validate(_parameters("base")["recipes"]).of("code")["from_tests"]
    composer = Composer(pa.Table.from_pylist(records, schema=RECORD), np.arange(5), "code", ComposeConfig(recipes={}))
    made = composer.examples("from_tests", recipe, 0).to_pylist()
    assert len(made) == 5
    assert all(passes(one["check"], one["expected"], one["reply"]) for one in made)
    assert all(one["expected"].splitlines()[0] in one["prompt"] for one in made)
