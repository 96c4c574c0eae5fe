import time
from typing import Any

POST = """Xref: cantaloupe.srv.cs.cmu.edu comp.graphics:38386
From: ann@example.org (Ann)
Newsgroups: alt.pictures,comp.graphics
Article-I.D.: mailgzrz.1qpf1r
References: <1@x>
 <2@y>

In article <2@y> bob@example.org writes:
>Where are the drivers?
: Anyone?

There is an FTP site.

begin 644 driver.zip
M'XL("$
end
-- \nAnn
"""


def test_a_post_keeps_its_own_words_alone(adapted: Any) -> None:
    (record,) = adapted("newsgroup", {"text": POST}, "text")
    assert record["text"] == "There is an FTP site."
    (quoting,) = adapted("newsgroup", {"text": POST}, "text", quotes=True)
    assert ">Where are the drivers?" in quoting["text"]
    assert "begin 644" not in quoting["text"]


def test_the_class_of_a_post_is_the_first_known_group_of_its_header(adapted: Any) -> None:
    groups = ["sci.med", "comp.graphics"]
    (record,) = adapted("newsgroup", {"text": POST}, "classify", labels=groups, groups=groups)
    assert record["label"] == 1
    other = POST.replace("comp.graphics", "comp.lang.c")
    assert adapted("newsgroup", {"text": other}, "classify", labels=groups, groups=groups) == ["no_label"]
    assert adapted("newsgroup", {"text": "No header.\n"}, "classify", labels=groups, groups=groups) == ["no_label"]


def test_a_post_of_quotes_alone_is_empty(adapted: Any) -> None:
    assert adapted("newsgroup", {"text": "From: a\n\n>all\n>quoted\n"}, "text") == ["empty"]


NEWS = "รัฐบาลไทย-ข่าวทำเนียบรัฐบาล-หัวข้อข่าว\n\n\nวันพุธที่ 3 มีนาคม 2564\nพิมพ์\nหัวข้อข่าว\nหัวข้อข่าว\nเนื้อข่าว หัวข้อข่าว\n\nที่มา : https://example.org/1"


def test_news_lose_what_the_page_repeats(adapted: Any) -> None:
    (record,) = adapted("thaigov", {"text": NEWS}, "text")
    assert record["text"] == "หัวข้อข่าว\n\nเนื้อข่าว หัวข้อข่าว"
    assert record["extra"] == '{"title":"หัวข้อข่าว","address":"https://example.org/1"}'
    (headline,) = adapted("thaigov", {"text": NEWS}, "summarize", headline=True)
    assert (headline["context"], headline["reply"]) == ("เนื้อข่าว หัวข้อข่าว", "หัวข้อข่าว")


BOOK = """The Project Gutenberg EBook of Alice, by Lewis Carroll

Title: Alice

*** START OF THIS PROJECT GUTENBERG EBOOK ALICE ***

CHAPTER I. Down the hole

Alice was tired.

CHAPTER II. The pool

She cried.

*** END OF THIS PROJECT GUTENBERG EBOOK ALICE ***

End of Project Gutenberg's Alice. Updated editions will replace the previous one.
"""


def test_a_book_comes_in_chapters_without_the_notices_around_it(adapted: Any) -> None:
    first, second = adapted("book", {"text": BOOK}, "text", max_words=8)
    assert first["text"] == "CHAPTER I. Down the hole\n\nAlice was tired."
    assert second["text"] == "CHAPTER II. The pool\n\nShe cried."
    assert first["group"] == second["group"] == "Alice"
    assert second["extra"] == '{"title":"Alice","piece":1}'


def test_a_book_without_notices_is_named_by_its_first_line_or_its_words(adapted: Any) -> None:
    (named,) = adapted("book", {"text": "[Persuasion by Jane Austen 1818]\n\nChapter 1\n\nSir Walter"}, "text")
    assert named["group"] == "Persuasion by Jane Austen 1818"
    (nameless,) = adapted("book", {"text": "Once upon a time"}, "text")
    assert nameless["group"] == adapted("book", {"text": "Once upon a time"}, "text")[0]["group"]


LINES = [
    "",
    " = Du Fu = ",
    "",
    " A poet @-@ and 1 @,@ 000 poems . ",
    " = 1 and nominal k = ",
    "",
    " = = Life = = ",
    "",
    " He lived . ",
    "",
    " = Gold dollar = ",
    "",
    " A coin . ",
]


def test_articles_are_put_together_from_lines(adapted_whole: Any) -> None:
    (row, poet), (other, coin) = adapted_whole("wikitext", [{"text": line} for line in LINES], "text")
    assert poet["text"] == "Du Fu\n\nA poet-and 1,000 poems .\n\n= 1 and nominal k =\n\nLife\n\nHe lived ."
    assert (poet["group"], coin["text"]) == ("Du Fu", "Gold dollar\n\nA coin .")
    assert (row, other) == (1, 10)


def test_sections_keep_the_name_of_their_article(adapted_whole: Any) -> None:
    made = adapted_whole("wikitext", [{"text": line} for line in LINES], "text", unit="section")
    assert [record["text"].split("\n")[0] for _, record in made] == ["Du Fu", "Life", "Gold dollar"]
    assert [record["group"] for _, record in made] == ["Du Fu", "Du Fu", "Gold dollar"]


def test_a_line_that_is_no_text_does_not_cut_its_article(adapted_whole: Any) -> None:
    rows = [{"text": " = T = "}, {"text": None}, {"text": " a "}]
    assert [
        (row, made if isinstance(made, str) else made["text"]) for row, made in adapted_whole("wikitext", rows, "text")
    ] == [
        (1, "null_field"),
        (0, "T\n\na"),
    ]


def test_attachments_are_left_out_and_one_that_never_ends_is_text(adapted: Any) -> None:
    post = "From: a\n\nOne\nbegin 644 x\nM123\nend\nTwo\nbegin 644 y\nM45\n"
    [record] = adapted("newsgroup", {"text": post}, "text")
    assert record["text"] == "One\n\nTwo\nbegin 644 y\nM45"


def test_a_post_of_nothing_but_beginnings_of_attachments_is_read_once(adapted: Any) -> None:
    start = time.process_time()
    adapted("newsgroup", {"text": "begin 644 x\n" * 50_000}, "text")
    assert time.process_time() - start < 5
