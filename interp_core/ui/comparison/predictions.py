"""Both classifiers on one text: predictions, attributions, sensitivity by position, reach."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.attribution.result import Attribution
from interp_core.attribution.tables import rank_correlation
from interp_core.charts.comparison import grouped_bars
from interp_core.ui.comparison import context_reach
from interp_core.ui.comparison.question import Side, explained
from interp_core.ui.server import costs
from interp_core.ui.widgets.choices import BOUND, keep_valid
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import plain
from interp_core.ui.widgets.numbers import number
from interp_core.ui.widgets.recipe import Recipe, calls, named, value
from interp_core.ui.widgets.result import ViewResult

METHODS = ("integrated_gradients", "saliency")


def draw(sides: tuple[Side, Side], text: str) -> ViewResult | None:
    """What each says, which words count, and how far back."""
    if not text.strip():
        raise ic.BadInput("Enter a text in the sidebar.")
    labels = [label for label in sides[0].model.labels if label in sides[1].model.labels]
    target = None
    if labels:
        keep_valid("versus_target", labels)
        target = st.selectbox("Explain", labels, key="versus_target", width=170, **BOUND)
    if not _agreed(sides, text, target):
        return None
    scores, slopes = (
        {side.name: explained(side, text, target, method) for side in sides} for method in METHODS
    )
    if None in [*scores.values(), *slopes.values()]:
        return None
    found = [value(each) for each in scores.values()]
    _predictions(sides, found)
    if wrong := [side.name for side, each in zip(sides, found) if each.misleads]:
        st.error(
            f"Integrated gradients of {' and '.join(map(plain, wrong))} miss the output "
            f"difference by {max(each.sum_error for each in found):.0%}, so they are not "
            "drawn. Use “Leave one out” on the page “Word attributions”.",
            icon=":material/error:",
        )
        return None
    compared = calls.compare_words(named("scores", scores), named("slopes", slopes))
    table = value(compared)
    st.markdown(f"**Word attributions** for {plain(target or 'each prediction')}")
    chart = grouped_bars(_keyed(table), y="score", title="integrated gradients (logit)")
    figure(
        chart,
        title=f"Word attributions for {target or 'each prediction'}",
        key="versus_scores",
        alt=f"Bars of the score of each word in both models; {_largest(table, 'score', '+.2f')}.",
    )
    _agreement(found)
    _sensitivity(compared)
    context_reach.draw(sides, text, found[0], target)
    return ViewResult(chart, compared)


def _agreed(sides: tuple[Side, Side], text: str, target: str | None) -> bool:
    """Whether to explain both and to move the word; dear texts wait for a click."""
    dear = sum(
        costs.attribution(side.model, costs.tokens(side.model, text), method)
        for side in sides
        for method in METHODS
    )
    key = ("versus", *(side.key for side in sides), text, target)
    return costs.agreed(key, "Comparing the models", dear + context_reach.cost(sides, text))


def _sensitivity(compared: Recipe) -> None:
    table = value(compared)
    st.markdown("**Gradient norm by position**")
    slope = grouped_bars(_keyed(table), y="sensitivity", title="share of gradient norm")
    figure(
        slope,
        title="Gradient norm by position",
        key="versus_slopes",
        alt="Bars of each word's share of gradient norm in both models; "
        f"{_largest(table, 'sensitivity', '.0%')}.",
        table=compared.drop(columns="score"),
    )
    st.caption(
        "Norm of the logit's gradient with respect to each word's embedding, as a share of "
        "the total. Unsigned and noisy; low values at one end suggest that the model forgets "
        "that end."
    )


def _keyed(table: pd.DataFrame) -> pd.DataFrame:
    """As the chart wants it: with a key that tells equal words apart."""
    keys = [f"{place}|{word}" for place, word in zip(table["place"], table["word"])]
    return table.rename(columns={"word": "token"}).assign(key=keys)


def _largest(table: pd.DataFrame, column: str, digits: str) -> str:
    """The word that weighs most in each model, in words."""
    tops = table.loc[table[column].abs().groupby(table["model"], sort=False).idxmax()]
    told = zip(tops["model"], tops["word"], tops[column])
    return "; ".join(f"most in {model}: {word}, {value:{digits}}" for model, word, value in told)


def _predictions(sides: tuple[Side, Side], found: list[Attribution]) -> None:
    with st.container(horizontal=True, gap="large"):
        for side, each in zip(sides, found):
            chance = each.prediction.probability
            st.metric(
                plain(side.name),
                plain(each.prediction.label),
                None if chance is None else f"{chance:.1%}",
                delta_color="off",
                delta_arrow="off",
            )
    if found[0].prediction.label != found[1].prediction.label:
        st.markdown("The two models **disagree** on this text.")


def _agreement(found: list[Attribution]) -> None:
    one, two = (each.by_word() for each in found)
    if list(one.tokens) != list(two.tokens) or len(one.tokens) < 3:
        return
    if not (np.any(one.scores) and np.any(two.scores)):
        st.caption(
            "The attributions of one model are zero for every word, so there is nothing to compare."
        )
        return
    rank = number(rank_correlation(one.scores, two.scores), "+.2f")
    top = [each.tokens[int(abs(each.scores).argmax())] for each in (one, two)]
    same = "The same word" if top[0] == top[1] else f"“{plain(top[0])}” and “{plain(top[1])}”"
    st.caption(
        f"Rank correlation of the two attributions: {rank}. Top word: {same}. Models can "
        "agree for different reasons."
    )
