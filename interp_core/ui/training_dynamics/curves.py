"""Learning curves: loss, accuracy and calibration on both sets, and what they show in words."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from interp_core.drawing.training_dynamics import FORMS, labelled
from interp_core.training_dynamics.curves import ACCURACY, ERROR, LOSS, SETS, LearningCurves
from interp_core.training_dynamics.findings import LEAST_CHANGE, learning_findings, verdicts
from interp_core.ui.server import jobs
from interp_core.ui.training_dynamics import question
from interp_core.ui.training_dynamics.question import Course
from interp_core.ui.widgets import layout
from interp_core.ui.widgets.choices import one_of
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import between, plain
from interp_core.ui.widgets.recipe import Recipe, calls, named, value
from interp_core.ui.widgets.result import ViewResult

TITLES = {LOSS: "Loss", ACCURACY: "Accuracy", ERROR: "Calibration error"}
HOW = {
    LOSS: "mean −log of the probability of the true class; interval: bootstrap over texts, 95%",
    ACCURACY: "share of right answers; interval: Wilson, 95%",
    ERROR: "expected calibration error, 10 bins (Guo et al. 2017); interval: bootstrap over texts, "
    "95%. Calibrated answers have some error too, the larger the fewer texts",
}


def scored(found: Course) -> Recipe | None:
    """The answers of all checkpoints, computed once for everybody."""
    if found.missing:
        st.info(found.missing)
        return None
    more = {} if found.asked.limit is None else {"options": {"limit": found.asked.limit}}
    step = calls.score_checkpoints(found.recipe, found.train, found.held_out, **more)
    made = jobs.follow(
        ("learning curves", found.asked),
        "Answers of all checkpoints",
        named("curves", step),
        unit="texts",
        operations=lambda: found.passes(2 * (found.asked.limit or 120)),
    )
    if made is not None:
        curves: LearningCurves = value(made)
        question.broken(found, curves.broken)
        for note in curves.notes:
            st.caption(plain(note))
    return made


def draw(found: Course) -> ViewResult | None:
    """One measure over the checkpoints, the sentences, and each checkpoint against the best."""
    with layout.controls():
        measure = one_of("Measure", TITLES, key="dynamics_measure")
    made = scored(found)
    if made is None:
        return None
    curves: LearningCurves = value(made)
    table = made.frame()
    frame = value(table)
    drawn = labelled(frame[frame["measure"] == measure]).rename(columns={"set": "series"})
    chart = made.chart(measure=measure)
    figure(chart, title=f"Learning curves: {TITLES[measure].lower()}", alt=_alt(drawn, measure))
    names = ", ".join(f"{each} {curves.answers[each].n:,} texts" for each in SETS)
    st.caption(f"One point per checkpoint and set ({names}): {HOW[measure]}.")
    _told(curves)
    _verdicts(curves, made)
    _logged(found)
    return ViewResult(chart, table)


def _alt(frame: pd.DataFrame, measure: str) -> str:
    told = []
    for name, rows in frame.groupby("series", sort=False):
        first, last = rows.iloc[0], rows.iloc[-1]
        told.append(
            f"{name}: {first['value']:{FORMS[measure]}} at step {first['at']}, "
            f"{last['value']:{FORMS[measure]}} at step {last['at']}"
        )
    return f"{TITLES[measure]} over {frame['at'].nunique()} checkpoints. {'; '.join(told)}."


def _told(curves: LearningCurves) -> None:
    st.markdown("**What the curves show**")
    st.markdown("\n".join(f"- {plain(each.text)}" for each in learning_findings(curves)))
    st.caption(
        f"A change of loss counts where its 95% interval lies beyond ±{LEAST_CHANGE} nats (paired "
        "bootstrap over texts, simultaneous over all steps and both sets: Bonferroni)."
    )


def _verdicts(curves: LearningCurves, made: Recipe) -> None:
    st.markdown("**Each checkpoint against the one with the lowest held-out loss**")
    found = verdicts(curves)
    table = found[["step", "checkpoint", "verdict"]].copy()
    for name in SETS:
        ends = (found[f"{name} {end}"] for end in ("change", "low", "high"))
        table[f"{name}, change (95%)"] = [between(*row) for row in zip(*ends)]
    st.dataframe(table, hide_index=True)


def _logged(found: Course) -> None:
    """The losses that the training wrote down itself."""
    rows = found.series.logged.melt("step", ["loss", "eval_loss"], "series", "value").dropna()
    if rows.empty:
        return
    steps = found.recipe.logged
    figure(
        calls.chart(steps, "logged_loss"),
        title="Loss as the training logged it",
        table=steps,
        alt=f"Logged losses of {len(rows):,} steps.",
    )
    st.caption(
        "From `trainer_state.json`: the loss that the training itself minimised, on its own data."
    )
