"""The text of a lesson as HTML: a small part of Markdown, everything else escaped.

Teachers write files too, so no image is fetched, no HTML is run and no link leads elsewhere.
"""

from __future__ import annotations

import re
from html import escape

import streamlit as st

from interp_core.lessons.library import MARK, Term, find_term
from interp_core.ui.widgets.markdown import plain

CSS = """
.prose { line-height: 1.6; max-width: 44rem; overflow-wrap: anywhere; }
.prose p { margin: 0 0 .8rem; position: relative; }
.st-key-lesson_beside .prose { max-width: none; }
.st-key-lesson_beside .prose p { margin: 0; }
.prose ul, .prose ol { margin: 0 0 .8rem; padding-inline-start: 1.4rem; }
.prose li { margin: .15rem 0; position: relative; }
.prose code { font-family: monospace; font-size: .9em; padding: .1em .3em; border-radius: 4px;
  background: rgba(128, 128, 128, .15); }
.prose abbr { text-decoration: underline dotted; text-underline-offset: .2em; cursor: help; }
.prose abbr:focus-visible { outline: 2px solid currentColor; outline-offset: 2px; }
.prose abbr:focus-visible::after { content: attr(title); position: absolute; left: 0; top: 100%;
  z-index: 5; max-width: 100%; padding: .5rem .7rem; border-radius: 6px; font-size: .9em;
  border: 1px solid gray; BOX }
"""
BOX = {
    "light": "color: #17202c; background: #f3f5f9;",
    "dark": "color: #e7ebf1; background: #1a212c;",
}
_ADDRESS = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?<=@)", re.IGNORECASE)
_ITEM = re.compile(r"(?:- |\d{1,3}\. )(.*)")
_CODE = re.compile(r"`([^`\n]+)`")
_BOLD = re.compile(r"\*\*(\S(?:[^*]*\S)?)\*\*")
_ITALIC = re.compile(r"\*(\S(?:[^*]*\S)?)\*")


def show(text: str) -> None:
    """Draw a text of a lesson."""
    css = CSS.replace("BOX", BOX["dark" if st.context.theme.type == "dark" else "light"])
    st.html(f'<style>{css}</style><div class="prose">{as_html(text)}</div>')


def label(text: str) -> str:
    """A line for a title, an option or a caption: literal, and no address becomes a link."""
    return plain(_ADDRESS.sub("\u2060", text))


def as_html(text: str) -> str:
    """Paragraphs and lists, with bold, italics, code and terms of the glossary."""
    blocks = re.split(r"\n\s*\n", text.strip())
    return "".join(_block(block.splitlines()) for block in blocks if block.strip())


def _block(lines: list[str]) -> str:
    if not _ITEM.match(lines[0]):
        return f"<p>{inline(' '.join(lines))}</p>"
    items: list[str] = []
    for line in lines:
        found = _ITEM.match(line)
        if found:
            items.append(found[1])
        else:
            items[-1] += f" {line.strip()}"
    tag = "ul" if lines[0].startswith("-") else "ol"
    return f"<{tag}>{''.join(f'<li>{inline(item)}</li>' for item in items)}</{tag}>"


def inline(text: str) -> str:
    """One line: what stands in backticks is literal, the rest may be bold, italic or a term."""
    parts = _CODE.split(text)
    return "".join(
        f"<code>{escape(part)}</code>" if place % 2 else _words(part)
        for place, part in enumerate(parts)
    )


def _words(text: str) -> str:
    pieces, done = [], 0
    for found in MARK.finditer(text):
        pieces += [_inked(text[done : found.start()]), _term(found[1], found[2] or found[1])]
        done = found.end()
    return "".join([*pieces, _inked(text[done:])])


def _inked(text: str) -> str:
    text = _BOLD.sub(r"<strong>\1</strong>", escape(text))
    return _ITALIC.sub(r"<em>\1</em>", text)


def _term(name: str, shown: str) -> str:
    term = find_term(name)
    if term is None:
        return escape(shown)
    return f'<abbr title="{escape(_title(term))}" tabindex="0">{escape(shown)}</abbr>'


def _title(term: Term) -> str:
    return f"{term.name}: {term.means}"
