"""What decoder heads do on a random sequence that is written twice (Olsson et al. 2022).

Nothing in random tokens can be foretold except by finding the same token before: a head that goes
from a token to the place after its earlier copy is an induction head.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch

from interp_core.errors import BadInput
from interp_core.heads.attention_hook import stream_weights
from interp_core.heads.tables import SCORES
from interp_core.models.preprocessors import vector_count

if TYPE_CHECKING:
    from torch import Tensor

    from interp_core.models.record import LoadedModel


PERIOD, SEQUENCES = 25, 8


def induction_scores(
    model: LoadedModel, *, period: int = PERIOD, sequences: int = SEQUENCES, seed: int = 0
) -> pd.DataFrame:
    """Columns layer, head, and three scores of a decoder, each from 0 to 1.

    Mean attention from query i to key i − 1 (previous token), i − T (duplicate token) and
    i − T + 1 (induction) in random sequences of `period` T written twice, over the queries of the
    second copy (previous token: all). A beginning mark is put in front where the tokenizer has
    one of its own. Raises `BadInput` for models that see both ways.
    """
    if not model.layout.causal:
        raise BadInput(
            "Induction scores need a causal language model; this model attends in both directions."
        )
    scores = repeated_scores(model, period=period, sequences=sequences, seed=seed)
    frame = pd.DataFrame(
        [(layer, head) for layer in model.layout.attention_layers for head in range(model.n_heads)],
        columns=["layer", "head"],
    )
    return frame.assign(**{name: scores[k].ravel() for k, name in enumerate(SCORES)})


def repeated_scores(
    model: LoadedModel, *, period: int = PERIOD, sequences: int = SEQUENCES, seed: int = 0
) -> np.ndarray:
    """The three scores, (3, layers, heads) float64."""
    start = _start(model)
    period = min(period, (model.max_tokens - len(start)) // 2)
    if period < 2:
        raise BadInput("A period has at least two tokens, and twice of it must fit in the model.")
    ids = _sequences(model, start, period, sequences, seed)
    found: list[np.ndarray] = []
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    stream_weights(
        model, inputs, lambda _, weights: found.append(_scores(weights, len(start), period))
    )
    return np.stack(found, 1)


def _start(model: LoadedModel) -> list[int]:
    first = model.tokenizer("a")["input_ids"][:1]
    return first if first and first[0] == model.tokenizer.bos_token_id else []


def _sequences(
    model: LoadedModel, start: list[int], period: int, sequences: int, seed: int
) -> Tensor:
    rows = min(len(model.tokenizer), vector_count(model.model))
    usable = np.setdiff1d(np.arange(rows), model.tokenizer.all_special_ids)
    if period > len(usable):
        raise BadInput(f"A period has at most {len(usable):,} different tokens with this model.")
    chance = np.random.default_rng(seed)
    once = [chance.choice(usable, period, replace=False) for _ in range(sequences)]
    ids = [np.concatenate([start, each, each]) for each in once]
    return torch.from_numpy(np.stack(ids).astype(np.int64)).to(model.device)


def _scores(weights: Tensor, start: int, period: int) -> np.ndarray:
    """(3, heads) from weights (texts, heads, query, key)."""
    maps = weights.double().mean(0)
    count = maps.shape[-1]
    second = torch.arange(start + period, count)
    every = torch.arange(1, count)
    picked = ((every, every - 1), (second, second - period), (second, second - period + 1))
    return np.stack([maps[:, i, j].mean(-1).cpu().numpy() for i, j in picked])
