"""The labelled texts of an audit."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from interp_core.attribution.prediction import activation_of
from interp_core.attribution.targets import NONE, SIGMOID
from interp_core.audit.labels import LabelMatch
from interp_core.errors import UnsupportedModel
from interp_core.files.rows import SkippedRows

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

SINGLE, MULTI, REGRESSION, TOKENS = "single-label", "multi-label", "regression", "tokens"


@dataclass(frozen=True)
class AuditData:
    """n labelled texts, those that can be audited, in the order of their file.

    `kind` is "single-label", "multi-label", "regression" or "tokens". `labels` are the model's
    classes in the order of its outputs. `targets` holds the true answers: (n,) class numbers; for
    "multi-label" (n, labels) bool; for "regression" (n,) float; for "tokens" (n,) object, each an
    array of class numbers, one for each of `words[i]`. `pairs` are the second texts, or None.
    `metadata` has n rows and the table's other columns; `rows` numbers the texts in their file from
    1. `match` says what the file's labels were taken for, `notes` what was assumed, `problems`
    which rows were left out and why.
    """

    name: str
    kind: str
    texts: tuple[str, ...]
    targets: np.ndarray
    labels: tuple[str, ...]
    pairs: tuple[str, ...] | None = None
    words: tuple[tuple[str, ...], ...] | None = None
    metadata: pd.DataFrame = field(default_factory=pd.DataFrame)
    rows: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    match: LabelMatch = field(default_factory=lambda: LabelMatch({}, "none"))
    notes: tuple[str, ...] = ()
    problems: SkippedRows = field(default_factory=SkippedRows)

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, chosen: np.ndarray) -> AuditData:
        """The texts at these places, or where a mask (n,) is true."""
        places = np.arange(len(self))[chosen]
        return replace(
            self,
            texts=_at(self.texts, places),
            pairs=_at(self.pairs, places),
            words=_at(self.words, places),
            targets=self.targets[places],
            metadata=self.metadata.iloc[places].reset_index(drop=True),
            rows=self.rows[places],
        )

    def target_names(self) -> list[str]:
        """The true answer of each text as it is shown."""
        return [self.name_of(each) for each in self.targets]

    def name_of(self, target: Any) -> str:
        """One answer as it is shown: a class, classes joined by commas, a number, or tags."""
        if self.kind == SINGLE:
            return self.labels[int(target)]
        if self.kind == MULTI:
            return ", ".join(self.labels[place] for place in np.flatnonzero(target)) or "none"
        if self.kind == REGRESSION:
            return f"{float(target):.3f}"
        return " ".join(self.labels[int(each)] for each in target)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of texts, second texts, words and true answers: the same for the same data."""
        found = hashlib.sha256()
        for place, text in enumerate(self.texts):
            pair = self.pairs[place] if self.pairs else None
            words = self.words[place] if self.words else None
            line = [text, pair, words, self.name_of(self.targets[place])]
            found.update(json.dumps(line).encode() + b"\n")
        return found.hexdigest()

    def frame(self) -> pd.DataFrame:
        """One row for each text: row, text, second text, label, and the metadata."""
        columns = {"row": self.rows, "text": self.texts}
        if self.pairs is not None:
            columns["second text"] = self.pairs
        told = pd.DataFrame({**columns, "label": self.target_names()})
        rest = self.metadata.drop(columns=[name for name in told if name in self.metadata])
        return pd.concat([told, rest.reset_index(drop=True)], axis=1)


def _at(values: tuple | None, places: np.ndarray) -> tuple | None:
    return None if values is None else tuple(values[place] for place in places)


def audit_kind(model: LoadedModel) -> str:
    """What the model's answers are: "single-label", "multi-label", "regression" or "tokens".

    Raises `UnsupportedModel` for models that give no such answers.
    """
    if model.task == "token-classification":
        return TOKENS
    if model.task != "sequence-classification":
        raise UnsupportedModel(
            f"{model.name!r} does not classify texts or words, so its answers cannot be compared "
            "with labels. Choose `sentiment`, `intents` or `slots`, or a classifier of your own."
        )
    activation = activation_of(model)
    if activation == NONE and len(model.labels) > 1:
        raise UnsupportedModel(f"{model.name!r} answers with several numbers, and one is audited.")
    return {NONE: REGRESSION, SIGMOID: MULTI}.get(activation, SINGLE)
