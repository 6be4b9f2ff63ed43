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


def cold_and_warm(open_page, link: str, scheme: str = "light") -> tuple[str, str]:
    """The words of page and sidebar, which must be the same at the first and the second visit."""
    pages = [open_page(link, scheme=scheme) for _ in range(2)]
    for page in pages:
        ready(page)
    side = [page.inner_text("[data-testid=stSidebar]") for page in pages]
    assert main_of(pages[0]) == main_of(pages[1])
    assert side[0] == side[1]
    assert query(pages[0]) == query(pages[1])
    assert "Attention heads" in side[0]
    return main_of(pages[0]), side[0]


def links_reopen(open_page, link: str, views: tuple[str, ...]) -> list[dict]:
    """Switch a narrow dark page through its views: each fits, and its link shows the same anew.

    Gives what the addresses say.
    """
    first = open_page(link, width=900, scheme="dark")
    ready(first)
    seen = []
    for view in views:
        first.get_by_role("radio", name=view, exact=True).click()
        ready(first)
        assert fits(first), view
        seen.append((first.url, main_of(first), query(first)))
    second = open_page(link, width=900, scheme="dark")
    for address, words, said in seen:
        second.goto(address)
        ready(second)
        assert becomes(second, words), difference(words, main_of(second), address)
        assert query(second) == said
    return [said for _, _, said in seen]
