"""Infidelity and sensitivity of an explanation (Yeh et al. 2019), measured by Captum's metrics."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch

from interp_core.attribution.baselines import evaluate_baseline, name_baselines, non_word_mask
from interp_core.attribution.core import attribute_goal
from interp_core.attribution.edits import attribution_scores
from interp_core.attribution.forward_function import TextFunction, text_function
from interp_core.attribution.methods import METHODS
from interp_core.attribution.perturbation import WordGame
from interp_core.attribution.result import Attribution, reread
from interp_core.attribution.tables import rank_correlation
from interp_core.errors import BadInput
from interp_core.inputs.words import TOKENS, removable, units_taken, word_sums
from interp_core.progress import Counter, global_seed

if TYPE_CHECKING:
    from torch import Tensor, nn

    from interp_core.inputs.tokens import TokenSequence
    from interp_core.models.record import LoadedModel


DROPS, DROP_SHARE = 200, 0.2
NOISE_SHARE = 0.05  # of the embeddings' standard deviation
Progress = Callable[[int, int], object]


def _again(
    model: LoadedModel, attribution: Attribution, progress: Progress | None = None
) -> TextFunction:
    encoded = reread(model, attribution)
    return text_function(model, encoded, lambda _: attribution.goal, progress)


@dataclass(frozen=True)
class Infidelity:
    """`value` is the mean squared difference between predicted and measured changes of the output.

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
    game = WordGame.of(explained, evaluate_baseline(explained, _one_baseline(model, attribution)))
    scores = word_sums(attribution_scores(attribution), game.groups)
    words = torch.tensor(scores[None], dtype=torch.float32)

    def dropped(present: Tensor) -> tuple[Tensor, Tensor]:
        gone = (torch.rand_like(present) < drop).to(present)
        return gone, present - gone

    figures = []
    for candidate, scaled in ((words.to(game.words), True), (torch.zeros_like(game.words), False)):
        with global_seed(seed, explained.meter):
            figures.append(
                measure(
                    game,
                    dropped,
                    game.words,
                    candidate,
                    n_perturb_samples=samples,
                    normalize=scaled,
                )
            )
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
        raise BadInput(
            "Sensitivity needs embeddings with noise, and leave-one-out uses token ids. Use "
            "another method."
        )
    explained = _again(model, attribution)
    entry = METHODS[attribution.method]
    options = {k: v for k, v in attribution.options.items() if k != "baseline"}
    start = None
    if entry.baseline:
        name = _one_baseline(model, attribution)
        start = evaluate_baseline(explained, name, path=entry.path)

    total = Counter(progress, (samples + 1) * attribution.evaluations)

    def scores(embeddings: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        rows = []
        for row in embeddings[0].split(1):
            with torch.no_grad():
                value = float(explained(row))
            moved = replace(explained, embeddings=row, value=value, meter=_counting_in(total))
            rows.append(torch.as_tensor(entry.function(moved, start, **options).scores))
        return (torch.stack(rows),)

    reach = radius * float(explained.embeddings.std())
    with global_seed(seed, total):
        worst = sensitivity_max(
            scores, explained.embeddings, perturb_radius=reach, n_perturb_samples=samples
        )
    return float(worst)


def _counting_in(total: Counter) -> Counter:
    """A meter for one attribution, whose evaluations count in the total."""
    before = total.done

    def count(done: int, _expected: int) -> None:
        total.add(before + done - total.done)

    return Counter(count)


TRIALS = 3


@dataclass(frozen=True)
class SanityCheck:
    """Rank correlation with explanations of models whose weights were drawn anew, (trials,).

    `spearman` compares signed word scores, `absolute_spearman` their sizes. Near 0: the explanation
    depends on what the model learned. Near 1: it would say the same of any model. `frame` has one
    row for each word: word, score, and score_random_0, ...; NaN where a score list is constant.
    """

    spearman: np.ndarray
    absolute_spearman: np.ndarray
    frame: pd.DataFrame
    method: str

    @property
    def similarity(self) -> float:
        """Mean size of the signed correlations; NaN where none is defined."""
        known = self.spearman[np.isfinite(self.spearman)]
        return float(np.abs(known).mean()) if len(known) else float("nan")


def sanity_check(
    model: LoadedModel,
    attribution: Attribution,
    *,
    trials: int = TRIALS,
    seed: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> SanityCheck:
    """The model randomisation test (Adebayo et al. 2018): same method, same target, new weights.

    Every weight tensor of a private copy is drawn anew from a normal distribution with the tensor's
    own mean and spread. Costs `trials` times the attribution and a second model in memory.
    Raises `BadInput` for texts of fewer than three words, which have no ranking to compare.
    """
    found = attribution.pieces or attribution
    encoded = reread(model, attribution)
    groups = removable(encoded.sequence, non_word_mask(model.tokenizer, encoded.sequence))
    if len(groups) < 3:
        raise BadInput(
            "The model randomisation test compares rankings and needs at least three words, "
            "or three tokens of an only word."
        )
    table = {
        "word": _names(found.sequence, groups),
        "score": word_sums(found.scores, groups),
    }
    for trial in range(trials):
        stranger = replace(model, model=randomise_weights(model.model, seed + trial))
        again = attribute_goal(
            stranger,
            encoded,
            lambda _: (attribution.goal, attribution.prediction),
            method=attribution.method,
            progress=progress,
            **attribution.options,
        )
        table[f"score_random_{trial}"] = word_sums(again.scores, groups)
    frame = pd.DataFrame(table)
    others = [frame[f"score_random_{trial}"] for trial in range(trials)]
    signed = [rank_correlation(frame["score"], other) for other in others]
    absolute = [rank_correlation(frame["score"].abs(), other.abs()) for other in others]
    return SanityCheck(np.array(signed), np.array(absolute), frame, attribution.method)


def _names(sequence: TokenSequence, groups: list[np.ndarray]) -> list[str]:
    if units_taken(sequence, groups) == TOKENS:
        return ["".join(sequence.tokens[place] for place in group) for group in groups]
    return [sequence.word_text(sequence.word_ids[group[0]]) for group in groups]


def randomise_weights(network: nn.Module, seed: int) -> nn.Module:
    """A copy whose every weight is drawn anew with its tensor's mean and spread."""
    stranger = copy.deepcopy(network)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for value in stranger.parameters():
            noise = torch.randn(value.shape, generator=generator).to(value)
            spread = value.std() if value.numel() > 1 else value.abs().mean()
            value.copy_(value.mean() + spread * noise)
    return stranger
