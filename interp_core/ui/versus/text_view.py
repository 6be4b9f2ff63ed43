"""Both classifiers on one text: predictions, attributions, sensitivity by position, reach."""

from __future__ import annotations

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.analysis.explanation import Attribution
from interp_core.analysis.reach import Reach
from interp_core.charts.axes import token_keys
from interp_core.charts.versus import grouped_bars, reach_lines
from interp_core.ui import jobs
from interp_core.ui.choices import BOUND, keep_valid, one_of
from interp_core.ui.plain import plain
from interp_core.ui.versus.sides import Side, explained

SIDES = ("before", "after")


def draw(sides: tuple[Side, Side], text: str) -> tuple[object, pd.DataFrame] | None:
    """What each says, which words count, and how far back."""
    if not text.strip():
        raise ic.BadInput("Write a text into the sidebar.")
    labels = [label for label in sides[0].model.labels if label in sides[1].model.labels]
    target = None
    if labels:
        keep_valid("versus_target", labels)
        target = st.selectbox("Explain", labels, key="versus_target", width=170, **BOUND)
    found = [explained(side, text, target, "integrated_gradients") for side in sides]
    slopes = [explained(side, text, target, "saliency") for side in sides]
    if None in found or None in slopes:
        return None
    _predictions(sides, found)
    table = _words(sides, found, slopes)
    st.markdown(f"**Which words count** for {plain(target or 'each prediction')}")
    chart = grouped_bars(table, y="score", title="integrated gradients (logit)")
    st.altair_chart(chart, width="stretch", alt="Score of each word in both models.")
    _agreement(found)
    st.markdown("**How sensitive is the decision to each position?**")
    slope = grouped_bars(table, y="sensitivity", title="share of the gradient's norm")
    st.altair_chart(slope, width="stretch", alt="Gradient norm at each word in both models.")
    st.caption(
        "Norm of the logit's gradient at each word's vector, as a share of the text's sum. A model "
        "that forgets has little left at one end; the norm knows no direction and is noisy."
    )
    _reach(sides, text, found[0], target)
    return chart, table


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


def _words(
    sides: tuple[Side, Side], found: list[Attribution], slopes: list[Attribution]
) -> pd.DataFrame:
    """model, key, token, score, sensitivity: one row for each model and word."""
    parts = []
    for side, each, slope in zip(sides, found, slopes):
        words, sharp = each.by_word(), slope.by_word()
        size = sharp.scores.sum() or 1.0
        parts.append(
            pd.DataFrame(
                {
                    "model": side.name,
                    "key": token_keys(words.tokens),
                    "token": words.tokens,
                    "score": words.scores,
                    "sensitivity": sharp.scores / size,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _agreement(found: list[Attribution]) -> None:
    from scipy.stats import spearmanr

    one, two = (each.by_word() for each in found)
    if list(one.tokens) != list(two.tokens) or len(one.tokens) < 3:
        return
    rank = spearmanr(one.scores, two.scores).statistic
    top = [each.tokens[int(abs(each.scores).argmax())] for each in (one, two)]
    same = "The same word" if top[0] == top[1] else f"“{plain(top[0])}” and “{plain(top[1])}”"
    st.caption(
        f"Rank correlation of the two explanations {rank:+.2f}. {same} weighs most. Two models can "
        "agree on the answer for different reasons, and the reverse."
    )


def _reach(sides: tuple[Side, Side], text: str, first: Attribution, target: str | None) -> None:
    """What one word still counts for as neutral words are put between it and the end."""
    st.markdown("**How far does a word reach?**")
    words = first.by_word()
    places = [place for place, offset in enumerate(words.offsets) if offset is not None]
    names = [f"{place}: {words.tokens[place]}" for place in places]
    if not names:
        return
    strongest = max(places, key=lambda place: abs(words.scores[place]))
    keep_valid("reach_word", names)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Word", names, index=places.index(strongest), key="reach_word", width=200, **BOUND
        )
        where = one_of("Neutral words stand", SIDES, key="reach_side", default="after")
    span = words.offsets[places[names.index(chosen)]]
    parts = []
    for side in sides:
        label = target if target in side.model.labels else first.prediction.label
        if label not in side.model.labels:
            st.info("The two models share no label, so one word's effect cannot be compared.")
            return
        reach = _measured(side, text, tuple(span), side.model.labels.index(label), where)
        if reach is None:
            return
        parts.append((side.name, reach))
    frame = pd.concat([reach.frame.assign(model=name) for name, reach in parts])
    st.altair_chart(
        reach_lines(frame), width="stretch", alt="Effect of the word by distance in both models."
    )
    st.caption(_said(parts, chosen))


def _measured(
    side: Side, text: str, span: tuple[int, int], target: int, where: str
) -> Reach | None:
    key = ("reach", side.key, text, span, target, where)
    return jobs.run(
        key,
        f"Moving the word away in {side.name}",
        lambda progress: ic.word_reach(
            side.model, text, span, target=target, before=where == "before", progress=progress
        ),
        unit="distances",
    )


def _said(parts: list[tuple[str, Reach]], word: str) -> str:
    """What the figures support."""
    told = []
    for name, reach in parts:
        last = reach.frame.iloc[-1]
        if reach.half is None:
            told.append(
                f"in {name} more than half of its effect is left after "
                f"{int(last['distance'])} words"
            )
        else:
            told.append(f"in {name} less than half is left after {reach.half} words")
    word = plain(word.partition(": ")[2])
    return (
        f"Change of the logit by “{word}”, with neutral words put in: " + "; ".join(told) + ". One "
        "word in one text: a hint, not a law. Effects close to zero make shares meaningless."
    )
