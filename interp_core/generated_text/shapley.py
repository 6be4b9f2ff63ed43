"""Shapley values of the units of a prompt, for a span of the answer.

The value of a set of units is the span's log probability when all other units are taken away:
v(S) = Σ log p(token | units in S). Shapley values share v(all) − v(none) among the units (Shapley
1953): their sum is that difference, which scores of single removals do not add up to.
"""

from __future__ import annotations

from collections.abc import Callable
from math import factorial, sqrt
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from interp_core.errors import BadInput
from interp_core.generated_text.scoring import Scorer, standing_for_nothing
from interp_core.progress import Counter

if TYPE_CHECKING:
    from interp_core.generated_text.attribution import GenerationAttribution
    from interp_core.models.record import LoadedModel

EXACT = 10  # units up to which all sets are computed
ORDERS = 24  # random orders above, half of them the others' reverses
AT_ONCE = 64  # sets between two looks at whether to go on


def shapley_units(
    model: LoadedModel,
    attribution: GenerationAttribution,
    *,
    start: int = 0,
    end: int | None = None,
    orders: int = ORDERS,
    seed: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> pd.DataFrame:
    """One row for each unit of the prompt: unit, text, role, score and error, both in nats.

    `start` to `end` are the answer's tokens whose log probability is shared out. Up to 10 units all
    2^n sets are computed and the error is 0; above, `orders` random orders of arrival in pairs of
    an order and its reverse, `error` being the standard error over the pairs. Units are taken away
    or replaced as the attribution did. `.attrs` holds `whole` and `empty`, v(all) and v(none).
    Raises `BadInput` for a span without tokens and fewer than 4 orders.
    """
    count = len(attribution.sources)
    span = checked_span(attribution, start, end)
    if orders < 4:
        raise BadInput("Give at least 4 orders, so that a standard error is known.")
    game = UnitGame(model, attribution, span, Counter(progress))
    if count <= EXACT:
        scores, errors = _exact(game, count), np.zeros(count)
    else:
        scores, errors = _sampled(game, count, orders, seed)
    frame = attribution.of_units()[["unit", "text", "role"]]
    frame = frame.assign(score=scores, error=errors)
    everything = frozenset(range(count))
    frame.attrs = {"whole": game.known[everything], "empty": game.known[frozenset()]}
    return frame


def checked_span(attribution: GenerationAttribution, start: int, end: int | None) -> slice:
    """The answer's tokens `start` to `end`. Raises `BadInput` for none."""
    size = len(attribution.tokens)
    span = slice(*slice(start, end).indices(size))
    if span.stop <= span.start:
        raise BadInput(f"No token is chosen: the answer has the tokens 0 to {size - 1}.")
    return span


class UnitGame:
    """v(S) for sets of units that stay; each set is computed once."""

    def __init__(
        self, model: LoadedModel, attribution: GenerationAttribution, span: slice, meter: Counter
    ) -> None:
        self._scorer = Scorer(model, attribution.prompt, attribution.answer, meter)
        self._units, self._span, self.meter = attribution.sources, span, meter
        self._number = None
        if attribution.method == "replacement":
            self._number = standing_for_nothing(model, attribution.wished)[1]
        self.known: dict[frozenset, float] = {}

    def values(self, sets: list[frozenset]) -> np.ndarray:
        """v of each set of units that stay, (sets,)."""
        new = [each for each in dict.fromkeys(sets) if each not in self.known]
        for begin in range(0, len(new), AT_ONCE):
            part = new[begin : begin + AT_ONCE]
            gone = [self._places(each) for each in part]
            lines = self._scorer.without(gone, self._number)[:, self._span]
            self.known.update(zip(part, lines.sum(1).tolist()))
        return np.array([self.known[each] for each in sets])

    def _places(self, stay: frozenset) -> list[int]:
        return [
            place
            for number, unit in enumerate(self._units)
            if number not in stay
            for place in unit.places
        ]


def _exact(game: UnitGame, count: int) -> np.ndarray:
    sets = [
        frozenset(number for number in range(count) if code >> number & 1)
        for code in range(2**count)
    ]
    game.meter.expected += len(sets)
    values, scores = game.values(sets), np.zeros(count)
    for code, members in enumerate(sets):
        for number in set(range(count)) - members:
            size = len(members)
            weight = factorial(size) * factorial(count - size - 1) / factorial(count)
            scores[number] += weight * (values[code | 1 << number] - values[code])
    return scores


def _sampled(game: UnitGame, count: int, orders: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Means and standard errors over pairs of a random order and its reverse."""
    rng, pairs = np.random.default_rng(seed), orders // 2
    game.meter.expected += 2 * pairs * (count - 1) + 2
    found = []
    for _ in range(pairs):
        order = rng.permutation(count)
        both = [_along(game, each) for each in (order, order[::-1])]
        found.append(np.mean(both, axis=0))
    lines = np.stack(found)
    return lines.mean(0), lines.std(0, ddof=1) / sqrt(pairs)


def _along(game: UnitGame, order: np.ndarray) -> np.ndarray:
    """What each unit adds when units arrive in this order, (units,)."""
    sets = [frozenset(order[:size].tolist()) for size in range(len(order) + 1)]
    gains = np.zeros(len(order))
    gains[order] = np.diff(game.values(sets))
    return gains
