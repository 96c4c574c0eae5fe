"""Clean: what filters say of good and of broken records; moves; thresholds without measuring again."""

import numpy as np
import pyarrow as pa
import pytest
import yaml
from pydantic import ValidationError

from polymath.pipelines.curate.clean import CleanConfig, JudgeConfig, judge_text, measure_text
from polymath.pipelines.curate.filters import filters
from polymath.pipelines.curate.relevance import RelevanceConfig, fit_profiles, measure_relevance
from polymath.pipelines.curate.signals import NAMES, SignalsConfig, measure_shard
from tests.conftest import ROOT
from tests.pipelines.curate.made import ENGINE, records_of, runner

DIALS = yaml.safe_load((ROOT / "conf/base/parameters/curate.yml").read_text())["clean"]
CLEAN = CleanConfig(**DIALS)
PROSE = (
    "The harbour was quiet when the fishermen came back to the town. They had been away for three days, and the people of the "
    "village were waiting with lamps on the long wall. Nobody spoke until the first boat touched the stones. Then a child "
    "laughed, and all of them began to talk at once about the storm that they had seen from the hill."
)
REPLY = "Water boils at a lower temperature on a mountain, because the air presses on it with less force there."


def run(tmp_path, rows, task, config=CLEAN):
    """Each record's decision."""
    records = records_of(tmp_path / "records", {"s": rows}, task)
    save = runner(tmp_path)
    signals = save("signals", measure_text(records, config, ENGINE))
    relevance = save(
        "relevance",
        measure_relevance(records, save("profiles", fit_profiles(records, config.relevance, ENGINE)), config.relevance, ENGINE),
    )
    return save("decisions", judge_text(signals, relevance, config, ENGINE)).read().to_pylist()


def reasons(tmp_path, rows, task, config=CLEAN):
    return [row["reason"] for row in run(tmp_path, rows, task, config)]


def test_prose_stays_and_what_is_no_prose_goes_with_the_filters_name(tmp_path):
    texts = {
        None: PROSE,
        "too_few_words": "A short note.",
        "mostly_bullets": "\n".join(f"- item number {n} of the list that we have made with care" for n in range(20)),
        "many_hash_signs": PROSE.replace(" ", " # "),
        "one_phrase_again": " ".join(["we sell the best shoes of the town and ship them to you for free today"] * 12)
        + ". "
        + PROSE,
        "unpunctuated_lines": "\n".join(
            PROSE.replace(".", "").replace(",", "")[n : n + 60] + " word" for n in range(0, 300, 60)
        ),
        "few_letters": "the be to of and " + " ".join(f"{n * 1000} {n * n * 1000}" for n in range(100)) + ".",
    }
    found = reasons(tmp_path, [{"text": text} for text in texts.values()], "text")
    assert found == list(texts)


def test_thai_prose_is_not_judged_by_words_and_full_stops(tmp_path):
    thai = "ประเทศไทยมีกรุงเทพมหานครเป็นเมืองหลวงและเป็นศูนย์กลางการปกครองการศึกษาการคมนาคม " * 2
    lines = "\n".join(f"{thai}ข้อความที่{word}" for word in ("หนึ่ง", "สอง", "สาม"))
    assert reasons(tmp_path, [{"text": lines}], "text") == [None]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, None),
        ({"prompt": " "}, "empty_prompt"),
        ({"reply": ""}, "empty_reply"),
        ({"reply": " N/A "}, "placeholder_reply"),
        ({"reply": "Why does water boil early on a mountain?"}, "reply_repeats_prompt"),
        ({"reply": "I'm sorry, but as an AI language model I cannot climb mountains."}, "refusal"),
        ({"reply": "Sorry for your loss; here is how a letter of sympathy may begin, in three versions."}, None),
        ({"reply": f"{PROSE} {PROSE} And then the"}, "truncated_reply"),
        ({"reply": f"{REPLY} and so"}, None),
        ({"reply": f"{REPLY} Hope this helps!"}, "footer"),
        ({"reply": "เพราะความกดอากาศบนภูเขานั้นต่ำกว่าที่ระดับน้ำทะเล น้ำจึงเดือดเร็วกว่า"}, "reply_in_other_script"),
        ({"prompt": "Translate to Thai: water boils early", "reply": "น้ำเดือดเร็วกว่าปกติเมื่ออยู่บนภูเขาสูง"}, None),
    ],
)
def test_what_is_wrong_with_a_reply_is_told(tmp_path, fields, reason):
    row = {"prompt": "Why does water boil early on a mountain?", "reply": REPLY, **fields}
    assert reasons(tmp_path, [row], "closed_qa") == [reason]


@pytest.mark.parametrize(
    ("roles", "reason"),
    [
        ("user assistant", None),
        ("system user assistant user assistant", None),
        ("user assistant tool assistant", None),
        ("user", "roles_out_of_order"),
        ("assistant user assistant", "roles_out_of_order"),
        ("user user assistant", "roles_out_of_order"),
        ("user assistant system", "roles_out_of_order"),
        ("system assistant", "roles_out_of_order"),
    ],
)
def test_a_conversation_needs_an_order_of_roles(tmp_path, roles, reason):
    turns = [{"role": role, "content": f"turn {n}"} for n, role in enumerate(roles.split())]
    around = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]
    assert reasons(tmp_path, [{"messages": around}, {"messages": turns}, {"messages": around}], "chat") == [None, reason, None]


def test_a_pair_is_answered_after_its_conversation(tmp_path):
    asked = [{"role": "user", "content": "x"}]
    rows = [
        {"messages": asked, "chosen": "a", "rejected": "b"},
        {"messages": [*asked, {"role": "assistant", "content": "y"}], "chosen": "a", "rejected": "b"},
        {"prompt": "x", "chosen": "a", "rejected": "a"},
    ]
    assert reasons(tmp_path, rows, "preference") == [None, "roles_out_of_order", "equal_sides"]


def test_a_pair_that_tells_nothing_apart_is_removed_with_the_reason(tmp_path):
    rows = [
        {"prompt": "x", "chosen": "a", "rejected": "b"},
        {"prompt": "x", "chosen": "a", "rejected": " a\n"},
        {"prompt": "x", "chosen": " ", "rejected": "b"},
        {"prompt": "x", "chosen": "a", "rejected": ""},
        {"prompt": " ", "chosen": "a", "rejected": "b"},
    ]
    assert reasons(tmp_path, rows, "preference") == [None, "equal_sides", "empty_reply", "empty_reply", "empty_prompt"]


def test_a_rule_moves_a_record_to_the_task_that_it_really_is(tmp_path):
    program = "def add(a, b):\n    return a + b\n\nprint(add(1, 2))"
    rows = [
        {"prompt": "Add two numbers in Python.", "reply": program},
        {"prompt": "Summarize the text", "context": PROSE, "reply": "Fishermen come home."},
        {"prompt": "Summarize it", "reply": "There is nothing to summarise."},
        {"prompt": "Why is the sky blue?", "reply": REPLY},
    ]
    found = run(tmp_path, rows, "instruct")
    assert [row["task"] for row in found] == ["code", "summarize", "instruct", "instruct"]
    assert [row["moved"] for row in found] == ["replies_with_code", "asks_for_summary", None, None]


def test_the_measured_value_stands_on_what_is_removed(tmp_path):
    found = run(tmp_path, [{"text": "Only five words are here."}, {"text": PROSE}], "text")
    assert found[0]["value"] == 5
    assert found[1]["value"] is None


def test_another_threshold_measures_no_signal_again(tmp_path, monkeypatch):
    from polymath.pipelines.curate import signals

    rows = [{"text": "Only five words are here."}]
    assert reasons(tmp_path, rows, "text") == ["too_few_words"]
    monkeypatch.setattr(signals, "measure", lambda *_, **__: pytest.fail("measured again"))
    recipes = {**DIALS["judge"]["recipes"], "web": {"too_few_words": {"min_words": 3}}}
    softer = CleanConfig(**{**DIALS, "judge": {**DIALS["judge"], "recipes": recipes}})
    assert reasons(tmp_path, rows, "text", softer) == [None]


def test_null_switches_a_filter_off_and_a_source_may_have_its_own_recipe(tmp_path):
    judge = {
        **DIALS["judge"],
        "recipes": {**DIALS["judge"]["recipes"], "mine": {"too_few_words": None}},
        "sources": {"s": "mine"},
    }
    assert reasons(tmp_path, [{"text": "Short."}], "text", CleanConfig(**{**DIALS, "judge": judge})) == [None]


def test_strays_are_told_by_how_little_they_are_like_their_task(tmp_path):
    rows = [{"text": f"The harbour and the boats of the town, the wall and the sea, evening number {n}."} for n in range(60)]
    rows.append({"text": "Quarterly dividends lifted semiconductor equities despite volatile bond auctions everywhere."})
    judge = {"recipes": {"r": {"off_topic": {}}}, "tasks": {"text": "r"}, "floors": {"s": 0.2}}
    config = CleanConfig(relevance=RelevanceConfig(measured=True, sample=60), judge=JudgeConfig(**judge))
    found = reasons(tmp_path, rows, "text", config)
    assert found == [None] * 60 + ["off_topic"]


def test_a_source_without_records_has_no_relevance(tmp_path):
    records = records_of(tmp_path / "records", {"s": [{"text": PROSE}], "refused": []}, "text")
    config, save = RelevanceConfig(measured=True), runner(tmp_path)
    for given in (records, records_of(tmp_path / "none", {"refused": []}, "text")):
        profiles = save(f"profiles of {given.path.name}", fit_profiles(given, config, ENGINE))
        measured = save(f"relevance of {given.path.name}", measure_relevance(given, profiles, config, ENGINE))
        assert measured.rows == given.rows


def test_language_comes_from_the_source_else_the_script_else_a_model(tmp_path):
    rows = [
        {"text": "แมวนอนหลับอยู่บนหลังคา"},
        {"text": "Die Katze schläft auf dem Dach, und der Hund bellt im Garten."},
        {"text": "The cat sleeps.", "language": "xx"},
        {"text": "12 34"},
        {"text": "私は猫が好きです"},
    ]
    records = records_of(tmp_path / "records", {"s": rows}, "text")
    table = measure_shard(records.shards[0], SignalsConfig())
    assert table["language"].to_pylist() == ["th", "de", "xx", None, "ja"]
    by_script = measure_shard(records.shards[0], SignalsConfig(language="script"))
    assert by_script["language"].to_pylist() == ["th", None, "xx", None, "ja"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"recipes": {"web": {"too_few_wrods": {}}}, "tasks": {}},
            "'too_few_wrods' is not a filter; did you mean 'too_few_words'",
        ),
        ({"recipes": {"web": {"too_few_words": {"min_word": 3}}}, "tasks": {}}, "unknown key; did you mean 'min_words'"),
        ({"recipes": {"web": {"too_few_words": {"min_words": "many"}}}, "tasks": {}}, "min_words"),
        ({"recipes": {"web": {}}, "tasks": {"text": "wbe"}}, "'wbe' is not a recipe; did you mean 'web'"),
        ({"recipes": {}, "tasks": {}, "moves": {"m": {"from": "txt", "to": "code", "when": {}}}}, "'txt' is not a task"),
        (
            {"recipes": {}, "tasks": {}, "moves": {"m": {"from": "text", "to": "code", "when": {"wrds": {"min": 1}}}}},
            "moves.m.when: 'wrds' is not a signal; did you mean 'words'",
        ),
        ({"recipes": {"web": {}}, "tasks": {"text": "web"}, "languages": "en"}, "no recipe that judges has .* other_language"),
        ({"recipes": {"web": {"off_topic": None}}, "tasks": {"text": "web"}, "floors": {"default": 0.1}}, "off_topic"),
    ],
)
def test_a_wrong_dial_is_refused_with_the_nearest_name(change, message):
    with pytest.raises(ValidationError, match=message):
        JudgeConfig(**change)


def test_a_floor_without_a_measured_relevance_is_refused():
    judge = {"recipes": {"r": {"off_topic": {}}}, "tasks": {"text": "r"}, "floors": {"default": 0.2}}
    with pytest.raises(ValidationError, match=r"set clean\.relevance\.measured to true"):
        CleanConfig(judge=judge)


def test_languages_that_are_not_listed_go_and_what_no_language_was_told_for_stays(tmp_path):
    rows = [{"text": PROSE, "language": "en"}, {"text": PROSE, "language": "de"}, {"text": "12 34 56"}]
    judge = {"recipes": {"r": {"other_language": {}}}, "tasks": {"text": "r"}, "languages": "en th"}
    assert reasons(tmp_path, rows, "text", CleanConfig(judge=judge)) == [None, "other_language", None]


def test_the_names_of_signals_are_those_that_are_measured(tmp_path):
    records = records_of(tmp_path / "records", {"s": [{"text": PROSE}]}, "text")
    measured = measure_shard(records.shards[0], SignalsConfig())
    assert set(NAMES) == set(measured.column_names) - {"tier", "task", "source", "language", "script"}
    assert len(set(NAMES)) == len(NAMES)


def test_every_filter_reads_signals_that_are_measured(tmp_path):
    from polymath.pipelines.curate.clean import derived_signals, signals_of

    records = records_of(tmp_path / "records", {"s": [{"text": PROSE}]}, "text")
    known = derived_signals(measure_shard(records.shards[0], SignalsConfig()), CLEAN.judge)
    for name in filters:
        assert set(signals_of(name)) <= set(known), name
        verdict = filters[name](*(known[signal] for signal in signals_of(name)))
        assert verdict.removed.dtype == bool
        assert verdict.value.dtype.kind == "f"
        assert len(verdict.value) == 1


def test_a_filter_says_nothing_where_there_is_nothing_to_measure():
    verdict = filters["many_hash_signs"](np.array([0]), np.array([0]), np.array([True]))
    assert np.isnan(verdict.value[0])
    assert not verdict.removed[0]


def test_an_empty_shard_is_measured_and_judged(tmp_path):
    assert run(tmp_path, [], "text") == []
    assert isinstance(pa.table({}), pa.Table)
