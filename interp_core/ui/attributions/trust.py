"""Can it be trusted? Removal of words against chance, new weights, infidelity, sensitivity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.analysis.explanation import Attribution
from interp_core.charts.attributions import curves
from interp_core.models.record import LoadedModel
from interp_core.ui import cache, jobs
from interp_core.ui.attributions.asked import Asked, explained
from interp_core.ui.choices import one_of

MODES = {"delete": "deleting words", "mask": "masking words"}
MOST_BESIDE = 128  # tokens up to which the measures are computed without being asked for
GOOD = {"comprehensiveness": "higher is better", "sufficiency": "lower is better",
        "aopc": "higher is better"}  # fmt: skip


def draw(asked: Asked, model: LoadedModel) -> tuple[alt.TopLevelMixin, pd.DataFrame] | None:
    """Faithfulness beside random rankings, and the checks on demand."""
    found = explained(asked)
    if found is None:
        return None
    mode = one_of("Take words away by", MODES, key="mode_away", default="delete")
    result = _faithfulness(asked, found, mode)
    if result is None:
        return None
    _measures(result)
    charts = []
    for side, name in zip(st.columns(2, gap="large"), ("deletion", "insertion")):
        with side:
            st.markdown(f"**{name.capitalize()}**: " + _WHAT[name])
            charts.append(curves(result.curve[result.curve["curve"] == name],
                                 title="probability of the target"))  # fmt: skip
            st.altair_chart(charts[-1], width="stretch", alt=f"{name} curve against random.")
    st.caption(
        f"ERASER (DeYoung et al. 2020), {MODES[mode]}, {result.words} words; the band is one "
        f"standard deviation of {len(result.random_aopc)} random rankings. Deleting and masking "
        "give different numbers. A text without its words is unlike what the model was trained on."
    )
    _checks(asked, found)
    return alt.hconcat(*charts), result.curve


def beside(asked: Asked, found: Attribution) -> None:
    """The three measures under an explanation, where the text has words enough."""
    if len(found.tokens) > MOST_BESIDE:
        st.caption("Faithfulness of long texts: see “Can it be trusted?”.")
        return
    try:
        result = _faithfulness(asked, found, "delete")
    except ic.BadInput:  # one word has no ranking
        return
    if result is not None:
        st.markdown("**Can it be trusted?** The probability of the target when words are deleted "
                    "in the order of their scores, beside random orders:")  # fmt: skip
        _measures(result)


def _faithfulness(asked: Asked, found: Attribution, mode: str) -> ic.Faithfulness | None:
    return jobs.run(
        ("faithfulness", asked, mode), "Faithfulness",
        lambda progress: ic.faithfulness(cache.model(asked.model), found, mode=mode,
                                         progress=progress),
    )  # fmt: skip


_WHAT = {
    "deletion": "the highest-scored words go first; a steep fall speaks for the explanation.",
    "insertion": "only the highest-scored words stay; an early rise speaks for it.",
}


def _measures(result: ic.Faithfulness) -> None:
    for side, row in zip(st.columns(3), result.to_frame().itertuples()):
        title = "AOPC" if row.measure == "aopc" else row.measure.capitalize()
        side.metric(
            f"{title} ({GOOD[row.measure]})", f"{row.value:.3f}",
            f"random {row.random:.3f} ± {row.random_std:.3f}", delta_color="off", delta_arrow="off",
        )  # fmt: skip


def _checks(asked: Asked, found: Attribution) -> None:
    st.markdown("**More checks**, on demand")
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
        (name, asked), check.title,
        lambda progress: check.measure(cache.model(asked.model), found, progress),
    )  # fmt: skip
    if result is not None:
        st.metric(check.figure, check.shown(result))
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
    table: Callable[[Any], pd.DataFrame] | None = None


_CHECKS = {
    "sanity": Check(
        "Sanity check",
        lambda model, found, progress: ic.sanity_check(model, found, progress=progress),
        "Rank correlation with explanations of random weights",
        lambda result: f"{result.similarity:.2f}",
        "Adebayo et al. 2018: the same method on a model whose weights were drawn anew. Near 0 is "
        "what you want; an explanation that does not change does not explain this model.",
        lambda result: result.frame.round(4),
    ),
    "infidelity": Check(
        "Infidelity",
        lambda model, found, progress: ic.infidelity(model, found),
        "Infidelity, share of the movement not explained",
        lambda result: f"{result.share:.0%}",
        "Yeh et al. 2019, with words dropped at random and the scores scaled by the best "
        "factor. 0 % foretells every drop; 100 % is what an explanation of zeros reaches.",
    ),
    "sensitivity": Check(
        "Sensitivity",
        lambda model, found, progress: ic.sensitivity(model, found),
        "Sensitivity, largest relative change",
        lambda result: f"{result:.2f}",
        "Yeh et al. 2019: how much the scores change under small noise on the input.",
    ),
}
