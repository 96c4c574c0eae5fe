from typing import Any

ARTICLE: dict[str, Any] = {
    "title": "Normans",
    "paragraphs": [
        {
            "context": "Normandy is in France.",
            "qas": [
                {"id": "1", "question": "Where?", "answers": [{"text": "France"}] * 3, "is_impossible": False},
                {"id": "2", "question": "When?", "answers": [], "is_impossible": True},
            ],
        },
        {"context": "They came by sea.", "qas": [{"id": "3", "question": "How?", "answers": [{"text": "by sea"}]}]},
    ],
}


def test_an_article_gives_a_record_a_question_grouped_by_paragraph(adapted: Any) -> None:
    records = adapted("squad", ARTICLE, "extractive_qa")
    assert [(record["prompt"], record["replies"]) for record in records] == [
        ("Where?", ["France"]),
        ("When?", []),
        ("How?", ["by sea"]),
    ]
    assert [record["group"] for record in records] == ["Normans/0", "Normans/0", "Normans/1"]
    assert records[0]["context"] == "Normandy is in France."
    assert records[0]["extra"] == '{"id":"1"}'


def test_answers_that_differ_are_kept_in_order(adapted: Any) -> None:
    answers = [{"text": text} for text in ("b", "a", "b")]
    row = {"paragraphs": [{"context": "a b", "qas": [{"question": "?", "answers": answers}]}]}
    (record,) = adapted("squad", row, "extractive_qa")
    assert record["replies"] == ["b", "a"]


def test_a_question_of_a_test_file_is_unfit_and_its_siblings_are_not(adapted: Any) -> None:
    bad = [{"question": "No answers?"}, {"question": "Lost?", "answers": [], "is_impossible": False}, {"answers": []}]
    row = {**ARTICLE, "paragraphs": [{"context": "c", "qas": [*bad, *ARTICLE["paragraphs"][0]["qas"]]}]}
    made = adapted("squad", row, "extractive_qa")
    assert made[:3] == ["no_label", "null_field", "null_field"]
    assert [record["prompt"] for record in made[3:]] == ["Where?", "When?"]


def test_a_paragraph_without_text_costs_only_its_own_questions(adapted: Any) -> None:
    row = {"title": "T", "paragraphs": [{"context": None, "qas": []}, ARTICLE["paragraphs"][1]]}
    made = adapted("squad", row, "extractive_qa")
    assert made[0] == "null_field"
    assert made[1]["group"] == "T/1"


def test_without_a_title_equal_paragraphs_share_a_group(adapted: Any) -> None:
    first, second = (adapted("squad", {"paragraphs": ARTICLE["paragraphs"]}, "extractive_qa") for _ in range(2))
    assert first[0]["group"] == second[0]["group"] != first[2]["group"]


def test_subjqa_takes_its_mark_off_the_review(adapted: Any) -> None:
    row = {"review": "Large kernels. ANSWERNOTFOUND", "question": "How large?", "review_id": "r", "domain": "grocery"}
    (found,) = adapted("subjqa", {**row, "human_ans_spans": "Large"}, "extractive_qa")
    (nothing,) = adapted("subjqa", {**row, "human_ans_spans": "ANSWERNOTFOUND"}, "extractive_qa")
    assert found["context"] == nothing["context"] == "Large kernels."
    assert (found["replies"], nothing["replies"]) == (["Large"], [])
    assert found["group"] == "r"


def test_hotpot_reads_the_hub_form_and_the_original_one_alike(adapted: Any) -> None:
    same = {"question": "Who?", "answer": "Ann", "type": "bridge", "level": "hard"}
    hub = {
        "context": {"title": ["A", "B"], "sentences": [["Ann came.", " Then."], ["Bob."]]},
        "supporting_facts": {"title": ["A", "A"], "sent_id": [0, 1]},
    }
    original = {
        "context": [["A", ["Ann came.", " Then."]], ["B", ["Bob."]]],
        "supporting_facts": [["A", 0], ["A", 1]],
    }
    (one,), (other,) = (adapted("hotpot", {**same, **form}, "extractive_qa") for form in (hub, original))
    assert one == other
    assert one["context"] == "A\nAnn came. Then.\n\nB\nBob."
    (short,) = adapted("hotpot", {**same, **hub}, "extractive_qa", supporting_only=True)
    assert short["context"] == "A\nAnn came. Then."


def test_hotpot_reads_passages_and_answers_of_beerqa(adapted: Any) -> None:
    row = {"question": "Who?", "answers": ["Ann", "Anne"], "context": [["A", "Ann came."]]}
    (record,) = adapted("hotpot", row, "extractive_qa")
    assert record["replies"] == ["Ann", "Anne"]
    assert record["context"] == "A\nAnn came."


def test_hotpot_without_passages_is_unfit(adapted: Any) -> None:
    assert adapted("hotpot", {"question": "Who?", "answer": "Ann", "context": []}, "extractive_qa") == ["null_field"]
