"""Web pages: fetched politely from a server of this machine, and read from the folder where they are saved."""

import json
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pydantic import ValidationError

from polymath.errors import UserError
from polymath.pipelines.curate.early import fetch_missing
from polymath.sources.library import Source
from polymath.sources.options import ReadOptions
from polymath.sources.pages import INDEX, pages_digest, read_index, read_pages
from polymath.sources.pages_fetch import AGENT, fetch_pages
from polymath.sources.pages_options import PagesOptions
from polymath.sources.rows import Place

WORDS = "The river rises in the hills and runs through the town before it meets the sea beyond the old harbour wall. " * 6


def page(title, *links, words=WORDS):
    anchors = "".join(f'<a href="{link}">{link}</a> ' for link in links)
    return (
        f"<html><head><title>{title}</title></head><body><nav>Home Log in Subscribe {anchors}</nav>"
        f"<article><h1>{title}</h1><p>{words}</p><p>{title} ends here, and so does the story of it all.</p></article>"
        "<footer>Cookies and terms</footer></body></html>"
    )


class Site:
    """What the server answers, and what it was asked."""

    def __init__(self):
        self.asked, self.times, self.agents, self.open_now, self.most_open = [], [], set(), 0, 0
        self.robots = (200, "User-agent: *\nDisallow: /private/\n")
        self.busy = Counter()
        self.pages = {
            "/": page(
                "Contents", "/entries/a", "entries/b/", "/other", "/private/c", "#top", "mailto:x@y.org", "/entries/a#part"
            ),
            "/entries/a": page("Alpha", "/entries/b/", "/entries/gone", "/entries/data.json"),
            "/entries/b/": page("Beta", "/", "/entries/moved"),
            "/entries/d": page("Delta"),
            "/private/c": page("Secret"),
            "/other": page("Other"),
        }

    def answer(self, path):
        if path == "/robots.txt":
            return *self.robots, {}
        if self.busy[path] > 0:
            self.busy[path] -= 1
            return 503, "", {"Retry-After": "0"}
        if path == "/entries/moved":
            return 301, "", {"Location": "/entries/d"}
        if path == "/entries/data.json":
            return 200, "{}", {"Content-Type": "application/json"}
        return (200, self.pages[path], {}) if path in self.pages else (404, "", {})


@pytest.fixture
def site():
    found = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            found.open_now += 1
            found.most_open = max(found.most_open, found.open_now)
            found.asked.append(self.path)
            found.times.append(time.monotonic())
            found.agents.add(self.headers["User-Agent"])
            status, body, headers = found.answer(self.path)
            self.send_response(status)
            for name, value in {"Content-Type": "text/html; charset=utf-8", **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())
            found.open_now -= 1

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    found.address = f"http://127.0.0.1:{server.server_address[1]}"
    yield found
    server.shutdown()
    server.server_close()


def options(site, **more):
    given = {"seeds": f"{site.address}/", "follow": [f"{site.address}/entries/*", f"{site.address}/private/*"], "fetch": True}
    return PagesOptions(**{**given, "wait_seconds": 0, **more})


def test_pages_are_followed_by_pattern_each_once_and_robots_are_kept(site, tmp_path):
    assert fetch_pages(options(site), tmp_path) == 4
    assert sorted(site.asked) == sorted(
        ["/robots.txt", "/", "/entries/a", "/entries/b/", "/entries/gone", "/entries/data.json", "/entries/moved", "/entries/d"]
    )
    told = {url.removeprefix(site.address): line for url, line in read_index(tmp_path).items()}
    assert told["/private/c"]["skipped"] == "robots.txt"
    assert told["/entries/gone"]["skipped"] == "HTTP 404"
    assert told["/entries/data.json"]["skipped"] == "is application/json, not HTML"
    assert told["/entries/moved"]["moved"].endswith("/entries/d")
    assert site.agents == {AGENT}


def test_what_is_saved_is_not_asked_for_again_and_a_killed_run_goes_on(site, tmp_path):
    assert fetch_pages(options(site), tmp_path, most=2) == 2
    first = list(site.asked)
    lines = (tmp_path / INDEX).read_text().splitlines()
    (tmp_path / INDEX).write_text("\n".join(lines) + '\n{"url": "cut off')
    (tmp_path / "half.html.part").write_text("half a page")
    assert fetch_pages(options(site), tmp_path) == 4
    again = site.asked[len(first) :]
    assert not {path for path in again if path in first} - {"/robots.txt"}
    site.asked.clear()
    assert fetch_pages(options(site), tmp_path) == 4
    assert site.asked == []


def test_one_request_at_a_time_with_a_pause_and_the_sites_own_pause_where_it_is_longer(site, tmp_path):
    fetch_pages(options(site, wait_seconds=0.05), tmp_path / "a")
    gaps = [later - earlier for earlier, later in zip(site.times, site.times[1:], strict=False)]
    assert min(gaps) >= 0.045
    assert site.most_open == 1
    site.robots, site.times = (200, "User-agent: *\nCrawl-delay: 1\n"), []
    fetch_pages(options(site), tmp_path / "b", most=2)
    assert site.times[-1] - site.times[-2] >= 0.95


@pytest.mark.parametrize(
    ("robots", "pages"), [((404, ""), 4), ((403, ""), 0), ((500, ""), 0), ((200, "User-agent: *\nDisallow: /"), 0)]
)
def test_a_robots_file_that_may_not_be_read_allows_nothing_and_none_allows_all(site, tmp_path, robots, pages):
    site.robots = robots
    follow = f"{site.address}/entries/*"
    assert fetch_pages(options(site, follow=follow), tmp_path) == pages


def test_a_busy_site_is_asked_again_and_one_that_stays_busy_ends_with_a_way_out(site, tmp_path):
    site.busy["/entries/a"] = 2
    assert fetch_pages(options(site), tmp_path / "a") == 4
    site.busy["/entries/b/"] = 99
    with pytest.raises(UserError, match=r"/entries/b/ cannot be reached \(the site asks for a longer pause.*2 pages are saved"):
        fetch_pages(options(site), tmp_path / "b")
    site.busy.clear()
    assert fetch_pages(options(site), tmp_path / "b") == 4


def test_a_site_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(UserError, match=r"http://127\.0\.0\.1:9/ cannot be reached .*run again to go on"):
        fetch_pages(PagesOptions(seeds="http://127.0.0.1:9/", fetch=True, wait_seconds=0), tmp_path)


def test_a_seed_is_an_address():
    with pytest.raises(ValidationError, match="'file:///etc/passwd' is no address of a page"):
        PagesOptions(seeds="file:///etc/passwd")


def source(**pages):
    given = {
        "kind": "pages",
        "path": "pages/site",
        "task": "text",
        "licence": "MIT",
        "fields": {"text": "text", "extra": "url, title"},
    }
    return Source(**given, pages=pages)


def test_nothing_is_fetched_where_the_terms_forbid_it_and_the_way_out_is_told(site, tmp_path):
    entry = source(seeds=f"{site.address}/", terms="its terms forbid it")
    with pytest.raises(
        UserError, match=r"site: no page is saved in .*its terms forbid it\); save pages that you may use there"
    ):
        fetch_missing({"site": entry}, tmp_path)
    assert site.asked == []
    (tmp_path / "pages" / "site").mkdir(parents=True)
    (tmp_path / "pages" / "site" / "mine.html").write_text(page("Mine"))
    fetch_missing({"site": entry}, tmp_path)


def test_a_run_fetches_what_its_entry_allows(site, tmp_path):
    fetch_missing({"site": source(**options(site).model_dump())}, tmp_path)
    assert len(list((tmp_path / "pages" / "site").glob("*.html"))) == 4


def rows_of(folder, start=Place(0, 0)):
    batches = list(read_pages(["site"], folder, ReadOptions(), start))
    return [row for batch in batches for _, row in batch.rows], [bad for batch in batches for bad in batch.bad]


def test_a_page_is_its_text_without_what_stands_around_it(site, tmp_path):
    pytest.importorskip("trafilatura", reason="pip install 'polymath[pages]'")
    fetch_pages(options(site), tmp_path / "site")
    (tmp_path / "site" / "zz-saved.htm").write_text(page("Saved by hand"))
    (tmp_path / "site" / "zz-empty.html").write_text("<html><body></body></html>")
    rows, bad = rows_of(tmp_path)
    assert {row["title"] for row in rows} == {"Contents", "Alpha", "Beta", "Delta", "Saved by hand"}
    alpha = next(row for row in rows if row["title"] == "Alpha")
    assert alpha["url"] == f"{site.address}/entries/a"
    assert "The river rises in the hills" in alpha["text"]
    assert not any(words in row["text"] for row in rows for words in ("Log in", "Cookies"))
    assert [one.reason for one in bad] == ["no_text"]


def test_reading_goes_on_at_any_page(site, tmp_path):
    pytest.importorskip("trafilatura", reason="pip install 'polymath[pages]'")
    fetch_pages(options(site), tmp_path / "site")
    rows, _ = rows_of(tmp_path)
    later, _ = rows_of(tmp_path, Place(2, 0))
    assert later == rows[2:]


def test_another_page_is_another_digest(tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "a.html").write_text(page("A"))
    first = pages_digest(["site"], tmp_path, ReadOptions())
    (tmp_path / "site" / INDEX).write_text(json.dumps({"url": "x"}))
    assert pages_digest(["site"], tmp_path, ReadOptions()) == first
    (tmp_path / "site" / "b.html").write_text(page("B"))
    assert pages_digest(["site"], tmp_path, ReadOptions()) != first


def test_a_page_that_is_too_long_is_not_read(tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "a.html").write_text(page("A") * 50)
    [batch] = read_pages(["site"], tmp_path, ReadOptions(max_row_mb=0.001))
    assert [bad.reason for bad in batch.bad] == ["too_long"]


def test_an_index_that_others_wrote_is_read_as_far_as_it_can_be(tmp_path):
    (tmp_path / INDEX).write_bytes(b'[1]\n"x"\n{"a": 1}\n\xff\xfe\n{"url": "u", "file": "a.html"}\n' + b"[" * 9999)
    assert read_index(tmp_path) == {"u": {"url": "u", "file": "a.html"}}
