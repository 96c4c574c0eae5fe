"""The packaged project's own command: `polymath --pipelines=curate --conf-source=...`, which is `kedro run` elsewhere."""

import importlib
import sys
from pathlib import Path


def main(*words: str) -> None:
    """Run as `kedro run` does, in whatever folder this is."""
    from kedro.framework.project import configure_project

    configure_project(Path(__file__).parent.name)
    command = importlib.import_module("polymath.cli").run
    command(list(words) or sys.argv[1:], standalone_mode=False)


if __name__ == "__main__":
    main()
