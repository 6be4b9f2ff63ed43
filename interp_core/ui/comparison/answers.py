"""Answers of both models over many texts: agreement, churn, calibration, the texts that changed."""

from __future__ import annotations

import streamlit as st

from interp_core.audit.figures import p_value
from interp_core.charts.axes import SIDE
from interp_core.compare.answers import CHANGES, AnswerComparison
from interp_core.ui.audit import question as audited
from interp_core.ui.comparison import over_texts
from interp_core.ui.comparison.question import Side, explain_by_both
from interp_core.ui.server import jobs
from interp_core.ui.widgets import clicks, layout
from interp_core.ui.widgets.choices import BOUND, keep_valid, one_of
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import message, plain
from interp_core.ui.widgets.recipe import Recipe, calls, named, supplied, value
from interp_core.ui.widgets.result import ViewResult

DATA = {"labelled": "Labelled texts", "plain": "Texts without labels"}
SHOWN = 300  # rows of the table on the page
ALL = "all changes"
PERCENT = {
    name: st.column_config.NumberColumn(name.replace("_", " "), format="percent")
    for name in ("first_confidence", "second_confidence")
}


def draw(sides: tuple[Side, Side], choose) -> ViewResult | None:  # noqa: ANN001 - of `corpus`
    """Agreement and accuracies with intervals, then the texts with another answer."""
    with layout.controls():
        kind = one_of("Data", DATA, key="versus_data")
        given = _labelled(sides[0], choose) if kind == "labelled" else _plain(choose)
    if given is None:
        return None
    asked, texts, made = given
    step = named("answers", calls.compare_answers(*(side.recipe for side in sides), made))
    step = jobs.follow(
        ("answers", *(side.key for side in sides), asked),
        "Comparing the answers",
        step,
        unit="%",
        operations=lambda: over_texts.passes(sides, texts),
    )
    if step is None:
        return None
    found: AnswerComparison = value(step)
    for note in found.notes:
        st.info(message(note), icon=":material/info:")
    chart = _agreement(sides, step)
    if not found.calibration.empty:
        _calibration(found, step)
    _changed(sides, found, step)
    return ViewResult(chart, step.summary())


def _labelled(side: Side, choose) -> tuple | None:  # noqa: ANN001
    asked = audited.controls(choose(False), side.model)
    if isinstance(asked, str):
        st.info(asked)
        return None
    data = audited.labelled(asked, side.model)
    step = audited.recipe(asked, side.recipe)
    return asked, list(data.texts), supplied(step, lambda: data)


def _plain(choose) -> tuple | None:  # noqa: ANN001
    asked = over_texts.controls(choose)
    return None if asked is None else (asked, *over_texts.given(asked))


def _agreement(sides: tuple[Side, Side], step: Recipe) -> Recipe:
    found: AnswerComparison = value(step)
    table = found.summary()
    frame = table[~table["figure"].str.startswith("Expected")].rename(columns={"figure": "name"})
    chart = step.chart()
    told = "; ".join(f"{row.name} {row.value:.1%}" for row in frame.itertuples(index=False))
    figure(
        chart,
        title="Agreement and churn",
        key="versus_agreement",
        alt=f"Points with 95% intervals: {told}.",
    )
    changed = int((~found.table["same"]).sum())
    said = f"{changed:,} of {found.texts:,} texts get another answer (churn {found.churn:.1%})."
    if found.labelled:
        verdict = "significant" if found.p < 0.05 else "not significant"
        said += (
            f" The difference in accuracy is {verdict} (McNemar’s exact test, {p_value(found.p)})."
        )
    left = f" {found.left_out:,} texts cannot be read and are left out." if found.left_out else ""
    st.caption(
        f"{said} First: {plain(sides[0].name)}; second: {plain(sides[1].name)}. Intervals: "
        f"Wilson, 95%, n = {found.texts:,}.{left}"
    )
    return chart


def _calibration(found: AnswerComparison, step: Recipe) -> None:
    st.markdown("**Calibration of both**")
    errors = [f for f in found.figures if f.key.startswith("calibration_error")]
    told = "; ".join(
        f"{side} {each.value:.3f} ({each.low:.3f} to {each.high:.3f})"
        for side, each in zip(("first", "second"), errors)
    )
    figure(
        step.chart("calibration"),
        title="Reliability of both models",
        key="versus_reliability",
        room=SIDE,
        table=step.calibration,
        alt=f"Accuracy by confidence of both models; expected calibration error: {told}.",
    )
    st.caption(
        "One point per model and bin of confidence (10 equal bins), with the 95% interval of its "
        f"accuracy (Wilson); dashed: calibrated. Expected calibration error: {told}."
    )


def _changed(sides: tuple[Side, Side], found: AnswerComparison, step: Recipe) -> None:
    st.markdown("**Texts with another answer**")
    table = found.changed()
    if table.empty:
        st.caption("Both models give the same answer to every text.")
        return
    kinds = [ALL, *(name for name in CHANGES if name in set(table["change"]))]
    keep_valid("versus_change", kinds)
    if len(kinds) > 2:
        chosen = st.selectbox("Change", kinds, key="versus_change", width=220, **BOUND)
        table = table if chosen == ALL else table[table["change"] == chosen]
    shown = table.reset_index(drop=True).head(SHOWN)
    counts = table["change"].value_counts()
    st.caption(
        "; ".join(f"{count:,} {name}" for name, count in counts.items())
        + ". Select a row to explain its text."
    )
    row = clicks.table(
        shown.drop(columns="same").round(dict.fromkeys(PERCENT, 3)),
        height=300,
        column_config=PERCENT,
        key="versus_changed",
    )
    if row is not None:
        explain_by_both(sides, shown["text"][row])
