"""Infidelity and sensitivity of an explanation (Yeh et al. 2019), measured by Captum's metrics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from interp_core.analysis.baselines import name_baselines, start_at
from interp_core.analysis.chance import seeded
from interp_core.analysis.explained import Explained, explain
from interp_core.analysis.explanation import Attribution
from interp_core.analysis.methods import METHODS
from interp_core.analysis.progress import Meter
from interp_core.analysis.source import reread
from interp_core.analysis.trial import attribution_scores
from interp_core.analysis.word_game import WordGame
from interp_core.analysis.words import word_sums
from interp_core.errors import BadInput

if TYPE_CHECKING:
    from torch import Tensor

    from interp_core.models.record import LoadedModel

DROPS, DROP_SHARE = 200, 0.2
NOISE_SHARE = 0.05  # of the embeddings' standard deviation
Progress = Callable[[int, int], object]


def _again(
    model: LoadedModel, attribution: Attribution, progress: Progress | None = None
) -> Explained:
    encoded = reread(model, attribution)
    return explain(model, encoded, lambda _: attribution.goal, progress)


@dataclass(frozen=True)
class Infidelity:
    """`value` is the mean squared difference between what scores foretell and what drops do.

    Scores are scaled by the best factor first, so 0 is perfect and `of_zeros`, the figure of an
    explanation that says nothing, is the worst that a useful one can have. `share` is their ratio.
    """

    value: float
    of_zeros: float
    samples: int

    @property
    def share(self) -> float:
        """Share of the output's movement that the scores do not explain, 0 to 1."""
        return self.value / self.of_zeros if self.of_zeros else float("nan")


def infidelity(
    model: LoadedModel,
    attribution: Attribution,
    *,
    samples: int = DROPS,
    drop: float = DROP_SHARE,
    seed: int = 0,
    progress: Progress | None = None,
) -> Infidelity:
    """Infidelity (Yeh et al. 2019) for random drops of words into the baseline, normalised.

    Every word drops with probability `drop`. Costs `samples` evaluations for the scores and as
    many for zeros. `progress(done, expected)` may raise, or return False to stop with `Stopped`.
    """
    from captum.metrics import infidelity as measure

    explained = _again(model, attribution, progress)
    explained.meter.expected = 1 + 2 * (samples + 1)  # beside the drops, the text itself
    game = WordGame.of(explained, start_at(explained, _one_baseline(model, attribution)))
    scores = word_sums(attribution_scores(attribution), game.groups)
    words = torch.tensor(scores[None], dtype=torch.float32)

    def dropped(present: Tensor) -> tuple[Tensor, Tensor]:
        gone = (torch.rand_like(present) < drop).to(present)
        return gone, present - gone

    figures = []
    for candidate, scaled in ((words.to(game.words), True), (torch.zeros_like(game.words), False)):
        with seeded(seed, explained.meter):
            figures.append(
                measure(
                    game, dropped, game.words, candidate,
                    n_perturb_samples=samples, normalize=scaled,
                )
            )  # fmt: skip
    return Infidelity(float(figures[0]), float(figures[1]), samples)


def _one_baseline(model: LoadedModel, attribution: Attribution) -> str:
    return name_baselines(model.tokenizer, attribution.options.get("baseline"))[0]


def sensitivity(
    model: LoadedModel,
    attribution: Attribution,
    *,
    samples: int = 5,
    radius: float = NOISE_SHARE,
    seed: int = 0,
    progress: Progress | None = None,
) -> float:
    """Largest relative change of the scores under small noise (Yeh et al. 2019); 0 is steady.

    The noise is uniform within ± `radius` standard deviations of the text's embeddings. Costs
    `samples` + 1 attributions. `progress(done, expected)` counts evaluations; it may raise, or
    return False to stop with `Stopped`. Raises `BadInput` for leave-one-out, which reads no
    embeddings.
    """
    from captum.metrics import sensitivity_max

    if attribution.method == "leave_one_out":
        raise BadInput("Leave-one-out reads token ids, which noise cannot move.")
    explained = _again(model, attribution)
    entry = METHODS[attribution.method]
    options = {k: v for k, v in attribution.options.items() if k != "baseline"}
    start = start_at(explained, _one_baseline(model, attribution)) if entry.baseline else None

    total = Meter(progress, (samples + 1) * attribution.evaluations)

    def scores(embeddings: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        rows = []
        for row in embeddings[0].split(1):
            with torch.no_grad():
                value = float(explained(row))
            moved = replace(explained, embeddings=row, value=value, meter=_counting_in(total))
            rows.append(torch.as_tensor(entry.function(moved, start, **options).scores))
        return (torch.stack(rows),)

    reach = radius * float(explained.embeddings.std())
    with seeded(seed, total):
        worst = sensitivity_max(
            scores, explained.embeddings, perturb_radius=reach, n_perturb_samples=samples
        )
    return float(worst)


def _counting_in(total: Meter) -> Meter:
    """A meter for one attribution, whose evaluations count in the total."""
    before = total.done

    def count(done: int, _expected: int) -> None:
        total.add(before + done - total.done)

    return Meter(count)
