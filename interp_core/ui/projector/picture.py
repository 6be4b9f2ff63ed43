"""The picture itself, in the plane or in space, and what it is worth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from interp_core.analysis.picture import Projection
from interp_core.analysis.vectors import Vectors
from interp_core.charts.cloud import cloud, palette
from interp_core.charts.scatter import Look, scatter
from interp_core.models.record import LoadedModel
from interp_core.ui.attributions.asked import BOUND
from interp_core.ui.choices import keep_valid
from interp_core.ui.projector import (
    card,
    controls,
    drawing,
    frames,
    legend,
    picking,
    selection,
    sources,
    webgl,
)
from interp_core.ui.projector.asked import SLOW, Drawing, Points, View
from interp_core.ui.projector.colouring import Colouring, choices, colouring, columns
from interp_core.ui.projector.shown import Drawn, coordinates

LABELS = {"points": "of points", "groups": "of groups", "none": "none"}
GROUPED = ("ambiguous_words", "requests")


def draw(asked: Points, model: LoadedModel, row) -> Drawn | None:  # noqa: ANN001
    """Controls, picture, quality, the picked point and the box."""
    wanted = controls.drawing(asked, row)
    vectors = sources.vectors(asked)
    if vectors is None:
        return None
    view, found, picked = _view(wanted, vectors, model)
    place, early = st.container(), st.empty()
    if wanted.method in SLOW and drawing.at_hand(wanted) is None and len(vectors) > 2:
        with early.container():
            quick = drawing.preview(wanted, vectors)
            st.caption(f"PCA of the same points, until {wanted.title} is ready.")
            _plane(wanted, view, vectors, quick, None, found, picked, key="preview")
    picture = drawing.projection(wanted, vectors)
    if picture is None:
        return None
    colours = colouring(view.colour, wanted, vectors, picture, model)
    early.empty()
    with place:
        chart = _picture(wanted, view, vectors, picture, colours, found, picked)
    _worth(picture, vectors, wanted)
    if picked is not None:
        card.show(wanted, vectors, picture, picked)
    inside = picking.boxed(_name(wanted, view), picture.coordinates) if chart is not None else None
    if inside is not None:
        selection.show(vectors, inside)
    return Drawn(wanted, vectors, picture, chart, coordinates(vectors, picture))


def _name(asked: Drawing, view: View) -> tuple:
    return (asked, view)


def _view(
    asked: Drawing, vectors: Vectors, model: LoadedModel
) -> tuple[View, np.ndarray, int | None]:
    offered = choices(vectors, model if asked.points.source != "vectors" else None)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        key = f"colour_{asked.points.source}"
        keep_valid(key, offered)
        first = 0 if columns(vectors) else None
        colour = st.selectbox(
            "Colour", offered, index=first, key=key, placeholder="none", width=160, **BOUND
        )
        part = st.text_input("Find", key="find", placeholder="part of a text", width=150, **BOUND)
        found = frames.found_rows(vectors, part)
        picked = picking.chooser(vectors, found)
        labels, drag = _display(asked)
        everything = (
            asked.dimensions == 2
            and len(vectors) > frames.MOST_DRAWN
            and st.toggle(
                "All points", key="everything", help="Draws every point, with WebGL.", **BOUND
            )
        )
    if part.strip():
        hits = int(found.sum())
        st.caption(
            f"{hits:,} of {len(vectors):,} points found, ringed in the picture."
            if hits
            else "Nothing found."
        )
    return View(colour, labels, part, drag, everything), found, picked


def _display(asked: Drawing) -> tuple[str, str]:
    """Which labels, and what dragging does."""
    if asked.dimensions == 3:
        return "none", "moves"
    with st.popover("Display", icon=":material/visibility:"):
        labels = st.selectbox(
            "Labels",
            _labels_first(asked.points.source),
            key="labels_of",
            format_func=LABELS.get,
            **BOUND,
        )
        drag = st.segmented_control(
            "Dragging",
            ["moves", "selects"],
            default="moves",
            required=True,
            key="drag",
            help="Shift does the other one. The wheel zooms, a double click resets.",
            **BOUND,
        )
    return labels, drag


def _labels_first(source: str) -> list[str]:
    """Texts that are long or repeat themselves pile up: there the groups come first."""
    return sorted(LABELS, key=lambda name: name != "groups") if source in GROUPED else list(LABELS)


def _picture(wanted, view, vectors, picture, colours, found, picked):  # noqa: ANN001, ANN202
    if wanted.dimensions == 3 or view.everything:
        if webgl.able():
            _deck(wanted, view, vectors, picture, colours, found, picked)
            return None
        st.warning(
            "This browser has no WebGL, so the picture cannot be drawn here. Choose 2-D"
            + (" and a sample." if view.everything else ".")
        )
        st.button("Show it in 2-D", on_click=_flat)
        return None
    return _plane(wanted, view, vectors, picture, colours, found, picked, key="picture")


def _flat() -> None:
    st.session_state["dimensions"] = 2
    st.session_state["everything"] = False


def _plane(  # noqa: ANN202
    wanted: Drawing,
    view: View,
    vectors: Vectors,
    picture: Projection,
    colours: Colouring | None,
    found: np.ndarray,
    picked: int | None,
    *,
    key: str,
):
    name = _name(wanted, view)
    told = picking.marked((name, key), picked) if key == "picture" else picked
    rows = frames.drawn_rows(len(vectors), found, told, False)
    frame = frames.point_frame(vectors, picture, found, rows)
    frame = frames.with_details(frame, vectors, columns(vectors))
    details = tuple(column for column in frame if column not in ("row", "x", "y", "found"))
    if colours is not None:
        frame["_colour"] = colours.values.to_numpy()[rows]
    if key == "picture" and len(vectors) <= drawing.AT_ONCE and len(vectors) > 2:
        knn = drawing.neighbours(
            wanted.points, vectors, wanted.metric, min(drawing.NEAR, len(vectors) - 1)
        )
        if knn is not None:
            frame["near"] = frames.near_column(knn, rows)
    ink, paper = legend.inks()
    look = Look(
        colour=None if colours is None else "_colour",
        kind="nominal" if colours is None else colours.kind,
        title="" if colours is None else colours.title,
        picked=told,
        drag=view.drag,
        axes=_axis_titles(picture, wanted),
        tooltip=details,
        ink=ink,
        paper=paper,
    )
    chart = scatter(frame, _labels(view, frame, vectors, colours, rows), look)
    widget = f"{key}_{hash(name)}"
    st.altair_chart(
        chart,
        width="stretch",
        key=widget,
        selection_mode=["pick", "box"],
        on_select=picking.on_chart(widget, vectors, name) if key == "picture" else "ignore",
        alt=_alt(wanted, vectors),
    )
    other = "selects a box" if view.drag == "moves" else "moves"
    st.caption(
        f"Drag {view.drag.replace('selects', 'selects a box')}, Shift and drag {other}, the wheel "
        "zooms, a click picks a point, a double click resets."
    )
    if len(rows) < len(vectors):
        st.caption(
            f"Drawn: a random sample of {frames.MOST_DRAWN:,} of {len(vectors):,} points and what "
            "was searched for; the method used all of them. “All points” draws every one."
        )
    return chart


def _labels(view, frame, vectors, colours, rows) -> pd.DataFrame:  # noqa: ANN001
    if view.labels == "points":
        return frames.point_labels(frame, vectors)
    if view.labels == "groups" and colours is not None and colours.kind == "nominal":
        return frames.group_labels(frame, colours.values.iloc[rows])
    return frames.NO_LABELS


def _deck(wanted, view, vectors, picture, colours, found, picked) -> None:  # noqa: ANN001
    rows = np.arange(len(vectors))
    frame = frames.point_frame(vectors, picture, found, rows)
    frame = frame.rename(columns={"text": "tip"})
    if colours is not None and colours.kind == "nominal":
        frame["tip"] = [f"{tip}\n{value}" for tip, value in zip(frame["tip"], colours.values)]
    inks = legend.names_of_colours("nominal" if colours is None else colours.kind)
    values = pd.Series(0, index=rows) if colours is None else colours.values
    shades = palette(values, "nominal" if colours is None else colours.kind, inks)
    near = ()
    if picked is not None:
        table = card.neighbours_of(wanted, vectors, picture, picked)
        near = tuple(int(row) for row in table["index"])
    deck = cloud(frame, shades, picked=picked, near=near)
    legend.legend(colours)
    widget = f"deck_{hash((wanted, view))}"
    st.pydeck_chart(
        deck,
        height=600,
        key=widget,
        selection_mode="single-object",
        on_select=picking.on_deck(widget, vectors, rows),
        alt=_alt(wanted, vectors),
    )
    turn = "Drag turns, right drag moves" if wanted.dimensions == 3 else "Drag moves"
    st.caption(f"{turn}, the wheel zooms; a click picks a point. All {len(rows):,} points.")


def _alt(wanted: Drawing, vectors: Vectors) -> str:
    return f"{wanted.title} of {len(vectors):,} points in {wanted.dimensions} dimensions."


def _axis_titles(picture: Projection, wanted: Drawing) -> tuple[str, str]:
    if picture.explained is not None:
        shares = [f"{share:.1%}" for share in picture.explained]
        return tuple(
            f"component {n}: {share} of the variance" for n, share in enumerate(shares[:2], 1)
        )
    if wanted.method == "axis":
        ends = dict(wanted.options)["axes"]
        return tuple(f"{', '.join(low)} → {', '.join(high)}" for low, high in ends[:2])
    return ("", "")


def _worth(picture: Projection, vectors: Vectors, wanted: Drawing) -> None:
    """One line: how far the picture may be trusted."""
    parts = []
    if picture.explained is not None:
        parts.append(f"{picture.explained.sum():.0%} of the variance is in view")
    if picture.quality is not None:
        quality = picture.quality
        parts += [
            f"trustworthiness {quality.trustworthiness:.2f}, continuity {quality.continuity:.2f}",
            f"{quality.kept:.0%} of the {quality.k} true neighbours kept (by chance "
            f"{quality.chance:.1%})",
            f"{quality.none_kept:.0%} of the points show none of theirs",
        ]
    parts += picture.notes
    st.caption(f"{len(vectors):,} points · {vectors.dim} dimensions · " + " · ".join(parts) + ".")
    if wanted.method in SLOW:
        st.caption(
            "Which points are neighbours is what this picture shows; sizes of groups and distances "
            "between them mean little."
        )
