"""The list of pages, and the guard that makes a cold deep link open the same page as a warm one."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

ROOT = Path(__file__).resolve().parents[2]
# No icons: the browser would fetch each from a font server to use it in the tab.
PAGES = (
    ("attention_heads", "Attention heads"),
    ("word_attributions", "Word attributions"),
    ("embedding_projector", "Embedding projector"),
    ("head_entropy", "Head statistics"),
    ("compare_models", "Compare models"),
    ("language_models", "Language models"),
    ("lessons", "Lessons"),
    ("report", "Report"),
)
HERE = "clearhead_page"  # the session's key for the page that is drawn


def pages() -> list:
    """The pages of the app, in the order of the menu; the first is the front page."""
    return [
        st.Page(ROOT / "pages" / f"{name}.py", title=title, default=place == 0)
        for place, (name, title) in enumerate(PAGES)
    ]


def name(page) -> str:  # noqa: ANN001 - Streamlit's page
    """The name of the page's file."""
    return page.url_path or PAGES[0][0]


def path(page: str) -> str:
    """Where a page is found behind the app's address; the front page has no name there."""
    return "/" if page == PAGES[0][0] else f"/{page}"


def current() -> tuple[str, str]:
    """The file name and the title of the page that is drawn."""
    here = st.session_state.get(HERE, PAGES[0][0])
    return here, dict(PAGES)[here]


def guard() -> None:
    """Start the page through `app.py`.

    Before anybody has opened the front page of a fresh server, Streamlit runs a deep-linked file
    of `pages/` by itself: without the sidebar and with its own menu. Naming the pages and running
    again repairs that.
    """
    if not st.session_state.pop("routed", False):
        st.navigation(pages())
        st.rerun()
