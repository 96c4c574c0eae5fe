"""Hub datasets, and local folders laid out like them, through the `datasets` library; no code of the hub ever runs."""

import re
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import xxhash

from polymath.errors import UserError, choices, unknown
from polymath.sources.files import BEGINNING, content_digest
from polymath.sources.formats import table_batches, with_ends
from polymath.sources.options import ReadOptions
from polymath.sources.rows import Batch, Place
from polymath.sources.tables import NumberedBatch
from polymath.sources.unreadable import in_one_line

if TYPE_CHECKING:
    from datasets import DatasetBuilder

OPTIONS = ReadOptions()
COMMIT = re.compile(r"[0-9a-f]{40}")
PAGE = "https://huggingface.co/datasets"
REACH_SECONDS = 3.0
"""How long the hub has to answer before it counts as out of reach."""


def read_hub(
    path: str,
    *,
    name: str | None = None,
    revision: str | None = None,
    split: str = "train",
    data_files: Sequence[str] = (),
    data_dir: str | None = None,
    streaming: bool = False,
    start: Place = BEGINNING,
) -> Iterator[Batch]:
    """The rows of one split from `start` on, as tables; `path` is a hub id or a local folder, `name` its configuration.

    The whole split is downloaded into the cache of `datasets` first, unless `streaming`.
    """
    with _in_our_words(path, revision):
        builder = _builder(path, name, revision, data_files, data_dir)
        _check_split(path, split, builder)
        if streaming:
            rows = builder.as_streaming_dataset(split=split)
        else:
            builder.download_and_prepare()
            rows = builder.as_dataset(split=split)
    title = f"{path}/{builder.config.name}/{split}"
    return with_ends(table_batches(_tables(rows, path, revision, start.row), title, start, OPTIONS))


def check_hub(
    path: str, *, name: str | None = None, revision: str | None = None, split: str = "train", data_files: Sequence[str] = ()
) -> tuple[str, ...]:
    """Raises UserError where the dataset, its configuration or its split is not there; the columns, where its card names them.

    Cheap beside reading: the card and the list of files are looked at, and nothing else is downloaded.
    """
    with _in_our_words(path, revision):
        builder = _builder(path, name, revision, data_files, None)
        _check_split(path, split, builder)
    return tuple(builder.info.features or ())


def hub_features(
    path: str,
    *,
    name: str | None = None,
    revision: str | None = None,
    data_files: Sequence[str] = (),
    data_dir: str | None = None,
) -> dict[str, tuple[str, ...]]:
    """The names of the classes of each column whose numbers stand for classes (0 is the first name)."""
    from datasets import ClassLabel

    with _in_our_words(path, revision):
        builder = _builder(path, name, revision, data_files, data_dir)
        if not builder.info.features:
            builder.download_and_prepare()
    found = {column: _element(feature) for column, feature in (builder.info.features or {}).items()}
    return {column: tuple(feature.names) for column, feature in found.items() if isinstance(feature, ClassLabel)}


def hub_digest(path: str, *, revision: str | None = None) -> str:
    """What a run key holds of a hub dataset: its commit; of a local folder: its files."""
    if Path(path).is_dir():
        return content_digest(["**"], Path(path))
    if not COMMIT.fullmatch(revision or ""):
        revision = _commit_of(path, revision)
    return xxhash.xxh3_128_hexdigest(f"{path}@{revision}".encode())


def needs_network(path: str, revision: str | None = None, *, name: str | None = None) -> bool:
    """Whether reading has to download: it is no local folder, and not (at that commit) in the cache of `datasets`."""
    commit = revision if COMMIT.fullmatch(revision or "") else None
    return not Path(path).is_dir() and not _cached_commits(path, commit, name)


@cache
def is_reachable() -> bool:
    """Whether the hub answers, asked once per process: without a network each look-up would take its time to fail."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return False
    proxy = getproxies().get("https") if not proxy_bypass(urlsplit(constants.ENDPOINT).hostname or "") else None
    address = urlsplit(proxy or constants.ENDPOINT)
    try:
        with socket.create_connection((address.hostname, address.port or 443), timeout=REACH_SECONDS):
            return True
    except OSError:
        return False


def _builder(
    path: str, name: str | None, revision: str | None, data_files: Sequence[str], data_dir: str | None
) -> "DatasetBuilder":
    import datasets

    # Of the whole process; the caller shows its own progress.
    datasets.disable_progress_bars()
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)
    files = list(data_files) or None
    try:
        builder = datasets.load_dataset_builder(path, name, revision=revision, data_files=files, data_dir=data_dir)
    except ValueError as error:
        known = datasets.get_dataset_config_names(path, revision=revision, data_files=files)
        if name is None and len(known) > 1:
            raise UserError(f"{path}: name one of its configurations as `config`; {choices('', known)}") from error
        if name is not None and name not in known:
            raise unknown(path, name, "configuration", known) from error
        raise
    # Without the network the library takes whatever commit the cache holds.
    if COMMIT.fullmatch(revision or "") and not Path(path).is_dir() and builder.hash != revision:
        raise UserError(f"{path}: needs the network: the cache holds commit {builder.hash}, not {revision}")
    return builder


def _check_split(path: str, split: str, builder: "DatasetBuilder") -> None:
    """Refuse a split that is not there before anything is downloaded; `a+b` and `a[:10%]` are made of splits."""
    known = [str(key) for key in builder.info.splits or builder.config.data_files or ()]
    for part in split.split("+"):
        if known and (wanted := part.partition("[")[0].strip()) not in [*known, "all"]:
            raise unknown(path, wanted, "split", known)


def _tables(rows: Any, path: str, revision: str | None, skip: int) -> Iterator[NumberedBatch]:
    """Batches that end where those of a reading of the whole do, from the one with row `skip` in it."""
    first = skip // OPTIONS.batch_rows * OPTIONS.batch_rows
    with _in_our_words(path, revision):
        for table in rows.with_format("arrow").skip(first).iter(OPTIONS.batch_rows):
            for batch in table.combine_chunks().to_batches():
                yield first, batch
                first += len(batch)


def _element(feature: Any) -> Any:
    """What a column is made of, inside lists."""
    while hasattr(feature, "feature"):
        feature = feature.feature
    return feature


def _cached_commits(path: str, commit: str | None, name: str | None) -> list[str]:
    """Commits of a dataset that the cache holds ready to read, the newest last."""
    from datasets.naming import camelcase_to_snakecase

    from datasets import config as settings

    *owner, title = path.split("/")
    folder = Path(settings.HF_DATASETS_CACHE) / "___".join([*owner, camelcase_to_snakecase(title)])
    # <configuration, with a hash if files were named>/<version>/<commit>
    of_name = [folder.glob(f"{config}/*/{commit or '*'}") for config in ([name, f"{name}-*"] if name else ["*"])]
    found = [made for made in chain.from_iterable(of_name) if (made / "dataset_info.json").is_file()]
    return [made.name for made in sorted(found, key=lambda made: made.stat().st_mtime)]


def _commit_of(path: str, revision: str | None) -> str:
    """The commit that a branch or tag (None: the default branch) names; without the network, the newest cached one."""
    from huggingface_hub import HfApi

    with _in_our_words(path, revision):
        try:
            return str(HfApi().dataset_info(path, revision=revision).sha)
        except Exception as error:
            if _is_unreachable(error) and (cached := _cached_commits(path, None, None)):
                return cached[-1]
            raise


def _kinds(error: BaseException | None) -> set[str]:
    """The names of the errors of huggingface_hub that lie behind an error; it imports httpx, which takes its time."""
    found: set[str] = set()
    while error is not None:
        found |= {kind.__name__ for kind in type(error).__mro__}
        error = error.__cause__ or error.__context__
    return found


def _is_unreachable(error: Exception) -> bool:
    """Whether it was the network; httpx, which goes by several names, has errors of its own for that."""
    return isinstance(error, ConnectionError) or any(kind.__name__ == "TransportError" for kind in type(error).__mro__)


@contextmanager
def _in_our_words(path: str, revision: str | None) -> Iterator[None]:
    """What the hub libraries raise, as one sentence with the way out."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # of three libraries, without a common base
        raise UserError(f"{path}: {_reason(path, revision, error)}") from error


def _reason(path: str, revision: str | None, error: Exception) -> str:
    from datasets.exceptions import DataFilesNotFoundError, DatasetNotFoundError

    text, kinds = str(error), _kinds(error)
    if "is a gated dataset" in text or "GatedRepoError" in kinds:  # "gated" is also said of what is not there
        return f"is gated: accept its terms at {PAGE}/{path} and run `hf auth login`"
    if _is_unreachable(error):
        return "needs the network: it is not in the cache; connect once, or use local files with `kind: files`"
    if "scripts are no longer supported" in text:
        return "has only a loading script, which is never run: name `data_files`, or `revision: refs/convert/parquet`"
    if "RevisionNotFoundError" in kinds or (isinstance(error, DatasetNotFoundError) and revision and revision in text):
        return f"has no revision {revision!r}: see {PAGE}/{path}/commits/main"
    if isinstance(error, DatasetNotFoundError) or "RepositoryNotFoundError" in kinds:
        return f"is not on the hub, or private: was it renamed? See {PAGE}?search={path.rpartition('/')[2]}"
    if isinstance(error, DataFilesNotFoundError) or "doesn't contain any data files" in text:
        return "holds no files that `datasets` can read: name `data_files`, or use `kind: files`"
    if isinstance(error, FileNotFoundError) and "Couldn't find any data file" in text:
        return "is neither a folder here nor an id on the hub, which is `owner/name`"
    cause = error.__cause__ or error
    return f"cannot be read ({type(cause).__name__}: {in_one_line(cause)})"
