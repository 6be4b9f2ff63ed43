"""Texts that would run, fetch or calculate, and what a page makes of them."""

from __future__ import annotations

import csv
import io
import re

from tests.hostile import HOSTILE_TOKEN
from tests.safety.opened import alive, elements, markdown

FETCH = "![x](http://h.test/a.png)"
SECRET = "xylophonist"  # a word that nothing but a test says
RUN = "<img src=x onerror=alert(1)>"
HOSTILE = f"{FETCH} {RUN} </script><script>alert(1)</script> :material/home: not bad"
SIGNS = (FETCH, "](http://h.test", RUN, "<script>", HOSTILE_TOKEN)
FORMULAS_START = tuple("=+-@\t\r\n＝＋－＠")


def harmless(app) -> bool:
    """Nothing that Streamlit renders as Markdown or HTML holds the signs unescaped."""
    assert alive(app)
    for kind, text in markdown(app):
        for sign in SIGNS:
            assert sign not in text, f"{kind}: {text[:300]}"
    for kind, proto in elements(app):
        assert not getattr(proto, "allow_html", False) or kind == "html", kind
    return True


def formulas(data: bytes) -> list[str]:
    """The cells of a CSV, headings included, that a spreadsheet would calculate."""
    text = io.StringIO(data.decode("utf-8-sig"), newline="")
    cells = [cell for row in csv.reader(text) for cell in row]
    risky = [cell for cell in cells if cell.startswith(FORMULAS_START)]
    return [cell for cell in risky if not re.fullmatch(r"-?[\d.]+(e-?\d+)?", cell)]
