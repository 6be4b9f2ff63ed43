"""Attention lift: how much attention a group of words receives from a head, over what uniform
attention would give it; in one streaming pass, without keeping any map."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch

from interp_core.audit.figures import adjusted
from interp_core.audit.resampling import group_difference, sign_flip
from interp_core.audit.word_groups import CONTENT, Spans, mean_known, token_groups
from interp_core.charted import Charted
from interp_core.errors import BadInput, ClearheadError
from interp_core.heads.attention_hook import attention_hook, stream_weights
from interp_core.heads.measure import at_least_float32
from interp_core.heads.patterns import AllowedKeys
from interp_core.inputs.batching import collate, plan_batches, tokenize
from interp_core.inputs.tokens import encode
from interp_core.progress import report

if TYPE_CHECKING:
    from torch import Tensor

    from interp_core.inputs.batching import TokenizedText
    from interp_core.models.record import LoadedModel

CHUNK = 512  # texts that are tokenized and sorted by length together
MOST_NUMBERS = 2**27  # lifts that are kept: 512 MB


@dataclass(frozen=True)
class HeadLift(Charted):
    """`lift` (t, groups, layers, heads) float32; NaN where a text has no word of the group.

    lift = Σ_i Σ_{j in group} A_ij / Σ_i |group ∩ V(i)| / |V(i)| over all real queries i, V(i)
    being the keys that i may attend to: 1 for uniform attention. Special tokens are queries and
    keys, but belong to no group. `names` are the groups, content words last. `alignment` (t,
    layers, heads) is Spearman's ρ of received attention (over the uniform) with absolute
    attribution over the text's own tokens; empty without scores. `layers` are the true numbers of
    the layers that have maps. `read` marks the texts that could be read.
    """

    names: tuple[str, ...]
    layers: tuple[int, ...]
    lift: np.ndarray
    alignment: np.ndarray
    read: np.ndarray
    problems: tuple[str, ...] = ()

    def frame(self, right: np.ndarray | None = None, *, seed: int = 0) -> pd.DataFrame:
        """One row for each group and head: group, layer, head, n, lift, se, content, difference,
        p, q.

        `lift` is the mean over texts, `se` its standard error over texts, `content` the mean lift
        of content words in the same texts, `difference` from them; p turns the signs of the texts'
        differences at random. With `right` (t,) bool also wrong and right lift, change (wrong −
        right), n wrong, and `p wrong`, a permutation test. q and q wrong control false discoveries
        (Benjamini and Hochberg) over all groups and heads.
        """
        groups = len(self.names) - 1
        flat = self.lift.reshape(len(self.lift), len(self.names), -1).astype(float)
        content, rows = flat[:, -1], []
        heads = self.lift.shape[3]
        for place, name in enumerate(self.names[:groups]):
            values = flat[:, place]
            both = np.isfinite(values) & np.isfinite(content)
            away = np.where(both, values - content, np.nan)
            with_content = np.where(both, content, np.nan)
            table = {
                "group": name,
                "layer": np.repeat(self.layers, heads),
                "head": np.tile(np.arange(heads), len(self.layers)),
                "n": np.isfinite(values).sum(0),
                "lift": mean_known(values),
                "se": _error(values),
                "content": mean_known(with_content),
                "difference": mean_known(away),
                "p": sign_flip(away, seed=seed, draws=2_000),
            }
            if right is not None:
                change, p = group_difference(values, ~right, seed=seed)
                table |= {
                    "wrong lift": mean_known(values[~right]),
                    "right lift": mean_known(values[right]),
                    "change": change,
                    "n wrong": np.isfinite(values[~right]).sum(0),
                    "p wrong": p,
                }
            rows.append(pd.DataFrame(table))
        frame = pd.concat(rows, ignore_index=True)
        frame["q"] = adjusted(frame["p"].to_numpy())
        if right is not None:
            frame["q wrong"] = adjusted(frame["p wrong"].to_numpy())
        return frame

    def alignment_frame(self, *, seed: int = 0) -> pd.DataFrame:
        """One row for each head: layer, head, n, correlation (mean of ρ over texts), se, p, q."""
        if not self.alignment.size:
            raise BadInput("There is no attribution to compare with. Give `scores`.")
        heads = self.alignment.shape[2]
        flat = self.alignment.reshape(len(self.alignment), -1).astype(float)
        p = sign_flip(flat, seed=seed, draws=2_000)
        return pd.DataFrame(
            {
                "layer": np.repeat(self.layers, heads),
                "head": np.tile(np.arange(heads), len(self.layers)),
                "n": np.isfinite(flat).sum(0),
                "correlation": mean_known(flat),
                "se": _error(flat),
                "p": p,
                "q": adjusted(p),
            }
        )


def _error(values: np.ndarray) -> np.ndarray:
    """Standard error of the mean over texts; NaN below two of them."""
    known = np.isfinite(values)
    count = known.sum(0)
    square = np.where(known, (values - mean_known(values)) ** 2, 0.0).sum(0)
    free = count * (count - 1.0)
    return np.sqrt(np.divide(square, free, out=np.full(square.shape, np.nan), where=count > 1))


def attention_lift(
    model: LoadedModel,
    texts: Sequence[str],
    spans: Sequence[Spans],
    *,
    scores: Sequence[np.ndarray | None] | None = None,
    progress: Callable[[int, int], object] | None = None,
    names: Sequence[str] | None = None,
    first: int = 1,
) -> HeadLift:
    """Attention lift of each group of words in every head; see `group_spans` and `HeadLift`.

    `scores` are token attributions (n,) to compare received attention with. Texts that cannot be
    read are told in `problems`. For a part of more texts, `names` are the groups of all of them
    and `first` is the number of the first text. Raises `BadInput`, `UnsupportedModel` and
    `Stopped`.
    """
    if not texts:
        raise BadInput("There are no texts. Give at least one.")
    names = group_names(spans) if names is None else tuple(names)
    layers, heads = model.layout.attention_layers, model.n_heads
    check_lifts(model, len(texts), len(names))
    lift = np.full((len(texts), len(names) + 1, len(layers), heads), np.nan, dtype=np.float32)
    shape = (len(texts), len(layers), heads) if scores is not None else (0, len(layers), heads)
    alignment = np.full(shape, np.nan, dtype=np.float32)
    read, problems = np.zeros(len(texts), dtype=bool), []
    for begin in range(0, len(texts), CHUNK):
        part = list(texts[begin : begin + CHUNK])
        tokenized = tokenize(model, part)
        good = [place for place, each in enumerate(tokenized) if not _failed(each)]
        problems += [
            f"Text {begin + place + first}: {each}"
            for place, each in enumerate(tokenized)
            if _failed(each)
        ]
        kept = [tokenized[place] for place in good]
        offsets = _offsets(model, [each.text for each in kept])
        marks = [
            token_groups(spans[begin + place], names, span, len(part[place]))
            for place, span in zip(good, offsets)
        ]
        for rows in _batches(model, kept):
            places = [begin + good[row] for row in rows]
            given = None if scores is None else [scores[place] for place in places]
            found, agreed = _measured(model, kept, rows, [marks[row] for row in rows], given)
            lift[places] = found
            if given is not None:
                alignment[places] = agreed
            read[places] = True
            report(progress, int(read.sum()), len(texts))
    return HeadLift((*names, CONTENT), tuple(layers), lift, alignment, read, tuple(problems))


def group_names(spans: Sequence[Spans]) -> tuple[str, ...]:
    """The groups that any text has, in the order in which they are met."""
    return tuple(dict.fromkeys(name for each in spans for name in each))


def check_lifts(model: LoadedModel, texts: int, groups: int) -> None:
    """Refuse more than can be kept: `BadInput`."""
    heads = len(model.layout.attention_layers) * model.n_heads
    if texts * (groups + 1) * heads > MOST_NUMBERS:
        raise BadInput("These are too many texts, groups and heads at once. Give fewer texts.")


def _failed(each: TokenizedText | ClearheadError) -> bool:
    return isinstance(each, ClearheadError)


def _batches(model: LoadedModel, texts: list[TokenizedText]) -> Iterator[tuple[int, ...]]:
    padding = attention_hook(model).padding
    return plan_batches([len(each) for each in texts], padding=padding) if texts else iter(())


def _offsets(model: LoadedModel, texts: list[str]) -> list[Sequence[tuple[int, int] | None]]:
    if not texts:
        return []
    if model.tokenizer.is_fast:
        read = model.tokenizer(texts, return_offsets_mapping=True, verbose=False)
        return read["offset_mapping"]
    return [encode(model, text).sequence.offsets for text in texts]


def _measured(
    model: LoadedModel,
    texts: list[TokenizedText],
    rows: tuple[int, ...],
    marks: list[np.ndarray],
    scores: list[np.ndarray | None] | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Lift (texts, groups, layers, heads) and alignment (texts, layers, heads) of one batch."""
    batch = collate(model, texts, rows)
    width = batch.mask.shape[1]
    groups = np.zeros((len(rows), width, len(marks[0])), dtype=np.float32)
    for row, each in enumerate(marks):
        groups[row, : each.shape[1]] = each.T
    chosen = torch.from_numpy(groups).to(batch.mask.device)
    windows = [model.layout.windows[layer] for layer in model.layout.attention_layers]
    sights = {window: AllowedKeys(batch, model.layout.causal, window) for window in set(windows)}
    even = {window: sight.uniform.sum(2)[:, 0] for window, sight in sights.items()}  # (texts, key)
    expected = {window: (each[:, None] @ chosen)[:, 0] for window, each in even.items()}
    real = batch.mask[:, None, None]
    lifts: list[Tensor] = []
    received: list[Tensor] = []

    def see(number: int, weights: Tensor) -> None:
        weights = at_least_float32(weights)
        got = (real.to(weights.dtype) @ weights)[:, :, 0]  # (texts, heads, key)
        window = windows[number]
        lifts.append((got @ chosen.to(got.dtype)) / expected[window][:, None].to(got.dtype))
        if scores is not None:
            received.append(got / even[window][:, None].clamp_min(1e-12))

    stream_weights(model, batch.inputs, see)
    present = chosen.any(1)[:, :, None, None]  # (texts, groups, 1, 1)
    found = torch.stack(lifts, 1).permute(0, 3, 1, 2)  # (texts, groups, layers, heads)
    found = torch.where(present, found, torch.nan).float().cpu().numpy()
    if scores is None:
        return found, np.zeros(0)
    stacked = torch.stack(received, 1).cpu().numpy()
    own = (batch.mask & ~batch.special).cpu().numpy()
    agreed = [_agreement(each, keep, given) for each, keep, given in zip(stacked, own, scores)]
    return found, np.stack(agreed)


def _agreement(received: np.ndarray, keep: np.ndarray, scores: np.ndarray | None) -> np.ndarray:
    """Spearman's ρ over the kept tokens, (layers, heads), of received (layers, heads, n)."""
    from scipy.stats import rankdata

    if scores is None or keep.sum() < 3:
        return np.full(received.shape[:2], np.nan)
    one = _standard(rankdata(received[..., keep], axis=-1))
    two = _standard(rankdata(np.abs(scores[np.flatnonzero(keep)])))
    return one @ two


def _standard(ranks: np.ndarray) -> np.ndarray:
    """Ranks (..., n) with mean 0 and length 1; NaN where all are equal."""
    centred = ranks - ranks.mean(-1, keepdims=True)
    length = np.linalg.norm(centred, axis=-1, keepdims=True)
    return np.divide(centred, length, out=np.full(centred.shape, np.nan), where=length > 0)
