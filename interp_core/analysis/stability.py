"""How much a picture owes to its seed or its method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from interp_core.analysis.alignment import align
from interp_core.analysis.projection import Projection, project
from interp_core.analysis.quality import picture_neighbours, shared
from interp_core.analysis.vectors import Vectors
from interp_core.errors import BadInput


def compare_pictures(pictures: Mapping[str, np.ndarray], *, k: int = 15) -> pd.DataFrame:
    """Each pair of pictures of the same points: first, second, shared, chance, disparity.

    `shared` is the mean share of k neighbours that both show (1: the same neighbourhoods),
    `chance` what unrelated pictures share, `disparity` what is left after the best overlay (0: the
    same picture; empty for different numbers of dimensions).
    """
    if len({len(picture) for picture in pictures.values()}) != 1 or len(pictures) < 2:
        raise BadInput("Give two or more pictures of the same points.")
    count = len(next(iter(pictures.values())))
    k = max(1, min(k, (count - 1) // 2))
    near = {name: picture_neighbours(picture, k) for name, picture in pictures.items()}
    rows = []
    for one, two in combinations(pictures, 2):
        same_shape = np.shape(pictures[one]) == np.shape(pictures[two])
        left = align(pictures[one], pictures[two]).disparity if same_shape else np.nan
        share = float(shared(near[one], near[two]).mean())
        rows.append((one, two, share, k / (count - 1), left))
    return pd.DataFrame(rows, columns=["first", "second", "shared", "chance", "disparity"])


def stable_share(pictures: Sequence[np.ndarray], *, k: int = 15) -> np.ndarray:
    """(n,) for each point, the mean share of its k neighbours that two of the pictures agree on."""
    k = max(1, min(k, (len(pictures[0]) - 1) // 2))
    near = [picture_neighbours(picture, k) for picture in pictures]
    return np.mean([shared(one, two) for one, two in combinations(near, 2)], axis=0)


def over_seeds(
    vectors: Vectors, *, seeds: Sequence[int] = (0, 1, 2), **options: Any
) -> tuple[list[Projection], pd.DataFrame]:
    """The pictures of several seeds (one neighbour search for all) and how they compare.

    UMAP and t-SNE start at random unless `init` says otherwise, or the start would decide.
    """
    found: list[Projection] = []
    if options.get("method", "umap") in ("umap", "tsne"):
        options.setdefault("init", "random")
    for seed in seeds:
        knn = found[-1].knn if found else options.pop("knn", None)
        found.append(project(vectors, seed=seed, quality=False, knn=knn, **options))
    names = {f"seed {drawn.seed}": drawn.coordinates for drawn in found}
    return found, compare_pictures(names)
