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
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Pages live for seconds: neither compiling their scripts to the last nor clearing up after them
    # pays, and helpers that do it hold up what else the machine does.
    "--js-flags=--single-threaded --no-turbofan --min-semi-space-size=64"
    " --max-semi-space-size=128 --initial-old-space-size=256",
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


# Keeps what the page and the server say to each other. Of a short run the page may draw neither
# beginning nor end, so both are read from the socket, by the tags of Streamlit's messages: one to
# the server begins with rerun_script (90) or, before a file is sent, file_urls_request (130);
# new_session (34) begins a run and script_finished (48) ends it, unless its value is 2: ended
# early for another.
_WATCH = """() => {
  if (window.watched) return;
  const now = () => performance.now(), whole = document.readyState === "loading";
  const seen = window.watched = {whole, asked: 0, begun: 0, ended: 0, changed: now()};
  const sockets = new WeakSet();
  const bytes = data => ArrayBuffer.isView(data) ? data : new Uint8Array(data);
  const received = ({data}) => {
    const message = bytes(data);
    let at = 0;
    const number = () => {
      let found = 0, unit = 1;
      do { found += (message[at] & 127) * unit; unit *= 128; } while (message[at++] > 127);
      return found;
    };
    while (at < message.length) {
      const tag = number(), value = number();
      if (tag === 34) seen.begun = now();
      if (tag === 48 && value !== 2) seen.ended = now();
      if (tag % 8 === 2) at += value;
    }
  };
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (data) {
    if (!sockets.has(this)) {
      sockets.add(this);
      this.addEventListener("message", received);
    }
    if ([90, 130].includes(bytes(data)[0])) seen.asked = now();
    return send.call(this, data);
  };
  new MutationObserver(() => { seen.changed = now(); }).observe(document, {
    subtree: true, childList: true, characterData: true, attributeFilter: ["data-stale"],
  });
}"""
# A moving sign of what runs is painted sixty times a second, by the processor.
_STILL = """() => {
  const still = new CSSStyleSheet();
  still.replaceSync("*, *::before, *::after {"
    + "transition: none !important; animation: none !important}");
  document.adoptedStyleSheets.push(still);
}"""
# Whether the run that was asked for last has begun and ended, nothing computes, is stale or waits
# to be painted, and nothing has been drawn for a while: since the waiting began, too, for what
# was clicked asks for its run a moment later.
_REST = f"""([quiet, waiting]) => {{
  ({_WATCH})();
  const now = performance.now(), seen = window.watched;
  if (seen.waiting !== waiting) Object.assign(seen, {{waiting, since: now}});
  const {{whole, asked, begun, ended, changed, since}} = seen;
  const busy = "[data-testid=stStatusWidget], [data-testid=stSkeleton], [data-testid=stSpinner],"
    + "[data-stale=true], [class*=st-key-stop_],"
    + "[data-testid=stVegaLiteChart]:not(:has(canvas, svg))";
  return document.querySelector("[data-test-script-state=notRunning]")
    && !document.querySelector(busy)
    && (asked || !whole) && asked <= begun && begun <= ended
    && now - Math.max(since, ended, changed) > quiet;
}}"""
QUIET = 300  # milliseconds; a chart tells of a click after 150
PATIENCE = 150_000  # milliseconds; a busy machine compiles UMAP for a minute
_WAITS = count()


@dataclass(frozen=True)
class Server:
    """A running app: its address and the log of forbidden connections."""

    url: str
    forbidden: Path

    def link(self, page: str = "", **query: object) -> str:
        """The address of a view."""
        return f"{self.url}/{page}?{urlencode(query, doseq=True)}"


def free_port() -> int:
    """A port that nobody listens on."""
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Server]:
    """Start the app on a free port, with connections to other machines forbidden; then end it."""
    server, process = started(folder)
    try:
        yield server
    finally:
        process.terminate()
        process.wait(20)


def started(folder: Path) -> tuple[Server, subprocess.Popen]:
    """The same for whoever ends the process."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "forbidden.txt"
    log.touch()
    (folder / "sitecustomize.py").write_text(FORBID.format(log=str(log)))
    port = free_port()
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
        wait_until_healthy(f"http://127.0.0.1:{port}/_stcore/health", process)
    except BaseException:
        process.kill()
        raise
    return Server(f"http://127.0.0.1:{port}", log), process


def healthy(url: str) -> bool:
    """Whether the server answers."""
    with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/_stcore/health", timeout=5):
        return True
    return False


def wait_until_healthy(url: str, process: subprocess.Popen) -> None:
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


def watched(context: BrowserContext) -> BrowserContext:
    """A window whose tabs are watched from the beginning, which makes `settled` certain.

    Nothing moves in them.
    """
    context.add_init_script(f"({_WATCH})(); ({_STILL})()")
    return context


def settled(page: Page) -> None:
    """Wait until the page is at rest: all that was asked for is computed and drawn."""
    page.wait_for_function(_REST, arg=[QUIET, next(_WAITS)], polling=50, timeout=PATIENCE)


def ready(page: Page) -> None:
    """Wait until the script has run and the charts are painted."""
    page.locator("[data-testid=stMain] h1").first.wait_for()
    settled(page)
