"""Vectors of pictures and of their patches, at any layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from interp_core.analysis.hidden_states import layer_number
from interp_core.analysis.images import encode_image
from interp_core.analysis.progress import report
from interp_core.analysis.vectors import Vectors
from interp_core.errors import BadInput, UnsupportedModel

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

BATCH = 32
WAYS = ("first", "mean", "patch")


def image_vectors(
    model: LoadedModel,
    images: Sequence[Any],
    *,
    layer: int | str = -1,
    pooling: str = "first",
    progress: Callable[[int, int], object] | None = None,
) -> Vectors:
    """One vector for each picture, or for each of its patches.

    `pooling` is "first" (the class token), "mean" (over patches) or "patch" (one vector each).
    `layer` counts as in `token_vectors`; "all" gives every layer one after the other. The frame has
    text ("picture 3", with the patch), picture, patch, layer, prediction and probability. Raises
    `BadInput` or `UnsupportedModel`.
    """
    if model.processor is None:
        raise UnsupportedModel(f"{model.name!r} reads text, not pictures. Choose `digits`.")
    if pooling not in WAYS:
        raise BadInput(f"{pooling!r} is no pooling of pictures. Choose: {', '.join(WAYS)}.")
    if not len(images):
        raise BadInput("There are no pictures. Give at least one.")
    layers = list(range(model.n_layers + 1)) if layer == "all" else [layer_number(model, layer)]
    states, frames = [], []
    for start in range(0, len(images), BATCH):
        each = [encode_image(model, image) for image in images[start : start + BATCH]]
        pixels = torch.cat([one.inputs["pixel_values"] for one in each])
        with torch.inference_mode():
            output = model.model(pixel_values=pixels, output_hidden_states=True, return_dict=True)
        kept = torch.stack([output.hidden_states[number] for number in layers]).float()
        special = each[0].sequence.special
        states.append(_pooled(kept, special, pooling))
        names = [name for name, mark in zip(each[0].sequence.tokens, special) if not mark]
        frames.append(_frame(model, output, start, names if pooling == "patch" else [""]))
        report(progress, min(start + BATCH, len(images)), len(images))
    values = np.concatenate(states, axis=1)
    told = pd.concat(frames, ignore_index=True)
    whole = pd.concat([told.assign(layer=number) for number in layers], ignore_index=True)
    return Vectors(np.ascontiguousarray(values.reshape(-1, values.shape[-1])), whole)


def _pooled(states: torch.Tensor, special: np.ndarray, pooling: str) -> np.ndarray:
    """(layers, vectors, dim) of states (layers, pictures, tokens, dim)."""
    patches = states[:, :, torch.as_tensor(~special)]
    if pooling == "first":
        return states[:, :, 0].numpy()
    if pooling == "mean":
        return patches.mean(2).numpy()
    return patches.flatten(1, 2).numpy()


def _frame(model: LoadedModel, output: Any, start: int, patches: list[str]) -> pd.DataFrame:
    """What each vector stands for, picture by picture."""
    logits = getattr(output, "logits", None)
    rows = []
    for place in range(len(output.hidden_states[0])):
        told = {"picture": start + place}
        if logits is not None:
            chances = logits[place].softmax(-1)
            best = int(chances.argmax())
            told |= {"prediction": model.labels[best], "probability": float(chances[best])}
        for patch in patches:
            name = f"picture {start + place}" + (f", patch {patch}" if patch else "")
            rows.append({"text": name, "patch": patch, **told})
    return pd.DataFrame(rows)
