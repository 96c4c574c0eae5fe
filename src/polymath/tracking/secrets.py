"""Keeping passwords out of records, logs and errors."""

import re
from collections.abc import Mapping

HIDDEN = "***"
_USER = re.compile(r"(?<=://)[^\s/'\"]+@")  # all before the last @: a password may hold one
_QUERY = re.compile(
    r"(?i)\b([\w.-]*(?:password|passwd|secret|token|api_?key|access_?key|signature|credential))=(?:[^&\s,'\"]+)"
)
_TOKEN = re.compile(r"\b(?:hf|ghp)_\w{16,}|\bsk-[\w-]{16,}|(?<=[Bb]earer )[\w.~+/-]{16,}=*")
_NAME = re.compile(r"(?i)(?:^|[._])(?:password|passwd|secret|token|api_?key|access_?key|secret_?key|credentials?)$")


def without_secrets(text: str) -> str:
    """A text without the user and password of any address in it, without tokens and the values of secret-looking settings."""
    return _TOKEN.sub(HIDDEN, _QUERY.sub(rf"\1={HIDDEN}", _USER.sub("", text)))


def hide_secrets(values: Mapping[str, str]) -> dict[str, str]:
    """Settings by name; the value of one that is called a password, a token or a key is hidden."""
    return {name: HIDDEN if _NAME.search(name) and value else without_secrets(value) for name, value in values.items()}
