"""Points drawn by WebGL: three dimensions that turn, and planes of tens of thousands of points."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pydeck

from interp_core.charts.points import GREY, MARKED, in_order

EXTENT = 10.0  # units that the picture is scaled to, whatever its method's own
ROOM = 380  # px that the whole picture fits into when it opens: the page may be narrow
WIDE, HIGH = 520, 480  # px of the same for a box that is turned
TURN, TILT = 30, 20  # degrees by which it is
LAYER = "points"
PIXELS = "'pixels'"  # quoted, or pydeck would take the word for an expression
ON_TOP = {"depthCompare": "always", "depthTest": False}  # not hidden by points that lie nearer


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
    labels: pd.DataFrame | None = None,
    inks: tuple[str, str] = (GREY, "#ffffff"),
) -> Deck:
    """`frame`: row, x, y, perhaps z, tip (text on hover), found; `colours` (n, 3) of 0 to 255.

    With z the picture turns by dragging; without, it moves. Lines go from row `picked` to `near`.
    `labels`: label and the axes; `inks`: their colour and that of what is behind them.
    """
    axes = [name for name in ("x", "y", "z") if name in frame]
    fit = _fit(frame[axes].to_numpy())
    places = fit(frame[axes].to_numpy())
    solid = len(axes) == 3
    layers = [_box(places)] if solid else []
    layers.append(_points(frame, places, colours))
    where = dict(zip(frame["row"], places.tolist()))
    if picked in where:
        ends = [{"a": where[picked], "b": where[row]} for row in near if row in where]
        layers += [_lines("near", ends, MARKED, 1.5), _rings([where[picked]], radius=9)]
    if frame["found"].any():
        layers.append(_rings(places[frame["found"].to_numpy(dtype=bool)].tolist(), radius=6))
    if labels is not None and len(labels):
        layers.append(_labels(labels["label"], fit(labels[axes].to_numpy()), inks))
    return _deck(layers, np.ptp(places, axis=0) if solid else None)


def _deck(layers: list, box: np.ndarray | None) -> Deck:
    """The deck; `box` (3,) are the sides of a picture that can be turned."""
    solid = box is not None
    zoom = float(np.log2(ROOM / (1.25 * EXTENT) if box is None else _scale(box)))
    start = {"target": [0, 0, 0], "zoom": zoom, "min_zoom": zoom - 3, "max_zoom": zoom + 9}
    if solid:
        start |= {"rotation_x": TILT, "rotation_orbit": TURN}
    return Deck(
        layers=layers,
        views=[pydeck.View(type="OrbitView" if solid else "OrthographicView", controller=True)],
        initial_view_state=pydeck.ViewState(**start),
        map_provider=None,
        map_style=None,
        tooltip={"text": "{t}"},
    )


def _scale(box: np.ndarray) -> float:
    """px of a unit with which the turned box fits its room."""
    x, y, z = np.maximum(box, EXTENT / 100)
    turn, tilt = np.radians(TURN), np.radians(TILT)
    wide = x * np.cos(turn) + y * np.sin(turn)
    high = z * np.cos(tilt) + (x * np.sin(turn) + y * np.cos(turn)) * np.sin(tilt)
    return min(WIDE / wide, HIGH / high)


def _fit(places: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Centres, with all axes on one scale; decks measure in single precision."""
    middle = (places.max(axis=0) + places.min(axis=0)) / 2
    scale = EXTENT / (np.ptp(places, axis=0).max() or 1.0)
    turn = np.array([1, 1, 1]) if places.shape[1] == 3 else np.array([1, -1])  # y points down
    return lambda given: ((given - middle) * scale * turn).round(3)


def _points(frame: pd.DataFrame, places: np.ndarray, colours: np.ndarray) -> Any:
    data = [
        {"p": place, "c": colour, "t": tip}
        for place, colour, tip in zip(places.tolist(), colours.tolist(), frame["tip"])
    ]
    radius = 4 if len(frame) <= 1_000 else 2.5 if len(frame) <= 10_000 else 1.6
    return pydeck.Layer(
        "ScatterplotLayer",
        data=data,
        id=LAYER,
        get_position="p",
        get_fill_color="c",
        get_radius=radius,
        radius_units=PIXELS,
        billboard=True,
        opacity=0.85,
        pickable=True,
        auto_highlight=True,
    )


def _lines(name: str, ends: list[dict], colour: str, width: float, opacity: float = 1.0) -> Any:
    return pydeck.Layer(
        "LineLayer",
        data=ends,
        id=name,
        get_source_position="a",
        get_target_position="b",
        get_color=_rgb(colour),
        get_width=width,
        opacity=opacity,
        parameters=ON_TOP if name == "near" else {},
    )


def _box(places: np.ndarray) -> Any:
    """The edges of the box that the picture fills: they show which way it is turned."""
    sides = zip(places.min(axis=0).tolist(), places.max(axis=0).tolist())
    corners = [np.array(corner) for corner in product(*sides)]
    pairs = [
        (one, other)
        for one in range(8)
        for other in range(one)
        if (one ^ other) in (1, 2, 4)  # corners are numbered by the bits of their sides
    ]
    ends = [{"a": corners[one].tolist(), "b": corners[other].tolist()} for one, other in pairs]
    return _lines("box", ends, GREY, 1, opacity=0.25)


def _labels(texts: pd.Series, places: np.ndarray, inks: tuple[str, str]) -> Any:
    ink, paper = inks
    return pydeck.Layer(
        "TextLayer",
        data=[{"p": place, "s": text} for text, place in zip(texts, places.tolist())],
        id="labels",
        get_position="p",
        get_text="s",
        get_color=_rgb(ink),
        get_size=13,
        get_pixel_offset=[0, -12],
        character_set="'auto'",
        font_family="'sans-serif'",
        font_weight=500,
        background=True,
        get_background_color=[*_rgb(paper), 150],
        parameters=ON_TOP,
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
        radius_units=PIXELS,
        line_width_units=PIXELS,
        get_line_width=2,
        get_line_color=_rgb(MARKED),
        parameters=ON_TOP,
    )


def _rgb(colour: str) -> list[int]:
    return [int(colour[place : place + 2], 16) for place in (1, 3, 5)]


def shades(values: pd.Series, kind: str, names: list[str]) -> np.ndarray:
    """(n, 3) colours of 0 to 255: `names` (hex) for groups in order, else a ramp of them."""
    inks = np.array([_rgb(name) for name in names], dtype=np.float64)
    if kind == "nominal":
        number = {name: place for place, name in enumerate(in_order(values))}
        return inks[values.map(number).to_numpy() % len(inks)].astype(int)
    amounts = values.to_numpy(dtype=np.float64)
    known = np.isfinite(amounts)
    low, high = (amounts[known].min(), amounts[known].max()) if known.any() else (0.0, 1.0)
    share = np.where(known, (amounts - low) / (high - low or 1.0), 0) * (len(inks) - 1)
    below = np.clip(share.astype(int), 0, len(inks) - 2)
    part = (share - below)[:, None]
    return (inks[below] * (1 - part) + inks[below + 1] * part).astype(int)
