"""How points become a picture: method, dimensions, settings. Every choice lives in the address."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from interp_core.analysis.reducers import REDUCERS
from interp_core.ui.choices import BOUND, keep_valid, one_of
from interp_core.ui.projector.asked import Drawing, Points

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


def choose(asked: Points, row: DeltaGenerator, *, solid: bool = True, own: bool = True) -> Drawing:
    """The drawing; `solid` offers three dimensions, `own` the axes of one's own."""
    methods = [name for name in REDUCERS if own or name != "axis"]
    keep_valid("reducer", methods)
    with row:
        method = st.selectbox(
            "Method", methods, format_func=lambda name: REDUCERS[name].title, key="reducer",
            width=120, help=_methods(), **BOUND,
        )  # fmt: skip
        dimensions = _dimensions() if solid else 2
        with st.popover("Settings", icon=":material/tune:"):
            metric = _nearness()
            seed = st.number_input(
                "Seed", 0, 2**31 - 1, 0, key="seed", help="The same seed gives the same picture.",
                **BOUND,
            )  # fmt: skip
            options = OPTIONS[method]() if method in OPTIONS else ()
    return Drawing(asked, method, dimensions, metric, int(seed), options)


def nearness(row: DeltaGenerator) -> str:
    """Which metric says what is near, for views without a picture."""
    with row, st.popover("Settings", icon=":material/tune:"):
        return _nearness()


def _methods() -> str:
    return "\n".join(f"- **{each.title}**: {each.about}" for each in REDUCERS.values())


def _dimensions() -> int:
    return one_of("Dimensions", {2: "2-D", 3: "3-D"}, key="dimensions")


def _nearness() -> str:
    return one_of(
        "Nearness", ("cosine", "euclidean"), key="nearness",
        help="Which points are neighbours. Cosine compares directions alone.",
    )  # fmt: skip


def _umap() -> tuple[tuple[str, object], ...]:
    near = st.slider(
        "Neighbours", 2, 100, 15, key="umap_neighbours",
        help="Few show detail, many the whole.", **BOUND,
    )  # fmt: skip
    tight = st.slider(
        "Least distance", 0.0, 1.0, 0.1, 0.05, key="umap_distance",
        help="How tightly points may pack.", **BOUND,
    )  # fmt: skip
    return (("neighbours", near), ("min_dist", tight))


def _tsne() -> tuple[tuple[str, object], ...]:
    value = st.slider(
        "Perplexity", 2, 100, 30, key="perplexity",
        help="About how many neighbours each point cares for.", **BOUND,
    )  # fmt: skip
    return (("perplexity", float(value)),)


OPTIONS = {"umap": _umap, "tsne": _tsne}
