"""The pages in their groups, and the guards that make every address open its page."""

from __future__ import annotations

import streamlit as st

from interp_core import locations
from interp_core.lessons.record import KEYS, SHARED

START, REPORT = "start", "report"
# No icons: the browser would fetch each from a font server to use it in the tab.
GROUPS: dict[str, tuple[tuple[str, str], ...]] = {
    "": ((START, "Start"),),
    "One text": (
        ("word_attributions", "Word attributions"),
        ("attention_heads", "Attention heads"),
        ("language_models", "Language models"),
    ),
    "Many texts": (
        ("audit", "Audit"),
        ("embedding_projector", "Embedding projector"),
        ("head_entropy", "Head statistics"),
    ),
    "Several models": (
        ("compare_models", "Compare models"),
        ("training_dynamics", "Training dynamics"),
    ),
    "Learn and share": (("lessons", "Lessons"), (REPORT, "Report")),
}
PAGES = tuple(page for group in GROUPS.values() for page in group)
HERE = "clearhead_page"  # the session's key for the page that is drawn
# Addresses without a page's name were those of this page before there was a start page.
NAMELESS = "attention_heads"
MARK = "start"  # in the address of the start page where it says more than the page


def pages(figures: int = 0) -> dict[str, list]:
    """The pages by their groups; the title of the report says how many `figures` it holds."""
    return {
        group: [_page(name, title, figures) for name, title in members]
        for group, members in GROUPS.items()
    }


def _page(name: str, title: str, figures: int):  # noqa: ANN202 - Streamlit's page
    counted = f"{title} ({figures})" if name == REPORT and figures else title
    return st.Page(locations.APP / "pages" / f"{name}.py", title=counted, default=name == START)


def name(page) -> str:  # noqa: ANN001 - Streamlit's page
    """The name of the page's file."""
    return page.url_path or START


def path(page: str) -> str:
    """Where a page is found behind the app's address; the front page has no name there."""
    return "/" if page == START else f"/{page}"


def current() -> tuple[str, str]:
    """The file name and the title of the page that is drawn."""
    here = st.session_state.get(HERE, START)
    return here, dict(PAGES)[here]


def forward(page: str) -> None:
    """Send an address from before there was a start page to the view that it opened.

    It named no page, and said what the attention page shows. The start page marks its own.
    """
    given = st.query_params
    if page != START or HERE in st.session_state or MARK in given:
        return
    if {*KEYS[NAMELESS], *SHARED} & set(given):
        said = {key: given.get_all(key) for key in given}
        st.switch_page(f"pages/{NAMELESS}.py", query_params=said)


def mark(page: str) -> None:
    """Tell an address of the start page that says more than the page from the older ones.

    On the way to another page the browser keeps an address of this page with the other's choices,
    to which Back leads: they are taken out, or the link would open that other page.
    """
    given = st.query_params
    if page != START:
        return
    for key in KEYS[NAMELESS] & set(given):
        del given[key]
    if MARK not in given and set(SHARED) & set(given):
        given[MARK] = "1"


def guard() -> None:
    """Start the page through `app.py`.

    Before anybody has opened the front page of a fresh server, Streamlit runs a deep-linked file
    of `pages/` by itself: without the sidebar and with its own menu. Naming the pages and running
    again repairs that.
    """
    if not st.session_state.pop("routed", False):
        st.navigation(pages())
        st.rerun()
