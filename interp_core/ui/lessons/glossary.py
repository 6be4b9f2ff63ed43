"""The glossary, searchable."""

from __future__ import annotations

from html import escape

import streamlit as st

from interp_core.lessons.library import Term, glossary
from interp_core.ui.widgets.choices import BOUND

CSS = """
.terms { max-width: 52rem; line-height: 1.55; }
.terms, .terms dt, .terms dd { margin: 0; padding: 0; }
.terms dt { font-weight: 650; padding-top: .9rem; }
.terms small { opacity: .8; }
"""


def show() -> None:
    """All terms, or those that contain what was typed."""
    wanted = st.text_input(
        "Find a term",
        key="term",
        placeholder="search terms and definitions",
        width=320,
        max_chars=60,
        **BOUND,
    )
    found = matching(wanted or "")
    if not found:
        st.info("No matching terms.")
        return
    st.caption(f"{len(found)} of {len(glossary())} terms")
    lines = "".join(_line(term) for term in found)
    st.html(f'<style>{CSS}</style><dl class="terms">{lines}</dl>')


def matching(wanted: str) -> list[Term]:
    """Terms whose names begin with the words come first, then those that contain them."""
    part = wanted.strip().casefold()
    named = [term for term in glossary() if part in " ".join((term.name, *term.also)).casefold()]
    told = [term for term in glossary() if part in term.means.casefold() and term not in named]
    return [*named, *told]


def _line(term: Term) -> str:
    names = escape(", ".join((term.name, *term.also)))
    source = f" <small>({escape(term.source)})</small>" if term.source else ""
    return f"<dt>{names}</dt><dd>{escape(term.means)}{source}</dd>"
