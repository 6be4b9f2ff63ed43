"""Faithfulness: does the output move when the words an explanation names are taken away?

Comprehensiveness and sufficiency follow ERASER (DeYoung et al. 2020), the area over the deletion
curve Samek et al. (2017). All are differences of the target's probability (of the value itself
where there is none) or of its logit, by word. No figure means anything alone, so random rankings
stand beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from interp_core.attribution.edits import WordDeletions, attribution_scores, word_deletions
from interp_core.attribution.result import Attribution
from interp_core.charted import Charted
from interp_core.errors import BadInput
from interp_core.inputs.words import units_taken, word_sums

if TYPE_CHECKING:
    from typing import Any

    from torch import Tensor

    from interp_core.attribution.targets import Target
    from interp_core.models.record import LoadedModel

FRACTIONS = (0.01, 0.05, 0.1, 0.2, 0.5)
GRID = tuple(step / 10 for step in range(11))
RANDOM_RANKINGS = 10
MODES = ("delete", "mask")
# A probability near 0 or 1 hardly moves whatever is taken away; the logit does.
MEASURES: dict[str, Callable[[Target, Any], Tensor]] = {
    "probability": lambda goal, output: goal.probability(output),
    "logit": lambda goal, output: goal.score(output),
}
STEADY = 2.0  # standard deviations of random rankings that a figure has to be away from their mean
LOWER = ("sufficiency", "deletion")  # measures of which a low value is good


class BesideRandom:
    """Figures of a ranking beside those of random rankings, which are the fields `random_…`."""

    FIGURES: ClassVar[tuple[str, ...]]

    def to_frame(self) -> pd.DataFrame:
        """One row for each measure: value, mean and standard deviation of random rankings."""
        chance = [getattr(self, f"random_{name}") for name in self.FIGURES]
        return pd.DataFrame(
            {
                "measure": self.FIGURES,
                "value": [getattr(self, name) for name in self.FIGURES],
                "random": [each.mean() for each in chance],
                "random_std": [each.std() for each in chance],
            }
        )

    def verdicts(self) -> dict[str, str]:
        """For each measure "better" than random rankings, "worse", or "as good" (within 2 SD)."""
        found = {}
        for row in self.to_frame().itertuples():
            ahead = (row.value - row.random) * (-1 if row.measure in LOWER else 1)
            clear = abs(ahead) > max(STEADY * row.random_std, 1e-9)
            found[row.measure] = ("better" if ahead > 0 else "worse") if clear else "as good"
        return found


@dataclass(frozen=True)
class Faithfulness(BesideRandom, Charted):
    """How well a ranking of words stands up to edits of the text.

    `comprehensiveness` = mean over `fractions` of p(text) − p(text without the top k words): higher
    is better. `sufficiency` = mean of p(text) − p(top k words alone): lower is better. `aopc` =
    mean drop over the whole deletion curve, 10 to 100 %. The `random_` arrays (rankings,) hold the
    same for random rankings. `by_fraction` has one row for each fraction; `curve` one for each
    curve ("deletion", "insertion"), ranking ("attribution", "random") and step, with the mean
    probability and, for random, one standard deviation to each side as low and high.
    `mode` is "delete" or "mask", which give different numbers. `words` counts what was taken away,
    and `units` says what that is: "words", "segments" or "tokens", see `TokenSequence.units`.
    With the `measure` "logit" the target's logit stands in the place of its probability p
    everywhere, in `curve` as the column logit.
    """

    FIGURES = ("comprehensiveness", "sufficiency", "aopc")

    comprehensiveness: float
    sufficiency: float
    aopc: float
    random_comprehensiveness: np.ndarray
    random_sufficiency: np.ndarray
    random_aopc: np.ndarray
    by_fraction: pd.DataFrame
    curve: pd.DataFrame
    fractions: tuple[float, ...]
    mode: str
    words: int
    probability: float
    replacement: str | None = None
    evaluations: int = 0
    units: str = "words"
    measure: str = "probability"


def faithfulness(
    model: LoadedModel,
    attribution: Attribution,
    *,
    fractions: Sequence[float] = FRACTIONS,
    mode: str = "delete",
    measure: str = "probability",
    rankings: int = RANDOM_RANKINGS,
    seed: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> Faithfulness:
    """Take words away in the order of their scores (largest first) and watch the probability, or
    with the `measure` "logit" the logit, which still moves where the model is nearly certain.

    Token ids are edited directly. Special tokens stay, and so do tokens whose own output is
    explained (a mask, a labelled token, the last token of a causal model). A fraction of W words is
    at least one word, rounded up. "mask" puts the mask token in the words' place, else the padding
    or unknown token. Costs about (1 + `rankings`) × 25 short passes.

    Raises `BadInput` for unknown modes and measures, fractions outside (0, 1] and texts of fewer
    than two words, whose only word is a single token.
    """
    fractions = _check(fractions, mode, measure, rankings)
    trial = word_deletions(model, attribution, mode, progress)
    scores = word_sums(attribution_scores(attribution), trial.groups)
    generator = np.random.default_rng(seed)
    orders = [np.argsort(-scores, kind="stable")]
    orders += [generator.permutation(len(scores)) for _ in range(rankings)]
    counts = counts_of((*fractions, *GRID), trial.most, len(scores))
    removed, kept = _curves(trial, orders, counts, measure)
    return _summary(trial, fractions, counts, (removed, kept), mode, measure)


def _check(fractions: Sequence[float], mode: str, measure: str, rankings: int) -> tuple[float, ...]:
    if mode not in MODES:
        raise BadInput(f"Unknown mode {mode!r}. Choose one of: {', '.join(MODES)}.")
    if measure not in MEASURES:
        raise BadInput(f"Unknown measure {measure!r}. Choose one of: {', '.join(MEASURES)}.")
    if not len(fractions) or not all(0 < each <= 1 for each in fractions):
        raise BadInput("Fractions must lie between 0 and 1, for example 0.1 for ten per cent.")
    if rankings < 2:
        raise BadInput("Give at least 2 random rankings, so that their SD is known.")
    return tuple(float(each) for each in fractions)


def counts_of(fractions: Sequence[float], limit: int, units: int) -> dict[float, int]:
    """How many of `units` (words, patches) each fraction takes, rounded up; none for 0."""
    return {each: min(limit, int(np.ceil(each * units - 1e-9))) for each in sorted(set(fractions))}


def _curves(
    trial: WordDeletions, orders: list[np.ndarray], counts: dict[float, int], measure: str
) -> tuple[np.ndarray, np.ndarray]:
    """The measure (rankings, fractions) without the top words, and with the top words alone."""
    sets: list[tuple[int, ...]] = []
    for order in orders:
        for count in counts.values():
            least = len(order) - max(count, len(order) - trial.most)
            sets.append(tuple(sorted(order[:count].tolist())))
            sets.append(tuple(sorted(order[len(order) - least :].tolist())))
    values = trial.outputs(sets, MEASURES[measure]).reshape(len(orders), len(counts), 2)
    return values[..., 0], values[..., 1]


def _summary(
    trial: WordDeletions,
    fractions: tuple[float, ...],
    counts: dict[float, int],
    curves: tuple[np.ndarray, np.ndarray],
    mode: str,
    measure: str,
) -> Faithfulness:
    (removed, kept), grid = curves, list(counts)
    whole = float(removed[0, grid.index(0.0)])
    chosen = [grid.index(each) for each in fractions]
    steps = [grid.index(each) for each in GRID[1:]]
    comprehensive, sufficient = whole - removed[:, chosen], whole - kept[:, chosen]
    areas = (whole - removed[:, steps]).mean(1)
    table = pd.DataFrame({"fraction": fractions, "words": [counts[each] for each in fractions]})
    for name, values in (("comprehensiveness", comprehensive), ("sufficiency", sufficient)):
        table[name] = values[0]
        table[f"random_{name}"] = values[1:].mean(0)
        table[f"random_{name}_std"] = values[1:].std(0)
    return Faithfulness(
        float(comprehensive[0].mean()),
        float(sufficient[0].mean()),
        float(areas[0]),
        comprehensive[1:].mean(1),
        sufficient[1:].mean(1),
        areas[1:],
        table,
        curve_frame(counts, removed, kept, measure),
        fractions,
        mode,
        len(trial.groups),
        whole,
        trial.replacement[0] if trial.replacement else None,
        trial.meter.done,
        units_taken(trial.encoded.sequence, trial.groups),
        measure,
    )


def curve_frame(
    counts: dict[float, int],
    removed: np.ndarray,
    kept: np.ndarray,
    measure: str,
    units: str = "words",
) -> pd.DataFrame:
    """Columns curve, ranking, fraction, words (or `units`), probability (or logit), low, high.

    `removed` and `kept` are (rankings, fractions): first that of the attribution, then random ones.
    """
    parts = []
    for curve, values in (("deletion", removed), ("insertion", kept)):
        mean, spread = values[1:].mean(0), values[1:].std(0)
        lines = (("attribution", values[0], 0 * spread), ("random", mean, spread))
        for ranking, line, width in lines:
            parts.append(
                pd.DataFrame(
                    {
                        "curve": curve,
                        "ranking": ranking,
                        "fraction": list(counts),
                        units: list(counts.values()),
                        measure: line,
                        "low": line - width,
                        "high": line + width,
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)
