"""Forums: StackExchange's questions and answers, Reddit's posts and threads."""

import re
from collections import defaultdict
from itertools import chain
from typing import Any, Literal, NamedTuple

from polymath.pipelines.curate.adapters.html import html_text
from polymath.pipelines.curate.adapters.kinds import PlacedRecords, Record, Records, Rows, adapters, whole_adapters
from polymath.pipelines.curate.adapters.turns import paired
from polymath.pipelines.curate.adapters.values import attempt, optional, pick, said, shared, text
from polymath.sources.build import LEFT_OUT
from polymath.sources.rows import Place, Unfit

QUESTION, ANSWER = "1", "2"
TWICE = "a question of this id stands before it"
GONE = ("[deleted]", "[removed]")
_TAG = re.compile(r"[^<>|]+")
_TLDR = re.compile(r"\btl\s*+[;:,.]?\s*+dr\b[*_\s:;,.?!–-]*", re.IGNORECASE)


class Post(NamedTuple):
    """A question or an answer, as text."""

    place: Place
    number: str
    score: int
    body: str
    title: str = ""
    tags: tuple[str, ...] = ()


@whole_adapters.register
def stackexchange(rows: Rows, *, take: Literal["best", "all", "pairs"] = "best", min_score: int = 1) -> PlacedRecords:
    """The posts of a site's dump: a question with its best answer, with all of them, or pairs of a better and a worse one.

    Scores are kept; answers below `min_score` are left out, but may be the worse one of a pair. Answers stand anywhere after
    their question, so the text of the whole dump is held until its end.
    """
    questions: dict[str, Post] = {}
    answers: dict[str, list[Post]] = defaultdict(list)
    for place, row in rows:
        kind = str(pick(row, "PostTypeId"))
        post = attempt(_post, place, row)
        if isinstance(post, Unfit):
            yield place, post
        elif kind == QUESTION and post.number in questions:
            yield place, Unfit(LEFT_OUT, TWICE)
        elif kind == QUESTION:
            questions[post.number] = post
        elif kind == ANSWER:
            answers[str(pick(row, "ParentId"))].append(post)
        else:
            yield place, Unfit(LEFT_OUT, f"a post of type {kind}, neither a question nor an answer")
    for number, question in questions.items():
        found = sorted(answers.pop(number, []), key=lambda post: -post.score)
        yield from _answered(question, found, take, min_score)
    for orphans in answers.values():
        yield from ((post.place, Unfit("no_parent", "its question is not in the dump")) for post in orphans)


def _post(place: Place, row: Any) -> Post:
    tags = tuple(_TAG.findall(optional(row, "Tags") or ""))
    body = html_text(text(row, "Body|''"))
    return Post(place, text(row, "Id"), _score(row, "Score"), body, optional(row, "Title") or "", tags)


def _answered(question: Post, answers: list[Post], take: str, min_score: int) -> PlacedRecords:
    """The records of one question; what it leaves of the answers is left out, and so is a question without any."""
    good = [post for post in answers if post.score >= min_score and post.body]
    if take == "pairs":
        pairs = [(better, worse) for better in good[:1] for worse in answers[-1:] if worse.score < better.score and worse.body]
        used = {post.place for pair in pairs for post in pair}
        made = [_record(question, better, chosen=better.body, rejected=worse.body) for better, worse in pairs]
    else:
        kept = good[:1] if take == "best" else good
        used = {post.place for post in kept}
        made = [_record(question, post, reply=post.body) for post in kept]
    yield from ((question.place, record) for record in made)
    if not made:
        yield question.place, Unfit(LEFT_OUT, "no answer is good enough")
    for post in answers:
        if post.place not in used:
            yield post.place, Unfit(LEFT_OUT, f"an answer of score {post.score} beside better ones, or below the least")


def _record(question: Post, answer: Post, **replies: str) -> Record:
    prompt = "\n\n".join(filter(None, [question.title, question.body]))
    scores = {"score": answer.score, "question_score": question.score}
    return {"prompt": prompt, **replies, "group": shared(prompt), "extra": {**scores, "tags": list(question.tags)}}


@adapters.register
def reddit_tldr(row: Any) -> Records:
    """A post whose author summed it up: the paragraph after the last "TL;DR" is the summary, the rest the document."""
    post = text(row, "selftext|body|content")
    marks = list(_TLDR.finditer(post))
    if not marks:
        raise Unfit(LEFT_OUT, "the post has no TL;DR")
    start, end = marks[-1].span()
    while start and (post[start - 1] in "*_#" or post[start - 1].isspace()):
        start -= 1
    paragraph_end = post.find("\n\n", end)
    paragraph_end = len(post) if paragraph_end < 0 else paragraph_end
    summary = post[end:paragraph_end].strip(" *_\n\t")
    document = f"{post[:start].rstrip()}\n\n{post[paragraph_end:].lstrip()}".strip()
    if not summary or not document:
        raise Unfit("empty", "nothing stands before or after the TL;DR")
    yield {"context": document, "reply": summary, "extra": said(title=pick(row, "title"), score=pick(row, "score"))}


@whole_adapters.register
def reddit_threads(rows: Rows, *, depth: int = 3, min_score: int = 1) -> PlacedRecords:
    """Posts and comments of a Reddit dump as conversations: a post, a comment on it, and the best replies, `depth` deep.

    Speakers take turns as user and assistant, the post first. Comments stand apart from their posts, often in another file, so
    the text of all posts and comments is held until the end; read a subreddit, not a month of all of them.
    """
    posts: dict[str, Post] = {}
    comments: dict[str, list[Post]] = defaultdict(list)
    yield from _gathered(rows, posts, comments)
    used: set[Place] = set()
    for name, post in posts.items():
        tops = [comment for comment in comments[name] if comment.score >= min_score]
        if not tops:
            yield post.place, Unfit("no_reply", "no comment on the post is good enough")
        for top in sorted(tops, key=lambda comment: -comment.score):
            spoken = _replies(top, comments, depth)
            used.update(comment.place for comment in spoken)
            yield top.place, _conversation(post, spoken)
    for comment in chain.from_iterable(comments.values()):
        if comment.place not in used:
            yield comment.place, Unfit(LEFT_OUT, "a comment that no conversation goes on with")


@whole_adapters.register
def reddit_pairs(rows: Rows, *, min_gap: int = 10) -> PlacedRecords:
    """The same files as preferences: a post, and of the comments on it the one of the highest score and that of the lowest.

    Left out are posts whose scores are not at least `min_gap` apart. Holds the text of all posts and comments until the end.
    """
    posts: dict[str, Post] = {}
    comments: dict[str, list[Post]] = defaultdict(list)
    yield from _gathered(rows, posts, comments)
    used: set[Place] = set()
    for name, post in posts.items():
        best_first = sorted(comments[name], key=lambda comment: -comment.score)
        if len(best_first) < 2 or best_first[0].score - best_first[-1].score < min_gap:
            yield post.place, Unfit(LEFT_OUT, f"no two comments whose scores are {min_gap} apart")
            continue
        better, worse = best_first[0], best_first[-1]
        used |= {better.place, worse.place}
        pair = attempt(paired, [{"role": "user", "content": post.body}], better.body, worse.body)
        scores = {"chosen_score": better.score, "rejected_score": worse.score, "post_score": post.score}
        yield post.place, pair if isinstance(pair, Unfit) else {**pair, "extra": scores}
    for comment in chain.from_iterable(comments.values()):
        if comment.place not in used:
            yield comment.place, Unfit(LEFT_OUT, "neither the best nor the worst comment on a post")


def _gathered(rows: Rows, posts: dict[str, Post], comments: dict[str, list[Post]]) -> PlacedRecords:
    """Fills `posts` (by full name) and `comments` (by that of what they reply to); yields what is neither."""
    for place, row in rows:
        said_by = attempt(_reddit, place, row)
        if isinstance(said_by, Unfit):
            yield place, said_by
        elif (parent := optional(row, "parent_id")) is None and f"t3_{said_by.number}" in posts:
            yield place, Unfit(LEFT_OUT, TWICE)
        elif parent is None:
            posts[f"t3_{said_by.number}"] = said_by
        else:
            comments[parent].append(said_by)


def _reddit(place: Place, row: Any) -> Post:
    body = text(row, "title+selftext" if optional(row, "parent_id") is None else "body")
    if any(gone in body for gone in GONE) or not body.strip():
        raise Unfit(LEFT_OUT, "deleted, removed or empty")
    return Post(place, text(row, "id"), _score(row, "score"), body)


def _score(row: Any, name: str) -> int:
    try:
        return int(float(text(row, f"{name}|'0'")))
    except (ValueError, OverflowError) as error:
        raise Unfit("wrong_type", f"{name} is {pick(row, name)!r}, not a number") from error


def _replies(top: Post, comments: dict[str, list[Post]], depth: int) -> list[Post]:
    """The comment and the best reply to each one before it."""
    chain = [top]
    while len(chain) <= depth and (below := comments.get(f"t1_{chain[-1].number}")):
        chain.append(max(below, key=lambda comment: comment.score))
    return chain


def _conversation(post: Post, chain: list[Post]) -> Record:
    spoken = [post, *chain]
    # The last word is the assistant's: only its turns are trained on.
    spoken = spoken[: len(spoken) // 2 * 2]
    roles = ("user", "assistant")
    messages = [{"role": roles[number % 2], "content": one.body} for number, one in enumerate(spoken)]
    return {"messages": messages, "group": post.number, "extra": {"score": chain[0].score, "post_score": post.score}}
