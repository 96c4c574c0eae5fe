from typing import Any


def _message(name: str, *replies: dict[str, Any], role: str = "assistant", **more: Any) -> dict[str, Any]:
    return {"message_id": name, "text": f"text of {name}", "role": role, "lang": "en", "replies": list(replies), **more}


def _question(name: str, *replies: dict[str, Any], **more: Any) -> dict[str, Any]:
    return _message(name, *replies, role="prompter", **more)


def _threads(records: list[Any]) -> list[list[str]]:
    return [[turn["content"].removeprefix("text of ") for turn in record["messages"]] for record in records]


def _flat(message: dict[str, Any], parent: str | None = None) -> list[dict[str, Any]]:
    own = {key: value for key, value in message.items() if key != "replies"}
    rows = [{**own, "parent_id": parent}]
    return rows + [row for reply in message["replies"] for row in _flat(reply, message["message_id"])]


TREE = _question(
    "root",
    _message("worse", rank=1),
    _message("best", _question("more", _message("end", rank=None)), _question("unanswered"), rank=0),
    _message("unranked"),
)


def test_every_last_reply_ends_a_thread_the_best_ranked_first(adapted: Any) -> None:
    records = adapted("oasst_tree", {"prompt": TREE}, "chat")
    assert _threads(records) == [["root", "best", "more", "end"], ["root", "worse"], ["root", "unranked"]]
    assert {record["group"] for record in records} == {"root"}
    assert records[1]["extra"] == '{"id":"worse","rank":1}'


def test_best_is_one_thread_a_tree(adapted: Any) -> None:
    assert _threads(adapted("oasst_tree", {"prompt": TREE}, "chat", threads="best")) == [["root", "best", "more", "end"]]


def test_deleted_and_refused_messages_are_cut_off_with_what_hangs_on_them(adapted: Any) -> None:
    tree = _question(
        "root",
        _message("deleted", _question("q", _message("below")), deleted=True),
        _message("refused", review_result=False),
        _message("sound", review_result=None),
    )
    assert _threads(adapted("oasst_tree", {"prompt": tree}, "chat")) == [["root", "sound"]]


def test_a_tree_without_a_sound_reply_is_unfit(adapted: Any) -> None:
    assert adapted("oasst_tree", {"prompt": _question("root")}, "chat") == ["no_reply"]
    assert adapted("oasst_tree", {"prompt": _question("root", _message("a"), deleted=True)}, "chat") == ["left_out"]
    assert adapted("oasst_tree", {"prompt": None}, "chat") == ["wrong_type"]


def test_the_language_is_that_of_the_first_message(adapted: Any) -> None:
    tree = _question("root", _message("a"), lang="pt-BR")
    assert adapted("oasst_tree", {"prompt": tree}, "chat")[0]["language"] == "pt"


def test_ranked_replies_become_pairs_wherever_they_stand(adapted: Any) -> None:
    deep = _question("more", _message("x", rank=1), _message("y", rank=0), _message("z", rank=2), _message("no rank"))
    tree = _question("root", _message("best", deep, rank=0), _message("worse", rank=1))
    first, second = adapted("oasst_pairs", {"prompt": tree}, "preference")
    assert (first["prompt"], first["chosen"], first["rejected"]) == ("text of root", "text of best", "text of worse")
    assert len(second["messages"]) == 3
    assert (second["chosen"], second["rejected"]) == ("text of y", "text of z")
    assert first["group"] == second["group"] == "root"
    every = adapted("oasst_pairs", {"prompt": tree}, "preference", take="all")
    assert [(one["chosen"][-1], one["rejected"][-1]) for one in every[1:]] == [("y", "x"), ("y", "z"), ("x", "z")]
    assert adapted("oasst_pairs", {"prompt": _question("root", _message("a", rank=0))}, "preference") == ["left_out"]


def test_flat_messages_give_the_threads_of_the_trees_they_came_from(adapted: Any, adapted_whole: Any) -> None:
    other = _question("other", _message("answer"))
    rows = _flat(TREE) + _flat(other)
    made = adapted_whole("oasst_messages", rows, "chat")
    assert [record for _, record in made[:3]] == adapted("oasst_tree", {"prompt": TREE}, "chat")
    assert [row for row, _ in made] == [0, 0, 0, len(_flat(TREE))]
    assert _threads([made[3][1]]) == [["other", "answer"]]


def test_flat_messages_without_a_parent_or_a_name_are_unfit(adapted_whole: Any) -> None:
    rows = [*_flat(_question("root", _message("a"))), _message("lost", parent_id="gone"), {"text": "no name"}]
    made = dict(adapted_whole("oasst_messages", rows, "chat"))
    assert (made[2], made[3]) == ("no_parent", "null_field")
    assert _threads([made[0]]) == [["root", "a"]]
