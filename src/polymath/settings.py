"""Kedro's settings."""

import gc
import importlib.util
import sys

import yaml

from polymath.context import Context
from polymath.hooks import ConsoleHooks, RunHooks, TrackingHooks, VizHooks

HOOKS = (ConsoleHooks(), RunHooks(), TrackingHooks(), VizHooks())
# Kedro-Viz's hooks keep errors word for word, passwords included, and count a plan as done before its save has done the work.
DISABLE_HOOKS_FOR_PLUGINS = ("kedro-telemetry", "kedro-viz")
CONTEXT_CLASS = Context
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    "config_patterns": {"mlflow": ["mlflow*"]},
    # An environment changes the keys that it names and leaves the others.
    "merge_strategy": {"parameters": "soft", "mlflow": "soft"},
}

# Start-up makes a million objects that live on; looking through them after every 700 new ones takes a tenth of its time.
gc.set_threshold(50_000, 20, 50)

# Kedro tries to import ibis for each of some 7,000 parameters; to search for it once instead saves two seconds of every run.
if importlib.util.find_spec("ibis") is None:
    sys.modules["ibis"] = None  # type: ignore[assignment]  # the import system's own sign for a module that is not there

# OmegaConf reads YAML by the parser that is written in Python; the one in C reads the same in half the time.
if yaml.__with_libyaml__:
    yaml.SafeLoader = yaml.CSafeLoader
