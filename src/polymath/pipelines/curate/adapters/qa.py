"""Questions about a passage: SQuAD and its many relatives, HotpotQA, SubjQA."""

from collections.abc import Iterator
from typing import Any

from polymath.pipelines.curate.adapters.kinds import Record, Records, adapters
from polymath.pipelines.curate.adapters.values import attempt, distinct, listed, optional, pick, said, shared, some, text
from polymath.sources.rows import Unfit

NO_ANSWER = "ANSWERNOTFOUND"
"""What SubjQA writes after every review, and in the place of an answer that the review does not hold."""


@adapters.register
def squad(row: Any) -> Records:
    """An article of SQuAD's own JSON (`rows_at: data`): a record for each question, grouped by paragraph.

    XQuAD and others use the same form. Answers of several annotators that are the same text count once. Articles and
    paragraphs keep their number in all translations, so that these stay in one split.
    """
    title = optional(row, "title")
    for number, paragraph in enumerate(listed(row, "paragraphs")):
        context = attempt(text, paragraph, "context")
        if isinstance(context, Unfit):
            yield context
            continue
        group = f"{title}/{number}" if title else shared(context)
        for question in some(paragraph, "qas"):
            record = attempt(_question, question)
            yield record if isinstance(record, Unfit) else {"context": context, "group": group, **record}


def _question(question: Any) -> Record:
    if pick(question, "answers") is None:
        raise Unfit("no_label", "the question has no answers (a test split?)")
    replies = distinct(text(answer, "text") for answer in listed(question, "answers"))
    if not replies and pick(question, "is_impossible") is False:
        raise Unfit("null_field", "the question has no answer, yet is not marked impossible")
    return {"prompt": text(question, "question"), "replies": replies, "extra": said(id=pick(question, "id"))}


@adapters.register
def subjqa(row: Any) -> Records:
    """A row of SubjQA's CSV files: a question about a review, and a span of it; no span where the review does not tell."""
    review = text(row, "review").removesuffix(NO_ANSWER).rstrip()
    span = text(row, "human_ans_spans")
    yield {
        "context": review,
        "prompt": text(row, "question"),
        "replies": [] if span == NO_ANSWER else [span],
        "group": pick(row, "review_id") or shared(review),
        "extra": said(domain=pick(row, "domain"), item=pick(row, "item_id")),
    }


@adapters.register
def hotpot(row: Any, *, supporting_only: bool = False) -> Records:
    """A HotpotQA or BeerQA question over several titled passages; with `supporting_only`, over those that it needs.

    `context` and `supporting_facts` are columns of lists on the hub, lists of pairs in the original files.
    """
    needed = distinct(str(name) for name, _ in _pairs(row, "supporting_facts", "title", "sent_id"))
    passages = []
    for title, sentences in _pairs(row, "context", "title", "sentences"):
        body = "".join(map(str, sentences)) if isinstance(sentences, list) else str(sentences)
        if str(title) in needed or not supporting_only:
            passages.append(f"{title}\n{body.strip()}")
    if not passages:
        raise Unfit("null_field", "context holds no passage")
    answers = listed(row, "answers") if pick(row, "answer") is None else [text(row, "answer")]
    yield {
        "context": "\n\n".join(passages),
        "prompt": text(row, "question"),
        "replies": distinct(map(str, answers)),
        "extra": said(id=pick(row, "id|_id"), type=pick(row, "type"), level=pick(row, "level"), needed=needed or None),
    }


def _pairs(row: Any, name: str, first: str, second: str) -> Iterator[tuple[Any, Any]]:
    """Pairs given as two columns, as objects, or as lists of two."""
    value = pick(row, name)
    if isinstance(value, dict):
        yield from zip(listed(value, first), listed(value, second), strict=False)
        return
    for pair in some(row, name):
        if isinstance(pair, dict):
            yield pick(pair, first), pick(pair, second)
        elif isinstance(pair, list) and len(pair) == 2:
            yield pair[0], pair[1]
        else:
            raise Unfit("wrong_type", f"expected pairs of {first} and {second}, not {pair!r:.80}")
