"""The statistics of every head of one layer, text by text, from a batch's attention weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from interp_core.analysis.head_features import FEATURES, Sight

ROW_STATISTICS = ("entropy", "entropy_normalised", "effective_keys", "confidence")
HISTOGRAMS = ("entropy", "entropy_normalised", "confidence")
NAMES = (*ROW_STATISTICS, *FEATURES)
BINS = 512  # of each histogram: quantiles are right to a bin, 1 / 512 of the range
TINY = torch.finfo(torch.float32).tiny
FLAT = 1e-6  # relative spread below which a row of numbers counts as constant


@dataclass(frozen=True)
class LayerValues:
    """`values` (texts, heads, statistics) float64, NaN where a text has no row for a statistic.

    `histograms` (3, heads, bins) int64 counts query rows by entropy, normalised entropy and
    confidence.
    """

    values: np.ndarray
    histograms: np.ndarray


def layer_values(weights: Tensor, sight: Sight, quantities: Tensor, ceiling: float) -> LayerValues:
    """Values of one layer's weights (texts, heads, query, key).

    `quantities` (texts, quantities, n) are correlated with received attention; `ceiling` is the
    largest entropy that the histogram tells apart, in nats.
    """
    weights = at_least_float32(weights)
    real, several = sight.batch.mask, sight.keys > 1
    entropy = _entropy(weights)
    normalised = entropy / sight.keys.clamp_min(2).log()[:, None]
    confidence = weights.amax(-1)
    means = (
        _row_mean(entropy, real),
        _row_mean(normalised, several),
        _row_mean(entropy.exp(), real),
        _row_mean(confidence, real),
    )
    linear = _linear(weights, sight)
    correlations = _correlations(weights, sight, quantities)
    values = torch.cat([torch.stack(means, -1), linear, correlations], -1)
    counted = ((entropy / ceiling, real), (normalised, several), (confidence, real))
    histograms = np.stack([_histogram(rows, keep) for rows, keep in counted])
    return LayerValues(values.double().cpu().numpy(), histograms)


def at_least_float32(weights: Tensor) -> Tensor:
    """The same numbers, of a precision in which sums of a row stay exact enough."""
    return weights if weights.dtype == torch.float64 else weights.float()


def _entropy(weights: Tensor) -> Tensor:
    """−Σ_j A ln A in nats, (texts, heads, query); exact at 0, since there the product is 0."""
    return weights.clamp_min(TINY).log_().mul_(weights).sum(-1).neg_().clamp_min_(0)


def _row_mean(rows: Tensor, keep: Tensor) -> Tensor:
    """Mean over the kept queries, (texts, heads); NaN without any."""
    kept = keep[:, None].to(rows.dtype)
    return torch.where(keep[:, None], rows, 0.0).sum(-1) / kept.sum(-1)


def _linear(weights: Tensor, sight: Sight) -> Tensor:
    """Every feature, (texts, heads, features)."""
    matrices, exists = sight.matrices
    values = torch.bmm(weights.flatten(2), matrices.transpose(1, 2).to(weights.dtype))
    return torch.where(exists[:, None], values, torch.nan)


def received(weights: Tensor, sight: Sight) -> Tensor:
    """Mean attention that each key gets from the queries that may see it, (texts, heads, key)."""
    rows = sight.batch.mask[:, None, None].to(weights.dtype)
    seen_by = sight.allowed.sum(1).clamp_min(1)
    return (rows @ weights)[:, :, 0] / seen_by[:, None]


def _correlations(weights: Tensor, sight: Sight, quantities: Tensor) -> Tensor:
    """Pearson's r over the tokens that the tokenizer did not add, (texts, heads, quantities)."""
    keep = (sight.batch.mask & ~sight.batch.special)[:, None]
    found = _standard(received(weights, sight).double(), keep)
    return found @ _standard(quantities.double(), keep).transpose(1, 2)


def _standard(values: Tensor, keep: Tensor) -> Tensor:
    """Rows of mean 0 and length 1 over the kept places, 0 elsewhere; NaN where they are flat."""
    kept = torch.where(keep, values, 0.0)
    count = keep.sum(-1, keepdim=True)
    centred = torch.where(keep, values - kept.sum(-1, keepdim=True) / count, 0.0)
    length = centred.norm(dim=-1, keepdim=True)
    flat = (length <= FLAT * kept.norm(dim=-1, keepdim=True)) | (count < 3)
    return torch.where(flat, torch.nan, centred / length)


def _histogram(rows: Tensor, keep: Tensor) -> np.ndarray:
    """Counts (heads, bins) of values in [0, 1] over the kept queries of all texts."""
    heads = rows.shape[1]
    places = (rows * BINS).long().clamp_(0, BINS - 1)
    places += BINS * torch.arange(heads, device=rows.device)[None, :, None]
    chosen = places.masked_select(keep[:, None])
    return torch.bincount(chosen, minlength=heads * BINS).reshape(heads, BINS).cpu().numpy()
