"""Two models or two sets of texts: which heads differ by more than noise?"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.charts.heads import SQUARE
from interp_core.heads.catalogue import STATISTICS, offered
from interp_core.ui.heads import corpus
from interp_core.ui.heads.corpus import Asked
from interp_core.ui.heads.map_view import preview
from interp_core.ui.heads.table import as_read, capital, result
from interp_core.ui.server import cache
from interp_core.ui.widgets import layout, model_choice, sidebar
from interp_core.ui.widgets.choices import BOUND, follow, keep_valid, one_of
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import number
from interp_core.ui.widgets.recipe import calls, value
from interp_core.ui.widgets.result import ViewResult
from interp_core.ui.widgets.sidebar import Choice

_FOUR = st.column_config.NumberColumn(format="%.4f")
COLUMNS = {
    "first": _FOUR,
    "second": _FOUR,
    "difference": st.column_config.NumberColumn(format="%+.4f"),
    "se": st.column_config.NumberColumn("standard error", format="%.4f"),
    "z": st.column_config.NumberColumn(format="%+.1f"),
    "real": "significant",
}
SIDES = {"model": "another model", "texts": "other texts"}


def draw(asked: Asked, state: ic.CorpusState) -> ViewResult | None:
    """The second side, and the difference of every head."""
    with layout.controls():
        side = one_of("Compare with", SIDES, key="other")
        other = _other_model(asked) if side == "model" else _other_texts(asked)
        names = offered(state.statistics.frame)
        follow("stat2", names[0])
        keep_valid("stat2", names)
        name = st.selectbox(
            "Statistic",
            names,
            format_func=lambda n: STATISTICS[n].axis,
            key="stat2",
            width=190,
            **BOUND,
        )
    if other is None:
        return None
    second = corpus.gathered(other, preview)
    if second is None:
        return None
    if name not in second.statistics.frame:
        raise ic.BadInput(
            f"{STATISTICS[name].title} is not available for the second side. Choose another "
            "statistic."
        )
    title = STATISTICS[name].axis
    first = state.statistics
    both = corpus.statistics(asked, state, "first"), corpus.statistics(other, second, "second")
    if (first.layers, first.heads) != (second.statistics.layers, second.statistics.heads):
        return _by_depth(asked, other, both, name)
    compared = calls.compare_heads(*both, name)
    table = value(compared)
    chart = calls.chart(compared, "compare_heads", name)
    verdict = _verdict(table)
    figure(
        chart,
        title=f"{capital(STATISTICS[name].title)} of both sides",
        key="head_differences",
        room=SQUARE,
        alt=f"{len(table)} heads as points. {title}, x: {_named(asked)}, y: {_named(other)}; "
        f"{verdict}",
    )
    st.caption(
        f"First: {_named(asked)}; second: {_named(other)}. {capital(verdict)} z-test "
        "(difference over its standard error), Benjamini–Hochberg, FDR 5%. With the same "
        "texts on both sides the test is conservative."
    )
    ordered = table.reindex(table["difference"].abs().sort_values(ascending=False).index)
    st.dataframe(as_read(ordered), hide_index=True, height=280, column_config=COLUMNS)
    return result(chart, compared, first.frame)


def _verdict(table: pd.DataFrame) -> str:
    """How many heads differ; or that the test is undefined, as over a single text."""
    tested, real = int(table["p"].notna().sum()), int(table["real"].sum())
    if not tested:
        return (
            "no head can be tested: a standard error needs at least two texts on both sides "
            "that differ."
        )
    untested = "" if tested == len(table) else f", {len(table) - tested} cannot be tested"
    return f"{real} of {tested} heads differ significantly{untested}."


def _by_depth(asked, other, both, name) -> ViewResult:  # noqa: ANN001
    title, names = STATISTICS[name].axis, (_named(asked), _named(other))
    compared = calls.compare_depths(*both, name, names=names)
    table = value(compared)
    chart = calls.chart(compared, "compare_depths", name)
    means = table.groupby("model", sort=False)["mean"].mean()
    figure(
        chart,
        title=f"{capital(STATISTICS[name].title)} by depth of both sides",
        key="head_depths",
        alt=f"Lines of the {title} by relative depth; mean over layers: "
        + ", ".join(f"{each} {number(mean, '.3g')}" for each, mean in means.items())
        + ".",
    )
    st.caption(
        "The models differ in the number of layers or heads, so heads cannot be matched. "
        "Layers are compared by relative depth (mean and range over heads)."
    )
    shown = dict.fromkeys(("mean", "lowest", "highest"), _FOUR)
    shown["depth"] = st.column_config.NumberColumn(format="%.2f")
    st.dataframe(table, hide_index=True, height=280, column_config=shown)
    return result(chart, compared, value(both[0]).frame)


def _named(asked: Asked) -> str:
    return f"{asked.model}, {corpus.SOURCES[asked.source].lower()}"


def _other_model(asked: Asked) -> Asked | None:
    name = model_choice.second(
        "Second model",
        asked.model,
        key="second_model",
        prefer=("encoder", "sentiment"),
        fits=lambda card: not card.reads_images,
        width=200,
    )
    return replace(asked, model=name, files=cache.stamp(name)) if name else None


def _other_texts(asked: Asked) -> Asked | None:
    def choice(text: bool) -> Choice:
        if text and asked.source != "text":  # else its field is there already
            sidebar.texts(cache.model(asked.model))
        return sidebar.chosen()

    other = corpus.controls(choice, key="_2")
    if other is None:
        st.info("Upload a file for the second side.", icon=":material/upload_file:")
    return other
