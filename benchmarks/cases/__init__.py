"""The benchmarks by name: each takes a corpus and a folder to work in, and returns rows of the table."""

from collections.abc import Callable
from pathlib import Path

from benchmarks.cases import curate, kernels, reruns
from benchmarks.corpus import Corpus
from benchmarks.table import Row

Case = Callable[[Corpus, Path], list[Row]]

CASES: dict[str, Case] = {
    "datasketch": kernels.against_datasketch,
    "rensa": kernels.against_rensa,
    "stages": kernels.against_four_stages,
    "filters": kernels.against_filters,
    "tokens": kernels.against_tokenizers,
    "spaces": curate.against_datatrove_on_spaces,
    "defaults": curate.against_datatrove,
    "workers": curate.two_workers,
    "everything": curate.everything_on,
    "growth": curate.growth,
    "reruns": reruns.reruns,
}
