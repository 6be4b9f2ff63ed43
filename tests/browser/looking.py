"""What every page owes its readers, looked at in a real browser."""

from __future__ import annotations

from contextlib import suppress
from difflib import unified_diff
from urllib.parse import parse_qs, urlparse

from playwright.sync_api import Error

from tools.browser import ready


def query(page) -> dict:
    """What the address says."""
    return parse_qs(urlparse(page.url).query)


def main_of(page) -> str:
    """The words of the page."""
    return page.inner_text("[data-testid=stMain]")


def becomes(page, words: str) -> bool:
    """Whether the page shows these words, if need be after parts that arrive late."""
    same = "words => document.querySelector('[data-testid=stMain]').innerText === words"
    with suppress(Error):
        page.wait_for_function(same, arg=words, timeout=60_000)
    return main_of(page) == words


def difference(first: str, second: str, where: str) -> str:
    """The lines in which two pages differ."""
    return "\n".join(unified_diff(first.split("\n"), second.split("\n"), where, lineterm=""))


def fits(page) -> bool:
    """Whether nothing stands out to the right."""
    main = page.locator("[data-testid=stMain]")
    return main.evaluate("each => each.scrollWidth <= each.clientWidth + 1")


def cold_and_warm(open_page, link: str) -> tuple:
    """A page at the first and at the second visit; both must say the same, sidebar included."""
    pages = []
    for _ in range(2):
        pages.append(open_page(link))
        ready(pages[-1])
    side = [page.inner_text("[data-testid=stSidebar]") for page in pages]
    assert main_of(pages[0]) == main_of(pages[1])
    assert side[0] == side[1]
    assert query(pages[0]) == query(pages[1])
    assert "Attention heads" in side[0]
    return tuple(pages)
