"""What people take home: no formula in any CSV, no code in any script, no path in any name."""

from __future__ import annotations

import ast
import csv
import io
import re
import tomllib
from xml.etree import ElementTree

import pandas as pd
import pytest
import streamlit as st

from interp_core.ui.embedding.results import kept
from interp_core.ui.widgets import downloads
from tests.safety.opened import (
    EVERY_VIEW,
    QUICK,
    ROOT,
    VIEWS,
    WITHOUT_TEXT,
    alive,
    at_view,
    audited,
    opened,
)

FORMULAS = ("=1+1", "+cmd", "-2+3", "@SUM(A1)", "\tx", "\rx", "\nx", "＝1", "＋1", "－1", "＠x")
TEXT = '=SUM( +cmd -2 @x bad\'); import os; os.abort() #\n""" \\ good'
NAME = re.compile(r"[a-z0-9_]+\.[a-z]+")


@pytest.fixture(scope="module", autouse=True)
def clear_caches():
    yield
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture
def offered(monkeypatch):
    """All downloads that a page offers: (file name, MIME type, maker)."""
    found: list[tuple] = []
    monkeypatch.setattr(downloads, "buttons", lambda offers, *, key: found.extend(offers.values()))
    for closed in ("section", "_quiet"):  # both fill what they hold when it is opened
        monkeypatch.setattr(downloads, closed, lambda title, icon, draw: draw())
    return found


def formulas(data: bytes) -> list[str]:
    """The cells of a CSV, headings included, that a spreadsheet would calculate."""
    text = io.StringIO(data.decode("utf-8-sig"), newline="")
    cells = [cell for row in csv.reader(text) for cell in row]
    risky = [cell for cell in cells if cell.startswith(FORMULAS_START)]
    return [cell for cell in risky if not re.fullmatch(r"-?[\d.]+(e-?\d+)?", cell)]


FORMULAS_START = tuple("=+-@\t\r\n＝＋－＠")


@pytest.mark.parametrize("text", FORMULAS)
def test_a_cell_and_a_heading_that_read_as_formulas_are_texts(text):
    made = downloads.csv(pd.DataFrame({text: [text, "plain"], "number": [-0.5, 2.0]}))
    assert not formulas(made)
    assert "-0.5" in made.decode("utf-8-sig")


def test_a_line_end_inside_a_text_begins_no_row():
    made = downloads.csv(pd.DataFrame({"text": ["a\r=1+1", "a\n=1+1"], "n": [1, 2]}))
    rows = list(csv.reader(io.StringIO(made.decode("utf-8-sig"), newline="")))
    assert rows == [["text", "n"], ["a\r=1+1", "1"], ["a\n=1+1", "2"]]


def test_columns_of_one_name_are_kept_apart():
    frame = pd.DataFrame([["=a", "=b"]], columns=["same", "same"])
    assert downloads.csv(frame).decode("utf-8-sig").splitlines() == ["same,same", "'=a,'=b"]


@pytest.mark.parametrize(("page", "view"), [*EVERY_VIEW, *WITHOUT_TEXT])
def test_what_any_view_gives_away_is_safe(offered, tiny, page, view):
    """No formula in a CSV, no unsafe file name, and the text stays a text in the script."""
    model = str(tiny("gpt2")) if page == "language_models" else "sentiment"
    app = at_view(
        page,
        view,
        {"text": TEXT},
        model=model,
        many=f"{TEXT}\n=1 good",
        **QUICK,
        edited=f"=1 {TEXT}",
        text_b=f"=2 {TEXT}",
        against="layer",
    )
    assert alive(app)
    for name, kind, make in offered:
        assert NAME.fullmatch(name), name
        if kind == "text/csv":
            assert not formulas(make()), name
    given = [kind for _, kind, _ in offered].count("text/csv")
    assert (given and app.code) or app.error or app.info
    for code in app.code:
        names = {node.id for node in ast.walk(ast.parse(code.value)) if isinstance(node, ast.Name)}
        assert "os" not in names


def test_the_columns_and_labels_of_a_users_table_are_no_formulas(offered):
    frame = pd.DataFrame({"=text": ["=red", "+blue", "@green"] * 4, "-kind": ["=a", "=b"] * 6})
    kept().get(("table", "formulas"), lambda: frame)
    app = opened(
        "embedding_projector",
        model="encoder",
        points="table",
        projector_table=("=1.csv", "formulas"),
    )
    assert alive(app)
    tables = [make() for _, kind, make in offered if kind == "text/csv"]
    assert tables
    assert not any(map(formulas, tables))


@pytest.mark.parametrize("view", VIEWS["audit"][1])
def test_the_columns_and_cells_of_an_audited_table_are_no_formulas(offered, view):
    text = f"={TEXT} ann@mail.test"
    rows = [(f"{text} {n}", ["negative", "positive"][n % 2], "+1+cmd") for n in range(8)]
    table = pd.DataFrame(rows, columns=["=text", "-label", "@group"])
    app = audited(view, table, "=1.csv")
    assert alive(app)
    assert not app.error
    for name, kind, make in offered:
        assert NAME.fullmatch(name), name
        assert kind != "text/csv" or not formulas(make()), name
    for code in app.code:
        assert "os" not in {n.id for n in ast.walk(ast.parse(code.value)) if hasattr(n, "id")}
    assert (offered and app.code) or app.info


def test_a_shared_server_offers_the_numbers_the_picture_and_the_script(monkeypatch):
    """Behind the sign beside the picture, with no more than a click on it."""
    monkeypatch.setenv("CLEARHEAD_SHARED", "1")
    app = opened("attention_heads", {"text": "A good film."}, **{"section_Download and code": True})
    labels = [each.proto.label for each in app.get("download_button")]
    assert {"PNG", "SVG", "CSV"} <= {label.split(",")[0] for label in labels}
    assert app.code


def test_streamlits_own_export_of_tables_is_off():
    """It writes cells as they are."""
    settings = tomllib.loads((ROOT / ".streamlit/config.toml").read_text(encoding="utf-8"))
    assert settings["client"]["disableDataExport"] is True


@pytest.mark.parametrize("view", ["heatmap", "lines"])
def test_a_picture_holds_a_text_as_text(offered, view):
    text = "<img src=x> </text><script>alert(1)</script> bad"
    at_view("attention_heads", view, {"text": text})
    image = next(make() for name, _, make in offered if name.endswith(".svg"))
    tags = {each.tag.rpartition("}")[2] for each in ElementTree.fromstring(image).iter()}
    assert not tags & {"script", "img", "image", "foreignObject", "a"}
    assert b"http://h.test" not in image
