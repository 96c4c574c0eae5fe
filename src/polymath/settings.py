"""Kedro's settings."""

from polymath.hooks import ConsoleHooks, RunHooks, TrackingHooks, VizHooks

HOOKS = (ConsoleHooks(), RunHooks(), TrackingHooks(), VizHooks())
DISABLE_HOOKS_FOR_PLUGINS = ("kedro-telemetry",)
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    "config_patterns": {"mlflow": ["mlflow*"]},
    # An environment changes the keys that it names and leaves the others.
    "merge_strategy": {"parameters": "soft", "mlflow": "soft"},
}
