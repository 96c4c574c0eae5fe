"""The log file: everything that the console leaves out, and nothing that is secret."""

import logging


class _SafeFormatter(logging.Formatter):
    """A handler's own formatter, and after it no password or token: third parties write addresses with all that is in them."""

    def __init__(self, inner: logging.Formatter | None) -> None:
        super().__init__()
        self._inner = inner or logging.Formatter()

    def format(self, record: logging.LogRecord) -> str:
        from polymath.tracking.secrets import without_secrets

        return without_secrets(self._inner.format(record))


def guard_logs() -> None:
    """Third parties' warnings go to the log, secrets do not, and a log that cannot be written is no news for the console.

    (Kedro takes no formatters but its own from `conf/logging.yml`.)
    """
    logging.captureWarnings(True)
    logging.raiseExceptions = False
    for handler in logging.getLogger().handlers:
        if not isinstance(handler.formatter, _SafeFormatter):
            handler.setFormatter(_SafeFormatter(handler.formatter))
