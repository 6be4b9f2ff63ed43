"""Can it be trusted? Removal of words against chance, and further checks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.attribution.result import Attribution
from interp_core.attribution.targets import NONE
from interp_core.drawing.attribution import curves
from interp_core.models.record import LoadedModel
from interp_core.ui.attribution.question import Asked, cost, explained
from interp_core.ui.attribution.text import quoted, units_said
from interp_core.ui.server import cache, costs, jobs
from interp_core.ui.widgets import layout
from interp_core.ui.widgets.choices import one_of
from interp_core.ui.widgets.figure import draw as draw_chart
from interp_core.ui.widgets.figure import offer
from interp_core.ui.widgets.markdown import UNDEFINED, message, number
from interp_core.ui.widgets.recipe import Recipe, calls, named, value
from interp_core.ui.widgets.result import ViewResult

MODES = {"delete": "delete words", "mask": "mask words"}
CERTAIN = 0.99  # probability from which on hardly anything could move it
MOST_BESIDE = 128  # tokens up to which the measures are computed without being asked for
GOOD = {
    "comprehensiveness": "Higher is better",
    "sufficiency": "Lower is better",
    "aopc": "Higher is better",
}
HOW = {
    "comprehensiveness": "mean drop without the top-scoring words",
    "sufficiency": "mean drop with the top-scoring words alone",
    "aopc": "mean drop over the deletion curve",
}


def draw(asked: Asked, model: LoadedModel) -> ViewResult | None:
    """Faithfulness beside random rankings, and the checks on demand."""
    with layout.options():
        mode = one_of("Perturbation", MODES, key="mode_away", default="delete")
    step = explained(asked)
    if step is None:
        return None
    step = named("attribution", step)
    measured = _faithfulness(asked, step, mode)
    if measured is None:
        return None
    found, result = value(step), value(measured)
    unit = _measured(result, found)
    _curves(result, unit)
    both = measured.chart(**({} if unit == result.measure else {"measured": unit}))
    offer(
        both,
        title=f"Faithfulness for {quoted(found.target)} ({MODES[mode]})",
        alt=f"Deletion and insertion curves over {result.words} {result.units}, compared with "
        f"random rankings; mean drop by deletion {number(result.aopc)}, random "
        f"{number(result.random_aopc.mean())}.",
    )
    st.caption(
        "Words are removed (deletion) or added (insertion) in order of score, highest first. A "
        "steeper drop and an earlier rise than random indicate a faithful explanation. "
        f"Band: ±1 SD over {len(result.random_aopc)} random rankings. "
        f"{_measure_said(result, found)}{units_said(result, found.sequence)}"
    )
    _measures(result)
    st.markdown(_verdict(result))
    st.caption(
        f"ERASER metrics (DeYoung et al. 2020), {MODES[mode]}, {result.words} {result.units}. "
        "Deletion and masking give different values; perturbed texts are out of distribution for "
        "the model."
    )
    checks(asked, found)
    return ViewResult(both, measured.curve)


def _measured(result: ic.Faithfulness, found: Attribution) -> str:
    """What the figures are differences of: "probability", "logit", or a value such as "cosine"."""
    return found.unit if found.goal.activation == NONE else result.measure


def _curves(result: ic.Faithfulness, measured: str) -> None:
    """Both curves side by side."""
    charts = curves(result, measured)
    for side, name in zip(st.columns(2, gap="large"), charts):
        with side:
            st.markdown(f"**{name.capitalize()}**")
            draw_chart(charts[name], alt=_said(result, name, measured))


def _said(result: ic.Faithfulness, name: str, measured: str) -> str:
    """Where the curves stand when half of the words are taken."""
    half = result.curve[(result.curve["curve"] == name) & (result.curve["fraction"] == 0.5)]
    chance = half.set_index("ranking")[result.measure]
    return (
        f"{name.capitalize()} curve: with half of the words, {measured} "
        f"{number(chance.get('attribution'))} by the scores and "
        f"{number(chance.get('random'))} by random rankings."
    )


def beside(asked: Asked, step: Recipe) -> None:
    """The three measures under an explanation, where the text has words enough."""
    found = value(step)
    if len(found.tokens) > MOST_BESIDE:
        st.caption(
            "For texts longer than 128 tokens, open “Faithfulness” to compute these metrics."
        )
        return
    try:
        measured = _faithfulness(asked, step, "delete")
    except ic.BadInput as error:  # one token has no ranking
        st.caption(f"Faithfulness cannot be computed. {message(str(error))}")
        return
    if measured is not None:
        result = value(measured)
        st.markdown(
            f"**Faithfulness.** Change in the target {_measured(result, found)} when the "
            "top-scoring words are deleted or kept, compared with random rankings:"
        )
        _measures(result)
        st.markdown(_verdict(result))
        if said := _measure_said(result, found) + units_said(result, found.sequence):
            st.caption(said)


def _faithfulness(asked: Asked, step: Recipe, mode: str) -> Recipe | None:
    found = value(step)
    count, chance = len(found.sequence), found.prediction.probability
    given = {"mode": mode, "seed": 0}
    if chance is not None and chance > CERTAIN and found.goal.activation != NONE:
        given["measure"] = "logit"
    return jobs.follow(
        ("faithfulness", asked, mode),
        "Faithfulness",
        calls.faithfulness(cache.model_recipe(asked.model), step, **given),
        operations=lambda: costs.faithfulness(cache.model(asked.model), count),
    )


def _measure_said(result: ic.Faithfulness, found: Attribution) -> str:
    """Why the logit is measured, where it is."""
    if result.measure == "probability":
        return ""
    return (
        f"The prediction is nearly certain ({found.prediction.probability:.2%}): its probability "
        "hardly changes, so changes of the logit are shown. "
    )


def _verdict(result: ic.Faithfulness) -> str:
    """All three measures against random rankings, in words."""
    found = result.verdicts()
    parts = []
    for verdict, said in _SAID.items():
        names = [_title(name) for name, each in found.items() if each == verdict]
        if names:
            parts.append(f"{said}: {', '.join(names)}.")
    return " ".join(parts)


_SAID = {
    "better": "**Better than random**",
    "as good": "**Not better than random** (within 2 SD)",
    "worse": "**Worse than random**",
}


def _title(measure: str) -> str:
    return "AOPC" if measure == "aopc" else measure


def _measures(result: ic.Faithfulness) -> None:
    for side, row in zip(st.columns(3), result.to_frame().itertuples()):
        title = _title(row.measure)
        side.metric(
            f"{title[:1].upper()}{title[1:]}",
            number(row.value),
            f"random: {number(row.random)} ± {number(row.random_std)} SD",
            delta_color="off",
            delta_arrow="off",
            help=f"{GOOD[row.measure]} ({HOW[row.measure]}).",
        )


def checks(asked: Asked, found: Attribution) -> None:
    """A button for each check, and the figures of the one that was clicked last."""
    st.markdown("**Additional checks** (computed on request)")
    with st.container(horizontal=True):
        for name, check in _CHECKS.items():
            st.button(check.title, key=f"check_{name}", on_click=_ask, args=(name, asked))
    name = st.session_state.get("check")
    if name and st.session_state.get("check_for") == asked:
        _run(name, asked, found)


def _ask(name: str, asked: Asked) -> None:
    st.session_state["check"], st.session_state["check_for"] = name, asked


def _run(name: str, asked: Asked, found: Attribution) -> None:
    check = _CHECKS[name]
    result = jobs.run(
        (name, asked),
        check.title,
        lambda progress: check.measure(cache.model(asked.model), found, progress),
        operations=lambda: check.times * cost(asked),
    )
    if result is not None:
        told = check.shown(result)
        st.metric(check.figure, told)
        if told == UNDEFINED:
            st.caption(f"Undefined: {check.undefined}.")
        if check.table is not None:
            st.dataframe(check.table(result), hide_index=True)
        st.caption(check.meaning)


@dataclass(frozen=True)
class Check:
    """One check on demand: what it computes, its figure, and how to read that."""

    title: str
    measure: Callable[[LoadedModel, Attribution, Callable], Any]
    figure: str
    shown: Callable[[Any], str]
    meaning: str
    undefined: str  # why there may be no figure
    table: Callable[[Any], pd.DataFrame] | None = None
    times: float = 1.0  # what it costs, in attributions


_CHECKS = {
    "sanity": Check(
        "Model randomisation test",
        lambda model, found, progress: ic.sanity_check(model, found, progress=progress),
        "Rank correlation with attributions of a randomised model",
        lambda result: number(result.similarity, ".2f"),
        "Adebayo et al. 2018: the same method applied to a copy of the model with random "
        "weights. Near 0 is good; near 1 means that the scores do not depend on what the "
        "model learned.",
        "every word has the same score, so there is no ranking to compare",
        lambda result: result.frame.round(4),
        times=3,
    ),
    "infidelity": Check(
        "Infidelity",
        lambda model, found, progress: ic.infidelity(model, found, progress=progress),
        "Infidelity (unexplained share of the output change)",
        lambda result: number(result.share, ".0%"),
        "Yeh et al. 2019, with random word deletions and optimally scaled scores. 0%: the "
        "scores predict every change; 100%: no better than all-zero scores.",
        "no deletion of words changes the output",
    ),
    "sensitivity": Check(
        "Sensitivity",
        lambda model, found, progress: ic.sensitivity(model, found, progress=progress),
        "Max-sensitivity (largest relative change)",
        lambda result: number(result, ".2f"),
        "Yeh et al. 2019: largest relative change of the scores under small input "
        "perturbations. Lower is better.",
        "all scores are zero, so a relative change is not defined",
        times=6,
    ),
}
