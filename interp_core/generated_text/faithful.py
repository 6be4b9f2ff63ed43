"""Do the units that an attribution names carry the answer? Deletion beside random rankings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from interp_core.charted import Charted
from interp_core.errors import BadInput
from interp_core.generated_text.shapley import UnitGame, checked_span
from interp_core.progress import Counter

if TYPE_CHECKING:
    from interp_core.generated_text.attribution import GenerationAttribution
    from interp_core.models.record import LoadedModel

RANKINGS = 10
MOST_STEPS = 10  # numbers of removed units that are tried


@dataclass(frozen=True)
class GenerationFaithfulness(Charted):
    """How far log p of a span falls when the top units are removed, against random rankings.

    `drop` is the mean of log p(span) − log p(span without the top k units) over the steps k, in
    nats: higher is better. `random_drop` (rankings,) are those of random rankings. `curve` has one
    row for each ranking ("attribution", "random") and step: removed, ranking, log_probability, low,
    high, the last two ± 1 SD over random rankings.
    """

    drop: float
    random_drop: np.ndarray
    curve: pd.DataFrame

    @property
    def verdict(self) -> str:
        """ "better" than random rankings, "worse", or "as good" (within 2 SD)."""
        ahead = self.drop - self.random_drop.mean()
        if abs(ahead) <= max(2 * self.random_drop.std(ddof=1), 1e-9):
            return "as good"
        return "better" if ahead > 0 else "worse"


def generation_faithfulness(
    model: LoadedModel,
    attribution: GenerationAttribution,
    *,
    start: int = 0,
    end: int | None = None,
    rankings: int = RANKINGS,
    seed: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> GenerationFaithfulness:
    """Remove the units of the largest scores first, for the answer's tokens `start` to `end`.

    Up to 10 steps from one unit to all. Costs about 10 passes for each of 1 + `rankings` rankings.
    Raises `BadInput` with fewer than 3 units, whose rankings are too few to compare with.
    """
    count = len(attribution.sources)
    if count < 3:
        raise BadInput("Rankings need at least three units. Choose smaller units.")
    if rankings < 2:
        raise BadInput("Give at least 2 random rankings, so that their SD is known.")
    span, rng = checked_span(attribution, start, end), np.random.default_rng(seed)
    game = UnitGame(model, attribution, span, Counter(progress))
    orders = [np.argsort(-attribution.of_span(span.start, span.stop), kind="stable")]
    orders += [rng.permutation(count) for _ in range(rankings)]
    steps = np.unique(np.linspace(0, count, min(count, MOST_STEPS) + 1).round().astype(int))
    sets = [frozenset(order[step:].tolist()) for order in orders for step in steps]
    game.meter.expected += len(set(sets))
    lines = game.values(sets).reshape(len(orders), len(steps))
    drops = (lines[:, :1] - lines[:, 1:]).mean(1)
    mean, spread = lines[1:].mean(0), lines[1:].std(0, ddof=1)
    parts = (("attribution", lines[0], 0 * spread), ("random", mean, spread))
    curve = pd.concat(
        [
            pd.DataFrame(
                {
                    "removed": steps,
                    "ranking": name,
                    "log_probability": line,
                    "low": line - width,
                    "high": line + width,
                }
            )
            for name, line, width in parts
        ],
        ignore_index=True,
    )
    return GenerationFaithfulness(float(drops[0]), drops[1:], curve)


def unit_agreement(
    first: GenerationAttribution,
    second: GenerationAttribution,
    *,
    start: int = 0,
    end: int | None = None,
) -> float:
    """Spearman's rank correlation of two methods' scores of the same units.

    NaN where one of them is the same for all. Raises `BadInput` for other units or another answer.
    """
    same = [unit.places for unit in first.sources] == [unit.places for unit in second.sources]
    if not same or first.tokens != second.tokens:
        raise BadInput("Agreement compares two methods on the same units and the same answer.")
    span = checked_span(first, start, end)
    scores = [each.of_span(span.start, span.stop) for each in (first, second)]
    if min(len(scores[0]), *(len(np.unique(each)) for each in scores)) < 2:
        return float("nan")
    from scipy.stats import spearmanr

    return float(spearmanr(*scores).statistic)
