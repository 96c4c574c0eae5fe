"""The parts of these pages that are made from the code and the YAML: dials, filters, schemas, sources, diffs.

    python docs/generated.py            write every block of the pages anew
    python docs/generated.py --check    name the pages that are out of date; exit code 1 when there are any
    python docs/generated.py NAME       print one block, e.g. `python docs/generated.py dials dedup`

A block stands between `<!-- made: NAME -->` and `<!-- end -->`. MkDocs makes the blocks anew while it builds (this file is
a hook of mkdocs.yml), so the site is always true; `tests/test_docs.py` sees to it that the pages are true as files too.
"""

import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))  # MkDocs and the tests load this file by its path

import made
from made.basis import ROOT, blocks

__all__ = ["made", "main", "on_page_markdown", "out_of_date"]
BLOCK = re.compile(r"(<!-- made: (?P<name>[^>]+?) -->\n)(?P<body>.*?)(<!-- end -->)", re.DOTALL)


def make(name: str) -> str:
    """One block, by its name and the words after it."""
    kind, *words = name.split()
    return blocks[kind](*words).strip() + "\n"


def remade(text: str) -> str:
    """A page with all of its blocks made anew."""
    return BLOCK.sub(lambda found: f"{found[1]}{make(found['name'])}{found[4]}", text)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """MkDocs calls this for every page that it builds."""
    return remade(markdown)


def out_of_date() -> list[Path]:
    """Pages whose blocks are not what the code says now."""
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [page for page in pages if (text := page.read_text("utf-8")) != remade(text)]


def main(words: list[str]) -> int:
    """Write, check, or print."""
    if words and words != ["--check"]:
        print(make(" ".join(words)))
        return 0
    pages = out_of_date()
    for page in pages:
        print(f"{page.relative_to(ROOT)}: {'out of date; run: python docs/generated.py' if words else 'written anew'}")
        if not words:
            page.write_text(remade(page.read_text("utf-8")), "utf-8")
    return bool(words and pages)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
