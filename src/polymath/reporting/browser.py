"""Opening a page for a person who sits in front of this machine."""

import os
import sys
import webbrowser
from pathlib import Path


def open_page(page: Path) -> bool:
    """Open `page` in the browser and say whether there was one. On a server nothing is started, least of all one for text."""
    seen = sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return seen and webbrowser.open(page.resolve().as_uri())
