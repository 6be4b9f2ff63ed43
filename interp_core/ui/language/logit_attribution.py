"""Who wrote the logit? Heads, MLPs and embeddings that add up to it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import streamlit as st

from interp_core.drawing.language import PARTS, logit_named, part_name
from interp_core.errors import BadInput
from interp_core.inputs.vocabulary import token_id
from interp_core.language.direct_attribution import LogitAttribution
from interp_core.ui.language import head_map
from interp_core.ui.language.question import Asked, place_choice, sequence
from interp_core.ui.widgets import layout
from interp_core.ui.widgets.choices import BOUND
from interp_core.ui.widgets.figure import figure
from interp_core.ui.widgets.markdown import number, plain
from interp_core.ui.widgets.recipe import calls, named, value
from interp_core.ui.widgets.result import ViewResult

OFFERED = 12  # likely tokens in the lists
STATE = "lm_part"
SECOND, ALONE = "second best", "nothing"  # what a token is contrasted with, beside one chosen


def draw(asked: Asked) -> ViewResult | None:
    """Target and contrast, the map of all parts, and the largest as a sum."""
    read = sequence(asked)
    with layout.controls():
        place = place_choice(asked, read)
        likely = _likely(asked, place)
        if likely is None:
            return None
        target = _token("Target", "lm_target", likely, placeholder="top token")
        contrast = _token(
            "Contrast with", "lm_instead", {SECOND: SECOND, ALONE: ALONE, **likely}, index=0
        )
        if contrast == SECOND:
            contrast = _second(asked, likely, target)
        elif contrast == ALONE:
            contrast = None

    options = {"target": target, "contrast": contrast, "position": place}
    step = named("found", calls.logit_attribution(*asked.recipes, **options))
    step = asked.run("Logit attribution", step, target, contrast, place, counts=False)
    if step is None:
        return None
    found, table = value(step), calls.logit_map(step)
    _sum(found)
    frame = value(table)
    biggest = frame.loc[frame["value"].abs().idxmax()]
    names = [head_map.unit_name(*pair) for pair in zip(frame["layer"], frame["unit"])]
    first = head_map.unit_name(biggest["layer"], biggest["unit"])
    chart = step.chart()
    figure(
        chart,
        title=f"The {logit_named(found)} of {found.label} as a sum",
        key="lm_sum_chart",
        alt=f"The {PARTS} largest components of the {logit_named(found)} of {found.label}, the "
        f"rest, and their sum, {number(found.parts['value'].sum(), '+.2f')}.",
    )
    _notes(found)
    chosen = head_map.chooser(STATE, names, first, "Component")
    head_map.show(
        step.chart("parts", chosen=chosen),
        frame,
        key="lm_part_chart",
        state=STATE,
        title=f"Contribution of each head and MLP to {found.label}",
        alt=f"Map of the contribution of each head and MLP to the {logit_named(found)} of "
        f"{found.label}; {head_map.strongest(frame, '+.2f')}.",
        table=table,
    )
    part = frame["value"][names.index(chosen)]
    st.markdown(f"Contribution of {part_name(*chosen.split('.'))}: **{number(part, '+.3f')}**.")
    head_map.link(asked, chosen)
    return ViewResult(chart, step.parts)


def _likely(asked: Asked, place: int) -> dict[str, int] | None:
    """Names and numbers of the likely next tokens."""
    table = calls.next_tokens(*asked.recipes, position=place, k=OFFERED)
    table = asked.run("Likely tokens", table, place, counts=False)
    if table is None:
        return None
    frame = value(table)
    names = dict(zip(frame["token"][::-1], frame["id"][::-1]))
    return dict(reversed(names.items()))


def _second(asked: Asked, likely: dict[str, int], target: int | str | None) -> int | None:
    """The most likely token but the target; None where nothing else can be said."""
    if isinstance(target, str):
        with suppress(BadInput):  # what is wrong is said by the attribution itself
            size = asked.loaded.model.config.get_text_config().vocab_size
            target = token_id(asked.loaded, target, size)
    first = next(iter(likely.values()), None) if target is None else target
    return next((each for each in likely.values() if each != first), None)


def _token(
    label: str, key: str, likely: dict[str, Any], *, index: int | None = None, placeholder: str = ""
) -> int | str | None:
    names = list(likely)
    given = st.session_state.get(key) or st.query_params.get(key)
    typed = st.selectbox(
        label,
        names if given in (None, *names) else [*names, given],
        index=index,
        placeholder=placeholder,
        accept_new_options=True,
        key=key,
        width=170,
        help="Choose a likely token or type one. A leading space is part of the token; `▁` "
        "marks a space.",
        **BOUND,
    )
    return likely.get(typed, typed) if typed else None


def _sum(found: LogitAttribution) -> None:
    st.markdown(
        f"{logit_named(found).capitalize()} of **{plain(found.label)}** after "
        f"**{plain(found.token)}**: "
        f"**{number(found.logit, '+.3f')}** = sum of {len(found.parts)} components (error "
        f"{found.residual_error:.1g})."
    )


def _notes(found: LogitAttribution) -> None:
    notes = [
        "Direct logit attribution (Elhage et al. 2021): each component's output in the "
        "residual stream is projected through the unembedding matrix, with the scale of the "
        "final norm frozen. Direct effects only; indirect effects through later layers are "
        "counted there."
    ]
    if found.contrast is None:
        notes.append(
            "A single logit has no natural zero, and components that raise all tokens equally "
            "are included. Set “Contrast with” to decompose the difference between two tokens."
        )
    if abs(found.capped - found.logit) > 1e-6:
        notes.append(
            "This model applies logit soft-capping (value after capping: "
            f"{number(found.capped, '+.4f')}). The components sum to the value before capping."
        )
    if found.residual_error > 1e-3:
        notes.append(
            "With 16-bit weights the residual stream is rounded after every layer. This "
            "explains the difference between the sum and the logit."
        )
    st.caption(" ".join(notes))
