"""Show people's text as text: Streamlit's Markdown would fetch images and render icons in it."""

from __future__ import annotations

import re

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def plain(text: str) -> str:
    """Markdown that prints `text` literally."""
    return _PUNCTUATION.sub(r"\\\1", re.sub(r"[\r\n]", " ", text))


def message(text: str) -> str:
    """Markdown of one of our sentences: what stands in backticks is code, the rest literal."""
    # An end of line would end the code as well, and what follows would be Markdown.
    parts = re.sub(r"[\r\n]", " ", text).split("`")
    if len(parts) % 2 == 0:
        return plain("`".join(parts))
    return "".join(f"`{part}`" if place % 2 else plain(part) for place, part in enumerate(parts))
