"""The errors, most confident first; for one of them its neighbours and the words that flip it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.audit.record import REGRESSION, SINGLE
from interp_core.ui.audit import texts
from interp_core.ui.audit.answers import Audited
from interp_core.ui.server import costs, jobs
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import counted, plain
from interp_core.ui.widgets.recipe import Recipe, calls, named, value
from interp_core.ui.widgets.result import ViewResult

ROW, NEAR = "audit_error", "audit_near"
TRIED = 60  # texts that the search for words needs, about


def draw(found: Audited) -> ViewResult | None:
    """The table of errors, and what is known of the chosen one."""
    step = named("errors", calls.error_table(found.data_recipe, found.predictions_recipe))
    table = value(step)
    if table.empty:
        st.success(f"None of {int(found.predictions.done.sum()):,} predictions is wrong.")
        return None
    number = found.data.kind == REGRESSION
    total = int(found.predictions.done.sum())
    st.markdown(
        f"**{counted(len(table), 'text')}, largest error first**"
        if number
        else f"**{counted(len(table), 'error')} in {counted(total, 'text')}, most confident first**"
    )
    texts.listed(table, key="audit_errors", chooses=ROW, height=320)
    place = texts.chosen(found, ROW, table, first=True)
    if place is not None:
        _one(found, table, place)
    return ViewResult(_chart(step, number), step)


def _chart(step: Recipe, number: bool) -> Recipe:
    table = value(step)
    values = table["error"] if number else table["confidence"]
    unit = "error (predicted − true)" if number else "confidence of the wrong prediction"
    title = "Errors by value" if number else "Errors by confidence"
    st.markdown(f"**{title}**")
    chart = calls.chart(step, "error_table")
    figure(
        chart,
        title=title,
        alt=f"Histogram of {unit} for {len(table)} texts; median {values.median():.2f}, "
        f"largest {values.iloc[0]:.2f}.",
    )
    st.caption(f"One bar per bin of {unit}; height: number of texts.")
    return chart


def _one(found: Audited, table: pd.DataFrame, place: int) -> None:
    row = table[table["place"] == place].iloc[0]
    with st.container(border=True):
        st.text(row["text"])
        sure = "" if "confidence" not in row else f", confidence {row['confidence']:.1%}"
        st.markdown(
            f"True: **{plain(row['label'])}**; predicted: **{plain(row['prediction'])}**{sure}."
        )
        texts.explanation(found, place)
        _near(found, place)
        if found.data.kind == SINGLE:
            _flips(found, row, place)


def _near(found: Audited, place: int) -> None:
    if found.predictions.vectors is None:
        return
    near = ic.opposed_neighbours(found.data, found.predictions, place)
    if near.empty:
        return
    st.markdown("**Most similar texts with another prediction**")
    st.dataframe(near.drop(columns="place"), hide_index=True, column_config=texts.COLUMNS)
    st.caption(
        "Cosine similarity of the vectors that the classification layer receives: similar for "
        "this model, not necessarily in meaning."
    )


def _flips(found: Audited, row: pd.Series, place: int) -> None:
    st.markdown("**Smallest set of words whose removal corrects the prediction**")
    data, model = found.data, found.model
    pair = None if data.pairs is None else data.pairs[place]
    step = calls.flipping_words(
        found.model_recipe, named("text", data.texts[place]), target=row["label"], pair=pair
    )
    flips = jobs.follow(
        ("flips", found.asked.model, found.asked.files, data.texts[place], pair, row["label"]),
        "Removing words",
        step,
        unit="texts",
        operations=lambda: costs.passes(model, TRIED * costs.tokens(model, data.texts[place])),
    )
    if flips is None:
        return
    result = value(flips)
    if not result.words:
        st.caption(f"No set of words was found in {result.tried:,} trials.")
        return
    shown = pd.DataFrame(
        {
            "removed words": [", ".join(some) for some in result.words],
            "prediction without them": result.answers,
        }
    )
    st.dataframe(shown, hide_index=True)
    size = len(result.words[0])
    said = (
        f"No smaller set than {size} {'word' if size == 1 else 'words'} corrects it"
        if result.smallest
        else "Not every smaller set was tried; no word of this set can be left out"
    )
    st.caption(
        f"{said} ({result.tried:,} texts tried). Texts without these words may be ungrammatical."
    )
