"""The card of an export, `README.md`: what it is, under which licences, how to load it, where it comes from."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence

import pyarrow.compute as pc

from polymath.export.contents import EPOCH, FACTS, SPLITS, Contents
from polymath.export.origin import Ledger, Origin
from polymath.export.uses import use_of
from polymath.records import EXAMPLE
from polymath.reporting.card.words import listed
from polymath.tasks import TASKS

LICENCES = {
    "apache-2.0", "mit", "cc0-1.0", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0",
    "cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nd-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0",
    "cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0", "odc-by", "pddl", "odbl", "c-uda", "gpl-3.0", "gpl-2.0",
    "lgpl-3.0", "agpl-3.0", "afl-3.0", "bsd-2-clause", "bsd-3-clause", "mpl-2.0", "unlicense", "unknown",
}  # fmt: skip
"""Names that the hub knows; others are `other` there, and told in full in the table of sources."""
RENAMED = {"pddl-1.0": "pddl", "odbl-1.0": "odbl", "odc-by-1.0": "odc-by", "gfdl-1.3": "gfdl"}
CATEGORIES = {
    "extractive_qa": "question-answering",
    "closed_qa": "question-answering",
    "multiple_choice": "multiple-choice",
    "summarize": "summarization",
    "classify": "text-classification",
}
"""The hub's name for a task; all others generate text."""
SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"))
MEANINGS = {
    "id": "source, number of the record in it, and the recipe that made the example of it",
    "source": "see the table of sources",
    "task": "the task that the record has now: a rule may have moved it from the one that its source declares",
    "recipe": "which recipe made the example of the record",
    "tier": "how far the source is trusted: high, medium, low",
    "licence": "of the source",
    "language": "as measured, or as the source declares it",
    "concept": "number of the subject that the record was found to be about, within its task",
    "tokens": "with the tokenizer named below",
    "loss_tokens": "those of them that a reply consists of",
    "epochs": "how often the mix draws the example in training; empty outside training",
    "epoch": "which copy of the example this row is, from 0",
    "system": "system prompt",
    "prompt": "what is asked, in one of the recipe's wordings",
    "reply": "what is trained on",
    "check": "how a program tells a right reply: same, letter, last_line, tests; empty where none can",
    "expected": "what it compares a reply with, or the tests that code must pass",
    "history": "earlier turns of the conversation",
    "input": "the passage, document or code that the prompt is about",
    "text": "plain text, trained on whole",
    "chosen": "the better of two replies",
    "rejected": "the worse one",
}


def write_card(contents: Contents, origin: Origin, form: str, rows: Counter[str]) -> str:
    """The whole card, Markdown below a YAML head that the hub reads."""
    columns = _columns(contents) if form == "hub" else ""
    parts = [_head(contents, origin, form, rows), _opening(contents, origin, rows), use_of(form, contents, rows)]
    parts += [_drawing(contents, form), columns, _sources(origin), _mix(contents), _making(contents, origin)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(contents: Contents, origin: Origin, form: str, rows: Counter[str]) -> str:
    licences = sorted({_hub_licence(ledger.source.licence) for ledger in origin.ledgers.values()})
    tasks = sorted({CATEGORIES.get(task, "text-generation") for task in _tasks(contents)})
    size = next((name for limit, name in SIZES if sum(rows.values()) < limit), "n>10M")
    lines = ["---", f"pretty_name: Polymath mix {json.dumps(contents.track)[1:-1]}"]
    for name, values in (("license", licences), ("language", _languages(contents)), ("task_categories", tasks)):
        lines += [f"{name}:", *(f"- {json.dumps(value)}" for value in values)] if values else []
    lines += ["size_categories:", f"- {size}", "tags:", "- polymath"]
    files = {"hub": _parquet, "chat": _lines}.get(form, _none)(contents, rows)
    if files:
        lines.append("configs:")
    for config, paths in files.items():
        lines += [f"- config_name: {config}", "  data_files:"]
        for split, path in paths.items():
            lines += [f"  - split: {split}", f"    path: {path}"]
    return "\n".join([*lines, "---"])


def _parquet(contents: Contents, rows: Counter[str]) -> dict[str, dict[str, str]]:
    return {"default": {split: f"data/{split}-*.parquet" for split in SPLITS if rows[split]}}


def _lines(contents: Contents, rows: Counter[str]) -> dict[str, dict[str, str]]:
    """A configuration for each form that lines have: text and turns have other fields."""
    from polymath.export.chat import FILES

    found: dict[str, dict[str, str]] = {}
    for row in contents.counts.to_pylist():
        form = "text" if TASKS[row["task"]].shape == "text" else FILES[contents.config.kind]
        if rows[row["split"]]:
            found.setdefault(form, {})[row["split"]] = f"{form}_{row['split']}.jsonl"
    return {form: {s: found[form][s] for s in SPLITS if s in found[form]} for form in sorted(found)}


def _none(contents: Contents, rows: Counter[str]) -> dict[str, dict[str, str]]:
    return {}


def _opening(contents: Contents, origin: Origin, rows: Counter[str]) -> str:
    made, kept = (sum(getattr(ledger, name) for ledger in origin.ledgers.values()) for name in ("made", "kept"))
    told = ", ".join(f"{rows[split]:,} in {split}" for split in SPLITS if rows[split])
    return (
        f"# Polymath mix {contents.track}\n\n"
        f"{sum(rows.values()):,} examples ({told}) of {_number(len(_tasks(contents)), 'task')} from "
        f"{_number(len(origin.ledgers), 'source')}. Of the {made:,} records of these sources {kept:,} were kept; the other "
        f"{made - kept:,} were removed, each for a reason on record. Digest of the mix: `{origin.digest}`."
    )


def _drawing(contents: Contents, form: str) -> str:
    """How the mix's weights are in it: what everyone gets wrong otherwise."""
    head = "## How the mix draws them\n\n"
    if contents.repeated:
        return head + (
            "Training examples stand here as often as the mix draws them: an example that is drawn 2.3 times stands here "
            "twice, and for three in ten of its kind a third time. Copies come epoch by epoch, so shuffle before training. "
            "Examples that the mix does not draw are left out. Validation and test examples stand here once."
        )
    column = " and by `blend.json`, which has the weight of every task" if form == "megatron" else ""
    where = "by the table below" + column if form == "megatron" else "by the column `epochs`"
    return head + (
        f"**Each example stands here once**, whatever its weight. How often the mix draws it in training is told {where}. "
        "To have the examples repeated, export again with `--epochs`. They are sorted by source, so shuffle before training. "
        "Examples longer than a sequence of the mix are here too."
    )


def _columns(contents: Contents) -> str:
    from polymath.export.hub import TEXTS

    texts = dict.fromkeys(name for shape in ("turns", "pair", "text") if shape in contents.shapes for name in TEXTS[shape])
    names = [*(FACTS.names), *([EPOCH.name] if contents.repeated else []), *texts]
    kinds = {field.name: str(field.type) for field in (*EXAMPLE, *FACTS, EPOCH)} | {"history": "list of {role, content}"}
    rows = [[f"`{name}`", kinds[name], MEANINGS.get(name, "")] for name in names]
    return "## Columns\n\n" + _table(("column", "type", "meaning"), rows)


def _sources(origin: Origin) -> str:
    rows = []
    for name, ledger in origin.ledgers.items():
        source = ledger.source
        counts = [f"{count:,}" for count in (ledger.made, ledger.kept, ledger.examples, ledger.tokens, ledger.drawn)]
        reasons = ", ".join(f"{count:,} {reason.replace('_', ' ')}" for reason, count in ledger.removed.most_common())
        rows.append([_linked(name, ledger), source.task, source.tier, source.licence, *counts[:2], reasons or "–", *counts[2:]])
    names = ("source", "task", "tier", "licence", "records", "kept", "removed", "examples", "training tokens", "tokens drawn")
    return "## Sources and licences\n\n" + _table(names, rows, right=(4, 5, 7, 8, 9)) + _cautions(origin)


def _linked(name: str, ledger: Ledger) -> str:
    source = ledger.source
    if source.kind == "hub" and "/" in source.path[0]:
        at = f"/tree/{source.revision}" if source.revision else ""
        return f"[{name}](https://huggingface.co/datasets/{source.path[0]}{at})"
    return f"[{name}]({source.home})" if source.home else name


def _cautions(origin: Origin) -> str:
    """What licences ask of those who use the whole, in a line each."""
    rules = (
        ("for non-commercial use only", lambda text: "-nc" in text),
        ("to be shared under the same licence", lambda text: "-sa" in text or "gpl" in text),
        ("of unknown or mixed licence: ask before you publish", lambda text: text in ("unknown", "other", "mixed")),
    )
    lines = []
    for told, fits in rules:
        names = [name for name, ledger in origin.ledgers.items() if fits(ledger.source.licence.lower())]
        lines += [f"- {', '.join(names)}: {told}."] if names else []
    return "\n\n" + "\n".join(lines) if lines else ""


def _mix(contents: Contents) -> str:
    tasks: dict[str, Counter[str]] = {}
    for row in contents.weights:
        for name in ("examples", "tokens", "loss_tokens", "weight", "drawn"):
            tasks.setdefault(row["task"], Counter())[name] += row[name]
    rows = [
        [task, f"{n['examples']:,}", f"{n['tokens']:,}", f"{n['loss_tokens']:,}", f"{n['weight']:.1%}", f"{n['drawn']:,}",
         f"{n['drawn'] / max(n['tokens'], 1):.2f}"]
        for task, n in sorted(tasks.items())
    ]  # fmt: skip
    names = ("task", "training examples", "tokens", "with a loss", "weight", "tokens drawn", "epochs")
    strategy = contents.config.strategy
    told = f"Weights are shares of the training tokens, by the strategy {strategy}; each concept of a task has its own."
    return f"## The mix\n\n{told}\n\n" + _table(names, rows, right=range(1, 7))


def _making(contents: Contents, origin: Origin) -> str:
    lines = [
        "Every record was cleaned, compared with all others for copies and near-duplicates, and split by groups that share a "
        f"text; recipes made examples of those that were kept. {_looked_for(origin.benchmarks)} "
        f"Tokens are those of {origin.tokenizer}.",
    ]
    if origin.dials:
        lines.append(_table(("dial", "value"), [[f"`{name}`", f"`{value}`"] for name, value in origin.dials.items()]))
    told = "## How it was made\n\n" + "\n\n".join(lines)
    return told + "\n\nIn the project that made it, `kedro trace ID` tells the story of any example here."


def _looked_for(benchmarks: dict[str, int]) -> str:
    """Which benchmarks the records were compared with, and which they were not."""
    found = [name for name, items in benchmarks.items() if items]
    absent = [name for name, items in benchmarks.items() if not items]
    if not found:
        return "They were compared with no benchmark, so leaks are not ruled out."
    told = f"Those that hold an item of {listed(found, len(found))} were removed."
    return told + (f" Leaks of {listed(absent, len(absent))} are not ruled out." if absent else "")


def _table(names: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[int] = ()) -> str:
    right = set(right)
    lines = [" | ".join(names), " | ".join("---:" if place in right else "---" for place in range(len(names)))]
    lines += [" | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def _tasks(contents: Contents) -> list[str]:
    return sorted(pc.unique(contents.counts["task"]).to_pylist())


def _languages(contents: Contents) -> list[str]:
    """Two-letter codes, those with the most records first; what is rarer than one in a thousand is chance."""
    found: Counter[str] = Counter()
    for row in contents.folders["fates"].read(["source", "task", "language", "reason", "records"]).to_pylist():
        if row["reason"] is None and row["task"] in _tasks(contents) and len(row["language"] or "") == 2:
            found[row["language"]] += row["records"]
    return [name for name, count in found.most_common() if count >= found.total() / 1000]


def _hub_licence(licence: str) -> str:
    name = licence.lower().replace(" ", "-")
    name = RENAMED.get(name, name)
    return name if name in LICENCES else "other"


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
