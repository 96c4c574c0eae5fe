"""Tables of what is registered by name: filters, recipes, rankings, adapters, tasks, commands."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import click

from made.basis import block, code, first_paragraph, parameters, sentences, table


def _options(function: Callable[..., Any]) -> str:
    options = [p for p in inspect.signature(function, eval_str=True).parameters.values() if p.kind is p.KEYWORD_ONLY]
    return ", ".join(
        f"`{p.name}: {str(code(p.default)).strip('`')}`" if p.default is not p.empty else f"`{p.name}`" for p in options
    )


@block
def filters() -> str:
    """Every filter: what it removes, its limits, the recipes of `conf/base` that use it."""
    from polymath.pipelines.curate.filters import filters as registry

    recipes = parameters()["clean"]["judge"]["recipes"]
    rows = []
    for name, function in registry.items():
        users = ", ".join(recipe for recipe, named in recipes.items() if named.get(name) is not None)
        rows.append([f"`{name}`", sentences(function.__doc__), _options(function), users])
    return table(["filter", "removes", "limits", "in recipes"], rows)


@block
def judges() -> str:
    """Which recipe of filters judges which task."""
    given = parameters()["clean"]["judge"]["tasks"]
    return table(["task", "recipe"], [[f"`{task}`", f"`{recipe}`"] for task, recipe in given.items()])


@block
def moves() -> str:
    """The rules that move records to another task."""
    rows = []
    for name, rule in parameters()["clean"]["judge"]["moves"].items():
        words = {"min": "at least", "max": "at most"}
        bounds = [
            f"`{signal}` {words[key]} {limit:g}" for signal, given in rule["when"].items() for key, limit in given.items()
        ]
        rows.append([f"`{name}`", f"`{rule['from']}`", f"`{rule['to']}`", " and ".join(bounds)])
    return table(["rule", "from", "to", "when"], rows)


@block
def rankings() -> str:
    """The rankings by which caps choose."""
    from polymath.pipelines.curate.ranking import rankings as registry

    return table(["ranking", "which stay"], [[f"`{name}`", sentences(f.__doc__)] for name, f in registry.items()])


@block
def adapters() -> str:
    """Every adapter with its options."""
    from polymath.pipelines.curate.adapters import adapters as by_row
    from polymath.pipelines.curate.adapters import whole_adapters

    rows = []
    for registry, reads in ((by_row, "a row"), (whole_adapters, "all rows")):
        for name, function in sorted(registry.items()):
            family = function.__module__.rpartition(".")[2]
            rows.append([f"`{name}`", first_paragraph(function.__doc__), _options(function), reads, f"`{family}.py`"])
    return table(["adapter", "what it reads", "options", "sees", "in"], rows)


@block
def tasks() -> str:
    """Every task: what it needs, by what its records are compared, what is judged."""
    from polymath.tasks import TASKS

    def names(given: tuple[str, ...]) -> str:
        return ", ".join(f"`{name}`" for name in given)

    rows = [[f"`{t.name}`", t.about, names(t.needs), names(t.identity), f"`{t.judged}`", t.shape] for t in TASKS.values()]
    return table(["task", "what is learned", "needs", "dedup text", "judged field", "shape"], rows)


@block
def recipes() -> str:
    """Every recipe of `conf/base`: when it applies, its wordings, what is trained on."""
    rows = []
    for task, named in parameters()["recipes"].items():
        for name, given in named.items():
            trained = given.get("reply") or given.get("text") or f"{given.get('chosen')} over {given.get('rejected')}"
            wordings = given.get("prompt", [])
            first = code(wordings[0].replace("\n", "⏎")) if wordings else ""
            many = f" and {len(wordings) - 1} more" if len(wordings) > 1 else ""
            share = f"{given['share']:.0%}" if "share" in given else "all"
            rows.append([f"`{task}`", f"`{name}`", share, f"{first}{many}", code(trained)])
    return table(["task", "recipe", "of the records", "asked", "trained on"], rows)


@block
def probes() -> str:
    """Every chat probe of `conf/base`: what it looks for, its scorers, how much is asked."""
    rows = []
    for name, given in parameters()["probes"].items():
        asked = sum(len(items) for items in given["prompts"].values())
        said = f"{asked} in {', '.join(given['prompts'])}"
        scorers = ", ".join(f"`{scorer}`" for scorer, options in given["scorers"].items() if options is not None)
        rows.append([f"`{name}`", given["about"], given.get("form", "conversation"), said, scorers])
    return table(["probe", "what a good reply is", "form", "prompts", "scorers"], rows)


@block
def probe_scorers() -> str:
    """Every scorer of probes: its definition and its limits."""
    from polymath.evaluation.probes.scorers import scorers

    rows = []
    for name, function in scorers.items():
        options = _options(function) if name != "stays_in_its_turn" else "`markers`"
        rows.append([f"`{name}`", sentences(function.__doc__), options])
    return table(["scorer", "1 where", "limits"], rows)


@block
def commands() -> str:
    """Polymath's commands beside Kedro's own."""
    from polymath.cli import cli

    rows = []
    for name, command in _commands("kedro", cli):
        options = [param.opts[0] for param in command.params if isinstance(param, click.Option)]
        shown = " ".join(f"`{option}`" for option in options) if name != "kedro run" else "Kedro's own"
        rows.append([f"`{name}`", first_paragraph(command.help), shown])
    return table(["command", "what it does", "options"], rows)


def _commands(name: str, group: click.Group) -> Iterator[tuple[str, click.Command]]:
    """Those of a group and of the groups in it."""
    for word, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from _commands(f"{name} {word}", command)
        else:
            yield f"{name} {word}", command


@block
def scorers() -> str:
    """Every scorer of replies: its definition, and the tasks that are scored by it."""
    from polymath.scoring.scorers import BY_TASK
    from polymath.scoring.scorers import scorers as registry

    rows = []
    for name, function in registry.items():
        users = ", ".join(f"`{task}`" for task, named in BY_TASK.items() if name in named)
        rows.append([f"`{name}`", sentences(function.__doc__), users])
    return table(["scorer", "what it gives", "for"], rows)


@block
def suites() -> str:
    """Every suite of `conf/base`, and what it is made of."""
    rows = [[f"`{name}`", ", ".join(f"`{each}`" for each in named)] for name, named in parameters()["suites"].items()]
    return table(["suite", "what is scored"], rows)
