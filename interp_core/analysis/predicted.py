"""What a classifier says about many texts: labels and probabilities, without explanations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pandas as pd
import torch

from interp_core.analysis.hidden_states import equal_lengths, read_all
from interp_core.analysis.predictions import activation_of, predict
from interp_core.analysis.progress import report
from interp_core.errors import UnsupportedModel

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel


def predict_texts(
    model: LoadedModel,
    texts: Sequence[str],
    *,
    truncate: bool = True,
    progress: Callable[[int, int], object] | None = None,
) -> pd.DataFrame:
    """One row for each text: prediction (label) and probability (empty for regression).

    Texts of equal length go through the model together. Raises `UnsupportedModel` for models that
    do not classify texts, and `BadInput`.
    """
    if model.task != "sequence-classification":
        raise UnsupportedModel(f"{model.name!r} does not classify texts. Choose `sentiment`.")
    encoded, _ = read_all(model, texts, truncate=truncate)
    activation = activation_of(model)
    found: dict[int, tuple[str, float | None]] = {}
    for rows in equal_lengths([len(each.sequence) for each in encoded]):
        names = encoded[rows[0]].inputs
        inputs = {n: torch.cat([encoded[row].inputs[n] for row in rows]) for n in names}
        with torch.inference_mode():
            logits = model.model(**inputs).logits
        for row, line in zip(rows, logits):
            answer = predict(line, model.labels, activation)
            found[row] = (answer.label, answer.probability)
        report(progress, len(found), len(encoded))
    rows = [found[row] for row in range(len(encoded))]
    return pd.DataFrame(rows, columns=["prediction", "probability"])
