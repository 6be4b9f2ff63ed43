"""Vectors of pictures and of their patches, at any layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from interp_core.datasets import digit_labels, digit_picture, held_out
from interp_core.embedding.extract import layer_number
from interp_core.embedding.vectors import Vectors
from interp_core.errors import BadInput, UnsupportedModel
from interp_core.inputs.images import image_batches
from interp_core.progress import report

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel


BATCH = 32
WAYS = ("first", "mean", "patch")


def image_vectors(
    model: LoadedModel,
    images: Sequence[Any],
    *,
    layer: int | str = -1,
    pooling: str | None = None,
    names: Sequence[str] | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Vectors:
    """One vector for each picture, or for each of its patches.

    `pooling` is "first" (the class token), "mean" (over patches) or "patch" (one vector each);
    without it the class token where the model has one, else the mean, which `notes` say.
    `layer` counts as in `token_vectors`; "all" gives every layer one after the other. The last one
    is the state before the final norm that most vision transformers have. The frame has
    text ("picture 3", with the patch), picture, patch, layer, prediction and probability. With
    `names` of the pictures it has text (the name, with the patch), row (the number of the picture),
    layer, prediction, probability, and for patches image (the name). Raises `BadInput` or
    `UnsupportedModel`.
    """
    if model.processor is None:
        raise UnsupportedModel(
            f"{model.name!r} reads text, not images. Choose `digits`, for example."
        )
    pooling, notes = _pooling(model, pooling)
    if pooling not in WAYS:
        raise BadInput(f"Unknown pooling {pooling!r} for images. Choose one of: {', '.join(WAYS)}.")
    if not len(images):
        raise BadInput("There are no images. Give at least one.")
    if names is not None and len(names) != len(images):
        raise BadInput(f"There are {len(images)} images but {len(names)} names. Pair them.")
    layers = list(range(model.n_layers + 1)) if layer == "all" else [layer_number(model, layer)]
    states, frames = [], []
    for start, each in image_batches(model, images, BATCH):
        pixels = torch.cat([one.inputs["pixel_values"] for one in each])
        with torch.inference_mode():
            output = model.model(pixel_values=pixels, output_hidden_states=True, return_dict=True)
        kept = torch.stack([output.hidden_states[number] for number in layers]).float()
        special = each[0].sequence.special
        states.append(_pooled(kept.cpu(), special, pooling, model.layout.pictures.class_place))
        places = [name for name, mark in zip(each[0].sequence.tokens, special) if not mark]
        frames.append(_frame(model, output, start, places if pooling == "patch" else [""]))
        report(progress, start + len(each), len(images))
    values = np.concatenate(states, axis=1)
    told = pd.concat(frames, ignore_index=True)
    told = told if names is None else _named(told, names, patches=pooling == "patch")
    whole = pd.concat([told.assign(layer=number) for number in layers], ignore_index=True)
    return Vectors(np.ascontiguousarray(values.reshape(-1, values.shape[-1])), whole, notes)


def _named(told: pd.DataFrame, names: Sequence[str], *, patches: bool) -> pd.DataFrame:
    """The frame with the names of the pictures in place of their numbers."""
    own = np.asarray(names, dtype=object)[told["picture"]]
    named = told.assign(text=_names(own, told["patch"])).rename(columns={"picture": "row"})
    named = named.drop(columns="patch")
    return named.assign(image=own) if patches else named


def _pooling(model: LoadedModel, requested: str | None) -> tuple[str, tuple[str, ...]]:
    """The pooling, and a note where it stands in for a class token. Raises `BadInput`."""
    if model.layout.pictures.class_place is not None:
        return requested or "first", ()
    if requested == "first":
        raise BadInput(f'{model.name!r} has no class token. Choose pooling="mean" or "patch".')
    note = "This model has no class token: the vector of an image is the mean over its patches."
    return requested or "mean", () if requested else (note,)


def _pooled(
    states: torch.Tensor, special: np.ndarray, pooling: str, class_place: int | None
) -> np.ndarray:
    """(layers, vectors, dim) of states (layers, pictures, tokens, dim)."""
    patches = states[:, :, torch.as_tensor(~special)]
    if pooling == "first":
        return states[:, :, class_place].numpy()
    if pooling == "mean":
        return patches.mean(2).numpy()
    return patches.flatten(1, 2).numpy()


def _frame(model: LoadedModel, output: Any, start: int, patches: list[str]) -> pd.DataFrame:
    """What each vector stands for, picture by picture."""
    logits = getattr(output, "logits", None)
    rows = []
    for place in range(len(output.hidden_states[0])):
        told: dict[str, Any] = {"picture": start + place}
        if logits is not None:
            chances = logits[place].float().softmax(-1)
            best = int(chances.argmax())
            told |= {"prediction": model.labels[best], "probability": float(chances[best])}
        for patch in patches:
            name = f"picture {start + place}" + (f", patch {patch}" if patch else "")
            rows.append({"text": name, "patch": patch, **told})
    return pd.DataFrame(rows)


def digit_table() -> pd.DataFrame:
    """The 360 pictures that the model `digits` never saw: text (a name), digit, number."""
    labels, numbers = digit_labels(), held_out()[1]
    names = [f"digit {labels[number]} (sample {number})" for number in numbers]
    return pd.DataFrame({"text": names, "digit": labels[numbers].astype(str), "number": numbers})


def digit_vectors(
    model: LoadedModel,
    table: pd.DataFrame,
    *,
    layer: int | str = -1,
    pooling: str | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Vectors:
    """Vectors of the pictures of a `digit_table`, or of some of its rows.

    `layer` and `pooling` are those of `image_vectors`. The frame has text, row (of the table),
    layer, digit, and of models with labels prediction, probability, answer ("right", "wrong").
    """
    images = [digit_picture(int(number)) for number in table["number"]]
    called = {"names": list(table["text"])}
    found = image_vectors(model, images, layer=layer, pooling=pooling, progress=progress, **called)
    frame = found.frame.drop(columns="image", errors="ignore")
    digits = table["digit"].to_numpy()[frame["row"]]
    if "prediction" in frame:
        right = frame["prediction"].to_numpy() == digits
        frame["answer"] = np.where(right, "right", "wrong")
    return Vectors(found.values, frame.assign(digit=digits), found.notes)


def _names(names: Sequence[str], patches: Sequence[str]) -> list[str]:
    return [f"{name}, patch {patch}" if patch else name for name, patch in zip(names, patches)]
