"""The exported page: everything in one file, nothing that runs, nothing from elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pandas as pd
import pytest

from interp_core.report.document import document
from interp_core.report.record import PNG, Report
from interp_core.ui.widgets.downloads import csv
from tests.report.made import figure

NASTY = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'


def written(*figures, title: str = "A report") -> str:
    return document(Report(title, figures), csv, "2026-01-02T03:04")


class Elements(HTMLParser):
    """What a browser would see: elements with their attributes, and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data

    def all(self, tag: str) -> list[dict]:
        return [attributes for name, attributes in self.found if name == tag]


def test_it_holds_picture_numbers_note_and_all_that_made_them():
    page = Elements(written(figure(note="Look at “not”.", models={"sentiment": "sha256:abc"})))
    for what in (
        "Scores of the words",
        "Look at “not”.",
        "-0.25",
        "0.5",
        "sha256:abc",
        "not bad",
        "Integrated gradients",
        "clearhead 0.1.0",
        "2026-01-02T03:04:05",
        "table = pd",
        "word_attributions?model=sentiment&text=not+bad",
    ):
        assert what in page.words, what
    assert page.all("img")[0]["alt"] == "Two bars: not −0.25, bad +0.50."
    assert page.all("html")[0]["lang"] == "en"


def test_nothing_in_it_runs_or_comes_from_elsewhere():
    text = written(figure(), figure(kind=PNG))
    page = Elements(text)
    assert {name for name, _ in page.found}.isdisjoint(
        {"script", "iframe", "object", "embed", "link", "base", "form", "svg"}
    )
    for _, attributes in page.found:
        assert not any(name.startswith("on") for name in attributes)
        for name in ("src", "href"):
            assert attributes.get(name, "#").startswith(("data:", "#"))
    assert "default-src 'none'" in page.all("meta")[1]["content"]
    assert not re.search(r"url\(|@import", text)


@pytest.mark.parametrize("part", ["title", "alt", "note", "script", "page", "link", "text", "made"])
def test_what_people_typed_is_text(part):
    page = Elements(written(figure(**{part: NASTY})))
    assert page.all("script") == []
    assert all("onerror" not in each for _, each in page.found)
    if part != "alt":
        assert NASTY in page.words


def test_tables_of_anything_are_text():
    table = pd.DataFrame({NASTY: [NASTY, "=1+2"]})
    rest = {"options": {NASTY: NASTY}, "models": {NASTY: NASTY}, "versions": {NASTY: NASTY}}
    page = Elements(written(figure(numbers=table, **rest), title=NASTY))
    assert page.all("script") == []
    assert all("onerror" not in each for _, each in page.found)


def test_the_whole_table_is_behind_a_link_and_formulas_are_defused():
    import base64

    table = pd.DataFrame({"word": [f"=w{place}" for place in range(100)], "n": range(100)})
    page = Elements(written(figure(numbers=table, rows=500)))
    assert len(page.all("tr")) < 60
    link = next(each for each in page.all("a") if "download" in each)
    rows = base64.b64decode(link["href"].split(",", 1)[1]).decode("utf-8-sig").splitlines()
    assert len(rows) == 101
    assert rows[1] == "'=w0,0"
    assert "the first 100 of 500 rows" in page.words


def test_figures_have_their_headings_and_a_contents_list_leads_to_them():
    page = Elements(written(figure(title="One"), figure(title="Two")))
    headings = [name for name, _ in page.found if name in ("h1", "h2", "h3")]
    assert headings == ["h1", "h2", "h3", "h2", "h3"]
    names = {each.get("id") for _, each in page.found}
    links = [each["href"] for each in page.all("a") if "download" not in each]
    assert links == ["#figure-1", "#figure-2"]
    assert all(link[1:] in names for link in links)
