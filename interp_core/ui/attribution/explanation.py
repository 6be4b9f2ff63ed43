"""Reading one explanation: the prediction, the shaded sentence, the bars, the honest figures."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from interp_core.attribution.methods import METHODS
from interp_core.attribution.result import Attribution
from interp_core.drawing.attribution import LABELS, has_words
from interp_core.models.record import LoadedModel
from interp_core.ui.attribution import tagged
from interp_core.ui.attribution.completeness import contrast_button, refused, trust_line
from interp_core.ui.attribution.question import SAFE, WORD_TARGETS, Asked, cost, explained
from interp_core.ui.attribution.text import largest, quoted, units_said
from interp_core.ui.attribution.trust import beside
from interp_core.ui.server import cache, costs
from interp_core.ui.widgets import layout, leads
from interp_core.ui.widgets.choices import BOUND, one_of
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import number, percentage, plain
from interp_core.ui.widgets.recipe import Recipe, named, value
from interp_core.ui.widgets.result import ViewResult
from interp_core.ui.widgets.token_strip import token_strip

NAMED_LABELS = 3
PROBABILITIES = 420  # px of their chart
ORDERS = {"text": "Text order", "size": "By score"}  # of the bars
QUICK = "saliency"  # one gradient


def draw(asked: Asked, model: LoadedModel) -> ViewResult | None:
    """The explanation of one text; None while there is none."""
    if model.task == "token-classification":
        tagged.show(asked)
    step = explained(asked)
    if step is None:
        _cheaper(asked)
        return None
    step = named("attribution", step)
    found = value(step)
    prediction(asked, step)
    if refused(asked, found):
        return None
    with layout.options():
        table = by_choice(step)
        order = one_of("Bars", ORDERS, key="order")
    shown = value(table)
    strip(shown, key="explanation", asked=asked)
    about = {"words": False} if table is step else {}
    chart = step.chart(**about, **({} if order == "text" else {"order": order}))
    kind = shown.units if shown.pieces else "subword tokens"
    figure(
        chart,
        title=f"Attribution of {kind} for {quoted(found.target)}: {METHODS[found.method].title}",
        alt=f"Bars of the scores of {len(shown.tokens)} {kind} for {quoted(found.target)}; "
        f"largest: {largest(shown.tokens, shown.scores)}.",
    )
    trust_line(found)
    if shown.pieces and (said := units_said(found, found.sequence)):
        st.caption(said)
    beside(asked, step)
    return ViewResult(chart, table.to_frame())


def _cheaper(asked: Asked) -> None:
    """The quickest method, one click away, where the chosen one would take long."""
    other = SAFE if _of_a_vocabulary(asked) else QUICK
    quick = costs.told(costs.forecast(cost(asked.with_method(other))))
    if costs.forecast(cost(asked)) > costs.UNASKED and asked.method != other:
        st.button(
            f"Use {METHODS[other].title} ({quick})",
            on_click=lambda: st.session_state.update(method=other),
            key="quick_method",
        )


def prediction(asked: Asked, step: Recipe) -> None:
    """What the model says, and what is explained."""
    found, told = value(step), step.prediction.to_frame()
    answer, chance = found.prediction.label, found.prediction.probability
    table = value(told)
    known = table["probability"].notna().all()
    with st.container(key="prediction", horizontal=True, vertical_alignment="center"):
        st.metric(
            "Prediction",
            plain(answer),
            f"{chance:.1%}" if chance is not None else None,
            delta_arrow="off",
            delta_color="off",
            width="content",
        )
        others = [
            f"{plain(row.label)} {percentage(row.probability)}"
            for row in table.iloc[1:NAMED_LABELS].itertuples()
            if known
        ]
        target = f"target: {plain(found.target)} ({found.unit} {number(found.value, '+.3f')})"
        st.caption(" · ".join([*others, target]), width="content")
        if not found.misleads and _of_a_vocabulary(asked):
            contrast_button(asked, found, key="beside")
        if known:
            with st.popover("All probabilities", type="tertiary"):
                _probabilities(table.head(LABELS), told, step.prediction.chart())


def _probabilities(shown: pd.DataFrame, told: Recipe, chart: Recipe) -> None:
    said = [f"{quoted(row.label)} {row.probability:.1%}" for row in shown.itertuples()]
    with st.container(width=PROBABILITIES):
        figure(
            chart,
            title="Probabilities of the labels",
            alt=f"Bars of the probabilities of {len(shown)} labels: {', '.join(said[:4])}.",
            table=told,
        )


def _of_a_vocabulary(asked: Asked) -> bool:
    return cache.model(asked.model).task in WORD_TARGETS


def by_choice(step: Recipe) -> Recipe:
    """Words, or pieces where the user asks for them."""
    pieces = st.toggle("Show subword tokens", key="pieces", **BOUND)
    words = step.by_word()
    return step if pieces or not has_words(value(words)) else words


def strongest(shown: Attribution) -> float:
    """The largest absolute score, or 1 where all are zero."""
    return float(np.abs(shown.scores).max(initial=0.0)) or 1.0


def strip(
    shown: Attribution,
    *,
    key: str,
    asked: Asked | None = None,
    special: bool = True,
    shade: float | None = None,
) -> None:
    """The sentence shaded by signed score; with the question `asked`, a clicked word leads on.

    Without `special` the tokens that the tokenizer adds are left out. Of several strips, which
    share the score `shade` of the strongest colour, the caption is left to `shading`.
    """
    largest = shade or strongest(shown)
    places = [at for at, added in enumerate(shown.special) if special or not added]
    names, scores = [shown.tokens[at] for at in places], shown.scores[places]
    picked = None if asked is None else leads.picked(key, names)
    token_strip(
        names,
        scores / largest,
        [f"{name}: {number(score, '+.4f')}" for name, score in zip(names, scores)],
        label="Tokens shaded by attribution",
        key=f"strip_{key}",
        on_pick=lambda at: leads.pick(key, names, at),
        picked=picked,
        notes=[number(score, "+.2f") for score in scores],
    )
    if shade is None:
        shading(shown, largest, "" if asked is None else " Click a word to go on with it.")
    if picked is not None:
        _word_leads(asked, shown, places[picked])


def shading(shown: Attribution, shade: float, more: str = "") -> None:
    """What the colours of a strip say; `shade` is the score of the strongest one."""
    direction = (
        "Blue: supports the target. Orange, dashed: opposes it."
        if shown.signed
        else "This method gives unsigned scores."
    )
    unit = f" ({shown.unit})" if shown.signed else ""
    st.caption(f"{direction} Strongest shade: {shade:.3g}{unit}.{more}")


def _word_leads(asked: Asked, shown: Attribution, place: int) -> None:
    """What there is to ask about one word."""
    tokens = (shown.pieces or shown).sequence
    here = shown.offsets[place], shown.sequence.segments[place]
    at = place
    if here[0] is not None:  # of a word its first token
        starts = [
            each
            for each, span in enumerate(tokens.offsets)
            if span and (span[0], tokens.segments[each]) == (here[0][0], here[1])
        ]
        at = starts[0] if starts else place
    with st.container(horizontal=True):
        leads.attention_to(asked.model, asked.text, asked.pair, tokens.tokens[at], at)
        if here[0] is not None and here[1] == 0:
            leads.without(asked.model, asked.text, here[0])
