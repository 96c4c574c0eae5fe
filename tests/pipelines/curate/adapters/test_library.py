"""Every entry of the library: its configuration, and a row as the hub (or the original file) has it, traps included."""

from functools import partial
from typing import Any

import pytest
from tests.pipelines.curate.adapters.conftest import _parameters

from polymath.pipelines.curate.adapters import adapters, whole_adapters
from polymath.sources.benchmarks import refusal
from polymath.sources.build import RecordBuilder
from polymath.sources.library import Source
from polymath.sources.mapping import MISSING, getter
from polymath.sources.python_text import PAGES
from polymath.sources.rows import Batch, Place, Unfit
from polymath.tasks import TASKS

ANSWERS = {"text": ["Ann"], "answer_start": [0]}
SPAN = {"id": "1", "title": "T", "context": "Ann came.", "question": "Who?", "answers": ANSWERS}
THAI_SPAN = {**SPAN, "article_id": "a", "question_id": "a_1", "answers": {**ANSWERS, "answer_end": [3]}}
HOTPOT = {
    **{"id": "1", "question": "Who?", "answer": "Ann", "type": "bridge", "level": "hard"},
    **{"supporting_facts": {"title": ["T"], "sent_id": [0]}, "context": {"title": ["T"], "sentences": [["Ann came."]]}},
}
QUESTION = {"id": "1", "question": "q?"}
PAIR = {"sentence1": "It rains.", "sentence2": "It is wet.", "label": 0, "idx": 0}
TURNS = [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]
ALPACA = {"instruction": "Say hi", "input": "", "output": "Hi", "text": "..."}
MATHS = {"question": "2+2?", "answer": "2+2=<<2+2=4>>4\n#### 4"}
COT = {"instruction": "q?", "input": "", "output": "Steps. So the answer is yes."}
PAPER = {"id": "0704.0001", "title": "On X", "abstract": "We study X.", "categories": ["cs.CL"]}
PRM = {
    "question": {"problem": "2+2?", "ground_truth_answer": "4"},
    "label": {
        "steps": [{"completions": [{"text": "4", "rating": 1}, {"text": "5", "rating": -1}], "chosen_completion": 0}],
        "finish_reason": "solution",
    },
}
POSTS = [
    {"Id": "1", "PostTypeId": "1", "Title": "T", "Body": "<p>Why?</p>", "Score": "1"},
    {"Id": "2", "PostTypeId": "2", "ParentId": "1", "Body": "<p>So.</p>", "Score": "9"},
    {"Id": "3", "PostTypeId": "2", "ParentId": "1", "Body": "<p>No.</p>", "Score": "-1"},
]
MESSAGES = [
    {"message_id": "r", "parent_id": None, "text": "Hi", "role": "prompter", "lang": "en", "rank": None, "deleted": False},
    {"message_id": "a", "parent_id": "r", "text": "Hello", "role": "assistant", "lang": "en", "rank": 0, "deleted": False},
]
TREE = {"prompt": {**MESSAGES[0], "replies": [{**MESSAGES[1], "text": text, "rank": rank} for rank, text in enumerate("ab")]}}
TRANSCRIPTS = {"chosen": "\n\nHuman: Hi\n\nAssistant: Hello", "rejected": "\n\nHuman: Hi\n\nAssistant: No"}
TOOLS = "toolformer: enabled\ntoolformer access: wikipedia\nLooks things up.\nwikipedia(query)\nWho was Ann?"
SUBSET = {"text": "t", "meta": {"url": "u", "language": "en"}}
PAGE = {"text": "t", "title": "T", "author": None, "date": None, "url": "https://example.org/t"}
PAGE_SOURCES = (
    *(
        "stanford_philosophy",
        "internet_philosophy",
        "merck_manual",
        "investopedia",
        "programming_examples",
        "regular_expressions",
    ),
    *("quotes_by_author", "talk_abstracts", "film_synopses", "book_synopses", "song_lyrics", "front_page_news", "essays"),
    *("historical_events", "interesting_facts", "peer_reviewed_findings"),
)
PYTHON_FILE = {"content": "x = 1\n", "lang": "Python", "ext": "py", "size": 6, "max_stars_count": None}

ROWS: dict[str, Any] = {
    "squad": SPAN,
    "squad_v2": {**SPAN, "answers": {"text": [], "answer_start": []}},
    "adversarial_qa": {**SPAN, "metadata": {"split": "train", "model_in_the_loop": "Combined"}},
    "subjqa": {**SPAN, "domain": "books"},
    "hotpot_qa": HOTPOT,
    "beerqa": {"id": "1", "question": "Who?", "answers": ["Ann"], "context": [["T", "Ann came."]]},
    "wiki_qa": {"question_id": "Q1", "question": "who?", "document_title": "T", "answer": "Ann came.", "label": 1},
    "xquad_en": SPAN,
    "sciq": {"question": "q?", **{f"distractor{n}": str(n) for n in (1, 2, 3)}, "correct_answer": "d", "support": ""},
    "cosmos_qa": {"id": "1", "context": "c", "question": "q?", **{f"answer{n}": str(n) for n in range(4)}, "label": 3},
    "commonsense_qa": {"question": "q?", "choices": {"label": list("ABCDE"), "text": list("vwxyz")}, "answerKey": "E"},
    "piqa": {"goal": "g", "sol1": "a", "sol2": "b", "label": 1},
    "hellaswag": {"ctx": "A man", "endings": list("abcd"), "label": "3", "source_id": "s", "activity_label": "Run"},
    "mmlu_auxiliary": {"train": {"question": "q?", "choices": list("wxyz"), "answer": 2, "subject": ""}},
    "super_glue_copa": {"premise": "p", "choice1": "a", "choice2": "b", "question": "cause", "idx": 0, "label": 1},
    "super_glue_boolq": {"question": "is it", "passage": "It is.", "idx": 0, "label": 1},
    "super_glue_record": {"passage": "p", "query": "@placeholder won", "entities": ["Ann", "Bob"], "answers": ["Bob", "Bobby"]},
    "glue_sst2": {"sentence": "good ", "label": 1, "idx": 0},
    "glue_cola": {"sentence": "Good.", "label": 1, "idx": 0},
    "glue_mrpc": PAIR,
    "glue_stsb": {**PAIR, "label": 3.8},
    "ag_news": {"text": "t", "label": 3},
    "rotten_tomatoes": {"text": "t", "label": 0},
    "glue_qqp": {"question1": "a?", "question2": "b?", "label": 0, "idx": 0},
    "glue_mnli": {"premise": "p", "hypothesis": "h", "label": 2, "idx": 0},
    "glue_qnli": {"question": "q?", "sentence": "s", "label": 1, "idx": 0},
    "glue_rte": PAIR,
    "glue_wnli": PAIR,
    "super_glue_cb": {"premise": "p", "hypothesis": "h", "label": 2, "idx": 0},
    "super_glue_multirc": {
        **{"paragraph": "p", "question": "q?", "answer": "a", "label": 1},
        "idx": {"paragraph": 0, "question": 0, "answer": 0},
    },
    "super_glue_wic": {"word": "go", "sentence1": "a", "sentence2": "b", "start1": 0, "label": 0, "idx": 0},
    "super_glue_wsc": {"text": "t", "span1_text": "Ann", "span2_text": "she", "span1_index": 0, "label": 1, "idx": 0},
    "newsgroups": {"text": "From: a\nNewsgroups: sci.med\nSubject: s\n\nHello"},
    "tldr_news_topics": {"headline": "h", "content": "c", "category": 3},
    "dolly": {"instruction": "i", "context": "", "response": "r", "category": "open_qa"},
    "alpaca": ALPACA,
    "alpaca_cleaned": ALPACA,
    "open_instruct": ALPACA,
    "open_assistant_instructions": {"prompt": "p", "response": "r"},
    "guanaco": ALPACA,
    "open_orca": {"id": "niv.1", "system_prompt": "", "question": "q", "response": "r"},
    "open_platypus": {**ALPACA, "data_source": "MATH/PRM-800K"},
    "dahoas_prompt_responses": {"prompt": "p", "response": "r"},
    "super_natural_instructions": {"task_name": "t", "id": "1", "definition": "d", "inputs": "i", "targets": "t"},
    "natural_instructions": {"Definition": ["d"], "Instances": [{"id": "task1-a", "input": "i", "output": ["o"]}]},
    "gpteacher_toolformer": {"instruction": TOOLS, "input": "", "response": "r", "example_input": "e"},
    "self_instruct_seeds": {"id": "s", "instruction": "i", "instances": [{"input": "", "output": "o"}]},
    "english_quotes": {"quote": "q", "author": "Ann", "tags": ["life"]},
    "english_historical_quotes": {"quote": "q", "author": "Ann", "categories": "['life', 'money']"},
    "oasst1": MESSAGES,
    "oasst1_best": MESSAGES,
    "oasst1_guanaco": {"text": "### Human: Hi### Assistant: Hello"},
    "sharegpt_vicuna": {"id": "1", "conversations": [TURNS[1], *TURNS]},
    "wizard_vicuna": {"id": "1", "conversations": TURNS},
    "wizardlm_evol": {"idx": "1", "conversations": TURNS},
    "glaive_toolcall": {"conversations": TURNS, "tools": "[]"},
    "ta_prompt": [{"text": line} for line in ("Human: Hi", "", "Assistant: Hello", "", "-----")],
    "reddit_threads": [
        {"id": "p", "title": "T", "selftext": "", "score": 3},
        {"id": "c", "parent_id": "t3_p", "body": "b", "score": 3},
    ],
    "reddit_pairs": [
        {"id": "p", "title": "T", "selftext": "", "score": 3},
        {"id": "c", "parent_id": "t3_p", "body": "b", "score": 30},
        {"id": "d", "parent_id": "t3_p", "body": "d", "score": 3},
    ],
    "wikipedia_reverts": {
        "title": "T",
        "ns": "0",
        "id": "1",
        "revision": [{"id": "1", "text": text} for text in ("Ten words " * 5, "other words " * 5, "Ten words " * 5)],
    },
    "hh_rlhf_harmless": TRANSCRIPTS,
    "hh_rlhf_helpful": TRANSCRIPTS,
    "dahoas_pairwise": {"prompt": "p", "chosen": "c", "rejected": "r"},
    "summarize_from_feedback": {
        "info": {"id": "t3", "post": "p", "title": "t", "subreddit": "s", "site": None, "article": None},
        "summaries": [{"text": "a", "policy": "x", "note": None}, {"text": "b", "policy": "y", "note": None}],
        "choice": 1,
    },
    "ultrafeedback": {
        "instruction": "i",
        "completions": [{"response": "a", "overall_score": 4.5, "model": "m"}, {"response": "b", "overall_score": 2.0}],
    },
    "oasst1_pairs": TREE,
    "stackexchange_pairs": POSTS,
    "stackexchange": POSTS,
    "prm800k": PRM,
    "prm800k_steps": PRM,
    "prm800k_ratings": PRM,
    "gsm8k": MATHS,
    "gsm8k_socratic": MATHS,
    "competition_math": {"problem": "p", "level": "Level 1", "type": "Algebra", "solution": r"\boxed{4}"},
    "math_dataset_algebra": {"question": r"b'Solve.\n'", "answer": r"b'4\n'"},
    "alpaca_cot_aqua": {"instruction": "q?", "input": "", "output": "Steps. The answer is (A)."},
    "alpaca_cot_ecqa": {"instruction": "q?", "input": "", "output": "Steps. The answer: this."},
    **{f"alpaca_cot_{name}": COT for name in ("qasc", "creak", "esnli", "sensemaking")},
    "alpaca_cot_strategyqa": {"question": "q?", "answer": "yes", "rationale": "r"},
    "bbh": {"input": "i", "target": "t"},
    "tldr_news": {"headline": "h", "content": "c", "category": 3},
    "openai_summarize_tldr": {"prompt": "POST: p\nTL;DR:", "label": " l"},
    "reddit_tldr_17": {"author": "a", "body": "b", "normalizedBody": "n", "content": "c", "summary": "s"},
    "reddit_tifu_long": {"ups": 1.0, "documents": "d", "tldr": "t", "title": "t"},
    "arxiv_titles": PAPER,
    "ml_arxiv_titles": PAPER,
    "arxiv_abstracts": PAPER,
    "conala": {"question_id": 1, "intent": "i", "rewritten_intent": None, "snippet": "s"},
    "conala_mined": {"question_id": 1, "parent_answer_post_id": 2, "prob": 0.8, "snippet": "s", "intent": "i", "id": "x"},
    "mbpp": {"task_id": 1, "text": "t", "code": "c", "test_list": ["assert 1"], "challenge_test_list": []},
    "human_eval": {"task_id": "HumanEval/0", "prompt": "p", "canonical_solution": "s", "test": "t", "entry_point": "e"},
    "code_alpaca": ALPACA,
    "cosqa": {"idx": "1", "doc": "d", "code": "c", "label": 0},
    "the_stack_python": PYTHON_FILE,
    "wikitext_2": [{"text": ""}, {"text": " = T = \n"}, {"text": ""}, {"text": " words \n"}],
    "wikitext_103": [{"text": " = T = \n"}, {"text": " words \n"}],
    "openwebtext": {"text": "t"},
    "c4": {"text": "t", "timestamp": "2019", "url": "u"},
    "refinedweb": {"content": "t", "url": "u", "timestamp": None, "dump": "d", "segment": "s", "image_urls": []},
    **{f"redpajama_{name}": SUBSET for name in ("common_crawl", "c4", "github", "wikipedia", "arxiv", "stackexchange")},
    **{f"wikipedia_{code}": {"id": "1", "url": "u", "title": "T", "text": "t"} for code in ("en", "th")},
    **dict.fromkeys(PAGE_SOURCES, PAGE),
    "redpajama_1b": {"text": "t", "meta": "{}", "red_pajama_subset": "arxiv"},
    "toolformer": {"text": "t"},
    "pg19": {"short_book_title": "T", "publication_date": 1818, "url": "u", "text": "Chapter 1\n\nOnce."},
    "gutenberg": {"text": "Once."},
    "xquad_th": SPAN,
    "iapp_wiki_qa": THAI_SPAN,
    "wisesight": {"texts": "t", "category": 3},
    "thaisum": {"title": "t", "body": "b", "summary": "s", "type": "t", "tags": "", "url": "u"},
    "thaisum_headlines": {"title": "t", "body": "b", "summary": "s"},
    "thaigov": {"text": "t\n\nb\n\nที่มา : https://example.org"},
}  # fmt: skip
"""A row for each entry; several for those whose records are spread over rows."""

ITEMS: dict[str, Any] = {
    **dict.fromkeys(("mmlu", "commonsense_qa", "sciq", "arc_easy", "arc_challenge", "gsm8k"), QUESTION),
    **dict.fromkeys(("squad_v2", "xquad_en", "xquad_th", "cosmos_qa"), SPAN),
    **dict.fromkeys(("glue_mrpc", "glue_rte"), PAIR),
    **{name: ROWS[name] for name in ("hellaswag", "piqa", "super_glue_copa", "super_glue_boolq", "super_glue_cb", "glue_sst2")},
    **{name: ROWS[name] for name in ("bbh", "human_eval", "mbpp")},
    "math": ROWS["competition_math"],
    "iapp_wiki_qa": THAI_SPAN,
    "wizardlm_testset": {"idx": 1, "Skill": "Math", "Difficulty": 1, "Instruction": "i"},
}


def records_of(name: str, source: Source, rows: Any) -> list[Any]:
    """Records of an entry's own rows; the reasons of what became none."""
    placed = [(Place(0, number), row) for number, row in enumerate(rows if isinstance(rows, list) else [rows])]
    if source.adapter in whole_adapters:
        options = whole_adapters.options(source.adapter, source.options, name)
        made = [record for _, record in whole_adapters[source.adapter](iter(placed), **options)]
        return [record for record in made if not isinstance(record, Unfit)] or made
    adapter = source.adapter and partial(adapters[source.adapter], **adapters.options(source.adapter, source.options, name))
    table, bad = RecordBuilder(name, source, adapter or None).build(Batch("file", Place(0, 0), placed))
    return [*table.to_pylist(), *(row.detail for row in bad)]


@pytest.mark.parametrize("name", ROWS)
def test_a_row_as_the_dataset_has_it_becomes_a_record(name: str, sources: Any) -> None:
    source = sources("base")[name]
    records = records_of(name, source, ROWS[name])
    assert records
    for record in records:
        assert isinstance(record, dict), record
        assert all(record[field] is not None for field in TASKS[source.task].needs)


def test_every_entry_that_reads_rows_has_a_row_here(sources: Any) -> None:
    assert set(ROWS) == {name for name, source in sources("base").items() if source.kind != "embedded"}


def test_pages_that_are_not_fetched_say_why(sources: Any) -> None:
    for name in PAGE_SOURCES:
        pages = sources("base")[name].pages
        assert pages.fetch or pages.terms, name
        assert not (pages.fetch and pages.terms), f"{name} is fetched although its terms forbid it"


def test_every_embedded_source_has_an_entry(sources: Any) -> None:
    assert {source.path[0] for source in sources("base").values() if source.kind == "embedded"} == set(PAGES)


@pytest.mark.parametrize("name", ITEMS)
def test_an_item_as_the_benchmark_has_it_has_its_text_and_name(name: str, benchmarks: Any) -> None:
    benchmark = benchmarks("base")[name]
    expressions = [benchmark.item] if isinstance(benchmark.item, str) else list(benchmark.item)
    values = [getter(expression, name)(ITEMS[name]) for expression in [*expressions, *filter(None, [benchmark.id])]]
    assert all(value is not MISSING and str(value) for value in values)


def test_every_benchmark_has_an_item_here(benchmarks: Any) -> None:
    assert set(ITEMS) == set(benchmarks("base"))


def test_only_sources_that_are_nothing_but_a_benchmark_are_refused(sources: Any, benchmarks: Any) -> None:
    suite = benchmarks("base")
    refused = {name for name, source in sources("base").items() if refusal(source, suite)}
    assert refused == {"bbh", "human_eval", "xquad_en", "xquad_th"}


def test_a_source_never_trains_on_the_split_that_a_benchmark_of_its_dataset_scores(sources: Any, benchmarks: Any) -> None:
    for benchmark in benchmarks("base").values():
        for name, source in sources("base").items():
            same = source.kind == benchmark.kind == "hub" and source.path == benchmark.path
            if same and benchmark.config in (None, source.config):
                assert benchmark.split in source.benchmark_splits, name


def test_every_adapter_serves_an_entry(sources: Any) -> None:
    used = {source.adapter for source in sources("samples").values()}
    assert set(adapters) | set(whole_adapters) == used - {None}


@pytest.mark.parametrize("environment", ["base", "samples"])
def test_sources_with_filters_of_their_own_are_in_the_library(environment: str, sources: Any) -> None:
    named = _parameters(environment)["clean"]["judge"]["sources"]
    assert set(named) <= set(sources(environment))


def test_books_papers_and_programs_are_not_judged_as_web_pages(sources: Any) -> None:
    named = _parameters("base")["clean"]["judge"]["sources"]
    adapted = {name for name, source in sources("base").items() if source.adapter == "book"}
    assert adapted | {"redpajama_arxiv", "redpajama_github", "the_stack_python"} <= set(named)
