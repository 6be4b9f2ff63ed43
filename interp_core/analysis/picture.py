"""The record of a picture of vectors: coordinates, how they came about, what they are worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from interp_core.analysis.neighbours import Neighbours
    from interp_core.analysis.quality import Quality


@dataclass(frozen=True)
class Projection:
    """`coordinates` (n, dimensions) float64 and how far they may be trusted.

    `quality` is None where it was not measured. `explained` (dimensions,) is the share of variance
    of each axis (PCA alone). `knn` are the exact neighbours in the original space, as far as they
    were searched. `notes` say what was done to the vectors and the options.
    """

    coordinates: np.ndarray
    method: str
    dimensions: int
    seed: int
    metric: str
    seconds: float
    options: dict[str, Any]
    notes: tuple[str, ...] = ()
    explained: np.ndarray | None = None
    quality: Quality | None = None
    knn: Neighbours | None = None

    @property
    def trustworthiness(self) -> float:
        """Share of what the picture shows as near that is near (1 is perfect); NaN unmeasured."""
        return self.quality.trustworthiness if self.quality else float("nan")

    @property
    def continuity(self) -> float:
        """Share of what is near that the picture shows as near (1 is perfect); NaN unmeasured."""
        return self.quality.continuity if self.quality else float("nan")

    @property
    def kept(self) -> float:
        """Mean share of the k true neighbours that the picture keeps; NaN unmeasured."""
        return self.quality.kept if self.quality else float("nan")

    @property
    def none_kept(self) -> float:
        """Share of points that keep none of their true neighbours; NaN unmeasured."""
        return self.quality.none_kept if self.quality else float("nan")

    @property
    def reliability(self) -> np.ndarray | None:
        """(n,) share of each point's true neighbours that the picture keeps."""
        return self.quality.reliability if self.quality else None
