"""How a run was called and on what: the part of its record that is known before the work, and what it read and made."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import platform
import subprocess
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from polymath import __version__
from polymath.tracking.secrets import hide_secrets, without_secrets

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext
    from kedro.io import CatalogProtocol

LIBRARIES = ("sources", "benchmarks", "recipes", "models", "hardware", "probes", "suites", "harness")
"""Parameters that are whole libraries: what was used of them is an input."""
WORDINGS = "systems.library."
DEFAULT = "__default__"
OWN_DIALS = {
    "plan": (),
    "pretrain": ("pretrain.model.name",),
    "finetune": ("finetune.model.name", "finetune.train.track"),
    "reward": ("reward.model.name", "reward.train.track"),
    "align": ("align.method", "align.model.name", "align.train.track"),
    "evaluate": ("evaluate.model", "evaluate.suite"),
}
"""Pipelines that are named by their own dials alone, and those of the dials that always tell."""
MADE = ("records", "tokens", "schedule")
"""Datasets whose digests say whether two runs ended with the same."""
NAME_LENGTH = 80


def flat_parameters(context: KedroContext) -> dict[str, str]:
    """All dials of the run by their path, e.g. `dedup.verify.threshold: 0.8`."""
    return hide_secrets(_dials(context.params))


def changed_parameters(context: KedroContext) -> dict[str, str]:
    """The dials whose value is not the one in `conf/base`, with the value there."""
    from kedro.config import MissingConfigException, OmegaConfigLoader

    given = context.config_loader
    assert isinstance(given, OmegaConfigLoader)
    dials = {"parameters": ["parameters*", "parameters/*"]}  # the libraries lie deeper, and reading them takes a second
    base = OmegaConfigLoader(
        given.conf_source,
        base_env=given.base_env,
        default_run_env=given.base_env,
        merge_strategy=given.merge_strategy,
        config_patterns=dials,
    )
    now = _dials(given["parameters"])
    then: dict[str, str] = {}
    with contextlib.suppress(MissingConfigException):
        then = _dials(base["parameters"])
    return hide_secrets({n: then.get(n, "not set") for n in sorted({*now, *then}) if now.get(n) != then.get(n)})


def _dials(parameters: Mapping[str, Any]) -> dict[str, str]:
    dials = flatten({name: value for name, value in parameters.items() if name not in LIBRARIES and not name.startswith("_")})
    return {name: value for name, value in dials.items() if not name.startswith(WORDINGS)}


def flatten(value: Any, prefix: str = "") -> dict[str, str]:
    """Nested parameters, a line each; typed ones are unfolded, lists become words."""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    if isinstance(value, Mapping):
        parts = [flatten(inner, f"{prefix}.{key}" if prefix else str(key)) for key, inner in value.items()]
        return {key: text for part in parts for key, text in part.items()}
    if isinstance(value, list | tuple):
        return {prefix: " ".join(str(element) for element in value)}
    return {prefix: str(value)}


def name_run(
    parameters: Mapping[str, str],
    changed: Mapping[str, str],
    pipelines: list[str],
    environment: str | None = None,
    given: Collection[str] = (),
) -> str:
    """What a person calls the run: the name given, else which dials are turned, and what it was run on.

    An environment's own dials are told by its name; then those `given` on the command line are told beside it.
    """
    called = parameters.get("run.name")
    if called not in (None, "None", ""):
        return called
    told = [name for name in changed if name in parameters and _tells(name) and (environment is None or name in given)]
    last = Counter(name.rpartition(".")[2] for name in told)
    short = {name: ".".join(name.split(".")[-1 if last[name.rpartition(".")[2]] == 1 else -2 :]) for name in told}
    turned = [f"{short[name]}={parameters[name]}" for name in told]
    place = environment if environment and "run.sources" not in given else parameters.get("run.sources", "")
    if len(pipelines) == 1 and pipelines[0] in OWN_DIALS:  # it reads no source, and curate's dials make no difference to it
        stage = pipelines[0]
        own = OWN_DIALS[stage]
        mine = [text for name, text in zip(told, turned, strict=True) if name.startswith(f"{stage}.") and name not in own]
        on = " on ".join(parameters[name] for name in own if parameters.get(name) not in (None, "None", ""))
        return _cut(": ".join(part for part in (stage, " ".join(part for part in (on, *mine) if part)) if part))
    name = " ".join(turned) + (" on " if turned and place else "") + place
    if set(pipelines) - {"curate", DEFAULT}:
        name = f"{'+'.join(pipelines)}: {name}"
    return _cut(name)


def _cut(name: str) -> str:
    return name if len(name) <= NAME_LENGTH else name[: NAME_LENGTH - 1] + "…"


def _tells(name: str) -> bool:
    """Where a run runs, and what its name and sources are, is no dial of what it makes."""
    return not name.startswith(("run.", "engine."))


def describe_command(run_params: Mapping[str, Any], pipelines: list[str]) -> str:
    """The command that does the same again."""
    words = ["kedro run", f"--pipelines={','.join(pipelines)}"]
    words += [f"--env={run_params['env']}"] if run_params.get("env") else []
    given = hide_secrets(flatten(run_params.get("runtime_params") or run_params.get("extra_params") or {}))
    words += ["--params='" + ",".join(f"{key}={value}" for key, value in given.items()) + "'"] if given else []
    for name, option in (("node_names", "nodes"), ("from_nodes", "from-nodes"), ("to_nodes", "to-nodes"), ("tags", "tags")):
        words += [f"--{option}={','.join(run_params[name])}"] if run_params.get(name) else []
    return without_secrets(" ".join(words))


def describe_machine(project: Path) -> dict[str, str]:
    """Versions, the machine, the person, and the commit of the code where the project is under version control."""
    found = {
        "polymath": __version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
    }
    with contextlib.suppress(OSError, KeyError, ImportError):
        found["user"] = getpass.getuser()
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        words = ["git", "-C", str(project), "rev-parse", "HEAD"]
        found["commit"] = subprocess.run(words, capture_output=True, text=True, timeout=2, check=True).stdout.strip()
    return found


def describe_inputs(catalog: CatalogProtocol, parameters: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The sources with the digests of what was read, and what the run ended with. What is not made yet is left out."""
    found: dict[str, dict[str, str]] = {}
    if catalog.exists("records"):
        records = catalog.load("records")
        library = getattr(parameters.get("sources"), "root", {})
        rows = {shard.entry.note["source"]: shard.entry.note["counts"]["rows"] for shard in records.shards}
        for name, digest in records.manifest.inputs.items():
            place = _place(library[name]) if name in library else {"kind": "local", "place": str(records.path)}
            found[name] = {"digest": digest, "context": "source", "rows": str(rows.get(name, 0)), **place}
    for name in MADE:
        if catalog.exists(name):
            folder = catalog.load(name)
            made = {"kind": "local", "place": str(folder.path), "rows": str(folder.rows)}
            found[name] = {"digest": folder.digest, "context": "made", **made}
    return found


def _place(source: Any) -> dict[str, str]:
    """Where a source is read from, in the words that MLflow has for it."""
    if source.kind == "hub":
        place = {"path": source.path[0], "config_name": source.config, "split": source.split, "revision": source.revision}
        return {"kind": "hugging_face", "place": json.dumps({name: value for name, value in place.items() if value})}
    return {"kind": "local", "place": without_secrets(" ".join(source.path))}
