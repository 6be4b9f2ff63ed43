"""Ablation: switch heads, layers, MLPs or an edge, and compare the prediction."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.drawing.interventions import ANSWERS, answer_unit, removal_chart
from interp_core.interventions.ranking import MLP
from interp_core.models.record import LoadedModel
from interp_core.ui.attention.intervening import Asked, followed, told
from interp_core.ui.attention.switch_controls import (
    LAYER,
    UNITS,
    edges_chosen,
    strengths_chosen,
    switches_of,
    units_chosen,
)
from interp_core.ui.widgets import clicks, layout
from interp_core.ui.widgets.choices import keep_valid, one_of
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import number, plain
from interp_core.ui.widgets.recipe import Recipe, calls, named, value
from interp_core.ui.widgets.result import ViewResult

SHOW = "test_show"
SHOWN = {
    "removal": "Removal effects",
    "words": "Word attributions",
    "heads": "Attention of later heads",
}
MOST_LISTED, MOST_TOLD = 8, 12


def draw(asked: Asked) -> ViewResult | None:
    """The switches, the prediction before and after, and what else has changed."""
    model = asked.loaded
    asked = followed(asked, layout.controls())
    with layout.controls():
        units = units_chosen(model)
        strengths = strengths_chosen(units)
    edges, cut = edges_chosen(asked, model)
    options = switches_of(strengths, edges, cut)
    answer = asked.run(
        "Switching",
        named("found", calls.switch(*asked.recipes, **options, **asked.options)),
        repr(options),
        rows=2,
    )
    if answer is None:
        return None
    _answer(answer, bool(options))
    if options:
        st.caption(_told(strengths, edges, cut, asked.tokens))
    offered = {what: name for what, name in SHOWN.items() if what != "words" or model.tokenizer}
    keep_valid(SHOW, list(offered))
    what = one_of("Show", offered, key=SHOW)
    if what == "removal":
        return _removals(asked, units, answer)
    if not options:
        st.info(
            "Switch a component first: click a cell or choose one above.", icon=":material/tune:"
        )
        return ViewResult(None, answer.to_frame())
    return (_words if what == "words" else _later)(asked, options, answer)


def _unit_name(unit: str) -> str:
    layer, _, part = unit.partition(".")
    if part in (MLP, LAYER):
        return f"layer {layer}" if part == LAYER else f"layer {layer}, MLP"
    return f"layer {layer}, head {part}"


def _answer(answer: Recipe, switched: bool) -> None:
    """The two predictions beside each other; the one there is where nothing is switched."""
    found, table = value(answer), named("table", answer.to_frame())
    if not switched:
        st.markdown(_sentence(found, switched))
        return
    frame = value(table)
    title = answer_unit(frame)
    left, right = st.columns([2, 3])
    with left:
        move = found.value_after - found.value_before
        st.metric(
            f"Logit of {plain(found.label)}",
            number(found.value_after, "+.3f"),
            delta=number(move, "+.3f"),
            delta_color="off",  # neither direction is the better one
            delta_arrow="off" if not move else "up" if move > 0 else "down",
        )
        st.markdown(_sentence(found, switched))
    with right:
        shown = frame.head(ANSWERS)
        figure(
            answer.chart(),
            title="Prediction before and after switching",
            alt=f"Bars of the {title} of {len(shown)} labels before and after switching: "
            f"{found.before.label} before, {found.after.label} after.",
            table=table,
            key="switch_answer",
        )


def _sentence(found: ic.Switched, switched: bool) -> str:
    if not switched:
        value_now = f"logit of {told(found.label)} {number(found.value_before, '+.3f')}"
        return f"Prediction: {told(found.before.label)}; {value_now}. Nothing is switched yet."
    if found.before.label == found.after.label:
        return f"Prediction: {told(found.after.label)}, as before."
    return f"Prediction: {told(found.after.label)}; before: {told(found.before.label)}."


def _told(strengths: dict, edges: list, cut: str, tokens: tuple[str, ...]) -> str:
    """What is switched and cut, in words."""
    told = [f"{_unit_name(unit)} × {number(each, '.3g')}" for unit, each in strengths.items()]
    told += [
        f"layer {layer}, head {head} without {plain(tokens[query])} ({query}) → "
        f"{plain(tokens[key])} ({key}), cut {cut} the softmax"
        for layer, head, query, key in edges
    ]
    more = f"; {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else ""
    return f"Switched: {'; '.join(told[:MOST_TOLD])}{more}."


def _removals(asked: Asked, units: list[str], answer: Recipe) -> ViewResult:
    """The map of all heads and MLPs, by what the removal of each alone does."""
    model = asked.loaded
    rows = model.n_layers * (model.n_heads + 1) / 2
    step = named("effects", calls.removal_effects(*asked.recipes, **asked.options))
    step = asked.run("Removing each component", step, rows=rows, counts=True, unit="layers")
    frame = _blank(model) if step is None else value(step)
    frame = frame.assign(value=frame["logit_change"].fillna(0.0))
    chart = removal_chart(frame, units)
    if step is not None:
        chart = calls.chart(step, "removal_effects", **({"chosen": units} if units else {}))
    figure(
        chart,
        title=f"Removal effect of each head and MLP on {value(answer).label}",
        key="switch_map",
        on_select=lambda: _toggle(frame),
        selection_mode="unit",
        alt=f"Map of {len(frame)} heads and MLPs: change in the logit of "
        f"{value(answer).label} when the component alone is removed; {_largest(frame)}.",
    )
    st.caption(
        "One cell per head, and one per MLP. Rows: layers; columns: heads. Colour: change in "
        "the logit when this component alone is set to zero (zero ablation). Click a cell to "
        "switch it; remove it from “Switched components” to undo."
    )
    if step is None:
        return ViewResult(chart, answer.to_frame())
    _strongest(frame)
    return ViewResult(chart, step)


def _blank(model: LoadedModel) -> pd.DataFrame:
    units = [*map(str, range(model.n_heads)), MLP]
    rows = [(layer, unit) for layer in range(model.n_layers) for unit in units]
    frame = pd.DataFrame(rows, columns=["layer", "unit"])
    return frame.assign(logit_change=math.nan, probability_change=math.nan)


def _largest(frame: pd.DataFrame) -> str:
    top = frame.reindex(frame["value"].abs().sort_values(ascending=False).index).head(3)
    told_each = [
        f"{_unit_name(f'{row.layer}.{row.unit}')} ({row.value:+.2f})" for row in top.itertuples()
    ]
    return f"largest: {'; '.join(told_each)}"


def _strongest(frame: pd.DataFrame) -> None:
    """The heads whose removal changes most, as buttons."""
    heads = frame[frame["unit"] != MLP]
    top = heads.reindex(heads["value"].abs().sort_values(ascending=False).index).head(MOST_LISTED)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.markdown("**Largest single-head effects**", width="content")
        for row in top.itertuples():
            st.button(
                f"L{row.layer} H{row.unit} · {number(row.value, '+.2f')}",
                key=f"switch_{row.layer}_{row.unit}",
                on_click=_switch,
                args=(f"{row.layer}.{row.unit}",),
            )


def _toggle(frame: pd.DataFrame) -> None:
    hit = clicks.mark("switch_map", "unit", layer=set(frame["layer"]), unit=set(frame["unit"]))
    if hit:
        _switch(f"{hit[0]}.{hit[1]}")


def _switch(unit: str) -> None:
    """A part is switched, or no longer; called from callbacks."""
    now = list(st.session_state.get(UNITS) or [])
    st.session_state[UNITS] = (
        [each for each in now if each != unit] if unit in now else [*now, unit]
    )


def _words(asked: Asked, options: dict, answer: Recipe) -> ViewResult | None:
    """Leave-one-out attributions with and without the switches."""
    model, text = asked.recipes
    other = named("switched", calls.switched_model(model, text, **options, **_pair(asked)))
    about = {"method": "leave_one_out", **asked.options}
    predicted = value(answer).before.label
    if "target" not in about and predicted in asked.loaded.labels:  # a regression predicts a number
        about["target"] = predicted  # else another logit might be explained
    made = [named(n, calls.attribute(each, text, **about)) for n, each in _sides(model, other)]
    step = named("table", calls.edit_table(*made))
    count = max(2, len(value(answer).tokens))
    step = asked.run("Word attributions", step, repr(options), rows=2 * count)
    if step is None:
        return None
    table = value(step).rename(columns={"original": "before", "edited": "after"})
    chart = calls.chart(step, "edit_table", rows=["before", "after"])
    most = table.loc[table["difference"].abs().idxmax()]
    figure(
        chart,
        title="Word attributions before and after switching",
        key="switch_words",
        alt=f"Leave-one-out scores of {len(table)} words before and after switching; largest "
        f"difference: {most['word']}, {most['difference']:+.3f}.",
    )
    st.caption(
        "Rows: leave-one-out scores before, after, and their difference; columns: words. Colour: "
        f"score for {told(value(answer).label)} (logit)."
    )
    return ViewResult(chart, step)


def _sides(model: Recipe, other: Recipe) -> tuple:
    return ("before", model), ("after", other)


def _pair(asked: Asked) -> dict:
    return {"text_pair": asked.pair} if asked.pair else {}


def _later(asked: Asked, options: dict, answer: Recipe) -> ViewResult | None:
    """How far the attention of each head moves."""
    model, text = asked.recipes
    other = named("switched", calls.switched_model(model, text, **options, **_pair(asked)))
    step = named("moved", calls.attention_change(model, other, text, **_pair(asked)))
    step = asked.run("Attention of later heads", step, repr(options), rows=2)
    if step is None:
        return None
    frame = value(step)
    chart = calls.chart(step, "attention_change")
    most = frame.loc[frame["change"].idxmax()]
    figure(
        chart,
        title="Change in attention after switching",
        key="switch_later",
        alt=f"Map of {len(frame)} heads: change in attention; largest: layer "
        f"{most['layer']:.0f}, head {most['head']:.0f}, {most['change']:.2f}.",
    )
    st.caption(
        "One cell per head. Rows: layers; columns: heads. Colour: mean over query tokens of ½ "
        "Σ |before − after| over the keys (0: same attention; 1: no overlap)."
    )
    return ViewResult(chart, step)
