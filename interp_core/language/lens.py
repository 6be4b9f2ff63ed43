"""The logit lens: what a model would predict after each of its layers (nostalgebraist 2020).

The state after a layer is read as if it were the last one, with the model's own final norm and
output table. After the last layer that is the model's prediction itself. Earlier layers were never
trained to be read so: what they show is a hint of where an answer forms, not a proof.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from interp_core.charted import Charted
from interp_core.errors import BadInput
from interp_core.inputs.tokens import TokenSequence
from interp_core.inputs.vocabulary import token_names
from interp_core.language.next_token import BIT, CHUNK_LOGITS, ranks
from interp_core.language.residual_stream import (
    Stream,
    check_readout,
    encode_for_lm,
    read_out,
    stream,
)
from interp_core.models.finite import check_finite
from interp_core.progress import report
from interp_core.validation import check_position

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

MOST_LISTED = 50


@dataclass(frozen=True)
class LogitLens(Charted):
    """Predictions after 0 to L layers (0: embeddings) at n `positions` (n,) of a text.

    `ids` and `probabilities` (L + 1, n, k) are the best tokens, best first, and `names` what they
    are called. `answers` (n,) are the model's own best tokens; `answer_probability`, `answer_rank`
    (from 1) and `divergence` (L + 1, n) say how near a layer is to them: the last is the
    Kullback-Leibler divergence of the layer's distribution from the model's, KL(model ‖ layer), in
    bits. `error` is the largest difference between the last layer's logits and the model's.
    """

    sequence: TokenSequence
    positions: np.ndarray
    ids: np.ndarray
    probabilities: np.ndarray
    answers: np.ndarray
    answer_probability: np.ndarray
    answer_rank: np.ndarray
    divergence: np.ndarray
    names: dict[int, str]
    error: float

    @property
    def tokens(self) -> list[str]:
        """The tokens of the whole text."""
        return list(self.sequence.tokens)

    def to_frame(self) -> pd.DataFrame:
        """A row for each layer and position: what was read, the best token, the answer's fate."""
        layers, count, _ = self.ids.shape
        layer, column = np.indices((layers, count)).reshape(2, -1)
        answers = [self.names[int(number)] for number in self.answers]
        return pd.DataFrame(
            {
                "layer": layer,
                "position": self.positions[column],
                "token": [self.sequence.tokens[i] for i in self.positions[column]],
                "best": [self.names[int(number)] for number in self.ids[..., 0].ravel()],
                "probability": self.probabilities[..., 0].ravel(),
                "answer": [answers[i] for i in column],
                "answer_probability": self.answer_probability.ravel(),
                "answer_rank": self.answer_rank.ravel(),
                "divergence": self.divergence.ravel(),
            }
        )

    def column(self, position: int) -> int:
        """The place of a position in the arrays. Raises `BadInput`."""
        place = check_position(position, len(self.sequence))
        if place not in self.positions:
            raise BadInput(f"Position {position} was not computed. Ask for it with `positions`.")
        return int(np.flatnonzero(self.positions == place)[0])

    def at(self, layer: int, position: int) -> pd.DataFrame:
        """The best tokens of one cell: token, id, probability, rank. Raises `BadInput`."""
        row = check_position(layer, len(self.ids))
        column = self.column(position)
        ids = self.ids[row, column]
        return pd.DataFrame(
            {
                "token": [self.names[int(number)] for number in ids],
                "id": ids,
                "probability": self.probabilities[row, column],
                "rank": range(1, len(ids) + 1),
            }
        )


def logit_lens(
    model: LoadedModel,
    text: str,
    *,
    k: int = 5,
    positions: Sequence[int] | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> LogitLens:
    """What each layer would predict at `positions`, by default all of the text.

    Costs one pass and, for each position, as many readouts as there are layers.
    `progress(done, expected)` counts states and may return False to stop. Raises `BadInput`, or
    `UnsupportedModel` for models that do not predict words or keep no state after each layer.
    """
    if not 1 <= k <= MOST_LISTED:
        raise BadInput(f"Between 1 and {MOST_LISTED} tokens can be listed for each cell.")
    encoded = encode_for_lm(model, text)
    passed = stream(model, encoded)
    places = _places(positions, len(encoded.sequence))
    layers, count = len(passed.states), len(places)
    step = max(1, CHUNK_LOGITS // passed.logits.shape[-1] // layers)
    parts: list[tuple[np.ndarray, ...]] = []
    error = 0.0
    for start in range(0, count, step):
        part, off = _read(model, passed, places[start : start + step], k)
        error = max(error, off)
        parts.append(part)
        report(progress, layers * min(start + step, count), layers * count)
    ids, probabilities, *of_answers = (np.concatenate(each, 1) for each in zip(*parts))
    answers = passed.logits.argmax(-1).cpu().numpy()[places]
    names = token_names(model, np.union1d(ids, answers))
    chance, rank, divergence = of_answers
    return LogitLens(
        encoded.sequence,
        places,
        ids,
        probabilities,
        answers,
        chance,
        rank,
        divergence,
        names,
        error,
    )


def _places(positions: Sequence[int] | None, size: int) -> np.ndarray:
    wanted = range(size) if positions is None else positions
    found = np.array(sorted({check_position(each, size) for each in wanted}), dtype=int)
    if not len(found):
        raise BadInput("There are no positions to read. Give at least one.")
    return found


@torch.inference_mode()
def _read(
    model: LoadedModel, passed: Stream, places: np.ndarray, k: int
) -> tuple[tuple[np.ndarray, ...], float]:
    """Best ids, their probabilities, and the answer's probability, rank and divergence."""
    states, truth = passed.states[:, places], passed.logits[places].float()
    logits = read_out(model, states.flatten(0, 1)).float().unflatten(0, states.shape[:2])
    error = check_readout(model, logits[-1], truth)
    logs, final = logits.log_softmax(-1), truth.log_softmax(-1)
    best, ids = logs.topk(k)
    answers = truth.argmax(-1).expand(logits.shape[:2])
    found = (
        ids,
        best.exp(),
        logs.gather(-1, answers[..., None])[..., 0].exp(),
        ranks(logits, answers),
        _divergence(final, logs),
    )
    check_finite(found[1].cpu().numpy(), "probabilities of the lens")
    return tuple(each.cpu().numpy() for each in found), error


def _divergence(final: Tensor, logs: Tensor) -> Tensor:
    """KL(final ‖ layer) in bits, (layers, places)."""
    lines = [((final - each) * final.exp()).nan_to_num().sum(-1) for each in logs]
    return torch.stack(lines).clamp(min=0) / BIT
