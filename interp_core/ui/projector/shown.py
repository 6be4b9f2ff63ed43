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

    `other` is the right-hand side of two; `steps` are the last lines of the script, where they
    depend on more than the view.
    """

    asked: Drawing
    vectors: Vectors
    picture: Projection | None
    chart: Any
    table: pd.DataFrame
    other: Drawing | None = None
    steps: tuple[str, ...] = ()
