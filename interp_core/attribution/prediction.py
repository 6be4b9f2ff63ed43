"""The prediction of a model for a text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch

from interp_core.attribution.targets import NONE, SIGMOID, SOFTMAX
from interp_core.charted import Charted
from interp_core.errors import UnsupportedModel
from interp_core.inputs.batching import equal_lengths, read_all
from interp_core.progress import report

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor

    from interp_core.models.record import LoadedModel


SHOWN = 10  # candidates kept where the choices are a whole vocabulary


@dataclass(frozen=True)
class Prediction(Charted):
    """Labels with their logits and probabilities, (labels,).

    `label` is the model's answer: the best label, for multi-label models all labels above one half
    joined by commas ("none" when there is none), for regression the value. `probabilities` is None
    where there are none (regression, similarity). `activation` is "softmax" (they sum to 1 over
    all choices), "sigmoid" (each for itself) or "none". Of a vocabulary the ten best are kept.
    """

    label: str
    labels: tuple[str, ...]
    logits: np.ndarray
    probabilities: np.ndarray | None
    activation: str

    @property
    def probability(self) -> float | None:
        """The probability of `label`; None where it is not one label's."""
        if self.probabilities is None or self.label not in self.labels:
            return None
        return float(self.probabilities[self.labels.index(self.label)])

    def to_frame(self) -> pd.DataFrame:
        """Columns label, logit, probability; best first."""
        frame = pd.DataFrame({"label": self.labels, "logit": self.logits})
        frame["probability"] = np.nan if self.probabilities is None else self.probabilities
        return frame.sort_values("logit", ascending=False, ignore_index=True)


def activation_of(model: LoadedModel) -> str:
    """How the logits of a classifier become probabilities: "softmax", "sigmoid" or "none"."""
    kind = getattr(model.model.config, "problem_type", None)
    if kind == "regression" or len(model.labels) == 1:
        return NONE
    return SIGMOID if kind == "multi_label_classification" else SOFTMAX


def predict(line: Tensor, labels: tuple[str, ...], activation: str) -> Prediction:
    """The prediction from the logits (labels,) of one text."""
    logits = line.detach().float().cpu()
    chances = _probabilities(logits, activation)
    best = int(logits.argmax())
    answer = labels[best]
    if activation == SIGMOID:
        answer = ", ".join(labels[i] for i in torch.nonzero(logits > 0).flatten()) or "none"
    elif activation == NONE and len(labels) == 1:
        answer = f"{float(logits[0]):.3f}"
    return Prediction(answer, labels, logits.numpy(), chances, activation)


def predict_best(
    line: Tensor, wanted: Iterable[int], name: Callable[[int], str], count: int = SHOWN
) -> Prediction:
    """The prediction from many logits: the best choices, then the wanted ones not among them."""
    logits = line.detach().float().cpu()
    best = logits.topk(min(count, len(logits))).indices.tolist()
    kept = [*best, *(each for each in dict.fromkeys(wanted) if each not in best)]
    names = tuple(name(each) for each in kept)
    return Prediction(
        names[0], names, logits[kept].numpy(), logits.softmax(-1)[kept].numpy(), SOFTMAX
    )


def _probabilities(logits: Tensor, activation: str) -> np.ndarray | None:
    if activation == NONE:
        return None
    return (logits.sigmoid() if activation == SIGMOID else logits.softmax(-1)).numpy()


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
        raise UnsupportedModel(
            f"{model.name!r} is not a text classifier. Choose `sentiment`, for example."
        )
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
    answers = [found[row] for row in range(len(encoded))]
    return pd.DataFrame(answers, columns=["prediction", "probability"])
