"""The projector's page in a headless Chromium: what it sends, and how it moves.

    python -m benchmarks.projector --only page

A warm server; WebGL is drawn in software by another process, so that the time of the page's own
thread is what a machine with a graphics card would see too.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tools.browser import CHROMIUM_ARGS, WEBGL_ARGS, Server, find_chromium, ready, running, settled

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession, Page

PAGE = "embedding_projector"
STEPS = 20
WHOLE = {
    "model": "encoder",
    "points": "Vocabulary",
    "entries": "everything",
    "rank_to": 40_000,
}
GOALS = {
    "all word vectors by PCA on screen, s": 4.0,
    "sent for all of them in WebGL, MB": 3.0,
    "main thread for a step of turning them, ms": 15.0,
    "step of panning 8,000 points in the chart, ms": 150.0,
    "main thread for such a step, ms": 150.0,
}


@contextlib.contextmanager
def opened(server: Server, browser: Browser, **query: object) -> Iterator[tuple[Page, list[int]]]:
    """A page before it has gone anywhere, and the sizes of what the server sends it."""
    page = browser.new_context(viewport={"width": 1440, "height": 1200}).new_page()
    page.set_default_timeout(120_000)
    sizes: list[int] = []

    def weigh(data: str | bytes) -> None:
        sizes.append(len(data))

    page.on("websocket", lambda socket: socket.on("framereceived", weigh))
    yield page, sizes
    page.context.close()


def main_thread(session: CDPSession) -> float:
    """Seconds of processor time that the page's own thread has worked."""
    found = session.send("Performance.getMetrics")["metrics"]
    return next(each["value"] for each in found if each["name"] == "TaskDuration")


def dragged(page: Page, what: str) -> tuple[float, float]:
    """Milliseconds of a step while dragging: until it is painted, and of the page's thread."""
    box = page.locator(what).first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 5, y + 5)
    page.wait_for_timeout(500)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    before, start = main_thread(session), time.perf_counter()
    for step in range(STEPS):
        page.mouse.move(x + 8 * step, y + 3 * step)
        page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    passed = time.perf_counter() - start
    worked = main_thread(session) - before
    page.mouse.up()
    return 1000 * passed / STEPS, 1000 * worked / STEPS


def measured() -> dict[str, float]:
    """Each goal's figure."""
    from playwright.sync_api import sync_playwright

    figures: list[float] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder)) as server,
        sync_playwright() as playwright,
    ):
        path = find_chromium()
        for measure, args in ((_space, WEBGL_ARGS), (_plane, CHROMIUM_ARGS)):
            browser = playwright.chromium.launch(executable_path=path, args=args)
            figures += measure(server, browser)
            browser.close()
    return dict(zip(GOALS, figures))


def _space(server: Server, browser: Browser) -> tuple[float, float, float]:
    with opened(server, browser) as (page, sizes):
        page.goto(server.link(PAGE, **{**WHOLE, "rank_to": 1_000}, dimensions="3-D"))
        ready(page)
        sizes.clear()
        last = page.get_by_label("To rank")
        last.fill(str(WHOLE["rank_to"]))
        start = time.perf_counter()
        last.press("Enter")
        page.get_by_text("All 30,522 points").wait_for()
        page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
        seconds = time.perf_counter() - start
        settled(page)
        page.wait_for_timeout(2_000)
        sent = sum(sizes) / 1e6
        _, worked = dragged(page, "[data-testid=stDeckGlJsonChart]")
    return seconds, sent, worked


def _plane(server: Server, browser: Browser) -> tuple[float, float]:
    with opened(server, browser) as (page, _):
        page.goto(server.link(PAGE, **WHOLE))
        ready(page)
        page.wait_for_timeout(1_000)
        return dragged(page, "[data-testid=stVegaLiteChart] canvas")


def report() -> None:
    """Print the figures beside the goals."""
    for name, figure in measured().items():
        goal = GOALS[name]
        print(f"  {name:<50} {figure:9.2f}   goal {goal:g}{'' if figure <= goal else ': missed'}")
    print(flush=True)
