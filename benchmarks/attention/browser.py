"""Headless Chromium: what a page costs in bytes, when it is painted, how fast it repaints."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlparse

from playwright.sync_api import Browser, BrowserContext, Error, Page, Playwright

from tools.browser import CHROMIUM_ARGS, find_chromium

WATCH = Path(__file__).with_name("paint.js").read_text(encoding="utf-8")
VIEWPORT = {"width": 1400, "height": 1000}
STILL = 1000  # ms without news after which a page is at rest


@dataclass
class Received:
    """Bytes that came over the wire: `assets` are the same for every text, `data` is not."""

    assets: int = 0
    data: int = 0


@contextmanager
def chromium(play: Playwright) -> Iterator[Browser]:
    """A fresh browser: the machine's Chromium, or Playwright's own."""
    browser = play.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGS)
    try:
        yield browser
    finally:
        browser.close()


def first_paint(page: Page, url: str, there: str, limit: float) -> float | None:
    """Seconds from navigation until `there` (JavaScript) holds and is painted; None: not in time.

    A page that makes the browser give up counts as not painted.
    """
    page.set_viewport_size(VIEWPORT)
    page.add_init_script(f"{WATCH}\nwatchFirstPaint(() => {there});")
    try:
        page.goto(url, wait_until="commit", timeout=limit * 1000)
        page.wait_for_function("window.paintedAt", timeout=limit * 1000, polling=100)
        return page.evaluate("window.paintedAt") / 1000
    except Error:
        return None


def counted(context: BrowserContext, page: Page) -> Received:
    """A counter that follows everything `page` receives from now on."""
    received, addresses = Received(), {}
    network = context.new_cdp_session(page)
    network.send("Network.enable")

    def frame(event: dict) -> None:
        payload = event["response"]
        text, binary = payload["payloadData"], payload["opcode"] == 2
        received.data += len(text.rstrip("=")) * 3 // 4 if binary else len(text.encode())

    def finished(event: dict) -> None:
        path = urlparse(addresses.get(event["requestId"], "")).path
        kind = "data" if path.startswith("/media/") else "assets"
        setattr(received, kind, getattr(received, kind) + int(event["encodedDataLength"]))

    network.on("Network.webSocketFrameReceived", frame)
    network.on("Network.loadingFinished", finished)
    network.on(
        "Network.responseReceived",
        lambda event: addresses.update({event["requestId"]: event["response"]["url"]}),
    )
    return received


def rest(page: Page, received: Received) -> None:
    """Wait until nothing more arrives."""
    before = -1
    while before != received.data:
        before = received.data
        page.wait_for_timeout(STILL)


def repaint(page: Page, layer: int) -> float | None:
    """Seconds from Enter in the Layer box until the charts have changed for the last time."""
    page.evaluate("watchRepaint()")
    page.get_by_role("combobox", name="Layer").first.click()
    page.keyboard.type(str(layer))
    page.wait_for_timeout(300)
    page.keyboard.press("Enter")
    still = f"repaint.changed !== null && performance.now() - repaint.changed > {STILL}"
    try:
        page.wait_for_function(still, timeout=20_000, polling=50)
    except Error:
        return None
    finally:
        state = page.evaluate("repaint.stop = true, repaint")
    return (state["changed"] - state["pressed"]) / 1000
