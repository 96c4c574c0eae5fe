"""The process of one contender: `python -m benchmarks.contender module:function answer.json '[arguments]'`."""

import importlib
import json
import sys
from pathlib import Path


def main() -> None:
    target, answer, arguments = sys.argv[1:]
    module, _, name = target.partition(":")
    found = getattr(importlib.import_module(module), name)(*json.loads(arguments))
    Path(answer).write_text(json.dumps(found), "utf-8")


if __name__ == "__main__":
    main()
