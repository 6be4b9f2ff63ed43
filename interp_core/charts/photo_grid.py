"""Several photographs side by side with a map over each, and patches to click."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from interp_core.charts.photographs import HOVER, Box, PhotoPlane, around, colour_url, dimmed
from interp_core.charts.points import GREY, MARKED

WIDTH = 860  # px of all of them on the page
GAP, NAME = 10, 22  # px between two photographs, and above each
HALO = {"stroke": "white", "strokeWidth": 4, "strokeJoin": "round"}
GROUND = (32, 36, 44, 235)  # what lies over patches that are no object
CLEAR = (0, 0, 0, 0)


def across(count: int) -> int:
    """How many of `count` photographs stand in a row."""
    return count if count <= 3 else 3 if count <= 6 else 4 if count <= 12 else 6


def mask_url(objects: np.ndarray) -> str:
    """A PNG data URL that covers what is False in (rows, columns)."""
    return colour_url(np.where(objects[..., None], CLEAR, GROUND).astype(np.uint8))


def photo_grid(
    photos: pd.DataFrame,
    cells: pd.DataFrame,
    marks: pd.DataFrame | None = None,
    *,
    opacity: float = 0.7,
    bare: bool = False,
    width: int = WIDTH,
) -> alt.LayerChart:
    """One photograph for each row of `photos`, with its map over it; a click picks a patch.

    `photos`: picture, name, url, map (URLs), wide, high (px of the photograph), left, top, right,
    bottom (the box of the patches in it), rows, columns (of patches). `cells`: picture, row,
    column, and what a tooltip tells. `marks`: picture, row, column of framed patches, text beside
    the frame, chosen. `bare` leaves the photographs out. Selection: `patch` (picture, row, column).
    """
    placed, whole = _arranged(photos, width)
    plane = PhotoPlane(whole, round(max(whole[2], whole[3])))
    layers = []
    if not bare:
        layers.append(_images(plane, placed, "photo", "url", 1.0))
        bands = _bands(placed)
        if len(bands):
            layers.append(dimmed(plane, bands))
    layers.append(_images(plane, placed, "map", "map", 1.0 if bare else opacity))
    layers.append(_clickable(plane, _boxes(cells, placed)))
    names = alt.Chart(placed).mark_text(
        align="left", baseline="bottom", color=GREY, fontSize=12, limit=width / across(len(photos))
    )
    layers.append(names.encode(**plane.at("cell_x", "name_y"), text="name:N"))
    if marks is not None and len(marks):
        layers += _framed(plane, _boxes(marks, placed))
    return plane.sized(alt.layer(*layers))


def _arranged(photos: pd.DataFrame, width: int) -> tuple[pd.DataFrame, Box]:
    """Where each photograph and its map stand, in px, row by row; and the box of all."""
    count = len(photos)
    columns = across(count)
    side = (width - GAP * (columns - 1)) / max(columns, 2)
    rows, y = [], 0.0
    for first in range(0, count, columns):
        tall = 0.0
        for number, photo in enumerate(photos.iloc[first : first + columns].itertuples()):
            region = (photo.left, photo.top, photo.right, photo.bottom)
            box = around((photo.wide, photo.high), region)
            times = side / max(box[2] - box[0], box[3] - box[1])
            x, top = number * (side + GAP), y + NAME
            rows.append(
                {
                    "cell_x": x,
                    "name_y": top - 4,
                    "times": times,
                    "photo_x": x - times * box[0],
                    "photo_y": top - times * box[1],
                    "photo_w": times * photo.wide,
                    "photo_h": times * photo.high,
                    "map_x": x + times * (photo.left - box[0]),
                    "map_y": top + times * (photo.top - box[1]),
                    "map_w": times * (photo.right - photo.left),
                    "map_h": times * (photo.bottom - photo.top),
                }
            )
            tall = max(tall, times * (box[3] - box[1]))
        y += NAME + tall + GAP
    placed = pd.concat([photos.reset_index(drop=True), pd.DataFrame(rows)], axis=1)
    return placed, (0.0, 0.0, max(columns, 2) * (side + GAP) - GAP, y)


def _images(plane: PhotoPlane, placed: pd.DataFrame, what: str, url: str, opacity: float) -> Any:
    """The photographs, or their maps."""
    data = placed[[f"{what}_x", f"{what}_y", f"{what}_w", f"{what}_h", url]]
    marks = alt.Chart(data).mark_image(
        width=alt.expr(f"datum.{what}_w * {plane.times}"),
        height=alt.expr(f"datum.{what}_h * {plane.times}"),
        align="left",
        baseline="top",
        aspect=False,
        opacity=opacity,
    )
    return marks.encode(**plane.at(f"{what}_x", f"{what}_y"), url=f"{url}:N")


def _bands(placed: pd.DataFrame) -> pd.DataFrame:
    """What of the photographs the patches do not cover."""
    found = []
    for photo in placed.itertuples():
        x, y = photo.photo_x, photo.photo_y
        right, bottom = x + photo.photo_w, y + photo.photo_h
        inner_top, inner_bottom = max(y, photo.map_y), min(bottom, photo.map_y + photo.map_h)
        found += [
            (x, y, right, inner_top),
            (x, inner_bottom, right, bottom),
            (x, inner_top, photo.map_x, inner_bottom),
            (photo.map_x + photo.map_w, inner_top, right, inner_bottom),
        ]
    kept = [band for band in found if band[2] - band[0] > 0.5 and band[3] - band[1] > 0.5]
    return pd.DataFrame(kept, columns=["left", "top", "right", "bottom"])


def _boxes(cells: pd.DataFrame, placed: pd.DataFrame) -> pd.DataFrame:
    """The cells with the box of each patch in px."""
    photo = placed.set_index("picture").loc[cells["picture"]].reset_index()
    broad = (photo["map_w"] / photo["columns"]).to_numpy()
    tall = (photo["map_h"] / photo["rows"]).to_numpy()
    x = photo["map_x"].to_numpy() + cells["column"].to_numpy() * broad
    y = photo["map_y"].to_numpy() + cells["row"].to_numpy() * tall
    names = photo["name"].to_numpy()
    return cells.assign(name=names, left=x, top=y, right=x + broad, bottom=y + tall).round(3)


def _clickable(plane: PhotoPlane, cells: pd.DataFrame) -> alt.Chart:
    fields = ["picture", "row", "column"]
    click = alt.selection_point(name="patch", fields=fields, on="click", empty=False)
    hover = alt.selection_point(
        name=HOVER, fields=fields, on="pointerover", clear="pointerout", empty=False
    )
    more = [
        alt.Tooltip(f"{name}:Q", title=name.replace("_", " "), format="+.2f")
        for name in cells
        if name.startswith("component_")
    ]
    marks = alt.Chart(cells).mark_rect(fillOpacity=0, cursor="pointer")
    marks = marks.encode(
        **plane.at("left", "top", "right", "bottom"),
        stroke=alt.condition(hover, alt.value(MARKED), alt.value("transparent")),
        tooltip=[alt.Tooltip("name:N", title="image"), "row:O", "column:O", *more],
    )
    return marks.add_params(click, hover)


def _framed(plane: PhotoPlane, marks: pd.DataFrame) -> list[alt.Chart]:
    """Frames that are seen on any photograph, and the text beside each."""
    base = alt.Chart(marks)
    place = plane.at("left", "top", "right", "bottom")
    around_it = base.mark_rect(fill=None, stroke="white", strokeWidth=5).encode(**place)
    frame = base.mark_rect(fill=None, stroke=MARKED, strokeWidth=3).encode(**place)
    font = {"align": "left", "baseline": "bottom", "dx": -1, "dy": -4, "fontSize": 12}
    at = {**plane.at("left", "top"), "text": "text:N"}
    halo = base.mark_text(**font, fontWeight=700, **HALO).encode(**at)
    text = base.mark_text(**font, fontWeight=700, color="#17202c").encode(**at)
    return [around_it, frame, halo, text]
