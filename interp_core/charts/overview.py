"""Every layer × head as a small picture in one grid; click one to open it."""

from __future__ import annotations

import base64
import io

import altair as alt
import numpy as np
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


INK = (47, 111, 214)  # readable on white and on near-black; strength is told by opacity
STEPS = 256
SHARP = 128  # px a side that a picture gets at least


def shrink(weights: np.ndarray, size: int) -> np.ndarray:
    """Reduce a map to at most size × size by the maximum of each block, so that no line is lost."""
    rows, columns = (_edges(length, size) for length in weights.shape)
    reduced = np.maximum.reduceat(weights, rows, axis=0)
    return np.maximum.reduceat(reduced, columns, axis=1)


def _edges(length: int, size: int) -> np.ndarray:
    count = min(length, size)
    return np.arange(count) * length // count


def _repeats(cells: int) -> int:
    return max(1, SHARP // cells)


def picture_url(weights: np.ndarray, *, top: float = 1.0) -> str:
    """A PNG data URL whose opacity is √(weight / top), transparent at zero.

    The square root keeps faint lines visible; say so beside the picture.
    """
    from PIL import Image

    strength = np.sqrt(np.clip(weights / (top or 1.0), 0, 1))
    # Browsers blur small pictures when they enlarge them: repeat the cells instead.
    strength = strength.repeat(_repeats(strength.shape[0]), 0).repeat(
        _repeats(strength.shape[1]), 1
    )
    picture = Image.fromarray((strength * (STEPS - 1)).astype(np.uint8), mode="P")
    picture.putpalette(bytes(INK) * STEPS)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", transparency=bytes(range(STEPS)), compress_level=1)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
