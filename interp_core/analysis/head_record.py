"""The record of head statistics: sums over texts that merge, and the tables made of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from interp_core.analysis.head_frame import head_frame, uniform_frame
from interp_core.analysis.head_groups import (
    REDUNDANT,
    clustered_order,
    head_map,
    redundancy_groups,
)
from interp_core.analysis.head_moments import Moments
from interp_core.analysis.head_similarity import Sample
from interp_core.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class HeadStatistics:
    """What each head does over `texts` texts of `tokens` tokens.

    `moments` over texts have shape (layers, heads + 1, statistics): the last head is uniform
    attention over the allowed keys, the base rate. `histograms` (3, layers, heads, bins) count
    query rows by entropy (up to `ceiling` nats), normalised entropy and confidence. `profiles`
    (layers, heads, offsets) sums each text's standardised position profile, `profiled` (layers,
    heads) counts them. `repeated` (3, layers, heads) holds the scores on repeated random sequences,
    or None for models that see both ways. `layers` are true layer numbers.

    All averages are over texts (each text counts once), special tokens included.
    """

    model: str
    layers: tuple[int, ...]
    heads: int
    names: tuple[str, ...]
    ceiling: float
    texts: int
    tokens: int
    moments: Moments
    histograms: np.ndarray
    profiles: np.ndarray
    profiled: np.ndarray
    sample: Sample
    repeated: np.ndarray | None = None

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row for each layer and head; the columns are told by `head_frame`."""
        return head_frame(self)

    @property
    def base_rates(self) -> pd.DataFrame:
        """One row for each layer: every statistic of attention that spreads evenly."""
        return uniform_frame(self)

    def merge(self, other: HeadStatistics) -> HeadStatistics:
        """The statistics of both sets of texts. Order and grouping make no difference.

        Raises `BadInput` where models or statistics differ.
        """
        if self.identity != other.identity:
            raise BadInput(
                f"Statistics of {self.model!r} and {other.model!r} with their options cannot be "
                "merged: compute both with the same model and the same quantities."
            )
        return replace(
            self,
            texts=self.texts + other.texts,
            tokens=self.tokens + other.tokens,
            moments=self.moments.merge(other.moments),
            histograms=self.histograms + other.histograms,
            profiles=self.profiles + other.profiles,
            profiled=self.profiled + other.profiled,
            sample=self.sample.merge(other.sample),
            repeated=self.repeated if self.repeated is not None else other.repeated,
        )

    @property
    def identity(self) -> tuple:
        """What must be equal for two records to be merged."""
        return self.model, self.layers, self.heads, self.names, self.ceiling

    @cached_property
    def distances(self) -> np.ndarray:
        """Mean Jensen-Shannon distance of all heads, (rows of `frame`, same), in nats."""
        return self.sample.matrix(len(self.layers) * self.heads)

    def groups(self, limit: float = REDUNDANT) -> np.ndarray:
        """Redundancy group of each row of `frame`; −1 where a head has no twin."""
        if not len(self.sample.keys):
            return np.full(len(self.distances), -1)
        return redundancy_groups(self.distances, limit)

    def order(self) -> np.ndarray:
        """Rows of `frame` with similar heads side by side."""
        if not len(self.sample.keys):
            return np.arange(len(self.distances))
        return clustered_order(self.distances)

    def map(self) -> tuple[pd.DataFrame, float]:
        """Columns layer, head, x, y (multidimensional scaling of `distances`), and the stress."""
        if not len(self.sample.keys):
            raise BadInput("No text has two tokens to look at, so heads cannot be compared.")
        points, stress = self._drawn
        frame = self.frame[["layer", "head"]].assign(x=points[:, 0], y=points[:, 1])
        return frame, stress

    @cached_property
    def _drawn(self) -> tuple[np.ndarray, float]:
        return head_map(self.distances)

    def save(self, path: str | Path) -> None:
        """Write a Parquet file: the table, with everything needed to go on merging beside it."""
        from interp_core.analysis.head_files import write_statistics

        write_statistics(self, path)

    @staticmethod
    def load(path: str | Path) -> HeadStatistics:
        """Read what `save` wrote. Raises `BadInput`."""
        from interp_core.analysis.head_files import read_statistics

        return read_statistics(path)
