"""Points drawn by WebGL: three dimensions that turn, and planes of tens of thousands of points."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pydeck

from interp_core.charts.scatter import MARKED

EXTENT = 10.0  # units that the picture is scaled to, whatever its method's own
LAYER = "points"


class Deck(pydeck.Deck):
    """A deck whose JSON has no blanks: a fourth of what pydeck writes."""

    def to_json(self) -> str:
        """The specification."""
        return json.dumps(json.loads(super().to_json()), separators=(",", ":"))


def cloud(
    frame: pd.DataFrame,
    colours: np.ndarray,
    *,
    picked: int | None = None,
    near: tuple[int, ...] = (),
    height: int = 600,
) -> Deck:
    """`frame`: row, x, y, perhaps z, tip (text on hover), found; `colours` (n, 3) of 0 to 255.

    With z the picture turns by dragging; without, it moves. Lines go from row `picked` to `near`.
    """
    axes = [name for name in ("x", "y", "z") if name in frame]
    places = _scaled(frame[axes].to_numpy())
    layers = [_points(frame, places, colours)]
    where = dict(zip(frame["row"], places.tolist()))
    if picked in where:
        ends = [{"a": where[picked], "b": where[row]} for row in near if row in where]
        layers.append(_lines(ends))
        layers.append(_rings([where[picked]], radius=9))
    if frame["found"].any():
        layers.append(_rings(places[frame["found"].to_numpy(dtype=bool)].tolist(), radius=6))
    solid = "z" in frame
    zoom = float(np.log2(height / (1.25 * EXTENT)))
    start = {"target": [0, 0, 0], "zoom": zoom, "min_zoom": zoom - 3, "max_zoom": zoom + 9}
    if solid:
        start |= {"rotation_x": 20, "rotation_orbit": 30}
    return Deck(
        layers=layers,
        views=[pydeck.View(type="OrbitView" if solid else "OrthographicView", controller=True)],
        initial_view_state=pydeck.ViewState(**start),
        map_provider=None,
        map_style=None,
        tooltip={"text": "{t}"},
    )


def _scaled(places: np.ndarray) -> np.ndarray:
    """Centred, with all axes on one scale; decks measure in single precision."""
    middle = (places.max(axis=0) + places.min(axis=0)) / 2
    span = np.ptp(places, axis=0).max() or 1.0
    scaled = (places - middle) * (EXTENT / span)
    scaled[:, 1] *= 1 if places.shape[1] == 3 else -1  # the plane's second axis points down
    return scaled.round(3)


def _points(frame: pd.DataFrame, places: np.ndarray, colours: np.ndarray) -> Any:
    data = [
        {"p": place, "c": colour, "t": tip}
        for place, colour, tip in zip(places.tolist(), colours.tolist(), frame["tip"])
    ]
    radius = 4 if len(frame) <= 2_500 else 2.5 if len(frame) <= 10_000 else 1.6
    common = {"id": LAYER, "get_position": "p", "pickable": True, "auto_highlight": True}
    return pydeck.Layer(
        "ScatterplotLayer",
        data=data,
        get_fill_color="c",
        get_radius=radius,
        radius_units="'pixels'",
        billboard=True,
        opacity=0.85,
        **common,
    )


def _lines(ends: list[dict]) -> Any:
    return pydeck.Layer(
        "LineLayer",
        data=ends,
        id="near",
        get_source_position="a",
        get_target_position="b",
        get_color=_rgb(MARKED),
        get_width=1.5,
    )


def _rings(places: list, *, radius: int) -> Any:
    return pydeck.Layer(
        "ScatterplotLayer",
        data=[{"p": place} for place in places],
        id=f"rings{radius}",
        get_position="p",
        stroked=True,
        filled=False,
        billboard=True,
        get_radius=radius,
        radius_units="'pixels'",
        line_width_units="'pixels'",
        get_line_width=2,
        get_line_color=_rgb(MARKED),
    )


def _rgb(colour: str) -> list[int]:
    return [int(colour[place : place + 2], 16) for place in (1, 3, 5)]


def palette(values: pd.Series, kind: str, names: list[str]) -> np.ndarray:
    """(n, 3) colours of 0 to 255: `names` (hex) for groups in sorted order, else a ramp of them."""
    inks = np.array([_rgb(name) for name in names], dtype=np.float64)
    if kind == "nominal":
        _, number = np.unique(values.astype(str), return_inverse=True)
        return inks[number % len(inks)].astype(int)
    amounts = values.to_numpy(dtype=np.float64)
    known = np.isfinite(amounts)
    low, high = (amounts[known].min(), amounts[known].max()) if known.any() else (0.0, 1.0)
    share = np.where(known, (amounts - low) / (high - low or 1.0), 0) * (len(inks) - 1)
    below = np.clip(share.astype(int), 0, len(inks) - 2)
    part = (share - below)[:, None]
    return (inks[below] * (1 - part) + inks[below + 1] * part).astype(int)
