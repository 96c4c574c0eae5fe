"""Errors as one sentence: what a person can mend, without what only a programmer can read."""

import errno
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from polymath.errors import UserError, unknown

_MISSING = object()

_ENVIRONMENT = re.compile(r"configuration path either does not exist or is not a valid directory: (.+)")
_PIPELINE = re.compile(r"Failed to find the pipeline named '([^']+)'")
_PARAMETER = re.compile(
    r"- Parameter '(?P<key>[^']+)': (?:Failed to instantiate \w+ for parameter '[^']+': )?(?P<text>.*)", re.DOTALL
)


_GO_ON = "; then run the same command again: it goes on from here"
_LOOK = "cannot be written or read: look at who owns it, at its permissions, and at how its disk is mounted" + _GO_ON
DISK = {
    errno.ENOSPC: "no space is left on its disk: make some" + _GO_ON,
    errno.EDQUOT: "the quota of its disk is used up: make some space" + _GO_ON,
    errno.EFBIG: "its disk takes no file of this size: take another, or smaller shards (ingest.shard_mb=8)",
    errno.EROFS: "its disk is read-only: mount it for writing" + _GO_ON,
    errno.EACCES: _LOOK,
    errno.EPERM: _LOOK,
    errno.EIO: "its disk fails (an input or output error): look after the disk first" + _GO_ON,
    errno.EMFILE: "too many files are open: raise the limit (ulimit -n), or use fewer workers (engine.workers=1)",
}
"""What a disk may refuse, and what a person can do about it."""


def sentence(error: BaseException) -> str:
    """The first of our own errors in the chain of causes, else what can be said of any other; without any secret in it."""
    from polymath.tracking.secrets import without_secrets

    return without_secrets(_sentence(error))


def _sentence(error: BaseException) -> str:
    from kedro.validation.exceptions import ParameterValidationError

    for cause in _causes(error):
        if isinstance(cause, UserError):
            return str(cause)
        if isinstance(cause, ParameterValidationError):
            return _parameters(str(cause))
    for cause in _causes(error):
        if isinstance(cause, OSError) and cause.errno in DISK:
            return f"{cause.filename or 'the disk'}: {DISK[cause.errno]}"
        if told := _kedros(str(cause)):
            return told
    return f"{type(error).__name__}: {error}\n(the traceback is in logs/polymath.log)"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _kedros(message: str) -> str | None:
    """What Kedro says of a name on the command line, with the nearest known one."""
    if found := _ENVIRONMENT.search(message):
        wanted = Path(found[1])
        return str(unknown("--env", wanted.name, "folder of conf", (p.name for p in wanted.parent.glob("*") if p.is_dir())))
    if found := _PIPELINE.search(message):
        from kedro.framework.project import pipelines

        return str(unknown("--pipeline", found[1], "pipeline", pipelines))
    return None


def _parameters(message: str) -> str:
    """Kedro's list of parameter errors as `file: key.path: what is wrong`, the first one in full."""
    problems = message.split("\n- ")[1:]
    found = _PARAMETER.match("- " + problems[0]) if problems else None
    if found is None:
        return message
    said = f"{found['key']}.{found['text'].strip()}"
    file = _file_of(said.partition(":")[0].split("."))
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{file}: {said}{more}" if file else f"{said}{more}"


def _file_of(keys: list[str]) -> str | None:
    """The parameter file in which a key is written; none when it was given on the command line."""
    for path in sorted(Path("conf").glob("*/parameters/**/*.yml")):
        try:
            value = yaml.safe_load(path.read_text("utf-8"))
        except yaml.YAMLError:
            continue
        for key in keys:
            value = value.get(key, _MISSING) if isinstance(value, dict) else _MISSING
        if value is not _MISSING:
            return str(path)
    return None
