"""Pages that a server draws with scripts, bit by bit: opened, waited for, clicked by what they show, and photographed."""

import base64
import contextlib
import json
import os
import random
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.browser.chromium import Tab

PATIENCE = 40.0
"""Seconds that a page may take to show what is waited for."""
AGAIN = 5.0
"""Seconds after which a hand clicks again."""


class ServedTab(Tab):
    """A tab on a server of this machine."""

    def visit(self, address: str, width: int = 1400, height: int = 900) -> None:
        """Open an address and wait until it has loaded; scripts may still be drawing."""
        self.order("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.requests.clear()
        self.complaints.clear()
        self.order("Page.navigate", url=address)
        self.wait("location.href !== 'about:blank' && document.readyState === 'complete'")

    def wait(self, condition: str, seconds: float = PATIENCE) -> Any:
        """The value of an expression as soon as it is true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if value := self.run(condition):
                return value
            time.sleep(0.1)
        raise AssertionError(f"not within {seconds:g} s: {condition}\n{self.seen()[:3000]}")

    def wait_for(self, text: str, seconds: float = PATIENCE) -> None:
        """Wait until the page shows a text."""
        self.wait(f"document.body.innerText.includes({json.dumps(text)})", seconds)

    def seen(self) -> str:
        """All that the page shows."""
        return str(self.run("document.body ? document.body.innerText : ''"))

    def click_on(self, selector: str, text: str) -> None:
        """Click the first visible element that fits the selector and shows exactly this text, once it is at rest."""
        found = f"""(() => {{
          const element = [...document.querySelectorAll({json.dumps(selector)})].find((each) =>
            each.getClientRects().length && each.textContent.trim() === {json.dumps(text)});
          if (!element) return null;
          const box = element.getBoundingClientRect();
          const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
          // In view, and not covered. Never scrolled to: a panel that still slides in would take the whole page along.
          return element.contains(document.elementFromPoint(x, y)) ? [x, y] : null;
        }})()"""
        before, place = None, self.wait(found)
        while before != place:  # pages move while they are drawn
            time.sleep(0.1)
            before, place = place, self.wait(found)
        x, y = place
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            buttons = {} if kind == "mouseMoved" else {"button": "left", "clickCount": 1}
            self.order("Input.dispatchMouseEvent", type=kind, x=x, y=y, **buttons)

    def click_until(self, selector: str, text: str, condition: str) -> None:
        """Click, and again while nothing comes of it: a page that is drawn anew between press and release misses one."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            self.click_on(selector, text)
            with contextlib.suppress(AssertionError):
                self.wait(condition, AGAIN)
                return
        self.wait(condition, 0.1)

    def photograph(self, path: Path, whole: bool = False) -> None:
        """A picture of what is seen, or of the whole page."""
        path.write_bytes(base64.b64decode(self.order("Page.captureScreenshot", captureBeyondViewport=whole)["data"]))


def free_port() -> int:
    """A port that nobody uses, below those that the system hands out by itself: Kedro-Viz takes none above 49151."""
    for port in random.sample(range(20_000, 32_000), 50):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no free port found")


@contextlib.contextmanager
def serving(command: Sequence[str], address: str, folder: Path, **environment: str) -> Iterator[None]:
    """A server in a process of its own, from when it answers until it is no longer needed."""
    log = folder / "server.log"
    with log.open("w") as said:
        process = subprocess.Popen(
            command, cwd=folder, stdout=said, stderr=said, env={**os.environ, **environment}, start_new_session=True
        )
        try:
            _wait_until_it_answers(process, address, log)
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, 9)  # servers have workers of their own
            process.wait()


def _wait_until_it_answers(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    end = time.monotonic() + 2 * PATIENCE
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=5):
            return
        time.sleep(0.2)
    raise AssertionError(f"{address} does not answer\n{log.read_text()}")
