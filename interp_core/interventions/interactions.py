"""Pairs of words that act together: what both do beyond what each does alone."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from math import factorial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from interp_core.attribution.baselines import evaluate_baseline, name_baselines
from interp_core.attribution.forward_function import text_function
from interp_core.attribution.perturbation import WordGame
from interp_core.attribution.targets import TargetRequest
from interp_core.attribution.task_targets import resolve_target
from interp_core.errors import BadInput
from interp_core.inputs.encode import encode_with_decoder
from interp_core.progress import report

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

METHODS = {
    "pairwise": "F(x) − F(x without i) − F(x without j) + F(x without both)",
    "shapley": "Shapley interaction index: the same, averaged over all sets of other words",
}
MOST_WORDS = 12  # of the Shapley interactions: 4,096 evaluations
MOST_PAIRWISE = 64
STEP = 256  # coalitions between two reports of the progress


def word_interactions(
    model: LoadedModel,
    text: str,
    *,
    target: Any = None,
    contrast: Any = None,
    position: Any = None,
    text_pair: str | None = None,
    method: str = "pairwise",
    baseline: str | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> pd.DataFrame:
    """One row for each pair of words: first, second, interaction, and their numbers from 0.

    "pairwise" is F(x) − F(x∖i) − F(x∖j) + F(x∖ij), with n (n + 1) / 2 evaluations; "shapley" the
    Shapley interaction index (Grabisch & Roubens 1999), exact, for at most 12 words. F is a logit,
    `target`, `contrast` and `position` as in `attribute`. A word that is away has the embeddings of
    `baseline` ("pad", "mask", "unk", "zero"). 0 means that the effects of both words add. Positive:
    together they support the target more than the sum of both; "not bad" supports "positive".

    Raises `BadInput`, `InputTooLong`, `UnsupportedModel` or `Stopped`.
    """
    if method not in METHODS:
        raise BadInput(f"method must be one of {', '.join(METHODS)}, not {method!r}.")
    encoded = encode_with_decoder(model, text, text_pair)
    request = TargetRequest(target, contrast, position)
    explained = text_function(
        model, encoded, lambda output: resolve_target(model, encoded, output, request)[0]
    )
    names = name_baselines(model.tokenizer, baseline)
    if len(names) > 1:
        raise BadInput("Interactions need one baseline: choose pad, mask, unk or zero.")
    game = WordGame.of(explained, evaluate_baseline(explained, names[0]))
    count = len(game.groups)
    limit = MOST_WORDS if method == "shapley" else MOST_PAIRWISE
    if not 2 <= count <= limit:
        words = "1 word" if count == 1 else f"{count} words"
        raise BadInput(
            f"The text has {words}; {method} interactions take 2 to {limit}. "
            + ("Shorten it." if count > limit else "Add a word.")
        )

    def play(present: np.ndarray) -> np.ndarray:
        rows = torch.as_tensor(present, dtype=torch.float32, device=explained.embeddings.device)
        parts = []
        for part in rows.split(STEP):
            parts.append(game(part).double().cpu())
            report(progress, sum(map(len, parts)), len(rows))
        return torch.cat(parts).numpy()

    found = (pairwise_interactions if method == "pairwise" else shapley_interactions)(play, count)
    sequence = explained.encoded.sequence
    names = [_name(sequence, places) for places in game.groups]
    return pd.DataFrame(
        [(names[i], names[j], float(found[i, j]), i, j) for i, j in combinations(range(count), 2)],
        columns=["first", "second", "interaction", "first_word", "second_word"],
    )


def _name(sequence: Any, places: np.ndarray) -> str:
    word = sequence.word_ids[int(places[0])]
    whole = [place for place, number in enumerate(sequence.word_ids) if number == word]
    if word is None or len(whole) != len(places):
        return " ".join(sequence.tokens[int(place)] for place in places)
    return sequence.word_text(word)


Play = Callable[[np.ndarray], np.ndarray]


def pairwise_interactions(play: Play, count: int) -> np.ndarray:
    """(words, words) of a game `play(present (rows, words)) -> (rows,)`; 0 on the diagonal."""
    pairs = list(combinations(range(count), 2))
    present = np.ones((1 + count + len(pairs), count))
    present[1 + np.arange(count), np.arange(count)] = 0
    for row, pair in enumerate(pairs, 1 + count):
        present[row, list(pair)] = 0
    whole, *others = play(present)
    alone, both = np.array(others[:count]), others[count:]
    found = np.zeros((count, count))
    for (i, j), without in zip(pairs, both):
        found[i, j] = found[j, i] = whole - alone[i] - alone[j] + without
    return found


def shapley_interactions(play: Play, count: int) -> np.ndarray:
    """(words, words): Σ_S |S|! (n − |S| − 2)! / (n − 1)! Δ_ij(S) over the sets S of other words."""
    numbers = np.arange(2**count)
    present = (numbers[:, None] >> np.arange(count)) & 1
    values, sizes = play(present), present.sum(1)
    weights = [
        factorial(s) * factorial(count - s - 2) / factorial(count - 1) for s in range(count - 1)
    ]
    found = np.zeros((count, count))
    for i, j in combinations(range(count), 2):
        others = numbers[(present[:, i] == 0) & (present[:, j] == 0)]
        one, two = 1 << i, 1 << j
        change = values[others + one + two] - values[others + one] - values[others + two]
        change += values[others]
        found[i, j] = found[j, i] = (np.array(weights)[sizes[others]] * change).sum()
    return found
