"""Every layer × head as a small picture in one grid; click one to open it."""

from __future__ import annotations

import altair as alt
import pandas as pd

ROW = 84  # px from one row of pictures to the next
AXIS = 40  # px of the head numbers, which the height includes
GAP = 6  # px between pictures


def overview(frame: pd.DataFrame, *, selection: str = "head") -> alt.LayerChart:
    """A grid of pictures. `frame`: layer, head, url, and columns for the tooltip.

    Tooltip columns, shares between 0 and 1 unless said otherwise: entropy (nats), top_key, special,
    previous, next, itself. `chosen` marks the open head.
    """
    heads = frame["head"].nunique()
    rows = frame["layer"].nunique()
    row = ROW if heads <= 16 else max(36, ROW * 16 // heads)
    place = {
        "x": alt.X("head:O", title="head", axis=alt.Axis(orient="top", labelAngle=0, **_BARE)),
        "y": alt.Y("layer:O", title="layer", axis=alt.Axis(**_BARE)),
    }
    pictures = alt.Chart().mark_image(
        width=alt.expr(f"max(width / {heads} - {GAP}, 8)"),
        height=alt.expr(f"max(height / {rows} - {GAP}, 8)"),
        aspect=False,
    )
    pictures = pictures.encode(**place, url="url:N")
    click = alt.selection_point(name=selection, fields=["layer", "head"], on="click")
    hover = alt.selection_point(name=f"{selection}_hover", on="pointerover", empty=False)
    frames = (
        alt.Chart()
        .mark_rect(fill="transparent", cursor="pointer", cornerRadius=2)
        .encode(
            **place,
            stroke=alt.StrokeValue(**_framed(hover, "#d55e00", "#8896a8")),
            strokeWidth=alt.StrokeWidthValue(**_framed(hover, 2.5, 0.6)),
            tooltip=_tooltips(frame),
        )
        .add_params(click, hover)
    )
    # Data once for both: Altair would compare the two frames with each other.
    return alt.layer(pictures, frames, data=frame).properties(height=row * rows + AXIS)


def _framed(hover: alt.Parameter, lit: str | float, other: str | float) -> dict:
    """One value for the open head and the one under the pointer, another for the rest."""
    return alt.condition(hover | alt.datum.chosen, alt.value(lit), alt.value(other))


_BARE = {"ticks": False, "domain": False, "grid": False, "labelPadding": 6}
_SHARES = {
    "special": "on special tokens",
    "previous": "on the previous token",
    "next": "on the next token",
    "itself": "on itself",
}


def _tooltips(frame: pd.DataFrame) -> list[alt.Tooltip]:
    shares = [
        alt.Tooltip(f"{name}:Q", title=title, format=".0%")
        for name, title in _SHARES.items()
        if name in frame
    ]
    extra = []
    if "entropy" in frame:
        extra.append(alt.Tooltip("entropy:Q", title="mean entropy (nats)", format=".2f"))
    if "top_key" in frame:
        extra.append(alt.Tooltip("top_key:N", title="most read token"))
    if "kv_group" in frame:
        extra.append(alt.Tooltip("kv_group:O", title="shares keys and values in group"))
    return [alt.Tooltip("layer:O"), alt.Tooltip("head:O"), *extra, *shares]
