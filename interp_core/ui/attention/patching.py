"""Activation patching: put parts of one run into another, and see how the prediction follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.drawing.interventions import largest_layer
from interp_core.inputs.tokens import encode
from interp_core.ui.attention.intervening import Asked, followed, told
from interp_core.ui.widgets import layout
from interp_core.ui.widgets.choices import BOUND, follow, keep_valid, one_of
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import message, number, plain
from interp_core.ui.widgets.recipe import Recipe, calls, named, value
from interp_core.ui.widgets.result import ViewResult
from interp_core.ui.widgets.sidebar import MAX_CHARACTERS

TEXT, SUGGESTED, ONE_LAYER = "patch_text", "patch_suggested", "patch_layer"
SITES = {
    "stream": "Residual stream",
    "heads": "Heads",
    "mlp": "MLPs",
    "heads_by_position": "Heads by position",
    "query": "Queries",
    "key": "Keys",
    "value": "Values",
    "mlps": "Whole MLPs",
}
DIRECTIONS = {"restore": "Restore", "destroy": "Destroy"}
MEASURES = {"logit": "Logit", "probability": "Probability"}
METHODS = {"exact": "Exact", "gradient": "First-order estimate"}


@dataclass(frozen=True)
class Patched:
    """What is patched: the changed input and its key, the arguments, and how effects are shown.

    `extra` are arguments with recipes, `more` what they depend on, for the key of the result.
    `note` is what was changed, in words.
    """

    changed: Recipe
    key: str
    options: dict[str, str]
    method: str
    drawn: Callable[[Recipe], Any]
    extra: dict[str, Recipe] = field(default_factory=dict)
    more: tuple = ()
    kind: str = "text"
    note: str = ""
    table: Callable[[Recipe], Recipe] = lambda step: step.to_frame()
    caption: Callable[[ic.Patching], str] = lambda found: caption_of(found)


def draw(asked: Asked) -> ViewResult | None:
    """Both texts, what is patched, and the effects."""
    with layout.controls():
        changed, note = _changed_text(asked)
        site = site_choice()
    asked = followed(asked, layout.options())
    if not changed:
        st.info(
            "Enter a changed text with the same number of tokens: replace one word with another.",
            icon=":material/edit:",
        )
        return None
    options, method = run_options()
    given = Patched(
        named("changed", changed),
        changed,
        {"site": site, **options},
        method,
        drawn=_drawn,
        note=note,
    )
    try:
        return effects(asked, given)
    except ic.BadInput as error:
        st.info(message(str(error)), icon=":material/info:")
        _offer_alignment(asked, changed)
        return None


def run_options() -> tuple[dict[str, str], str]:
    """Direction and measure, and the method, of any kind of input."""
    with layout.options():
        direction = one_of(
            "Direction",
            DIRECTIONS,
            key="patch_direction",
            help="Restore: activations of the clean run are patched into the changed run. "
            "Destroy: the reverse.",
        )
        measure = one_of("Measure", MEASURES, key="patch_measure")
        method = one_of(
            "Method",
            METHODS,
            key="patch_method",
            help="First-order estimate (attribution patching): one backward pass; often "
            "inaccurate for large effects.",
        )
    return {"direction": direction, "measure": measure}, method


def _changed_text(asked: Asked) -> tuple[str, str]:
    """The changed text, typed or the first suggestion, and what was changed in that.

    Empty where there is neither.
    """
    edits = ic.suggest_changes(asked.loaded, asked.text)
    first = edits[0].text if edits else ""
    typed = st.text_area(
        "Changed text",
        key=TEXT,
        max_chars=MAX_CHARACTERS,
        height=68,
        placeholder=first or "The same text with one word replaced and the same number of tokens",
        width="stretch",
        **BOUND,
    )
    names = [edit.what for edit in edits]
    keep_valid(SUGGESTED, names)
    st.selectbox(
        "Suggested changes",
        names,
        index=None,
        placeholder=f"{len(names)} with as many tokens" if names else "none for this text",
        key=SUGGESTED,
        on_change=_take,
        args=({edit.what: edit.text for edit in edits},),
        width=230,
    )
    if typed.strip() or not first:
        return typed.strip() and typed, ""
    return first, f"Suggested change: {plain(edits[0].what)}. "


def site_choice() -> str:
    """Which part is patched; seven names are too many for buttons in a row."""
    names = {title: site for site, title in SITES.items()}
    keep_valid("patch_site", list(names))
    return names[
        st.selectbox("Patched component", list(names), key="patch_site", width=190, **BOUND)
    ]


def _take(texts: dict[str, str]) -> None:
    chosen = st.session_state.get(SUGGESTED)
    if chosen in texts:
        st.session_state[TEXT] = texts[chosen]
        st.session_state[SUGGESTED] = None


def _offer_alignment(asked: Asked, changed: str) -> None:
    """A button that fills the shorter text, where the numbers of tokens differ."""
    sizes = {len(encode(asked.loaded, text).sequence) for text in (asked.text, changed)}
    if len(sizes) == 1:
        return
    try:
        clean, corrupt = ic.aligned_pair(asked.loaded, asked.text, changed)
    except ic.BadInput:
        return
    st.button("Align the two texts", on_click=_use_pair, args=(clean, corrupt), type="primary")
    st.caption(f"Clean: {plain(clean)} Changed: {plain(corrupt)}")


def _use_pair(clean: str, corrupt: str) -> None:
    st.session_state["text"], st.session_state[TEXT] = clean, corrupt


def effects(asked: Asked, given: Patched) -> ViewResult | None:
    """The effects with what is said of them; the estimate until the exact ones are computed."""
    inputs, about = (*asked.recipes, given.changed), {**given.options, **asked.options}
    key = (given.key, repr(about), *given.more)
    about |= given.extra
    estimate = named("estimate", calls.patch(*inputs, **about, method="gradient"))
    estimate = asked.run("First-order estimate", estimate, *key, rows=4, counts=True)
    if estimate is None:
        return None
    step = estimate
    if given.method == "exact":
        exact = named("effects", calls.patch(*inputs, **about))
        rows = _rows(asked, value(estimate))
        step = asked.run("Activation patching", exact, *key, rows=rows, counts=True, unit="parts")
        if step is None:
            st.caption("Until then, the first-order estimate:")
            step = estimate
    found = value(step)
    chart = given.drawn(step)
    shown = given.table(step)
    figure(
        chart,
        title=f"Effect of patching: {SITES[found.site].lower()}",
        key="patch_map",
        alt=f"Map of {found.effects.size} patches ({SITES[found.site].lower()}): "
        f"{_largest(value(shown))}.",
    )
    st.caption(given.caption(found))
    st.markdown(f"{given.note}{_about(found, given.kind)}")
    if found.method == "exact":
        _agreement(found, value(estimate))
    _top(value(shown))
    return ViewResult(chart, shown)


def _rows(asked: Asked, found: ic.Patching) -> float:
    """About how many rows of the text an exact computation takes through all layers."""
    return found.effects.size * (1 + len(found.layers)) / len(found.layers) / 2


def _about(found: ic.Patching, kind_of_input: str) -> str:
    unit = found.measure if " rather than " not in found.label else f"{found.measure} difference"
    form = ".3f" if found.measure == "probability" else "+.3f"
    kind = "" if found.method == "exact" else " These are first-order estimates."
    return (
        f"{unit.capitalize()} of {told(found.label)}: **{number(found.clean, form)}** for the "
        f"clean {kind_of_input}, **{number(found.corrupt, form)}** for the changed "
        f"{kind_of_input}.{kind}"
    )


def _drawn(step: Recipe) -> Recipe:
    found = value(step)
    if found.site != "heads_by_position":
        return step.chart()
    return step.chart(layer=int(one_layer(found, found.to_frame())["layer"].iloc[0]))


def one_layer(found: ic.Patching, frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of the layer that is chosen, at first the one with the largest effect."""
    best = largest_layer(frame)
    follow(ONE_LAYER, best)
    keep_valid(ONE_LAYER, list(found.layers))
    layer = st.selectbox(
        "Layer", found.layers, index=found.layers.index(best), key=ONE_LAYER, width=110, **BOUND
    )
    return frame[frame["layer"] == layer]


def _largest(frame: pd.DataFrame, count: int = 3) -> str:
    top = frame.reindex(frame["effect"].abs().sort_values(ascending=False).index).head(count)
    return f"largest: {'; '.join(f'{_name(row)} ({row.effect:+.2f})' for row in top.itertuples())}"


def _name(row) -> str:  # noqa: ANN001 - a row of a data frame
    parts = [f"layer {row.layer}"]
    if hasattr(row, "head"):
        parts.append(f"head {row.head}")
    if hasattr(row, "token"):
        parts.append(f"token {row.token}")
    return ", ".join(parts)


def caption_of(found: ic.Patching, where: str = "") -> str:
    """What a mark stands for and how long or coloured it is. `where` says it of regions."""
    what = {
        "stream": "One cell per layer and position. Rows: layers; columns: tokens.",
        "mlp": "One cell per layer and position. Rows: layers; columns: tokens.",
        "heads_by_position": "One cell per head and position. Rows: heads; columns: tokens.",
    }.get(found.site, "One cell per head. Rows: layers; columns: heads.")
    scale = (
        "0: the changed run as it is; 1: the clean value is restored"
        if found.direction == "restore"
        else "0: the clean run as it is; 1: the changed value is reached"
    )
    shown = f"{where or what} Colour"
    if found.site == "mlps":
        shown = "One bar per MLP, patched at all positions. Rows: layers. Length"
    return f"{shown}: effect of patching this component alone ({scale}). Meng et al. 2022."


def _agreement(found: ic.Patching, estimate: ic.Patching) -> None:
    agree = ic.patching_agreement(found, estimate)
    st.caption(
        "The first-order estimate correlates with these exact effects at "
        f"r = {number(agree['correlation'], '.2f')} (rank correlation "
        f"{number(agree['rank_correlation'], '.2f')})."
    )


def _top(frame: pd.DataFrame) -> None:
    st.markdown("**Largest effects**")
    top = frame.reindex(frame["effect"].abs().sort_values(ascending=False).index).head(8)
    st.dataframe(
        top.drop(columns=["row", "column", "below", "right"], errors="ignore"),
        hide_index=True,
        column_config={"effect": st.column_config.NumberColumn(format="%+.3f")},
    )
