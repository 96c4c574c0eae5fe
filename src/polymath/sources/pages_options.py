"""What a source entry may say about its web pages."""

from urllib.parse import urlsplit

from pydantic import Field, field_validator

from polymath.config import Config, Words
from polymath.errors import UserError


class PagesOptions(Config):
    """Where pages come from, beside those that a person saved."""

    seeds: Words = ()
    """Addresses to begin at."""
    follow: Words = ()
    """Patterns (`https://example.org/entries/*`) of the links that are fetched too."""
    fetch: bool = False
    """Fetch them. Off where the terms forbid it: then only pages that you saved, and may use, are read."""
    terms: str | None = None
    """What the site's terms say, for people."""
    max_pages: int = Field(500, ge=1)
    """Pages that are saved at most."""
    wait_seconds: float = Field(2.0, ge=0)
    """Between two requests; longer where robots.txt asks for it."""

    @field_validator("seeds")
    @classmethod
    def _are_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for seed in value:
            if urlsplit(seed).scheme not in ("http", "https") or not urlsplit(seed).netloc:
                raise UserError(f"{seed!r} is no address of a page; it begins with https://")
        return value
