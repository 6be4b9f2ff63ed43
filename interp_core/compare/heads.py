"""What each attention head of two models does on the same texts, text by text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from interp_core.charted import Charted
from interp_core.compare.permutation import match_heads
from interp_core.errors import BadInput
from interp_core.heads.attention_hook import attention_hook, stream_weights
from interp_core.heads.compare import RATE, discoveries
from interp_core.heads.measure import StatisticNames, at_least_float32, layer_values
from interp_core.heads.patterns import AllowedKeys
from interp_core.heads.record import RunningMoments
from interp_core.heads.similarity import SAMPLE, entropy_nats
from interp_core.inputs.batching import PaddedBatch, TokenizedText, collate, plan_batches, tokenize
from interp_core.progress import report

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

BATCH = 8  # texts: the maps of both models are held
HALVES = 0.5 * float(np.log(2))


@dataclass(frozen=True)
class HeadComparison(Charted):
    """What changed in each head over `texts` texts; differences are second − first.

    `distances`, and each of `first`, `second` and `differences` by statistic, are moments over
    texts: (layers, heads) Jensen-Shannon distance in nats (at most ln 2, mean over queries), and
    (layers, heads, statistics). `order` (layers, heads) is the head of the second model that stands
    for each of the first; all figures compare heads so matched. `layers` are true layer numbers.
    """

    names: tuple[str, str]
    layers: tuple[int, ...]
    heads: int
    texts: int
    left_out: int
    statistics: tuple[str, ...]
    order: np.ndarray
    distances: RunningMoments
    first: RunningMoments
    second: RunningMoments
    differences: RunningMoments

    @property
    def reordered(self) -> tuple[int, ...]:
        """True numbers of the layers whose heads stand in another order."""
        rows = np.flatnonzero((self.order != np.arange(self.heads)).any(1))
        return tuple(self.layers[row] for row in rows)

    def table(self, statistic: str, *, rate: float = RATE) -> pd.DataFrame:
        """Columns layer, head, matched, distance, distance_se, first, second, difference, se, t, p,
        real.

        Texts are paired: `se` is the standard error of the mean difference over texts, `p` that of
        the paired t-test. `real` holds where it survives the false discovery rate of Benjamini and
        Hochberg (1995) over all heads.
        A head that is the same on every text has no p. Raises `BadInput` for an unknown statistic.
        """
        from scipy.stats import t

        if statistic not in self.statistics:
            known = ", ".join(self.statistics)
            raise BadInput(f"There is no statistic {statistic!r}. Choose from: {known}.")
        place = self.statistics.index(statistic)
        frame = self.heads_frame()
        difference = self.differences.means[..., place].ravel()
        errors = self.differences.errors[..., place].ravel()
        frame = frame.assign(
            first=self.first.means[..., place].ravel(),
            second=self.second.means[..., place].ravel(),
            difference=difference,
            se=errors,
        )
        free = self.differences.count[..., place].ravel() - 1
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = np.where(errors > 0, difference / errors, np.nan)
        frame = frame.assign(t=ratio, p=2 * t.sf(np.abs(ratio), np.maximum(free, 1)))
        return frame.assign(real=discoveries(frame["p"].to_numpy(), rate))

    def heads_frame(self) -> pd.DataFrame:
        """Columns layer, head, matched, distance (Jensen-Shannon, nats) and distance_se."""
        return pd.DataFrame(
            {
                "layer": np.repeat(self.layers, self.heads),
                "head": np.tile(np.arange(self.heads), len(self.layers)),
                "matched": self.order.ravel(),
                "distance": self.distances.means.ravel(),
                "distance_se": self.distances.errors.ravel(),
            }
        )


def compare_attention(
    first: LoadedModel,
    second: LoadedModel,
    texts: Sequence[str],
    *,
    progress: Callable[[int, int], object] | None = None,
) -> HeadComparison:
    """Jensen-Shannon distance and change of every statistic of each head, over the same texts.

    Both models must have as many layers and heads and read the same tokens. A sample of the texts
    settles first whether heads stand in another order (see `match_heads`). Texts that are too long
    for a model, or that the two tokenizers split differently, are left out.
    `progress(done, all)` may return False to stop.

    Raises `BadInput` where the models differ in layers or heads, or no text is left.
    """
    for model in (first, second):
        attention_hook(model)  # raises where there is no attention
    shapes = [(each.layout.attention_layers, each.n_heads) for each in (first, second)]
    if shapes[0] != shapes[1]:
        raise BadInput(
            f"{first.name!r} and {second.name!r} differ in the number of layers or heads, so heads "
            "cannot be matched. Compare representations, or head statistics by relative depth."
        )
    texts = [texts] if isinstance(texts, str) else list(texts)
    pairs = [pair for pair in zip(tokenize(first, texts), tokenize(second, texts)) if _same(*pair)]
    if not pairs:
        raise BadInput(
            "No text is left that both models read as the same tokens. Give shorter texts, or "
            "compare representations."
        )
    chosen = _sampled(len(pairs))
    run = _Run(first, second, [one for one, _ in pairs], [two for _, two in pairs])
    whole = len(chosen) + len(pairs)
    order = run.order(chosen, lambda done: report(progress, done, whole))
    found = run.measured(order, lambda done: report(progress, len(chosen) + done, whole))
    return HeadComparison(
        (first.name, second.name),
        *shapes[0],
        len(pairs),
        len(texts) - len(pairs),
        run.plan.names,
        order,
        *found,
    )


def _same(one: object, two: object) -> bool:
    if not (isinstance(one, TokenizedText) and isinstance(two, TokenizedText)):
        return False
    return np.array_equal(one.ids, two.ids)


def _sampled(count: int) -> np.ndarray:
    return np.unique(np.linspace(0, count - 1, min(SAMPLE, count)).round().astype(int))


class _Run:
    """Both models over the same batches of texts."""

    def __init__(
        self,
        first: LoadedModel,
        second: LoadedModel,
        one: list[TokenizedText],
        two: list[TokenizedText],
    ) -> None:
        self.models, self.texts = (first, second), (one, two)
        self.plan = StatisticNames(first)
        self.padding = all(attention_hook(each).padding for each in self.models)
        windows = [first.layout.windows[layer] for layer in first.layout.attention_layers]
        self.rules = [(first.layout.causal, window) for window in windows]

    def batches(
        self, places: Sequence[int]
    ) -> Iterator[tuple[PaddedBatch, list[Tensor], list[Tensor]]]:
        """Batches of the texts at `places`, with both models' maps of each layer."""
        lengths = [len(self.texts[0][place]) for place in places]
        for rows in plan_batches(lengths, BATCH, padding=self.padding):
            chosen = tuple(int(places[row]) for row in rows)
            batch, other = (collate(m, t, chosen) for m, t in zip(self.models, self.texts))
            maps = [_maps(m, each) for m, each in zip(self.models, (batch, other))]
            yield batch, *maps

    def order(self, places: Sequence[int], tell: Callable[[int], object]) -> np.ndarray:
        """The head of the second that stands for each of the first, by their maps."""
        layers, heads = len(self.rules), self.models[0].n_heads
        costs, done = np.zeros((layers, heads, heads)), 0
        for batch, first, second in self.batches(places):
            for number, (one, two) in enumerate(zip(first, second)):
                for head in range(heads):
                    near = js_distances(one[:, head : head + 1], two, batch.mask)
                    costs[number, head] += near.sum(0).cpu().numpy()
            done += len(batch.rows)
            tell(done)
        return np.array([match_heads(each) for each in costs])

    def measured(self, order: np.ndarray, tell: Callable[[int], object]) -> list[RunningMoments]:
        """Moments of distances, both sides' statistics and their differences."""
        found: list[RunningMoments] | None = None
        done = 0
        for batch, first, second in self.batches(range(len(self.texts[0]))):
            sights = {rule: AllowedKeys(batch, *rule) for rule in set(self.rules)}
            parts = [
                self._layer(one, two[:, torch.as_tensor(heads)], batch, sights[rule])
                for one, two, heads, rule in zip(first, second, order, self.rules)
            ]
            values = [np.stack(each, 1) for each in zip(*parts)]
            moments = [RunningMoments.of(each) for each in (*values, values[2] - values[1])]
            found = [a.merge(b) for a, b in zip(found, moments)] if found else moments
            done += len(batch.rows)
            tell(done)
        return found

    def _layer(
        self, one: Tensor, two: Tensor, batch: PaddedBatch, sight: AllowedKeys
    ) -> tuple[np.ndarray, ...]:
        """Distances (texts, heads), and the statistics of both (texts, heads, statistics)."""
        nothing = torch.zeros(len(one), 0, one.shape[-1], device=one.device)
        values = (
            layer_values(each, sight, nothing, self.plan.ceiling).values for each in (one, two)
        )
        near = js_distances(one, two, batch.mask).double().cpu().numpy()
        return near, *values


def _maps(model: LoadedModel, batch: PaddedBatch) -> list[Tensor]:
    """The maps of each layer, copied: only while they are shown are they sure to be there."""
    held: list[Tensor] = []
    keep = held.append
    stream_weights(model, batch.inputs, lambda _, weights: keep(at_least_float32(weights).clone()))
    return held


def js_distances(one: Tensor, two: Tensor, mask: Tensor) -> Tensor:
    """Jensen-Shannon distance of two sets of maps, mean over the real queries, (texts, heads).

    `one` and `two` (texts, heads, query, key), of which one may have a single head. In nats, at
    most ln 2; exactly 0 for equal maps.
    """
    total = one + two
    # With s = p + q: H(s / 2) = ½ ln 2 Σ s − ½ Σ s ln s.
    both = HALVES * total.sum(-1) + 0.5 * entropy_nats(total)
    rows = both - 0.5 * (entropy_nats(one) + entropy_nats(two))
    rows = torch.where((one == two).all(-1), 0.0, rows.clamp_min(0))
    kept = mask[:, None].to(rows.dtype)
    return (rows * kept).sum(-1) / kept.sum(-1)
