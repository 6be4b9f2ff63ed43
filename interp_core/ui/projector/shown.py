"""What a view hands on to the downloads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from interp_core.analysis.picture import Projection
from interp_core.analysis.vectors import Vectors
from interp_core.ui.projector.asked import Drawing


@dataclass(frozen=True)
class Drawn:
    """The question, the vectors, the picture and its table; `chart` is None in WebGL.

    `other` is the right-hand side of two.
    """

    asked: Drawing
    vectors: Vectors
    picture: Projection | None
    chart: Any
    table: pd.DataFrame
    other: Drawing | None = None


def coordinates(vectors: Vectors, picture: Projection) -> pd.DataFrame:
    """Text, columns, coordinates and reliability of every point."""
    axes = ["x", "y", "z"][: picture.dimensions]
    table = pd.DataFrame(picture.coordinates, columns=axes)
    if picture.reliability is not None:
        table["neighbours kept"] = picture.reliability
    rest = vectors.frame.drop(columns=[name for name in table if name in vectors.frame])
    return pd.concat([table, rest], axis=1)
