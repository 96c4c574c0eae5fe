"""Headless Chromium through the DevTools protocol, over its pipe: nothing to install beside the browser."""

import json
import os
import select
import shutil
import subprocess
from importlib import resources
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
SILENCE = 60.0
"""Seconds after which a browser that does not answer counts as gone."""
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--remote-debugging-pipe",
)


def find_chromium() -> str:
    """The browser's program; the test is skipped without one, or fails where POLYMATH_REQUIRE_BROWSER is set."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        missing = "no Chromium here; install it (apt-get install chromium) to run the browser tests"
        if os.environ.get("POLYMATH_REQUIRE_BROWSER"):
            pytest.fail(missing)
        pytest.skip(missing)
    return found


class Tab:
    """One page in a browser of its own: open, evaluate, click, press; what it asked for and complained about."""

    def __init__(self, profile: Path) -> None:
        """`profile`: an empty folder for the browser."""
        orders, self._to = os.pipe()
        self._from, answers = os.pipe()
        # Chromium reads orders from descriptor 3 and answers on 4, each ended by a zero byte.
        program = ["bash", "-c", f'exec "$0" "$@" 3<&{orders} 4>&{answers}', find_chromium(), *FLAGS]
        self._process = subprocess.Popen(
            [*program, f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(orders, answers),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(orders)
        os.close(answers)
        self._buffer, self._number, self._session = b"", 0, None
        self.requests: list[str] = []
        self.complaints: list[str] = []

    def __enter__(self) -> Self:
        """Attach to the first tab."""
        targets = self.order("Target.getTargets")["targetInfos"]
        target = next(each["targetId"] for each in targets if each["type"] == "page")
        self._session = self.order("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.order(f"{domain}.enable")
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        """End the browser."""
        self._process.terminate()
        self._process.wait(20)
        os.close(self._to)
        os.close(self._from)

    def order(self, method: str, **given: Any) -> dict[str, Any]:
        """Send one order and wait for its answer."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": given}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return dict(answer["result"])

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            assert select.select([self._from], [], [], SILENCE)[0], f"Chromium has said nothing for {SILENCE:g} s"
            part = os.read(self._from, 1 << 20)
            assert part, "Chromium is gone"
            self._buffer += part
        text, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        self._note(message.get("method", ""), message.get("params", {}))
        return message

    def _note(self, event: str, given: dict[str, Any]) -> None:
        """Keep what the page asks for, and what it complains about."""
        if event == "Network.requestWillBeSent":
            self.requests.append(given["request"]["url"])
        elif event == "Runtime.exceptionThrown":
            self.complaints.append(str(given["exceptionDetails"]))
        elif event == "Log.entryAdded" and given["entry"]["level"] == "error":
            self.complaints.append(given["entry"]["text"])
        elif event == "Page.javascriptDialogOpening":
            self.complaints.append(f"dialog: {given['message']}")

    def open(self, page: Path, width: int = 1440, dark: bool = False) -> None:
        """Open a file without a network, in a window so wide."""
        self.order("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=-1, uploadThroughput=-1)
        self.order("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.order("Emulation.setEmulatedMedia", features=[scheme])
        self.requests.clear()
        self.complaints.clear()
        self.order("Page.navigate", url=page.resolve().as_uri())
        self.run("new Promise(done => document.readyState === 'complete' ? done() : addEventListener('load', done))")

    def run(self, script: str) -> Any:
        """The value of an expression in the page, awaited."""
        found = self.order("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True)
        assert "exceptionDetails" not in found, found.get("exceptionDetails")
        return found["result"].get("value")

    def text(self, selector: str) -> str:
        """What a person reads in the first element that matches."""
        return str(self.run(f"document.querySelector({json.dumps(selector)}).innerText"))

    def strangers(self, page: Path) -> list[str]:
        """What a page asked for beside itself."""
        return [url for url in self.requests if not url.startswith("data:") and url != page.resolve().as_uri()]

    def sticking_out(self) -> list[str]:
        """What is out of the window on the right and not in a box that scrolls: the beginning of its HTML."""
        outside = "e.getBoundingClientRect().right > innerWidth && !e.closest('.scroll, nav, .skip')"
        found = self.run(f"[...document.querySelectorAll('main *')].filter(e => {outside}).map(e => e.outerHTML.slice(0, 80))")
        return list(found)

    def barriers(self) -> list[str]:
        """What axe finds to be in the way of a person who reads by keyboard or by ear, if it is serious."""
        self.run(resources.files("axe_core_python").joinpath("axe.min.js").read_text("utf-8") + "; 1")
        found = self.run("axe.run().then(({violations}) => violations)")
        return [
            f"{each['help']}: {each['nodes'][0]['target']}"
            for each in found
            if each["impact"] in ("serious", "critical") or each["id"] == "scrollable-region-focusable"
        ]

    def click(self, selector: str) -> None:
        """Bring the first element that matches into view and click in its middle, as a hand would."""
        find = f"document.querySelector({json.dumps(selector)})"
        self.run(f"{find}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
        box = self.run(f"(r => [r.x + r.width / 2, r.y + r.height / 2])({find}.getBoundingClientRect())")
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            buttons = {} if kind == "mouseMoved" else {"button": "left", "clickCount": 1}
            self.order("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], **buttons)

    def press(self, key: str) -> None:
        """Press and release a key."""
        for kind in ("keyDown", "keyUp"):
            self.order("Input.dispatchKeyEvent", type=kind, key=key, code=key)
