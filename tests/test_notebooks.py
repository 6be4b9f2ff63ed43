"""The notebooks in docs/notebooks run from top to bottom, and every record in them draws itself."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "notebooks"
NAMES = ("five_minutes", "audit_a_classifier", "your_own_model")
DRAWS = re.compile(
    r"^(maps|found|audit|ic\.(heatmap|head_view|patch|head_statistics|compare_weights)\(.*|"
    r"audit\.chart\(.*|ic\.attribute\(.*)$"
)


def test_they_run_and_draw():
    """All three in one kernel, whose start is most of the time."""
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == set(NAMES)
    books = [nbformat.read(FOLDER / f"{name}.ipynb", as_version=4) for name in NAMES]
    for book in books:
        nbformat.validate(book)
        assert not any(cell.get("outputs") for cell in book.cells)
    whole = nbformat.v4.new_notebook(cells=[cell for book in books for cell in book.cells])
    NotebookClient(whole, timeout=300, kernel_name="python3").execute()
    said = (
        each.get("text", "")
        for cell in whole.cells
        for each in cell.get("outputs", ())
        if each.get("name") == "stderr"
    )
    assert "IProgress" not in "".join(said)  # nobody needs ipywidgets, which is not installed here
    drawn = 0
    for cell in (cell for cell in whole.cells if cell.cell_type == "code"):
        last = cell.source.splitlines()[-1]
        if not DRAWS.match(last):
            continue
        shown = cell.outputs[-1]["data"]
        assert "vegaEmbed" in shown["text/html"], last
        assert not re.search(r"<script [^>]*src=|https://cdn", shown["text/html"]), last
        drawn += 1
    assert drawn >= 12
