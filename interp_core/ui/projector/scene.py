"""Everything that a picture is made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from interp_core.analysis.picture import Projection
from interp_core.analysis.vectors import Vectors
from interp_core.ui.projector.asked import Drawing, View
from interp_core.ui.projector.colouring import Colouring


@dataclass(frozen=True)
class Scene:
    """The question, the look, vectors, coordinates, colours, search hits (n,), the picked row."""

    asked: Drawing
    view: View
    vectors: Vectors
    picture: Projection
    colours: Colouring | None
    found: np.ndarray
    picked: int | None

    @property
    def name(self) -> tuple[Drawing, View]:
        """What the picture is known by from run to run."""
        return self.asked, self.view
