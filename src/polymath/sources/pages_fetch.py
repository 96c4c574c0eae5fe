"""Fetching pages politely: robots.txt is kept, one request at a time with a pause, nothing twice; a killed run goes on."""

import fnmatch
import hashlib
import json
import os
import time
from collections import deque
from collections.abc import Iterator
from html.parser import HTMLParser
from http.client import HTTPException
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urldefrag, urljoin, urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener
from urllib.robotparser import RobotFileParser

from polymath.errors import UserError
from polymath.sources.pages import INDEX, read_index
from polymath.sources.pages_options import PagesOptions

AGENT = f"polymath/{version('polymath')}"
"""What the fetcher calls itself, and which group of robots.txt it looks for."""
MAX_PAGE_BYTES = 10_000_000
TIMEOUT_SECONDS = 30
PATIENCE = 3
"""Requests for a page whose site asks to wait (429, 503)."""
LONGEST_WAIT = 60
"""Seconds that are waited at most when a site asks for it."""


def fetch_pages(options: PagesOptions, folder: Path, most: int | None = None) -> int:
    """Save the pages that the options describe and that are not there yet; how many there are then.

    Breadth first from the seeds, at most `max_pages` (or `most`). What was saved or refused before is not asked for again;
    remove the folder to fetch anew. UserError where a site cannot be reached or asks for a long pause: run it again later.
    """
    folder.mkdir(parents=True, exist_ok=True)
    fetcher, limit = Fetcher(options.wait_seconds), most or options.max_pages
    _close_last_line(folder / INDEX)
    known = read_index(folder)
    queue, seen, count = deque(options.seeds), set(options.seeds), 0
    while queue and count < limit:
        url = queue.popleft()
        entry = known.get(url) or _visit(fetcher, url, folder, count)
        links: Iterator[str] = iter(())
        if entry.get("file"):
            count += 1
            links = (link for link in _links((folder / entry["file"]).read_bytes(), url) if _wanted(link, options))
        elif entry.get("moved"):
            # Where a seed moved to is meant as well, whatever the patterns say.
            links = (link for link in (entry["moved"],) if url in options.seeds or _wanted(link, options))
        for link in links:
            if link not in seen:
                seen.add(link)
                queue.append(link)
    return count


def _close_last_line(index: Path) -> None:
    """End a line that a kill cut off, so that the next one stands alone."""
    if index.exists() and not index.read_bytes().endswith(b"\n"):
        with index.open("a", encoding="utf-8") as file:
            file.write("\n")


def _wanted(link: str, options: PagesOptions) -> bool:
    return any(fnmatch.fnmatchcase(link, pattern) for pattern in options.follow)


def _visit(fetcher: "Fetcher", url: str, folder: Path, saved: int) -> dict[str, Any]:
    """Ask for a page, save it whole or not at all, and then note what became of it."""
    try:
        entry, body = fetcher.get(url)
    except (OSError, HTTPException) as error:
        raise UserError(
            f"{url} cannot be reached ({error}); {saved:,} pages are saved: run again to go on, "
            "or set `pages: {fetch: false}` to read those alone"
        ) from error
    if body is not None:
        entry["file"] = hashlib.blake2b(url.encode(), digest_size=8).hexdigest() + ".html"
        part = folder / f"{entry['file']}.part"
        part.write_bytes(body)
        os.replace(part, folder / entry["file"])
    with (folder / INDEX).open("a", encoding="utf-8") as index:
        index.write(json.dumps(entry) + "\n")
    return entry


class Fetcher:
    """One request at a time, with a pause between two."""

    def __init__(self, wait_seconds: float) -> None:
        """`wait_seconds`: the shortest pause."""
        self._wait = wait_seconds
        self._last = 0.0
        self._rules: dict[str, RobotFileParser] = {}
        self._opener: OpenerDirector = build_opener(_NoRedirects())

    def get(self, url: str) -> tuple[dict[str, Any], bytes | None]:
        """What became of the address, and the page where there is one."""
        rules = self._rules_of(url)
        if not rules.can_fetch(AGENT, url):
            return {"url": url, "skipped": "robots.txt"}, None
        pause = max(self._wait, float(rules.crawl_delay(AGENT) or 0))
        for _ in range(PATIENCE):
            status, headers, body = self._request(url, pause)
            if status not in (429, 503):
                break
            pause = min(max(pause, _seconds(headers.get("Retry-After"))), LONGEST_WAIT)
        else:
            raise ConnectionError(f"the site asks for a longer pause, HTTP {status}")
        if 300 <= status < 400 and headers.get("Location"):
            return {"url": url, "moved": urldefrag(urljoin(url, headers["Location"])).url}, None
        if status != 200:
            return {"url": url, "skipped": f"HTTP {status}"}, None
        if "html" not in headers.get("Content-Type", "text/html"):
            return {"url": url, "skipped": f"is {headers['Content-Type']}, not HTML"}, None
        if len(body) > MAX_PAGE_BYTES:
            return {"url": url, "skipped": f"is larger than {MAX_PAGE_BYTES / 1e6:g} MB"}, None
        return {"url": url}, body

    def _rules_of(self, url: str) -> RobotFileParser:
        """The site's robots.txt, by RFC 9309: none allows all; one that cannot be had, or may not be, allows nothing."""
        site = "{0.scheme}://{0.netloc}".format(urlsplit(url))
        if site not in self._rules:
            status, _, body = self._request(f"{site}/robots.txt", self._wait)
            rules = RobotFileParser()
            forbidden = status in (401, 403) or status >= 500
            lines = (
                ["User-agent: *", "Disallow: /"]
                if forbidden
                else body.decode("utf-8", "replace").splitlines()
                if status == 200
                else []
            )
            rules.parse(lines)
            self._rules[site] = rules
        return self._rules[site]

    def _request(self, url: str, pause: float) -> tuple[int, Any, bytes]:
        time.sleep(max(0.0, self._last + pause - time.monotonic()))
        request = Request(url, headers={"User-Agent": AGENT, "Accept": "text/html"})
        try:
            with self._opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
                return answer.status, answer.headers, answer.read(MAX_PAGE_BYTES + 1)
        except HTTPError as error:
            with error:
                return error.code, error.headers, b""
        finally:
            self._last = time.monotonic()


class _NoRedirects(HTTPRedirectHandler):
    """A redirect is an answer, so that robots.txt and the patterns are looked at for where it leads."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """None."""


def _seconds(given: str | None) -> float:
    """Retry-After in seconds; the form with a date counts as the longest wait."""
    return float(given) if given and given.isdecimal() else LONGEST_WAIT if given else 0.0


def _links(page: bytes, base: str) -> list[str]:
    reader = _Links()
    reader.feed(page.decode("utf-8", "replace"))
    links = (urldefrag(urljoin(base, link)).url for link in reader.found)
    return [link for link in links if urlsplit(link).scheme in ("http", "https")]


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found += [value.strip() for name, value in attrs if name == "href" and value]
