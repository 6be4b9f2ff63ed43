"""Groups of texts with a higher error rate: by length, confidence, column, contents and words."""

from __future__ import annotations

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.audit.figures import FDR, SMALL
from interp_core.audit.points import slice_points
from interp_core.drawing.audit import SLICE
from interp_core.ui.audit import texts
from interp_core.ui.audit.answers import Audited
from interp_core.ui.audit.explaining import P, readable
from interp_core.ui.server import jobs
from interp_core.ui.widgets import clicks, layout
from interp_core.ui.widgets.choices import BOUND, keep_valid, one_of
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import counted, dots, plain
from interp_core.ui.widgets.recipe import Recipe, calls, named, value
from interp_core.ui.widgets.result import ViewResult

SEARCHES = {"groups": "Length, confidence, columns, contents", "words": "Words and pairs of words"}
DRAWN = 40  # groups in the chart
CHOSEN, ROW = "audit_slice", "audit_slice_row"


def draw(found: Audited) -> ViewResult | None:
    """The groups of one search with the difference from all other texts."""
    with layout.controls():
        search = one_of("Groups", SEARCHES, key="audit_search")
    call = calls.word_slices if search == "words" else calls.group_slices
    step = named("slices", call(found.data_recipe, found.predictions_recipe))
    step = jobs.follow(("audit slices", found.key, search), "Slices", step, counts=False)
    if step is None:
        return None
    slices = value(step)
    table = slices.table.sort_values("difference_low", ascending=False, kind="stable")
    if table.empty:
        st.info("No group has enough texts. Give more texts.")
        return None
    _said(slices)
    names = [f"{kind}: {name}" for kind, name in zip(table["kind"], table["slice"])]
    chart = _chart(step, table.assign(name=names))
    _table(table)
    _opened(found, table, names)
    return ViewResult(chart, step.table)


def _said(slices: ic.Slices) -> None:
    count = len(slices.found())
    verb = "has" if count == 1 else "have"
    which = "larger errors" if slices.outcome != "error rate" else "a higher error rate"
    head = (
        f"**{count:,} {'group' if count == 1 else 'groups'}** of {slices.tested:,} tested {verb} "
        f"{which} than the other texts"
        if count
        else f"**None** of {slices.tested:,} tested groups has {which} than the other texts"
    )
    st.markdown(f"{head} (Benjamini–Hochberg, FDR {FDR:.0%}).")


def _chart(step: Recipe, table: pd.DataFrame) -> Recipe:
    slices: ic.Slices = value(step)
    share = slices.outcome == "error rate"
    form = ".0%" if share else ".3f"
    shown = table.head(DRAWN)
    frame = slice_points(shown)
    names = dict(zip(frame["name"], shown["name"]))

    def clicked() -> None:
        hit = clicks.mark("audit_slices", SLICE, name=set(names))
        if hit:
            st.session_state[CHOSEN] = names[hit[0]]

    chart = step.chart(limit=DRAWN)
    first = shown.iloc[0]
    figure(
        chart,
        title=f"Slices by {slices.outcome}",
        key="audit_slices",
        selection_mode=SLICE,
        on_select=clicked,
        alt=f"{slices.outcome.capitalize()} with intervals of {len(shown)} groups; all texts "
        f"{slices.overall:{form}}. First: {first['name']}, {first['rate']:{form}}, n = "
        f"{first['n']}.",
    )
    part = f" The first {DRAWN} of {len(table):,}." if len(table) > DRAWN else ""
    st.caption(
        f"One point per group: {slices.outcome} with its 95% interval ("
        f"{'Wilson' if share else 't'}); dashed: all {slices.n:,} texts; grey: fewer than {SMALL} "
        "texts; *: significant. Order: lower end of the interval of the difference from the other "
        f"texts ({'Newcombe' if share else 'Welch'}).{part}"
    )
    return chart


def _table(table: pd.DataFrame) -> None:
    percent = st.column_config.NumberColumn(format="percent")
    columns = ["rate", "low", "high", "rest", "difference", "difference_low", "difference_high"]
    share = table["errors"].notna().all()
    rounded = table.round(dict.fromkeys(columns, 3)) if share else table
    st.dataframe(
        readable(rounded.assign(significant=dots(table["significant"]))),
        hide_index=True,
        placeholder="–",
        height=280,
        column_config={
            **({name: percent for name in columns} if share else {}),
            **P,
            "difference_low": st.column_config.NumberColumn(
                "difference from", format="percent" if share else "%.3f"
            ),
            "difference_high": st.column_config.NumberColumn(
                "to", format="percent" if share else "%.3f"
            ),
        },
    )
    test = "Fisher's exact test" if share else "Welch's test"
    st.caption(
        f"p: {test}, one-sided (more errors than in the other texts); groups of fewer than 10 "
        "texts are not tested. A group may differ for another reason than its definition. Less "
        "confident predictions are more often wrong in every calibrated model, so the verdict "
        "does not count groups by confidence."
    )


def _opened(found: Audited, table: pd.DataFrame, names: list[str]) -> None:
    """The errors of one group."""
    keep_valid(CHOSEN, names)
    chosen = st.selectbox(
        "Errors of one group",
        names,
        index=None,
        placeholder="click a point or choose",
        key=CHOSEN,
        width=420,
        **BOUND,
    )
    if chosen is None:
        return
    row = table.iloc[names.index(chosen)]
    mask = ic.slice_rows(found.data, found.predictions, row["kind"], row["slice"])
    errors = ic.error_table(found.data, found.predictions)
    errors = errors[mask[errors["place"].to_numpy()]]
    if errors.empty:
        st.caption(f"No error in {counted(row['n'], 'text')} of “{plain(chosen)}”.")
        return
    texts.listed(errors, key="audit_slice_texts", chooses=ROW, height=230)
    place = texts.chosen(found, ROW, errors)
    if place is not None:
        texts.explanation(found, place)
