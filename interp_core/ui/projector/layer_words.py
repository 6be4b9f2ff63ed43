"""The points of a layer in words."""

from __future__ import annotations

import numpy as np
import streamlit as st

import interp_core as ic
from interp_core.analysis.alignment import Aligned
from interp_core.ui import numbers
from interp_core.ui.projector.asked import Drawing, Points

Pictures = list[tuple[ic.Projection, Aligned]]


def described(at: Drawing, pictures: Pictures) -> str:
    """The points at one layer in words."""
    number = at.points.layer
    count = len(pictures[number][1].coordinates)
    said = f"{at.title} of {count:,} points at layer {number} of {len(pictures) - 1}"
    if not number:
        return f"{said}, the output of the embeddings."
    left = pictures[number][1].disparity
    return (
        f"{said}; {numbers.number(left, '.0%')} of the picture could not be laid over layer "
        f"{number - 1}."
    )


def say(pictures: Pictures, number: int, asked: Points, count: int) -> None:
    """How to read the motion, and what part of it is none."""
    parts = [
        f"{count:,} points at layer {number} of {len(pictures) - 1}. Each picture is turned and "
        "scaled onto the one before (Procrustes), so that what moves has changed."
    ]
    if number:
        left = pictures[number][1].disparity
        share = numbers.number(left, ".0%")
        parts.append(f"{share} of this one could not be laid over the layer before.")
    if asked.value("sampled"):
        parts.append(f"Of the texts a random sample of {asked.value('sampled'):,} is drawn.")
    st.caption(" ".join(parts))


def way(places: list[np.ndarray], picked: int) -> str:
    """The way of one point."""
    path = ic.path_frame(places, picked)
    most = path.loc[path["moved"].idxmax()]
    return (
        f"The line is the way of the chosen point; it moved most into layer {int(most['layer'])}: "
        f"{numbers.number(most['moved'], '.1f')} times the mean step of all points."
    )
