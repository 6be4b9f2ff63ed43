"""The exported notebook: valid, plain, and it stops where numbers are not as recorded."""

from __future__ import annotations

from base64 import b64decode
from itertools import pairwise

import nbformat
import pandas as pd
import pytest

from interp_core.errors import BadInput
from interp_core.report.notebook import notebook
from interp_core.report.record import SVG, Report
from tests.notebooks import run_here
from tests.report.made import DRAWS, figure

NASTY = "![x](https://example.org/x.png) <script>1</script>\n# Heading\n```\n$x$"


def made(*figures, **options) -> nbformat.NotebookNode:
    text = notebook(Report("A report", figures), "2026-01-02T03:04", **options)
    book = nbformat.reads(text, as_version=4)
    nbformat.validate(book)
    return book


def test_it_runs_says_that_the_numbers_are_as_recorded_and_draws():
    book = made(figure(script=DRAWS), figure())
    told, shown = run_here(book)
    assert told.count("as recorded") == 2
    pages = [each.get("text/html", "") for each in shown]
    (drawn,) = [each for each in pages if "vegaEmbed" in each]
    assert "<iframe srcdoc=" in drawn
    assert "<bad>" not in drawn


def test_a_chart_that_no_script_draws_is_shown_as_recorded():
    (told,) = [cell for cell in made(figure()).cells if cell.get("attachments")]
    assert "![chart](attachment:chart)" in told.source
    assert b64decode(told.attachments["chart"][SVG]) == figure().picture
    assert not any(cell.get("attachments") for cell in made(figure(script=DRAWS)).cells)


def test_it_stops_where_the_numbers_are_others():
    other = figure(numbers=pd.DataFrame({"word": ["not", "bad"], "score": [-0.25, 0.6]}))
    with pytest.raises(BadInput, match="differs by up to"):
        run_here(made(other))


@pytest.mark.parametrize("part", ["title", "note", "text", "page", "link", "alt"])
def test_what_people_typed_is_never_rendered(part):
    book = made(figure(**{part: NASTY}))
    told = [cell.source for cell in book.cells if cell.cell_type == "markdown"]
    for line in (line for text in told for line in text.splitlines()):
        if "example.org" in line or "<script" in line or "# Heading" in line or "```" in line:
            assert line.startswith("    ")
    code = "\n".join(cell.source for cell in book.cells if cell.cell_type == "code")
    assert "example.org" not in code


def test_a_plain_block_is_not_swallowed_by_the_paragraph_before_it():
    for cell in made(figure(note=NASTY)).cells:
        lines = ["", *cell.source.splitlines()]
        for before, line in pairwise(lines):
            if cell.cell_type == "markdown" and line.startswith("    "):
                assert before == "" or before.startswith("    ")


def test_scripts_of_an_opened_file_run_only_when_they_are_trusted():
    theirs = figure(opened=True, script="import os\ntable = os.listdir()")
    code = [cell.source for cell in made(theirs).cells if cell.cell_type == "code"]
    assert len(code) == 1
    assert "listdir" not in code[0]
    trusted = made(theirs, trusted=True).cells
    assert any("listdir" in cell.source for cell in trusted if cell.cell_type == "code")


def test_the_weights_are_checked():
    import interp_core as ic

    digest = ic.weights_digest(ic.load_model("digits"))
    book = made(figure(models={"digits": digest}), figure(models={"digits": "sha256:0"}))
    told, _ = run_here(book)
    assert told.count("The weights are as recorded") == 1
    assert f"{digest} is not sha256:0" in told
