"""A chart as PNG or SVG, drawn without a browser in the light theme of the app."""

from __future__ import annotations

import json
from typing import Any

import altair as alt

# The colours of the light theme in `.streamlit/config.toml`.
SEQUENTIAL = [
    "#f4f7fc",
    "#dfe9f7",
    "#c5d8f0",
    "#a6c3e8",
    "#84abdd",
    "#6392d0",
    "#4679bf",
    "#2e60a9",
    "#1d488c",
    "#0f316a",
]
DIVERGING = [
    "#8a3b00",
    "#b85a11",
    "#d98943",
    "#eebb8c",
    "#fefcfa",
    "#fbfcfe",
    "#9dc1e2",
    "#5f96c8",
    "#2f6ba8",
    "#11437c",
]
CATEGORICAL = [
    "#2f6fd6",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#a6761d",
    "#56b4e9",
    "#7a5195",
    "#4d4d4d",
]
CONFIG = {
    "background": "#ffffff",
    "font": "sans-serif",
    "view": {"stroke": None},
    "range": {
        "category": CATEGORICAL,
        "ramp": SEQUENTIAL,
        "heatmap": SEQUENTIAL,
        "diverging": DIVERGING,
    },
}
WIDTH = 900  # px, for charts that take the width of the page
# Marks do not follow the theme, so that charts write out the colours of labels and of what is
# behind them, and of text on cells.
INK = {"light": ("#3c4656", "#ffffff"), "dark": ("#c6cfdb", "#10151c")}
ON_CELLS = {"light": "#17202c", "dark": "#e7ebf1"}
ON_PAPER = {**dict(zip(INK["dark"], INK["light"])), ON_CELLS["dark"]: ON_CELLS["light"]}


def specification(chart: alt.TopLevelMixin, *, validate: bool = True) -> dict:
    """The chart's Vega-Lite specification with data, theme and a fixed width.

    `validate`: whether it is checked against Vega-Lite's schema, which takes most of the time.
    """
    with alt.data_transformers.disable_max_rows():
        spec = json.loads(chart.to_json(validate=validate, indent=None))
    spec = _on_paper(spec)
    spec["config"] = {**spec.get("config", {}), **CONFIG}
    if not {"width", "hconcat", "vconcat", "concat"} & spec.keys():
        spec["width"] = WIDTH
    return spec


def _on_paper(part: Any) -> Any:
    """The part of a specification with the inks of the light theme; data stay as they are."""
    if isinstance(part, dict):
        data = ("data", "datasets", "domain")
        return {key: each if key in data else _on_paper(each) for key, each in part.items()}
    if isinstance(part, list):
        return [_on_paper(each) for each in part]
    return ON_PAPER.get(part, part) if isinstance(part, str) else part


def picture(chart: alt.TopLevelMixin, kind: str) -> bytes:
    """The chart as `"png"` (twice the size on screen) or `"svg"`."""
    import vl_convert

    spec = specification(chart, validate=False)
    if kind == "png":
        return vl_convert.vegalite_to_png(spec, scale=2)
    return vl_convert.vegalite_to_svg(spec).encode()
