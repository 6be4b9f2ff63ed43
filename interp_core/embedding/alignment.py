"""Pictures of the same points laid over one another, so that motion means change (Procrustes)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from interp_core.embedding.projection import Projection, project
from interp_core.embedding.quality import neighbour_overlap, picture_neighbours
from interp_core.embedding.vectors import Vectors
from interp_core.errors import BadInput


@dataclass(frozen=True)
class Aligned:
    """`coordinates` (n, d) turned onto a reference; `disparity` is the share of it left unmatched.

    0: the same picture but for turning, mirroring, shifting and scaling; 1: nothing in common.
    """

    coordinates: np.ndarray
    disparity: float


def align(coordinates: np.ndarray, reference: np.ndarray) -> Aligned:
    """Shift, turn (or mirror) and scale a picture onto a reference of the same points.

    The best fit in the sense of least squares (Gower 1975). Raises `BadInput` for other shapes.
    """
    moving = np.asarray(coordinates, dtype=np.float64)
    target = np.asarray(reference, dtype=np.float64)
    if moving.shape != target.shape or moving.ndim != 2:
        raise BadInput(f"Projections of shape {moving.shape} and {target.shape} cannot be aligned.")
    middle = target.mean(axis=0)
    moving, target = moving - moving.mean(axis=0), target - middle
    left, sizes, right = np.linalg.svd(moving.T @ target)
    own, wanted = (moving**2).sum(), (target**2).sum()
    scale = sizes.sum() / own if own else 0.0
    disparity = 1 - sizes.sum() ** 2 / (own * wanted) if own and wanted else 1.0
    return Aligned(scale * moving @ (left @ right) + middle, float(max(0.0, disparity)))


def align_chain(pictures: Sequence[np.ndarray]) -> list[Aligned]:
    """Each picture laid over the one before it; the first stays as it is."""
    chain = [Aligned(np.asarray(pictures[0], dtype=np.float64), 0.0)]
    for picture in pictures[1:]:
        chain.append(align(picture, chain[-1].coordinates))
    return chain


def project_layers(
    layers: Sequence[Vectors], *, method: str = "pca", follow: bool = True, **options: Any
) -> list[tuple[Projection, Aligned]]:
    """The same points at each layer, every picture laid over the one before.

    With `follow`, UMAP and t-SNE start from the picture of the layer before, so that groups keep
    their places. `options` go to `project`.
    """
    found: list[tuple[Projection, Aligned]] = []
    for vectors in layers:
        if found and len(vectors) != len(found[0][1].coordinates):
            raise BadInput("The layers hold different numbers of points: give the same texts.")
        start = {"init": found[-1][1].coordinates} if _starts(method, follow, found) else {}
        drawn = project(vectors, method=method, **{**options, **start})
        onto = found[-1][1].coordinates if found else drawn.coordinates
        found.append((drawn, align(drawn.coordinates, onto)))
    return found


def _starts(method: str, follow: bool, found: list) -> bool:
    return bool(found) and follow and method in ("umap", "tsne")


def path_frame(pictures: Sequence[np.ndarray], point: int) -> pd.DataFrame:
    """The path of one point through the pictures: layer, x, y (and z), moved.

    `moved` is the step from the layer before over the mean step of all points: above 1, the point
    moved more than most.
    """
    stacked = np.stack([np.asarray(picture, dtype=np.float64) for picture in pictures])
    if not 0 <= point < stacked.shape[1]:
        raise BadInput(f"Point {point} does not exist.")
    steps = np.linalg.norm(np.diff(stacked, axis=0), axis=2)
    mean = steps.mean(axis=1)
    moved = np.divide(steps[:, point], mean, out=np.zeros(len(mean)), where=mean > 0)
    frame = pd.DataFrame(stacked[:, point], columns=["x", "y", "z"][: stacked.shape[2]])
    frame.insert(0, "layer", range(len(frame)))
    return frame.assign(moved=[0.0, *moved])


def compare_pictures(pictures: Mapping[str, np.ndarray], *, k: int = 15) -> pd.DataFrame:
    """Each pair of pictures of the same points: first, second, shared, chance, disparity.

    `shared` is the mean share of k neighbours that both show (1: the same neighbourhoods),
    `chance` what unrelated pictures share, `disparity` what is left after the best overlay (0: the
    same picture; empty for different numbers of dimensions).
    """
    if len({len(picture) for picture in pictures.values()}) != 1 or len(pictures) < 2:
        raise BadInput("Give two or more projections of the same points.")
    count = len(next(iter(pictures.values())))
    k = max(1, min(k, (count - 1) // 2))
    near = {name: picture_neighbours(picture, k) for name, picture in pictures.items()}
    rows = []
    for one, two in combinations(pictures, 2):
        same_shape = np.shape(pictures[one]) == np.shape(pictures[two])
        left = align(pictures[one], pictures[two]).disparity if same_shape else np.nan
        share = float(neighbour_overlap(near[one], near[two]).mean())
        rows.append((one, two, share, k / (count - 1), left))
    return pd.DataFrame(rows, columns=["first", "second", "shared", "chance", "disparity"])


def stable_share(pictures: Sequence[np.ndarray], *, k: int = 15) -> np.ndarray:
    """(n,) for each point, the mean share of its k neighbours that two of the pictures agree on."""
    k = max(1, min(k, (len(pictures[0]) - 1) // 2))
    near = [picture_neighbours(picture, k) for picture in pictures]
    return np.mean([neighbour_overlap(one, two) for one, two in combinations(near, 2)], axis=0)


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
