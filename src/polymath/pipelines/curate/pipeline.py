"""Curate, from sources to a packed schedule: one glance, the whole flow."""

from kedro.pipeline import Node, Pipeline

from polymath.pipelines.curate.books import balance_books, count_fates
from polymath.pipelines.curate.card import measure_filters, write_card
from polymath.pipelines.curate.clean import judge_text, measure_text
from polymath.pipelines.curate.compose import compose_examples
from polymath.pipelines.curate.concepts import embed_records, fit_concepts, fit_space, place_in_concepts
from polymath.pipelines.curate.counts import count_tokens
from polymath.pipelines.curate.decontaminate import drop_leaks, find_leaks, read_benchmarks
from polymath.pipelines.curate.dedup import find_candidates, gather_candidates, sketch
from polymath.pipelines.curate.ingest import list_quarantined, read_sources
from polymath.pipelines.curate.mix import draw_frontiers, weigh_tracks
from polymath.pipelines.curate.overlaps import compare_sources
from polymath.pipelines.curate.pack import pack_sequences, schedule_batches
from polymath.pipelines.curate.relevance import fit_profiles, measure_relevance
from polymath.pipelines.curate.select import find_over_caps, select_records
from polymath.pipelines.curate.split import find_straddlers, key_groups, split_records
from polymath.pipelines.curate.tokenize import tokenize_examples
from polymath.pipelines.curate.tokenizer import fit_tokenizer
from polymath.pipelines.curate.verify import drop_near_duplicates, verify_candidates
from polymath.pipelines.steps import Step, sum_steps

ENGINE = "params:engine"


def create_pipeline() -> Pipeline:
    """Public datasets in; packed, stratified training tracks out. Every row keeps a decision on record."""
    curated = sum_steps("curate", [
        Step("ingest", [
            Node(read_sources,
                 ["params:sources", "params:benchmarks", "params:decontaminate", "params:recipes", "params:run",
                  "params:ingest", ENGINE],
                 "records"),
            Node(list_quarantined, ["records", "params:ingest", ENGINE], "quarantined_rows"),
        ]),
        Step("clean", [
            Node(measure_text, ["records", "params:clean", ENGINE], "text_signals"),
            Node(fit_profiles, ["records", "params:clean.relevance", ENGINE], "task_profiles"),
            Node(measure_relevance, ["records", "task_profiles", "params:clean.relevance", ENGINE], "relevance"),
            Node(judge_text, ["text_signals", "relevance", "params:clean", ENGINE], "clean_decisions"),
        ]),
        Step("dedup", [
            Node(sketch, ["records", "params:dedup", ENGINE], "signatures"),
            Node(find_candidates, ["records", "signatures", "clean_decisions", "params:dedup", ENGINE], "candidates"),
            Node(gather_candidates, ["records", "candidates", "params:dedup", ENGINE], "candidate_texts"),
            Node(verify_candidates, ["candidates", "candidate_texts", "params:dedup", ENGINE], "duplicates"),
            Node(drop_near_duplicates,
                 ["records", "clean_decisions", "candidates", "duplicates", "params:dedup", ENGINE], "dedup_decisions"),
            Node(compare_sources, ["records", "clean_decisions", "dedup_decisions", ENGINE], "source_overlaps"),
        ]),
        Step("decontaminate", [
            Node(read_benchmarks, ["params:benchmarks", "params:run", "params:decontaminate", ENGINE], "benchmark_items"),
            Node(find_leaks, ["records", "benchmark_items", "params:decontaminate", ENGINE], "leak_matches"),
            Node(drop_leaks, ["dedup_decisions", "leak_matches", "params:decontaminate", ENGINE], "decontaminate_decisions"),
        ]),
        Step("select", [
            Node(fit_space, ["records", "decontaminate_decisions", "params:select.concepts", ENGINE], "concept_space"),
            Node(embed_records, ["records", "concept_space", "params:select.concepts", ENGINE], "record_vectors"),
            Node(fit_concepts,
                 ["records", "decontaminate_decisions", "concept_space", "params:select.concepts", ENGINE], "concepts"),
            Node(place_in_concepts, ["record_vectors", "decontaminate_decisions", "concepts", ENGINE], "record_concepts"),
            Node(find_over_caps,
                 ["records", "decontaminate_decisions", "record_concepts", "signatures", "text_signals",
                  "params:select", ENGINE],
                 "over_caps"),
            Node(select_records, ["records", "decontaminate_decisions", "over_caps", ENGINE], "select_decisions"),
        ]),
        Step("compose", [
            Node(compose_examples,
                 ["records", "select_decisions", "params:recipes", "params:systems", "params:sources", ENGINE], "examples"),
        ]),
        Step("split", [
            Node(key_groups, ["records", ENGINE], "group_keys"),
            Node(find_straddlers, ["records", "group_keys", "select_decisions", "params:split", ENGINE], "straddlers"),
            Node(split_records,
                 ["records", "group_keys", "select_decisions", "straddlers", "params:split", ENGINE], "split_decisions"),
        ]),
        Step("tokenize", [
            Node(fit_tokenizer, ["examples", "split_decisions", "params:tokenize.tokenizer", ENGINE], "tokenizer"),
            Node(tokenize_examples, ["examples", "split_decisions", "tokenizer", "params:tokenize", ENGINE], "tokens"),
        ]),
        Step("mix", [
            Node(count_tokens, ["tokens", "records", "record_concepts", ENGINE], "token_counts"),
            Node(weigh_tracks, ["token_counts", "concepts", "params:mix", ENGINE], "weights"),
            Node(draw_frontiers, ["token_counts", "concepts", "params:mix", ENGINE], "frontiers"),
        ]),
        Step("pack", [
            Node(pack_sequences, ["tokens", "token_counts", "record_concepts", "params:mix", ENGINE], "sequences"),
            Node(schedule_batches, ["sequences", "weights", "concepts", "params:mix", ENGINE], "schedule"),
        ]),
        Step("books", [
            Node(count_fates,
                 ["records", "text_signals", "clean_decisions", "split_decisions", "examples", ENGINE], "fates"),
            Node(balance_books,
                 ["records", "fates", "token_counts", "tokens", "sequences", "schedule", "params:mix", ENGINE], "books"),
        ]),
    ])  # fmt: skip
    told = {name: name for node in curated.nodes for name in node.outputs}  # the card tells of everything that was made
    return curated + sum_steps("curate", [
        Step("report", [
            Node(measure_filters,
                 ["text_signals", "relevance", "clean_decisions", "params:clean", "params:report", ENGINE], "filter_measures"),
            Node(write_card,
                 {"run_record": "run_record", "run": "params:run", "sources": "params:sources", "clean": "params:clean",
                  "dedup": "params:dedup", "decontaminate": "params:decontaminate", "mix": "params:mix",
                  "report": "params:report", "engine": ENGINE,
                  "filter_measures": "filter_measures", **told}, "data_card"),
        ]),
    ])  # fmt: skip
