"""Languages and scripts: what each record is in, and that nothing of curate counts on spaces between words."""

import json

import pyarrow as pa
import pytest

from polymath.pipelines.curate.decontaminate import drop_leaks, find_leaks, read_benchmarks
from polymath.pipelines.curate.dedup import DedupConfig, find_candidates, gather_candidates, sketch
from polymath.pipelines.curate.ingest import RunConfig
from polymath.pipelines.curate.languages import languages_of
from polymath.pipelines.curate.signals import SignalsConfig, measure_shard
from polymath.pipelines.curate.suite import DecontaminateConfig
from polymath.pipelines.curate.verify import drop_near_duplicates, verify_candidates
from polymath.records import RECORD
from polymath.reporting.card.fertility import fertility
from polymath.sources.benchmarks import Benchmarks
from tests.pipelines.curate.made import ENGINE, all_kept, records_of, runner

THAI = (
    "กรุงเทพมหานครเป็นเมืองหลวงและนครที่มีประชากรมากที่สุดของประเทศไทย เป็นศูนย์กลางการปกครอง การศึกษา การคมนาคมขนส่ง "
    "การเงินการธนาคาร การพาณิชย์ การสื่อสาร และความเจริญของประเทศ ตั้งอยู่บนสามเหลี่ยมปากแม่น้ำเจ้าพระยา"
)
ENGLISH = "The river rises in the hills and runs through the town before it meets the sea beyond the old harbour wall."
TEXTS = {
    "th": THAI,
    "ja": "東京は日本の首都であり、世界でも有数の大きな都市のひとつです。",
    "zh": "北京是中华人民共和国的首都,也是全国的政治和文化中心。",
    "ko": "서울은 대한민국의 수도이자 가장 큰 도시이다.",
    "ru": "Москва является столицей и крупнейшим городом России, расположенным на реке.",
    "el": "Η Αθήνα είναι η πρωτεύουσα και η μεγαλύτερη πόλη της Ελλάδας.",
    "en": ENGLISH,
}


def test_every_record_has_a_language_by_its_script_or_by_a_model():
    rows = [{"task": "text", "text": text} for text in TEXTS.values()]
    found = languages_of(pa.Table.from_pylist(rows, schema=RECORD), "model").to_pylist()
    assert found == list(TEXTS)


def test_every_record_has_a_script_and_one_without_letters_has_none(tmp_path):
    folder = records_of(tmp_path / "records", {"s": [{"text": text} for text in [*TEXTS.values(), "123 456", ""]]}, "text")
    measured = measure_shard(folder.shards[0], SignalsConfig())
    found = measured["script"].to_pylist()
    assert found == ["Thai", "Jpan", "Hani", "Hang", "Cyrl", "Grek", "Latn", None, None]
    spaced = measured["spaced"].to_pylist()
    assert spaced == [False, False, False, True, True, True, True, True, True]


def test_what_the_source_declares_counts_and_a_script_of_many_languages_needs_the_model():
    rows = [
        {"task": "text", "text": ENGLISH, "language": "nl"},
        {"task": "text", "text": ENGLISH},
        {"task": "text", "text": "123"},
    ]
    assert languages_of(pa.Table.from_pylist(rows, schema=RECORD), "script").to_pylist() == ["nl", None, None]


def leaks(tmp_path, item, texts):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "quiz.jsonl").write_text(json.dumps({"question": item, "id": "q"}))
    entry = {"kind": "files", "path": "quiz.jsonl", "licence": "MIT", "item": "question", "id": "id"}
    config, run = DecontaminateConfig(), runner(tmp_path)
    given = RunConfig(sources="s", files_root=tmp_path / "raw")
    records = records_of(tmp_path / "records", {"s": [{"text": text} for text in texts]}, "text")
    items = run("items", read_benchmarks(Benchmarks({"quiz": entry}), given, config, ENGINE))
    found = run("matches", find_leaks(records, items, config, ENGINE))
    decisions = run("decisions", drop_leaks(all_kept(tmp_path / "dedup", records), found, config, ENGINE))
    return [row["kept"] for row in decisions.read().to_pylist()]


QUESTION = "แม่น้ำสายใดที่ไหลผ่านกรุงเทพมหานครและมีความยาวประมาณสามร้อยเจ็ดสิบสองกิโลเมตร"


def test_a_thai_benchmark_item_inside_a_thai_text_is_a_leak_and_its_topic_alone_is_none(tmp_path):
    holding = f"ลองตอบคำถามนี้ {QUESTION} คำตอบคือแม่น้ำเจ้าพระยา {THAI}"
    assert leaks(tmp_path, QUESTION, [holding, THAI]) == [False, True]


def test_a_thai_item_is_found_whatever_spaces_stand_in_it(tmp_path):
    spaced = QUESTION.replace("และ", " และ ").replace("ความ", " ความ")
    assert leaks(tmp_path, QUESTION, [f"ถามว่า{spaced}ตอบ"]) == [False]


def kept(tmp_path, rows, task):
    records = records_of(tmp_path / "records", {"s": rows}, task)
    run, config = runner(tmp_path), DedupConfig()
    clean = all_kept(tmp_path / "clean", records)
    signatures = run("signatures", sketch(records, config, ENGINE), "arrow")
    candidates = run("candidates", find_candidates(records, signatures, clean, config, ENGINE))
    texts = run("texts", gather_candidates(records, candidates, config, ENGINE), "arrow")
    duplicates = run("duplicates", verify_candidates(candidates, texts, config, ENGINE))
    plan = drop_near_duplicates(records, clean, candidates, duplicates, config, ENGINE)
    return [row["kept"] for row in run("decisions", plan).read().to_pylist()]


@pytest.mark.parametrize("passage", [THAI * 2, TEXTS["ja"] * 8, ENGLISH * 3], ids=["th", "ja", "en"])
def test_two_questions_about_one_long_passage_are_no_duplicates_in_any_script(tmp_path, passage):
    rows = [{"prompt": asked, "context": passage, "reply": told} for asked, told in (("ที่ไหน", "ที่นี่"), ("เมื่อไร", "วันนี้"))]
    assert kept(tmp_path, rows, "instruct") == [True, True]


def test_near_copies_are_found_by_letters_where_there_are_no_spaces(tmp_path):
    japanese = TEXTS["ja"] * 3
    rows = [
        {"text": THAI},
        {"text": THAI.replace("เจริญ", "ก้าวหน้า")},
        {"text": japanese},
        {"text": japanese + "はい。"},
        {"text": QUESTION},
    ]
    assert kept(tmp_path, rows, "text") == [True, False, True, False, True]


def tokens_of(texts, vocabulary, sample):
    """How many tokens a byte-level BPE that was trained on `texts` needs for `sample`."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=vocabulary, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    return len(tokenizer.encode(sample).ids)


def test_a_tokenizer_that_never_saw_a_script_splits_it_into_bytes_and_is_told_so():
    strange = fertility("th", 30, pa.array([THAI]), tokens_of([ENGLISH] * 20, 400, THAI), words=0)
    fitting = fertility("th", 30, pa.array([THAI]), tokens_of([THAI] * 20, 600, THAI), words=0)
    assert strange.per_character > 2.5, "three bytes to a Thai letter, and hardly a token that holds more than one"
    assert (strange.is_bad, fitting.is_bad) == (True, False)
    assert fitting.bytes_per_token > 2 * strange.bytes_per_token
