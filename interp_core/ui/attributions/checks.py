"""Checks of an explanation that are costly, and so computed when somebody asks for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.analysis.explanation import Attribution
from interp_core.models.record import LoadedModel
from interp_core.ui import cache, jobs
from interp_core.ui.attributions.asked import Asked, cost
from interp_core.ui.numbers import UNDEFINED, number


def draw(asked: Asked, found: Attribution) -> None:
    """A button for each check, and the figures of the one that was clicked last."""
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
        operations=lambda: check.times * cost(asked),
    )  # fmt: skip
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
        "Sanity check",
        lambda model, found, progress: ic.sanity_check(model, found, progress=progress),
        "Rank correlation with explanations of random weights",
        lambda result: number(result.similarity, ".2f"),
        "Adebayo et al. 2018: the same method on a model whose weights were drawn anew. Near 0 is "
        "what you want; an explanation that does not change does not explain this model.",
        "every word has the same score, so there is no ranking to compare",
        lambda result: result.frame.round(4),
        times=3,
    ),
    "infidelity": Check(
        "Infidelity",
        lambda model, found, progress: ic.infidelity(model, found, progress=progress),
        "Infidelity, share of the movement not explained",
        lambda result: number(result.share, ".0%"),
        "Yeh et al. 2019, with words dropped at random and the scores scaled by the best "
        "factor. 0 % foretells every drop; 100 % is what an explanation of zeros reaches.",
        "no drop of words moves the output",
    ),
    "sensitivity": Check(
        "Sensitivity",
        lambda model, found, progress: ic.sensitivity(model, found, progress=progress),
        "Sensitivity, largest relative change",
        lambda result: number(result, ".2f"),
        "Yeh et al. 2019: how much the scores change under small noise on the input.",
        "all scores are zero, so a relative change means nothing",
        times=6,
    ),
}
