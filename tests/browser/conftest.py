"""A real server and a real Chromium. On a laptop without one the tests are skipped, in CI not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests import served
from tests.hostile import HOSTILE_TOKEN, build_hostile
from tools.browser import CHROMIUM_ARGS, PATIENCE, Server, find_chromium, watched

__all__ = ["HOSTILE_TOKEN"]


@pytest.fixture(scope="session")
def server() -> Server:
    """One server of the whole run, for tests that do not need a fresh one."""
    return served.shared(Path(os.environ["HOME"]))


@pytest.fixture(scope="session")
def chromium():
    """A headless Chromium."""
    path = find_chromium()
    if path is None:
        reason = (
            "No Chromium found: install it (Debian: `apt-get install chromium`) for these tests"
        )
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def windows(chromium):
    """One window a width and colour scheme: its tabs fetch and compile the app's scripts once."""
    kept: dict = {}

    def window(width: int, scheme: str):
        if (width, scheme) not in kept:
            context = chromium.new_context(
                viewport={"width": width, "height": 1100},
                color_scheme=scheme,
                device_scale_factor=1,
            )
            kept[width, scheme] = watched(context)
        return kept[width, scheme]

    yield window
    for context in kept.values():
        context.close()


@pytest.fixture(scope="session")
def spare_tabs() -> dict:
    """Tabs that a test has left, by their windows: the next one starts no new process."""
    return {}


class Heard:
    """What a tab asks of the network, and the errors of its scripts."""

    LOCAL = ("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:", "about:")

    def __init__(self) -> None:
        self.asked, self.errors = [], []

    def request(self, request) -> None:
        if not request.url.startswith(self.LOCAL):
            self.asked.append(request.url)

    def error(self, error) -> None:
        self.errors.append(str(error))

    def listen(self, page) -> None:
        page.on("request", self.request)
        page.on("pageerror", self.error)
        page.set_default_timeout(PATIENCE)

    def nothing(self) -> None:
        assert not self.asked, "the page asked the network"
        assert not self.errors, self.errors


@pytest.fixture
def open_page(windows, spare_tabs):
    """Open an address in a tab; checks afterwards that nothing was asked of the network."""
    tabs, heard = [], Heard()

    def opened(url: str, *, width: int = 1440, scheme: str = "light"):
        window = windows(width, scheme)
        spare = spare_tabs.setdefault((width, scheme), [])
        page = spare.pop() if spare else window.new_page()
        tabs.append((page, spare))
        heard.listen(page)
        page.goto(url)
        return page

    yield opened
    for page, spare in tabs:
        page.remove_listener("pageerror", heard.error)
        if page.url.startswith("http"):
            page.evaluate("localStorage.clear(); sessionStorage.clear()")
        page.goto("about:blank")  # which closes the session
        page.remove_listener("request", heard.request)
        spare.append(page)
    heard.nothing()


def window(chromium, *, width: int, height: int, **options):
    """One tab in a window of its own, closed in the end: what fixtures of a tab yield from.

    Nothing may be asked of the network, as in `open_page`.
    """
    context = chromium.new_context(viewport={"width": width, "height": height}, **options)
    page, heard = watched(context).new_page(), Heard()
    heard.listen(page)
    yield page
    context.close()
    heard.nothing()


@pytest.fixture(scope="module")
def page(chromium):
    """One tab for all places that a file looks at."""
    yield from window(chromium, width=1440, height=1100, color_scheme="light")


@pytest.fixture(scope="module")
def model(tiny) -> str:
    """A small model that writes on."""
    return str(tiny("llama"))


@pytest.fixture(scope="session")
def hostile_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier whose vocabulary, and whose labels, are HTML that would run."""
    return build_hostile(tmp_path_factory.mktemp("hostile"))
