"""Vectors of the handwritten digits, with what each of them shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from interp_core.analysis.digit_pictures import digit_labels, digit_picture, held_out
from interp_core.analysis.image_vectors import image_vectors
from interp_core.analysis.vectors import Vectors

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel


def digit_table() -> pd.DataFrame:
    """The 360 pictures that the model `digits` never saw: text (a name), digit, number."""
    labels, numbers = digit_labels(), held_out()[1]
    names = [f"a {labels[number]} (digit {number})" for number in numbers]
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
    found = image_vectors(model, images, layer=layer, pooling=pooling, progress=progress)
    frame = found.frame.rename(columns={"picture": "row"})
    frame["text"] = _names(table["text"].to_numpy()[frame["row"]], frame["patch"])
    digits = table["digit"].to_numpy()[frame["row"]]
    if "prediction" in frame:
        right = frame["prediction"].to_numpy() == digits
        frame["answer"] = np.where(right, "right", "wrong")
    return Vectors(found.values, frame.drop(columns="patch").assign(digit=digits), found.notes)


def _names(names: Sequence[str], patches: Sequence[str]) -> list[str]:
    return [f"{name}, patch {patch}" if patch else name for name, patch in zip(names, patches)]
