"""Which part of the picture made the decision: attributions of an image classifier's logit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from interp_core.attribution.attention_based import attention_relevance, rollout
from interp_core.attribution.baselines import Baseline
from interp_core.attribution.forward_function import ScalarFunction
from interp_core.attribution.gradients import input_x_gradient, saliency
from interp_core.attribution.integrated_gradients import integrated_gradients
from interp_core.attribution.prediction import Prediction, activation_of, predict
from interp_core.attribution.result import MethodOutput, misleads, sum_error
from interp_core.attribution.targets import Target, Term
from interp_core.charted import Charted
from interp_core.errors import BadInput, UnsupportedModel
from interp_core.inputs.images import encode_image, patch_grid
from interp_core.models.forward import CHUNK_TOKENS
from interp_core.models.hooks import shared_copy
from interp_core.progress import Counter
from interp_core.validation import label_index

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel


GREYS = {"black": 0, "grey": 127, "white": 255}


@dataclass(frozen=True)
class ImageMethod:
    """`signed` scores have a direction; `complete` ones sum to F(x) − F(baseline); `fine` ones
    tell pixels apart, the others patches alone."""

    run: Callable[..., MethodOutput]
    title: str
    about: str
    signed: bool = True
    complete: bool = False
    fine: bool = True
    baseline: bool = False


@dataclass(frozen=True)
class ImageAttribution(Charted):
    """`patches` (rows, columns) sum to the scores; `pixels` (height, width) where the method tells
    them apart, else None. `value` is the explained logit, `baseline_value` that of the baseline,
    `convergence_delta` Σ scores − (value − baseline_value) for complete methods."""

    patches: np.ndarray
    pixels: np.ndarray | None
    method: str
    target: str
    prediction: Prediction
    value: float
    signed: bool
    baseline: str | None = None
    baseline_value: float | None = None
    convergence_delta: float | None = None
    token_error: float | None = None
    evaluations: int = 0

    @property
    def sum_error(self) -> float:
        """By how much the scores miss the change of the logit, as `Attribution.sum_error`."""
        return sum_error(self.patches, self.value, self.baseline_value, self.convergence_delta)

    @property
    def misleads(self) -> bool:
        """Whether the scores miss their sum by too much to be read."""
        return misleads(self.sum_error, self.patches, self.convergence_delta)

    def to_frame(self) -> pd.DataFrame:
        """One row for each patch: row, column, score."""
        row, column = np.indices(self.patches.shape).reshape(2, -1)
        return pd.DataFrame({"row": row, "column": column, "score": self.patches.ravel()})


def attribute_image(
    model: LoadedModel,
    image: Any,
    *,
    method: str = "integrated_gradients",
    target: Any = None,
    baseline: str = "grey",
    progress: Callable[[int, int], object] | None = None,
) -> ImageAttribution:
    """How much each patch of a picture counts for one logit of an image classifier.

    `image` is a PIL picture or an array (height, width, channels); `target` a label by name or
    number, without it the model's own answer. `baseline` ("grey", "black", "white") is what a part
    is replaced by when it is away; methods: `IMAGE_METHODS`. Raises `BadInput`,
    `UnsupportedModel`, or `Stopped`.
    """
    entry = _checked(model, method, baseline)
    encoded = encode_image(model, image)
    pixels = encoded.inputs["pixel_values"]
    predictions: list[Prediction] = []

    def resolve(output: Any) -> Target:
        predictions.append(predict(output.logits[0], model.labels, activation_of(model)))
        best = int(np.argmax(predictions[0].logits))
        index = best if target is None else label_index(model.labels, target)
        return Target(model.labels[index], (Term("logits", index),))

    seen = image_function(model, pixels, patch_grid(encoded.sequence.tokens), resolve, progress)
    start = _start(seen, baseline) if entry.baseline else None
    scores = entry.run(seen, start)
    fine, coarse = _both(scores.scores, seen, entry.fine)
    delta = None
    if entry.complete:
        delta = float(scores.scores.sum() - (seen.value - start.value))
    return ImageAttribution(
        coarse,
        fine,
        method,
        seen.target.label,
        predictions[0],
        seen.value,
        entry.signed,
        baseline if start else None,
        start.value if start else None,
        delta,
        scores.token_error,
        seen.meter.done,
    )


def check_classifier(model: LoadedModel) -> None:
    """Raises `UnsupportedModel` for a model that does not sort images into labels."""
    if model.processor is None or model.task != "image-classification":
        raise UnsupportedModel(
            f"{model.name!r} is not an image classifier. Choose `digits`, for example."
        )


def _checked(model: LoadedModel, method: str, baseline: str) -> ImageMethod:
    check_classifier(model)
    if method not in IMAGE_METHODS:
        raise BadInput(f"Unknown method {method!r}. Choose one of: {', '.join(IMAGE_METHODS)}.")
    if baseline not in GREYS:
        raise BadInput(f"Unknown baseline {baseline!r}. Choose one of: {', '.join(GREYS)}.")
    return IMAGE_METHODS[method]


def _start(seen: ImageFunction, baseline: str) -> Baseline:
    flat = uniform_image(seen, baseline)
    with torch.no_grad():
        return Baseline(baseline, flat, float(seen(flat)))


def uniform_image(seen: ImageFunction, grey: str) -> Tensor:
    """An even picture of a key of `GREYS`, as the model's processor would return it.

    In the shape of `seen.embeddings`.
    """
    channels, high, wide = seen.shape
    shape = (high, wide) if channels == 1 else (high, wide, 3)
    even = encode_image(seen.model, np.full(shape, GREYS[grey], dtype=np.uint8))
    pixels = even.inputs["pixel_values"].to(seen.embeddings)
    return pixels.flatten(2).transpose(1, 2)


def occlusion(seen: ImageFunction, start: Baseline) -> MethodOutput:
    """F(x) − F(x without the patch), one patch at a time (Zeiler & Fergus 2014)."""
    rows, columns = seen.patches
    places = torch.arange(len(seen)).reshape(seen.shape[1:])
    tall, broad = seen.side
    seen.meter.expected += rows * columns
    drops = []
    boxes = [
        places[r * tall : (r + 1) * tall, c * broad : (c + 1) * broad].flatten()
        for r in range(rows)
        for c in range(columns)
    ]
    for first in range(0, len(boxes), seen.rows):
        part = boxes[first : first + seen.rows]
        batch = seen.embeddings.repeat(len(part), 1, 1)
        for row, box in enumerate(part):
            batch[row, box] = start.embeddings[0, box]
        with torch.no_grad():
            drops.append(seen.value - seen(batch).cpu().double().numpy())
    return MethodOutput(np.concatenate(drops))


def _of_patches(function: Callable[..., MethodOutput]) -> Callable[..., MethodOutput]:
    """Scores of the patch tokens alone; the class token and its like are no part of the picture."""

    def run(seen: ImageFunction, start: None) -> MethodOutput:
        rows, columns = seen.patches
        first = len(seen.model.layout.pictures.before)
        return MethodOutput(function(seen, start).scores[first : first + rows * columns])

    return run


def _both(
    scores: np.ndarray, seen: ImageFunction, fine: bool
) -> tuple[np.ndarray | None, np.ndarray]:
    """Scores of pixels (height, width) or None, and of patches (rows, columns).

    Pixels at the edge that fill no patch enter no token: they are left out.
    """
    rows, columns = seen.patches
    if not fine:
        return None, scores.reshape(rows, columns)
    _, high, wide = seen.shape
    pixels = scores.reshape(high, wide)
    tall, broad = seen.side
    inside = pixels[: rows * tall, : columns * broad]
    return inside, inside.reshape(rows, tall, columns, broad).sum(axis=(1, 3))


IMAGE_METHODS: dict[str, ImageMethod] = {
    "integrated_gradients": ImageMethod(
        integrated_gradients,
        "Integrated gradients",
        "Gradients integrated along the path from a uniform image. Scores sum to the logit change.",
        complete=True,
        baseline=True,
    ),
    "occlusion": ImageMethod(
        occlusion,
        "Occlusion by patch",
        "Drop of the logit when a patch is replaced by the baseline colour.",
        fine=False,
        baseline=True,
    ),
    "attention_relevance": ImageMethod(
        _of_patches(attention_relevance),
        "Gradient-weighted relevance",
        "Attention × positive gradient, propagated through the layers (Chefer et al. 2021).",
        signed=False,
        fine=False,
    ),
    "attention_rollout": ImageMethod(
        _of_patches(rollout),
        "Attention rollout",
        "Attention rollout from the class token (Abnar & Zuidema 2020). Independent of the label.",
        signed=False,
        fine=False,
    ),
    "input_x_gradient": ImageMethod(
        input_x_gradient,
        "Input × gradient",
        "Gradient × pixel values: first-order estimate, noisy.",
    ),
    "saliency": ImageMethod(
        saliency,
        "Saliency",
        "Norm of the gradient with respect to each pixel. Unsigned.",
        signed=False,
    ),
}


@dataclass(frozen=True)
class ImageFunction(ScalarFunction):
    """F(pixels) -> one number for each row. `embeddings` (1, height · width, channels).

    `shape` is (channels, height, width) of what enters the model; `patches` (rows, columns);
    `side` (height, width) of a patch in pixels: what is left over at the edge belongs to none.
    """

    model: LoadedModel
    network: nn.Module
    target: Target
    embeddings: Tensor
    shape: tuple[int, int, int]
    patches: tuple[int, int]
    side: tuple[int, int]
    output: Any
    value: float
    meter: Counter = field(default_factory=Counter)

    @property
    def rows(self) -> int:
        """Pictures that fit in one pass."""
        return max(1, CHUNK_TOKENS // (1 + self.patches[0] * self.patches[1]))

    def picture(self, embeddings: Tensor) -> Tensor:
        """Pixels as the model takes them: (rows, channels, height, width)."""
        channels, high, wide = self.shape
        return embeddings.transpose(1, 2).reshape(-1, channels, high, wide)

    def run(self, embeddings: Tensor, **options: Any) -> Any:
        """The model's output for pixels (rows, height · width, channels), in one pass."""
        pixels = self.picture(embeddings).to(self.embeddings.dtype)
        output = self.network(pixel_values=pixels, **options, return_dict=True)
        self.meter.add(len(pixels))
        return output


def image_function(
    model: LoadedModel,
    pixels: Tensor,
    patches: tuple[int, int],
    resolve: Callable[[Any], Target],
    progress: Callable[[int, int], object] | None = None,
) -> ImageFunction:
    """Set up the function at `pixels` (1, channels, height, width); `resolve` finds the target."""
    network = shared_copy(model.model)
    with torch.no_grad():
        output = network(pixel_values=pixels, return_dict=True)
        target = resolve(output)
        value = float(target.score(output))
    flat = pixels.flatten(2).transpose(1, 2).contiguous()
    shape = tuple(pixels.shape[1:])
    side = model.layout.pictures.patch
    seen = ImageFunction(model, network, target, flat, shape, patches, side, output, value)
    return replace(seen, meter=Counter(progress))
