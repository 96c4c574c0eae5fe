"""`python -m benchmarks [NAME...] [--mb 25|250|2500] [--corpus FILE]`."""

import argparse
import tempfile
from pathlib import Path

from benchmarks.cases import CASES
from benchmarks.corpus import BASE_MB, WORK, corpus
from benchmarks.table import keep


def main() -> None:
    """Run the benchmarks that were named, or all; print and keep what came of each."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(CASES)}; all by default")
    parser.add_argument("--mb", type=int, default=BASE_MB, help="size of the corpus, in megabytes of text")
    parser.add_argument("--corpus", type=Path, help="a Parquet file with a column `text`, in place of the samples")
    parser.add_argument("--documents", type=int, help="only the first documents, to try a benchmark out; nothing is kept")
    given = parser.parse_args()
    unknown = set(given.names) - set(CASES)
    if unknown:
        parser.error(f"{', '.join(sorted(unknown))}: not a benchmark; choose from {', '.join(CASES)}")
    WORK.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=WORK) as scratch:
        folder = Path(scratch)
        made = corpus(given.mb, given.corpus, given.documents, folder if given.documents else WORK)
        print(f"{made.name}: {made.documents:,} documents, {made.megabytes:.1f} MB", flush=True)
        for name in given.names or CASES:
            rows = CASES[name](made, folder)
            for row in rows:
                print(row.told(), flush=True)
            if not given.documents:
                keep(rows)


if __name__ == "__main__":
    main()
