"""Tables of several models on the same texts, one under the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from interp_core.analysis.explanation import Attribution
    from interp_core.analysis.reach import Reach


def compare_words(
    scores: Mapping[str, Attribution], slopes: Mapping[str, Attribution]
) -> pd.DataFrame:
    """One row for each model and word: model, place, word, score, sensitivity.

    Both map a model's name to its attribution of one text. `score` is that of `scores`, in logits;
    `sensitivity` is that of `slopes` (gradient norms) as a share of the text's sum.
    """
    parts = []
    for name, found in scores.items():
        words, sharp = found.by_word(), slopes[name].by_word().scores
        parts.append(
            pd.DataFrame(
                {
                    "model": name,
                    "place": np.arange(len(words.tokens)),
                    "word": list(words.tokens),
                    "score": words.scores,
                    "sensitivity": sharp / (sharp.sum() or 1.0),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def compare_reach(found: Mapping[str, Reach]) -> pd.DataFrame:
    """One row for each model and distance: model, distance (words), effect (logits), share."""
    return _stacked({name: reach.frame for name, reach in found.items()})


def compare_probes(found: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row for each model and sentence of `probe`: model, text, meant, kind, prediction, …"""
    return _stacked(found)


def _stacked(frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    table = pd.concat(frames, names=["model"]).reset_index("model")
    return table.reset_index(drop=True)
