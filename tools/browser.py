"""Start the app on a free port and find a Chromium to look at it."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# WebGL drawn by the processor, as on a machine without a graphics card.
WEBGL_ARGS = [
    *(each for each in CHROMIUM_ARGS if each != "--disable-gpu"),
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Runs before anything else in the server's process: a connection to another machine is an error.
FORBID = """
import socket
_connect = socket.socket.connect
def connect(self, address):
    host = address[0] if isinstance(address, tuple) else ""
    if host and host not in ("127.0.0.1", "::1", "localhost"):
        open({log!r}, "a").write(f"{{host}}\\n")
        raise OSError("network is forbidden in this test")
    return _connect(self, address)
socket.socket.connect = connect
_lookup = socket.getaddrinfo
def getaddrinfo(host, *rest, **options):
    if host not in (None, "", "127.0.0.1", "::1", "localhost", "0.0.0.0", b"localhost"):
        open({log!r}, "a").write(f"{{host}}\\n")
        raise socket.gaierror("network is forbidden in this test")
    return _lookup(host, *rest, **options)
socket.getaddrinfo = getaddrinfo
"""


BUSY = (
    "[data-testid=stStatusWidget], [data-stale=true], "
    "[data-testid=stApp]:not([data-test-script-state=notRunning])"
)


@dataclass(frozen=True)
class Server:
    """A running app: its address and the log of forbidden connections."""

    url: str
    forbidden: Path

    def link(self, page: str = "", **query: object) -> str:
        """The address of a view."""
        return f"{self.url}/{page}?{urlencode(query, doseq=True)}"


def _free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Server]:
    """Start the app on a free port, with connections to other machines forbidden."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "forbidden.txt"
    log.touch()
    (folder / "sitecustomize.py").write_text(FORBID.format(log=str(log)))
    port = _free_port()
    environment = {
        **os.environ,
        "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}",
        "OMP_NUM_THREADS": "1",
    }
    environment.pop("HF_HUB_OFFLINE", None)
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        "app.py",
        "--server.headless=true",
        f"--server.port={port}",
        "--server.address=127.0.0.1",
    ]
    with (folder / "server.log").open("w") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            _wait(f"http://127.0.0.1:{port}/_stcore/health", process)
            yield Server(f"http://127.0.0.1:{port}", log)
        finally:
            process.terminate()
            process.wait(20)


def _wait(url: str, process: subprocess.Popen) -> None:
    for _ in range(240):
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2):
            return
        if process.poll() is not None:
            break
        time.sleep(0.25)
    raise RuntimeError("the server did not start within a minute")


def find_chromium() -> str | None:
    """The path of a Chromium or Chrome, or None; the variable CHROMIUM names one."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


def settled(page: Page) -> None:
    """Wait until no script runs, nothing is stale and the words stay the same for half a second."""
    before, same = None, 0
    for _ in range(270):
        page.wait_for_timeout(150)
        busy = page.locator(BUSY).count()
        now = page.inner_text("[data-testid=stApp]")
        same = 0 if busy or now != before else same + 1
        before = now
        if same == 3:
            return
    raise AssertionError("the page does not come to rest")


def ready(page: Page) -> None:
    """Wait until the script has run and the charts are painted."""
    page.get_by_text("What to look for").first.wait_for()
    settled(page)
