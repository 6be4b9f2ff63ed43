"""Who wrote the logit? Heads, MLPs and embeddings that add up to it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pandas as pd
import streamlit as st

from interp_core.charts.language import unit_map, waterfall
from interp_core.errors import BadInput
from interp_core.inputs.vocabulary import token_id
from interp_core.language.direct_attribution import LogitAttribution
from interp_core.language.tables import MLP
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
    chart = waterfall(steps(found.parts), title=f"{_what(found)} (cumulative)")
    figure(
        chart,
        title=f"The {_what(found)} of {found.label} as a sum",
        key="lm_sum_chart",
        alt=f"The {SHOWN} largest components of the {_what(found)} of {found.label}, the "
        f"rest, and their sum, {number(found.parts['value'].sum(), '+.2f')}.",
    )
    _notes(found)
    chosen = head_map.chooser(STATE, names, first, "Component")
    head_map.show(
        unit_map(
            head_map.marked(frame, chosen), title=f"contribution to {_what(found)}", signed=True
        ),
        frame,
        key="lm_part_chart",
        state=STATE,
        title=f"Contribution of each head and MLP to {found.label}",
        alt=f"Map of the contribution of each head and MLP to the {_what(found)} of "
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


def _what(found: LogitAttribution) -> str:
    return "logit" if found.contrast is None else "logit difference"


def _sum(found: LogitAttribution) -> None:
    st.markdown(
        f"{_what(found).capitalize()} of **{plain(found.label)}** after **{plain(found.token)}**: "
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


SHOWN = 12  # parts with a bar of their own


def steps(parts: pd.DataFrame) -> pd.DataFrame:
    """The largest parts, the rest together, and the sum: part, start, end, value, kind."""
    order = parts.reindex(parts["value"].abs().sort_values(ascending=False).index)
    top, rest = order.head(SHOWN), order.iloc[SHOWN:]
    rows = [(_row_name(row), row.value) for row in top.itertuples()]
    if len(rest):
        rows.append((f"{len(rest):,} other components", float(rest["value"].sum())))
    frame = pd.DataFrame(rows, columns=["part", "value"])
    frame["end"] = frame["value"].cumsum()
    frame["start"] = frame["end"] - frame["value"]
    frame["kind"] = ["adds" if value >= 0 else "lowers" for value in frame["value"]]
    total = float(frame["value"].sum())
    whole = {"part": "sum", "start": 0.0, "end": total, "value": total, "kind": "sum"}
    return pd.concat([frame, pd.DataFrame([whole])], ignore_index=True)


def _row_name(row) -> str:  # noqa: ANN001
    if row.kind == "head":
        return part_name(row.layer, row.head)
    if row.kind == "mlp":
        return part_name(row.layer, MLP)
    return row.kind if pd.isna(row.layer) else f"layer {row.layer}, {row.kind}"


def part_name(layer: int | str, unit: int | str) -> str:
    """A head or an MLP in words."""
    return f"layer {layer}, MLP" if unit == MLP else f"layer {layer}, head {unit}"
