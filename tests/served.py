"""One server of the app for all processes of a test run, which the run ends."""

from __future__ import annotations

import json
import os
import signal
import tempfile
import time
from pathlib import Path

from filelock import FileLock

from tools.browser import Server, healthy, started

NOTE = "server-{}.json"  # by the number of its process


def shared(home: Path) -> Server:
    """The server of the run whose folder this is.

    Whichever process needs it first starts it, and anew where it has died.
    """
    with FileLock(home / "server.lock"):
        for note in home.glob(NOTE.format("*")):
            url, forbidden = json.loads(note.read_text(encoding="utf-8"))
            if healthy(url):
                return Server(url, Path(forbidden))
        server, process = started(Path(tempfile.mkdtemp(prefix="served", dir=home)))
        note = home / NOTE.format(process.pid)
        note.write_text(json.dumps([server.url, str(server.forbidden)]), encoding="utf-8")
        return server


def end(home: Path) -> None:
    """End all that were started."""
    for note in home.glob(NOTE.format("*")):
        url, _ = json.loads(note.read_text(encoding="utf-8"))
        if healthy(url):
            os.kill(int(note.stem.rpartition("-")[2]), signal.SIGTERM)
        while healthy(url):
            time.sleep(0.1)
