"""A text that is written twice: what its second copy costs a language model."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from interp_core.analysis.next_token import surprisal
from interp_core.errors import BadInput
from interp_core.models.tokens import encode

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

SHORTEST = 3  # tokens of a copy


def written_twice(model: LoadedModel, text: str) -> np.ndarray | None:
    """The positions (n,) of the text's own tokens where the second half is the first again."""
    read = encode(model, text).sequence
    own = np.flatnonzero(~read.special)
    half = len(own) // 2
    if len(own) % 2 or half < SHORTEST or (read.ids[own[:half]] != read.ids[own[half:]]).any():
        return None
    return own


def copy_surprisal(
    model: LoadedModel, text: str, *, progress: Callable[[int, int], object] | None = None
) -> pd.DataFrame:
    """One row for each token of both copies: copy, place (in the copy, from 1), token, surprisal.

    Surprisal is in bits, and empty where nothing is predicted. Raises `BadInput` where the text is
    not written twice, and as `surprisal` does.
    """
    own = written_twice(model, text)
    if own is None:
        raise BadInput("This text is not written twice. See `repeated_sequence` for one that is.")
    found = surprisal(model, text, progress=progress).iloc[own]
    half = len(own) // 2
    return pd.DataFrame(
        {
            "copy": np.repeat(["first copy", "second copy"], half),
            "place": np.tile(np.arange(1, half + 1), 2),
            "token": found["token"].to_numpy(),
            "surprisal": found["surprisal"].to_numpy(),
        }
    )
