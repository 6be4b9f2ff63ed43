"""Principal components of patch vectors: the main directions in which patches differ, as colours.

Oquab et al. (2023, DINOv2) show the first three components as red, green and blue, and tell object
from ground by the first. In photographs that share one analysis, the same parts get the same
colours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from interp_core.charted import Charted
from interp_core.errors import BadInput
from interp_core.images.vectors import image_vectors

if TYPE_CHECKING:
    from interp_core.embedding.vectors import Vectors
    from interp_core.models.record import LoadedModel

COMPONENTS = 3
# Where the most patches of the six sample photographs find their own mirror image as the nearest of
# all: layer 8 of 12 (55 %; 52 % at 9, 38 % at 11, 19 % at 12 and 21 % behind the final norm).
DEPTH = 2 / 3
ROUNDING = 4 * float(np.finfo(np.float32).eps)  # of the length of a vector
ENDS = (1, 99)  # percentiles of a component that get the least and the most of its colour
SIGN_RULE = (
    "The sign of the first component is chosen so that patches at the edges of the images are "
    "negative on average; that of the others so that their entry of largest size is positive."
)


@dataclass(frozen=True)
class PatchPCA(Charted):
    """`scores` has (rows, columns, components) for each picture: the coordinates of its patches.

    `shares` (components,) are the shares of the variance of all patch vectors, `components`
    (components, dim) the directions, of length 1, `mean` (dim,) what is taken away before. All
    pictures share these. `layer` counts as in `image_vectors`. Signs are arbitrary in a principal
    component analysis; here `SIGN_RULE` chooses them, and `flipped` exchanges them.
    """

    scores: tuple[np.ndarray, ...]
    shares: np.ndarray
    components: np.ndarray
    mean: np.ndarray
    layer: int

    def flipped(self, *numbers: int) -> PatchPCA:
        """The same with other signs of these components, counted from 0. Raises `BadInput`."""
        signs = np.ones(len(self.shares))
        for number in numbers:
            if not 0 <= number < len(signs):
                raise BadInput(f"Component {number} does not exist: there are {len(signs)}.")
            signs[number] = -1
        return PatchPCA(
            tuple(each * signs for each in self.scores),
            self.shares,
            self.components * signs[:, None],
            self.mean,
            self.layer,
        )

    def objects(self) -> tuple[np.ndarray, ...]:
        """Which patches are object and not ground, (rows, columns) bool for each picture.

        Those above 0, the mean of all patches, on the first component.
        """
        return tuple(each[..., 0] > 0 for each in self.scores)

    def colours(self) -> tuple[np.ndarray, ...]:
        """Red, green and blue, (rows, columns, 3) uint8 for each picture.

        Each component is scaled alike for all pictures, from its 1st percentile (0) to its 99th
        (255). A missing second or third component is even grey.
        """
        flat = np.concatenate([each.reshape(-1, each.shape[-1]) for each in self.scores])
        low, high = np.percentile(flat, ENDS, axis=0)
        span = np.where(high > low, high - low, 1)
        found = []
        for each in self.scores:
            scaled = ((each - low) / span).clip(0, 1)[..., :COMPONENTS]
            scaled[..., (high <= low)[:COMPONENTS]] = 0.5
            rest = np.full((*each.shape[:2], COMPONENTS - scaled.shape[-1]), 0.5)
            found.append(np.rint(np.concatenate([scaled, rest], -1) * 255).astype(np.uint8))
        return tuple(found)

    def to_frame(self) -> pd.DataFrame:
        """One row for each patch: picture, row, column, component_1 …, object, colour (#rrggbb)."""
        parts = []
        for number, (each, object_, colours) in enumerate(
            zip(self.scores, self.objects(), self.colours())
        ):
            row, column = np.indices(each.shape[:2]).reshape(2, -1)
            flat = each.reshape(-1, each.shape[-1])
            columns = {f"component_{k + 1}": flat[:, k] for k in range(flat.shape[1])}
            names = [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in colours.reshape(-1, COMPONENTS)]
            parts.append(
                pd.DataFrame(
                    {
                        "picture": number,
                        "row": row,
                        "column": column,
                        **columns,
                        "object": object_.ravel(),
                        "colour": names,
                    }
                )
            )
        return pd.concat(parts, ignore_index=True)


def patch_pca(
    model: LoadedModel,
    images: Sequence[Any],
    *,
    layer: int | str | None = None,
    components: int = COMPONENTS,
    progress: Callable[[int, int], object] | None = None,
) -> PatchPCA:
    """The first principal components of the patch vectors of pictures, with axes that they share.

    `images` are PIL pictures or arrays, `layer` counts as in `image_vectors` (one layer, not "all";
    without it `usual_layer`); `components` is at least 1. Raises `BadInput`, `UnsupportedModel` or
    `Stopped`.
    """
    if layer == "all":
        raise BadInput("Choose one layer: the layers have no axes in common.")
    layer = usual_layer(model) if layer is None else layer
    vectors = image_vectors(model, images, layer=layer, pooling="patch", progress=progress)
    return pca_of_patches(vectors, components=components)


def usual_layer(model: LoadedModel) -> int:
    """The layer at which patches of several pictures are compared first: two thirds of the depth.

    Vectors of the last layers serve what the model was trained for, and say less of a patch alone.
    """
    return round(DEPTH * model.n_layers)


def pca_of_patches(vectors: Vectors, *, components: int = COMPONENTS) -> PatchPCA:
    """The same of vectors that `image_vectors` gave with pooling "patch", of one layer.

    Raises `BadInput` for others, and where there are fewer patches or dimensions than components.
    """
    from sklearn.decomposition import PCA

    grids = patch_places(vectors)
    if vectors.frame["layer"].nunique() != 1:
        raise BadInput("Give the vectors of one layer: the layers have no axes in common.")
    most = min(len(vectors) - 1, vectors.dim)
    if not 1 <= components <= most:
        raise BadInput(f"There can be 1 to {most} components here, not {components}.")
    values = vectors.values.astype(np.float64)
    with np.errstate(invalid="ignore"):  # all patches alike: shares of no variance
        fitted = PCA(components, svd_solver="full").fit(values)
    directions = fitted.components_.copy()
    scores = (values - fitted.mean_) @ directions.T
    signs = np.sign(directions[np.arange(components), np.abs(directions).argmax(1)])
    edge = np.concatenate([_edge(shape).ravel() for _, shape in grids])
    told = scores[edge, 0].mean()
    if edge.any() and told:
        signs[0] = -np.sign(told)
    scores = scores * signs
    shares = np.nan_to_num(fitted.explained_variance_ratio_)
    # Vectors are float32: what varies by less than its rounding is nothing, and gets no colour.
    nothing = np.sqrt(fitted.explained_variance_) <= ROUNDING * np.linalg.norm(values, axis=1).max()
    scores[:, nothing], shares[nothing] = 0, 0
    return PatchPCA(
        tuple(scores[rows].reshape(*shape, components) for rows, shape in grids),
        shares,
        directions * signs[:, None],
        fitted.mean_,
        int(vectors.frame["layer"].iloc[0]),
    )


def patch_places(vectors: Vectors) -> list[tuple[slice, tuple[int, int]]]:
    """Of each picture the rows in `vectors`, and its (rows, columns) of patches.

    Raises `BadInput` where the vectors are no whole grids of patches, picture after picture.
    """
    frame = vectors.frame
    wrong = BadInput('These are not vectors of patches: use `image_vectors(…, pooling="patch")`.')
    if not {"picture", "patch", "layer"} <= set(frame) or not frame["patch"].str.len().all():
        raise wrong
    found, start = [], 0
    pictures = frame["picture"].to_numpy()
    ends = [*(np.flatnonzero(np.diff(pictures)) + 1), len(pictures)]
    for end in ends:
        names = list(frame["patch"].iloc[start:end])
        rows, columns = (int(each) + 1 for each in names[-1].split(","))
        if names != [f"{row},{column}" for row in range(rows) for column in range(columns)]:
            raise wrong
        found.append((slice(start, end), (rows, columns)))
        start = end
    return found


def _edge(shape: tuple[int, int]) -> np.ndarray:
    """The patches at the edges of a grid, (rows, columns) bool."""
    found = np.ones(shape, dtype=bool)
    found[1:-1, 1:-1] = False
    return found
