from typing import Any


def test_a_post_loses_the_words_that_ask_for_its_summary(adapted: Any) -> None:
    row = {"prompt": "SUBREDDIT: r/x\nTITLE: t\nPOST: Much.\nTL;DR:", "label": " little"}
    (record,) = adapted("tldr_prompt", row, "summarize")
    assert (record["context"], record["reply"]) == ("SUBREDDIT: r/x\nTITLE: t\nPOST: Much.", "little")
    assert adapted("tldr_prompt", {"prompt": "Much."}, "summarize") == ["null_field"]
