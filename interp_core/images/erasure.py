"""Insertion and deletion curves of image attributions: does the answer follow the named patches?

Petsiuk et al. (2018, RISE): the patches are taken away in the order of their scores, or put into an
empty picture in that order, and the areas under the two curves are compared; here with those of
random orders. What stands in the place of a patch is never neutral, so it can be chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from interp_core.attribution.erasure import (
    GRID,
    MEASURES,
    RANDOM_RANKINGS,
    BesideRandom,
    counts_of,
    curve_frame,
)
from interp_core.attribution.prediction import activation_of
from interp_core.attribution.targets import Target, Term
from interp_core.charted import Charted
from interp_core.errors import BadInput
from interp_core.images.attribution import (
    GREYS,
    ImageAttribution,
    ImageFunction,
    check_classifier,
    image_function,
    uniform_image,
)
from interp_core.inputs.images import encode_image, patch_grid
from interp_core.validation import label_index

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

BLUR, MEAN = "blur", "mean"
REPLACEMENTS = {
    BLUR: "a blurred copy of the image (Gaussian, standard deviation of one patch)",
    MEAN: "the mean colour of the image",
    **{name: f"an even {name}" for name in GREYS},
}


@dataclass(frozen=True)
class ImageFaithfulness(BesideRandom, Charted):
    """How the answer follows a ranking of patches, beside random rankings.

    `deletion` is the area under the curve from the whole image to none of its patches, lower is
    better; `insertion` that from none to all, higher is better; both in units of the `measure`
    (probability of the target, or its logit), over the share of patches from 0 to 1 in steps of a
    tenth (trapezoids). `random_deletion` and `random_insertion` (rankings,) are those of random
    orders. `curve` has one row for each curve, ranking ("attribution", "random") and step:
    fraction, patches, probability (or logit), and one standard deviation of the random ones to each
    side as low and high. `whole` and `empty` are the measure with all patches and with none.
    """

    FIGURES = ("deletion", "insertion")

    deletion: float
    insertion: float
    random_deletion: np.ndarray
    random_insertion: np.ndarray
    curve: pd.DataFrame
    replacement: str
    measure: str
    target: str
    patches: int
    whole: float
    empty: float
    evaluations: int


def image_faithfulness(
    model: LoadedModel,
    image: Any,
    attribution: ImageAttribution,
    *,
    replacement: str = BLUR,
    measure: str = "probability",
    rankings: int = RANDOM_RANKINGS,
    seed: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> ImageFaithfulness:
    """Take patches away, and put them back, in the order of their scores (largest first).

    `attribution` is what `attribute_image` found for this model and `image`; `replacement` is what
    stands in the place of a patch: "blur", "mean", "grey", "black" or "white" (`REPLACEMENTS`).
    With the `measure` "logit" the target's logit is watched, which still moves where the model is
    nearly certain. Costs (1 + `rankings`) × 18 passes of one image, and 2. Raises `BadInput`,
    `UnsupportedModel` for models without labels, or `Stopped`.
    """
    check_classifier(model)
    _check(replacement, measure, rankings)
    encoded = encode_image(model, image)
    grid = patch_grid(encoded.sequence.tokens)
    if attribution.patches.shape != grid or attribution.target not in model.labels:
        raise BadInput(
            f"The attribution has {attribution.patches.shape} patches for {attribution.target!r}, "
            f"and this model makes {grid} of the image. Explain this image with this model first."
        )
    index = label_index(model.labels, attribution.target)
    goal = Target(attribution.target, (Term("logits", index),), activation=activation_of(model))
    pixels = encoded.inputs["pixel_values"]

    def resolve(output: Any) -> Target:
        _check_prediction(output.logits[0].float().cpu().numpy(), attribution, model)
        return goal

    seen = image_function(model, pixels, grid, resolve, progress)
    scores = attribution.patches.ravel()
    generator = np.random.default_rng(seed)
    orders = [np.argsort(-scores, kind="stable")]
    orders += [generator.permutation(len(scores)) for _ in range(rankings)]
    counts = counts_of(GRID, len(scores), len(scores))
    removed, kept = _curves(seen, _empty(seen, replacement), orders, list(counts.values()), measure)
    areas = [np.trapezoid(each, GRID, axis=1) for each in (removed, kept)]
    return ImageFaithfulness(
        float(areas[0][0]),
        float(areas[1][0]),
        areas[0][1:],
        areas[1][1:],
        curve_frame(counts, removed, kept, measure, "patches"),
        replacement,
        measure,
        attribution.target,
        len(scores),
        float(removed[0, 0]),
        float(kept[0, 0]),
        seen.meter.done,
    )


def _check(replacement: str, measure: str, rankings: int) -> None:
    if replacement not in REPLACEMENTS:
        known = ", ".join(REPLACEMENTS)
        raise BadInput(f"Unknown replacement {replacement!r}. Choose one of: {known}.")
    if measure not in MEASURES:
        raise BadInput(f"Unknown measure {measure!r}. Choose one of: {', '.join(MEASURES)}.")
    if rankings < 2:
        raise BadInput("Give at least 2 random rankings, so that their SD is known.")


def _check_prediction(
    logits: np.ndarray, attribution: ImageAttribution, model: LoadedModel
) -> None:
    """Raises `BadInput` where the attribution belongs to another image or model."""
    told = np.asarray(attribution.prediction.logits, dtype=np.float64)
    exact = torch.finfo(getattr(torch, model.dtype)).eps ** 0.5  # the same image on another machine
    spread = max(float(np.ptp(told)), float(np.abs(told).max()), 1e-6) if told.size else 0.0
    if told.shape != logits.shape or np.abs(told - logits).max() > exact * spread:
        raise BadInput(
            "The attribution explains another image or another model: the logits differ. Explain "
            "this image with this model first."
        )


def _empty(seen: ImageFunction, replacement: str) -> torch.Tensor:
    """The picture of which nothing is left, (1, height · width, channels), as `embeddings`."""
    if replacement in GREYS:
        return uniform_image(seen, replacement)
    if replacement == MEAN:
        return seen.embeddings.mean(1, keepdim=True).expand_as(seen.embeddings)
    from scipy.ndimage import gaussian_filter

    picture = seen.picture(seen.embeddings)[0].float().cpu().numpy()
    blurred = gaussian_filter(picture, (0, *seen.side), mode="nearest")
    return torch.from_numpy(blurred).flatten(1).T[None].to(seen.embeddings)


def _curves(
    seen: ImageFunction,
    empty: torch.Tensor,
    orders: Sequence[np.ndarray],
    counts: Sequence[int],
    measure: str,
) -> tuple[np.ndarray, np.ndarray]:
    """The measure (rankings, steps) without the top patches, and with the top patches alone."""
    everything = len(orders[0])
    gone = [frozenset(order[:count].tolist()) for order in orders for count in counts]
    alone = [frozenset(order[count:].tolist()) for order in orders for count in counts]
    sets = list(dict.fromkeys([*gone, *alone]))
    seen.meter.expected += len(sets)
    place = _patch_of_pixels(seen, everything)
    values: dict[frozenset, float] = {}
    for first in range(0, len(sets), seen.rows):
        part = sets[first : first + seen.rows]
        masks = np.zeros((len(part), everything + 1), dtype=bool)  # the last: no patch's pixels
        for row, each in enumerate(part):
            masks[row, list(each)] = True
            masks[row, -1] = len(each) == everything
        away = torch.from_numpy(masks[:, place]).to(seen.embeddings.device)[..., None]
        with torch.no_grad():
            output = seen.run(torch.where(away, empty, seen.embeddings))
            found = MEASURES[measure](seen.target, output).double().cpu().numpy()
        values |= dict(zip(part, found.tolist()))
    shape = (len(orders), len(counts))
    return tuple(
        np.array([values[each] for each in chosen]).reshape(shape) for chosen in (gone, alone)
    )


def _patch_of_pixels(seen: ImageFunction, nothing: int) -> np.ndarray:
    """(height · width,): the patch of each pixel, and `nothing` for those that fill none."""
    _, high, wide = seen.shape
    rows, columns = seen.patches
    row, column = np.arange(high) // seen.side[0], np.arange(wide) // seen.side[1]
    found = row[:, None] * columns + column
    return np.where((row[:, None] < rows) & (column < columns), found, nothing).ravel()
