"""The label of every token of a text, by a model that labels tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from interp_core.attribution.prediction import activation_of, predict
from interp_core.errors import UnsupportedModel
from interp_core.inputs.encode import encode_with_decoder
from interp_core.models.forward import forward

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

OUTSIDE = "O"  # the label of what is no part of anything, in the schemes BIO, IO, BILOU


def token_labels(model: LoadedModel, text: str, text_pair: str | None = None) -> pd.DataFrame:
    """One row for each token of the text: position, token, label, probability, special.

    `position` counts all tokens from 0, as in `attribute`; `probability` is that of the label.
    Raises `UnsupportedModel` for models that do not label tokens, `BadInput` and `InputTooLong`.
    """
    if model.task != "token-classification":
        raise UnsupportedModel(f"{model.name!r} does not label tokens. Choose `slots` or `pos`.")
    encoded = encode_with_decoder(model, text, text_pair)
    logits = forward(model, encoded.inputs).logits[0]
    activation = activation_of(model)
    found = [predict(line, model.labels, activation) for line in logits]
    return pd.DataFrame(
        {
            "position": np.arange(len(found)),
            "token": encoded.sequence.tokens,
            "label": [each.label for each in found],
            "probability": [
                np.nan if each.probability is None else each.probability for each in found
            ],
            "special": encoded.sequence.special,
        }
    )


def telling_position(table: pd.DataFrame) -> int:
    """The position worth explaining first, of a table by `token_labels`.

    Where a label says "outside", the token inside of which the model is surest. Where every token
    has a label of its own, the one of which it is least sure: most of the others are certain.
    """
    words = table[~table["special"].astype(bool)]
    if not len(words):
        return 0
    inside = words[words["label"] != OUTSIDE]
    if len(inside) == len(words):
        return int(words.loc[words["probability"].fillna(0).idxmin(), "position"])
    chosen = inside if len(inside) else words
    return int(chosen.loc[chosen["probability"].fillna(0).idxmax(), "position"])
