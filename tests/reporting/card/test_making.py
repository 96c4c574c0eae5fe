import pyarrow as pa

from polymath.reporting.card.fates import Ledger
from polymath.reporting.card.fertility import Fertility, fertility
from polymath.reporting.card.head import Checked, Packed, checked
from polymath.reporting.card.inputs import Data, Occasion
from polymath.reporting.card.making import made, notices
from tests.pipelines.curate.made import folder_of

FINE = Checked(benchmarks=2, absent=(), items=10, leaked=0)
SOUND = Ledger("qa", "chat", "high", "MIT", rows=100, records=100, tokens=500)
SOUND.kept["chat"] = 100


def told(**given) -> list[str]:
    whole = {"ledgers": [SOUND], "checked": FINE, "packed": [], "idle": [], "languages": [], "slow": (0, 3)}
    return [notice.text for notice in notices(**{**whole, **given})]


def test_a_sound_run_needs_no_look():
    assert told() == []


def test_benchmarks_that_could_not_be_read_are_named():
    (text,) = told(checked=Checked(1, ("mmlu", "piqa"), 5, 0))
    assert text == "2 of 3 benchmarks could not be read and were not looked for: mmlu and piqa."


def test_sources_that_are_unreadable_empty_or_without_a_licence_are_named():
    torn = Ledger("torn", "chat", "high", "unknown", rows=100, quarantined=5, records=95, tokens=9)
    torn.kept["chat"] = 95
    gone = Ledger("gone", "chat", "high", "MIT", rows=10, refused=10)
    texts = told(ledgers=[SOUND, torn, gone])
    assert any("5.0\u202f% of the rows of torn could not be read" in text for text in texts)
    assert any("1 source gave nothing to the mix: gone" in text for text in texts)
    assert any("licence of torn is unknown" in text for text in texts)


def test_padding_idle_tracks_misfit_languages_and_the_slow_library_are_told():
    loose = Packed("sft", "packed", sequences=10, tokens=500, room=1000, left_out=0)
    pairs = Packed("preference", "pairs", sequences=10, tokens=100, room=1000, left_out=0)
    languages = [Fertility("ru", 50, 2.0, 5.3, 0.8), Fertility("en", 50, 4.0, 1.4, 0.3)]
    texts = told(packed=[loose, pairs], idle=["prompts"], languages=languages, slow=(1, 4))
    assert texts == [
        "The tokenizer does not fit Russian: its words fall into many pieces.",
        "Sequences have much padding in sft (50.0\u202f% full).",
        "1 track has not enough for one batch: prompts.",
        "gigatoken's ids differed from Hugging Face's, so the slower library did 25.0\u202f% of the shards.",
    ]


def test_fertility_counts_tokens_by_word_or_by_character():
    spaced = fertility("en", 30, pa.array(["lamp lit", "river"]), tokens=6, words=3)
    assert (spaced.bytes_per_token, spaced.per_word, spaced.is_bad) == (13 / 6, 2.0, False)
    unspaced = fertility("th", 30, pa.array(["กข"]), tokens=6, words=0)
    assert (unspaced.per_word, unspaced.per_character, unspaced.is_bad) == (None, 3.0, True)


def test_leaked_items_are_counted_once_however_many_records_hold_them(tmp_path):
    rows = {"benchmark": ["a", "a", "a"], "item": ["1", "1", "2"], "covered": pa.array([0.9, 1.0, 0.1], pa.float32())}
    items = {"a": pa.table({"id": ["1", "2"]}), "b": pa.table({"id": pa.array([], pa.string())})}
    matches = folder_of(tmp_path / "matches", {"qa-00000": pa.table(rows)})
    found = checked(folder_of(tmp_path / "items", items), matches, 0.7)
    assert found == Checked(benchmarks=1, absent=("b",), items=2, leaked=1)


def occasion(**given) -> Occasion:
    whole = {"command": "kedro run", "started": 0.0, "machine": {"python": "3.11"}, "parameters": {}, "changed": {}}
    return Occasion(**{**whole, **given})


def test_the_occasion_is_told_with_the_parameters_that_were_changed_first():
    parameters = {"dedup.verify.threshold": "0.7", "split.salt": "polymath"}
    told_ = made(Data({}), occasion(parameters=parameters, changed={"dedup.verify.threshold": "0.8"}))
    assert told_.when == "1 January 1970, 00:00 UTC"
    assert told_.changed == [("dedup.verify.threshold", "0.7", "0.8")]
    assert told_.seeds == [("split.salt", "polymath")]
    assert told_.parameters == sorted(parameters.items())


def test_another_time_command_machine_or_engine_is_the_same_card():
    parameters = {"split.test": "0.02", "engine.workers": "2"}
    one = occasion(parameters=parameters)
    engine = {**parameters, "engine.workers": "64"}
    other = occasion(command="kedro run -e big", started=9e9, machine={}, parameters=engine, changed={"engine.workers": "2"})
    assert one.digest == other.digest
    assert one.digest != occasion(parameters={"split.test": "0.03"}).digest
