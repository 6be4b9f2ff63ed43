"""How long the first visitor of a fresh server waits for the front page.

    python -m benchmarks.first_page [--wait 30] [--rounds 3] [--only session browser]

Each figure comes from a server of its own, in a new process with empty folders for every cache.
"cold": nothing is made ready, and the visitor comes as soon as the server answers. "at once": the
same moment, while the server makes the page ready. "warm": the server was left alone for a while.
"session" is a raw websocket until the script has run, without drawing; "browser" is a new window of
Chromium until its page changes no more (its start is not in it). Medians of rounds in turn.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from unittest import mock

from benchmarks.loading.tab import opened
from tools.browser import CHROMIUM_ARGS, find_chromium, ready, running

GOAL = 2.0  # seconds for the first visitor of a warm server
FOLDERS = (
    "HOME",
    "XDG_CACHE_HOME",
    "CLEARHEAD_CACHE",
    "HF_HOME",
    "NUMBA_CACHE_DIR",
    "MPLCONFIGDIR",
)
WATCH = """
    addEventListener("DOMContentLoaded", () => new MutationObserver(() => {
        window.changed = performance.now();
    }).observe(document, {subtree: true, childList: true, attributes: true, characterData: true}));
"""


@contextlib.contextmanager
def fresh(ready_made: bool) -> Iterator[str]:
    """The address of a new server with empty caches."""
    with tempfile.TemporaryDirectory() as folder:
        told = {name: f"{folder}/{name.lower()}" for name in FOLDERS}
        told["CLEARHEAD_WARM_START"] = str(int(ready_made))
        with mock.patch.dict(os.environ, told), running(Path(folder) / "server") as server:
            yield server.url


def session(url: str) -> float:
    """Seconds until the front page's script has run for a first visitor without a browser."""

    async def visit() -> float:
        tab, answer = await opened(url)
        if tab is None or answer.errors:
            raise RuntimeError(f"the page failed: {answer.errors}")
        await tab.close()
        return answer.seconds

    return asyncio.run(visit())


def browser(url: str) -> float:
    """Seconds until the front page changes no more in a window that has fetched nothing before."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGS)
        page = chromium.new_page(viewport={"width": 1440, "height": 1100})
        page.set_default_timeout(120_000)
        page.add_init_script(WATCH)
        page.goto(url)
        ready(page)
        seconds = page.evaluate("window.changed") / 1000
        chromium.close()
    return seconds


VISITS = {"session": session, "browser": browser}


def measured(visit: str, wait: float) -> dict[str, float]:
    """One round: a server of its own for each moment."""
    found = {}
    for moment, ready_made, pause in (
        ("cold", False, 0),
        ("at once", True, 0),
        ("warm", True, wait),
    ):
        with fresh(ready_made) as url:
            time.sleep(pause)
            found[moment] = VISITS[visit](url)
    return found


def main() -> None:
    """Measure, and print seconds and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wait", type=float, default=30.0, help="seconds a server is left alone")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=list(VISITS), choices=list(VISITS))
    asked = parser.parse_args()
    print(f"{os.cpu_count()} cores, load average before {os.getloadavg()[0]:.1f}")
    for visit in asked.only:
        rounds = [measured(visit, asked.wait) for _ in range(asked.rounds)]
        middle = {moment: median(each[moment] for each in rounds) for moment in rounds[0]}
        seconds = ", ".join(f"{moment} {took:.2f} s" for moment, took in middle.items())
        print(
            f"{visit}: {seconds}; cold : warm {middle['cold'] / middle['warm']:.1f} "
            f"(goal: warm below {GOAL:.0f} s)",
            flush=True,
        )


if __name__ == "__main__":
    main()
