"""Every entry of the environment `samples` over its real rows, with the counts that these are known to have."""

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
from polymath.sources.benchmarks import refusal
from polymath.sources.build import RecordBuilder
from polymath.sources.check import check_record
from polymath.sources.library import Source
from polymath.sources.mapping import getter
from polymath.sources.rows import Batch, Place, Unfit
from polymath.tasks import TASKS

KNOWN: dict[str, tuple[int, dict[str, int]]] = {
    "squad_v2_sample": (6078, {}),
    "hotpot_qa_sample": (100, {}),
    "subjqa_sample": (2286, {}),
    "iapp_wiki_qa_sample": (742, {}),
    "cosmos_qa_sample": (1481, {}),
    "sciq_sample": (1000, {}),
    "mmlu_validation_sample": (187, {}),
    "alpaca_sample": (9229, {}),
    "alpaca_gpt4_sample": (999, {}),
    "dolly_sample": (1500, {}),
    "dolly_filled_sample": (1000, {}),
    "toolformer_sample": (7673, {}),
    "toolformer_similarity_sample": (2396, {}),
    "self_instruct_sample": (175, {}),
    "natural_instructions_sample": (86874, {"empty": 3}),  # three instances have no output
    "code_alpaca_sample": (2017, {}),
    "conala_sample": (2378, {}),
    "stackexchange_ai_sample": (346, {"left_out": 587}),  # 109 posts of other types, worse answers, open questions
    "gsm8k_sample": (4000, {}),
    "gsm8k_test_sample": (1319, {}),
    "aqua_sample": (2728, {}),
    "ecqa_sample": (7112, {}),
    "strategyqa_sample": (2061, {}),
    "wikitext_sample": (60, {}),  # the articles of the test split
    "c4_sample": (300, {}),
    "arxiv_sample": (10, {}),
    "gutenberg_sample": (465, {}),
    "webtext_sample": (826, {}),
    "reddit_jokes_sample": (1000, {}),
    "reddit_facts_sample": (1000, {}),
    "reddit_learning_sample": (3000, {}),
    "thaigov_sample": (500, {}),
    "oasst1_sample": (321, {}),
    "guanaco_sample": (997, {"empty": 3}),
    "vicuna_identity_sample": (500, {}),
    "glaive_toolcall_sample": (300, {}),
    "kto_liked_sample": (150, {"left_out": 150}),
    "dpo_sample": (300, {}),
    "hh_rlhf_sample": (1194, {"empty": 4, "wrong_order": 2}),
    "oasst1_pairs_sample": (122, {}),
    "oasst1_ranked_zh_sample": (772, {"same_reply": 3}),
    "tldr_news_sample": (7932, {}),
    "samsum_sample": (20, {}),
    "reddit_tifu_sample": (100, {}),
    "reddit_tldr_sample": (888, {"left_out": 109, "empty": 2}),
    "reddit_titles_sample": (988, {"null_field": 12}),  # posts that are a title and nothing else
    "sst2_sample": (60614, {}),
    "agnews_sample": (4000, {}),
    "sentence_polarity_negative_sample": (5331, {}),
    "sentence_polarity_positive_sample": (5331, {}),
    "newsgroups_sample": (1995, {"empty": 4, "no_label": 1}),
    "cosqa_sample": (604, {}),
    "wisesight_sample": (24032, {}),
}
"""Records that each entry gives, and how many parts of its rows become none, by reason."""

ITEMS = {
    "mmlu": 1708,
    "hellaswag": 2000,
    "piqa": 1838,
    "commonsense_qa": 1221,
    "super_glue_copa": 100,
    "gsm8k": 1319,
    "math": 1500,
    "bbh": 3500,
    "human_eval": 164,
    "xquad_en": 1190,
    "xquad_th": 1190,
    "glue_sst2": 872,
    "glue_mrpc": 408,
    "glue_rte": 277,
    "super_glue_cb": 56,
    "wizardlm_testset": 218,
}
"""Items of each benchmark whose file is at hand."""


def placed_rows(batch: Batch) -> list[tuple[Place, Any]]:
    if batch.table is None:
        return batch.rows
    return [(Place(batch.start.file, batch.start.row + row), value) for row, value in enumerate(batch.table.to_pylist())]


def read_rows(name: str, source: Source, root: Path) -> tuple[list[dict[str, Any]], Counter[str]]:
    """The records of an entry, and the reasons of what became none."""
    records: list[dict[str, Any]] = []
    unfit: Counter[str] = Counter()
    if source.adapter not in whole_adapters:
        adapter = source.adapter and partial(adapters[source.adapter], **adapters.options(source.adapter, source.options, name))
        builder = RecordBuilder(name, source, adapter or None)
        for batch in source.batches(root):
            table, bad = builder.build(batch)
            records += table.to_pylist()
            unfit.update(row.reason for row in bad)
        return records, unfit
    rows = (row for batch in source.batches(root) for row in placed_rows(batch))
    options = whole_adapters.options(source.adapter, source.options, name)
    for _, record in whole_adapters[source.adapter](rows, **options):
        if isinstance(record, Unfit):
            unfit[record.reason] += 1
        else:
            records.append(check_record(record, TASKS[source.task], source.labels))
    return records, unfit


@pytest.mark.parametrize("name", KNOWN)
def test_every_real_row_becomes_a_record_or_has_a_reason(name: str, shared_data: Path, sources: Any) -> None:
    source = sources("samples")[name]
    records, unfit = read_rows(name, source, shared_data)
    assert (len(records), dict(unfit)) == KNOWN[name]
    for record in records:
        assert all(record[field] is not None for field in TASKS[source.task].needs)


@pytest.mark.parametrize("name", ITEMS)
def test_every_item_of_a_benchmark_has_its_text(name: str, shared_data: Path, benchmarks: Any) -> None:
    benchmark = benchmarks("samples")[name]
    expressions = [benchmark.item] if isinstance(benchmark.item, str) else benchmark.item
    getters = [getter(expression, name) for expression in expressions]
    items = [[get(row) for get in getters] for batch in benchmark.batches(shared_data) for _, row in placed_rows(batch)]
    assert len(items) == ITEMS[name]
    assert all(isinstance(text, str) and text.strip() for item in items for text in item)


def test_all_entries_and_all_benchmarks_with_files_are_counted_here(sources: Any, benchmarks: Any) -> None:
    assert set(KNOWN) == {name for name in sources("samples") if name.endswith("_sample")}
    assert set(ITEMS) == {name for name, benchmark in benchmarks("samples").items() if benchmark.kind == "files"}


def test_the_entry_that_is_meant_to_be_refused_is_the_only_one(sources: Any, benchmarks: Any) -> None:
    suite = benchmarks("samples")
    refused = {name for name in KNOWN if refusal(sources("samples")[name], suite)}
    assert refused == {"gsm8k_test_sample"}


def test_the_samples_cover_all_tasks_and_both_languages(sources: Any) -> None:
    chosen = [sources("samples")[name] for name in KNOWN]
    assert {source.task for source in chosen} >= set(TASKS) - {"closed_qa"}
    assert {source.language for source in chosen} >= {"en", "th"}


def test_placeholders_of_real_alpaca_rows_become_null(shared_data: Path, sources: Any) -> None:
    records, _ = read_rows("alpaca_sample", sources("samples")["alpaca_sample"], shared_data)
    contexts = [record["context"] for record in records]
    assert contexts.count(None) == 5563 + 131
    assert not any((context or "x").casefold().strip("<>. ") in ("no input", "noinput", "n/a") for context in contexts)


def test_the_right_option_of_real_sciq_rows_stands_in_every_place(shared_data: Path, sources: Any) -> None:
    records, _ = read_rows("sciq_sample", sources("samples")["sciq_sample"], shared_data)
    assert min(Counter(record["label"] for record in records).values()) > 200


@pytest.mark.parametrize(
    ("name", "recipe"),
    [
        ("gsm8k_sample", "verifiable"),
        ("aqua_sample", "verifiable"),
        ("strategyqa_sample", "answer_only"),
        ("sciq_sample", "letter"),
        ("mmlu_validation_sample", "text"),
        ("cosmos_qa_sample", "with_context"),
    ],
)
def test_a_program_that_checks_replies_finds_those_of_real_rows_right(
    name: str, recipe: str, shared_data: Path, sources: Any
) -> None:
    records, _ = read_rows(name, sources("samples")[name], shared_data)
    table = pa.Table.from_pylist(records[:1000], schema=RECORD)
    task = sources("samples")[name].task
    recipes = Recipes.model_validate(_parameters("base")["recipes"]).of(task)
    composer = Composer(table, np.arange(len(table)), task, ComposeConfig(recipes={}))
    examples = composer.examples(recipe, recipes[recipe].model_copy(update={"share": 1.0, "without": ()}), 0).to_pylist()
    assert len(examples) == len(table)
    assert all(passes(made["check"], made["expected"], made["reply"]) for made in examples)


def test_chains_of_thought_carry_no_wording_and_their_answer_is_an_option(shared_data: Path, sources: Any) -> None:
    records, _ = read_rows("ecqa_sample", sources("samples")["ecqa_sample"], shared_data)
    options = [record["prompt"].split("\nOptions:\n- ")[1].split("\n- ") for record in records]
    found = sum(record["answer"] in choices for record, choices in zip(records, options, strict=True))
    assert found > 0.98 * len(records)


def test_real_transcripts_share_their_prompt_with_nothing_left_of_the_markup(shared_data: Path, sources: Any) -> None:
    records, _ = read_rows("guanaco_sample", sources("samples")["guanaco_sample"], shared_data)
    said = [turn["content"] for record in records for turn in record["messages"]]
    assert not any(mark in text for text in said for mark in ("[INST]", "[/INST]", "<s>", "</s>"))
