"""Numbers and dashes on coloured cells: read on every colour of both themes."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import altair as alt
import pandas as pd
import pytest
import vl_convert

from interp_core.charts.attributions import agreement
from interp_core.charts.export import ON_CELLS, picture
from interp_core.charts.heatmaps import heatmap
from interp_core.charts.language import lens_grid
from interp_core.charts.simple import beside

ROOT = Path(__file__).resolve().parents[2]
THEMES = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]
INK = re.compile(r'<text [^>]*fill="(black|white)"[^>]*>([^<]+)</text>')


def inks(chart: alt.TopLevelMixin, theme: str) -> dict[str, set[str]]:
    """The colours of each text on a cell, drawn with the colours of a theme."""
    ranges = {"diverging": THEMES[theme]["chartDivergingColors"]}
    spec = chart.to_dict() | {"config": {"range": ranges, "axis": {"labelColor": "grey"}}}
    found: dict[str, set[str]] = {}
    for ink, text in INK.findall(vl_convert.vegalite_to_svg(spec)):
        found.setdefault(text, set()).add(ink)
    return found


@pytest.mark.parametrize(
    ("theme", "strong", "weak"), [("light", "white", "black"), ("dark", "black", "white")]
)
def test_strong_cells_take_the_other_ink_than_weak_ones_and_themes_differ(theme, strong, weak):
    pairs = pd.DataFrame(
        {"first": ["A", "A", "B"], "second": ["B", "C", "C"], "kendall": [1, -1, 0]}
    )
    found = inks(agreement(pairs.assign(spearman=0.0, overlap=0.0)), theme)
    assert (found["1.00"], found["−1.00"], found["0.00"]) == ({strong}, {strong}, {weak})


@pytest.mark.parametrize(("theme", "strong"), [("light", "white"), ("dark", "black")])
def test_in_a_row_of_charts_dashes_go_by_the_colours_of_their_own_chart(theme, strong):
    cells = pd.DataFrame({"query": ["0|a", "0|a"], "key": ["0|a", "1|b"], "value": [-1.0, 1.0]})
    maps = [
        heatmap(
            cells.assign(value=top * cells["value"]), x="key", y="query", value="value", signed=True
        )
        for top in (1, 100)
    ]
    assert inks(beside(maps, apart=True), theme)["–"] == {strong}
    assert inks(beside(maps[:1]), theme)["–"] == {strong}


def test_tokens_of_a_grid_from_the_dark_page_are_dark_on_paper():
    cells = pd.DataFrame({"layer": [0, 1], "position": 0, "key": "0|a", "token": "a"})
    cells = cells.assign(best=["b", "c"], probability=[0.02, 0.9], answer="c", answer_rank=[2, 1])
    cells = cells.assign(divergence=0.5, chosen=False)
    light, dark = (
        picture(lens_grid(cells, ink=ON_CELLS[theme]), "png") for theme in ("light", "dark")
    )
    assert light == dark
