"""Gradients of the log probability of every answer token with respect to what the model reads.

One pass gives the log probabilities of all tokens; each needs a backward pass of its own. Sources
are the prompt's tokens and, in a causal model, the answer's earlier ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from interp_core.attribution.forward_function import HALF_TOLERANCE, TOLERANCE
from interp_core.errors import UnsupportedModel
from interp_core.generated_text.scoring import answer_logits, log_probabilities
from interp_core.models.hooks import EmbeddingHook, shared_copy

if TYPE_CHECKING:
    from torch import Tensor

    from interp_core.generated_text.answer import Answer
    from interp_core.generated_text.prompt import Prompt
    from interp_core.models.record import LoadedModel
    from interp_core.progress import Counter

FIRST_STAYS = (
    "The prompt's first token stands in the baseline too, since a causal model's spare attention "
    "rests on it: its score is 0, whatever it says."
)
LACKING = 0.1  # of the largest change: a sum of scores that lacks more has too few points


@dataclass(frozen=True)
class TokenScores:
    """Scores of single tokens: `prompt` (n, t) and `answer` (t, t), in nats.

    `answer` is 0 from the diagonal on (a token is no source of itself or of earlier ones), and None
    for encoder-decoder models, whose gradients are taken in the encoder alone. `missed` (t,) is for
    integrated gradients what the scores of a token lack of log p(text) − log p(baseline), and
    `change` (t,) that difference. `kept` says that the first token stood in the baseline as well,
    so that its scores are 0.
    """

    prompt: np.ndarray
    answer: np.ndarray | None
    missed: np.ndarray | None = None
    change: np.ndarray | None = None
    kept: bool = False

    @property
    def warning(self) -> str | None:
        """A sentence where the points were too few for integrated gradients, else None."""
        if self.missed is None or self.change is None:
            return None
        lacks, most = np.abs(self.missed).max(), np.abs(self.change).max()
        if lacks <= max(LACKING * most, 1e-3):
            return None
        return (
            f"Integrated gradients have not converged: the scores of a token lack {lacks:.1f} "
            f"nats, and no log probability changes by more than {most:.1f}. Take more points "
            "(`steps`), or another method."
        )


class AnswerFunction:
    """Log p of the answer's tokens (t,) as a function of the embeddings (1, m, d) that are read.

    m counts the prompt's tokens and, in a causal model, the answer's. Raises `UnsupportedModel`
    where a model with replaced embeddings is not the model itself.
    """

    def __init__(self, model: LoadedModel, prompt: Prompt, answer: Answer, meter: Counter) -> None:
        self._model, self._meter = model, meter
        self._network = shared_copy(model.model)
        self._port = EmbeddingHook(self._network, shifted=False)
        self._source = torch.tensor(prompt.sequence.ids[None], device=model.device)
        self._answer = torch.tensor(answer.sequence.ids[None], device=model.device)
        causal = model.task == "causal-lm"
        self.size = len(prompt) + len(answer) * causal
        with torch.no_grad():
            self.value = self._run()
            self.embeddings = self._port.take(self.size).clone()
            again = self(self.embeddings)
        slack = TOLERANCE.get(self.embeddings.dtype, HALF_TOLERANCE)
        if not torch.allclose(again, self.value, atol=slack, rtol=slack):
            raise UnsupportedModel(
                f"{model.model.config.model_type} models compute something from the token ids "
                "that does not pass through their input embeddings. Use the method "
                '"leave_one_out".'
            )

    def _run(self) -> Tensor:
        logits = answer_logits(self._model, self._network, self._source, self._answer)[0]
        return log_probabilities(logits, self._answer[0])

    def __call__(self, embeddings: Tensor) -> Tensor:
        """Log p (t,) of the answer's tokens, differentiable."""
        self._port.give(embeddings.to(self._model.model.dtype))
        try:
            return self._run()
        finally:
            self._port.given = None

    def embed(self, number: int) -> Tensor:
        """The embedding of a token id, (d,)."""
        ids = torch.full((1, self.size), number, device=self._source.device)
        return self._port.embed(ids)[0, 0]

    def slopes(self, point: Tensor, along: Tensor) -> np.ndarray:
        """∂ log p / ∂x_i · `along`_i at a point, (t, m): one backward pass for each token."""
        point = point.detach().requires_grad_()
        with torch.enable_grad():
            values = self(point)
            self._meter.add(1)
            found = []
            for place, value in enumerate(values):
                more = place + 1 < len(values)
                (slope,) = torch.autograd.grad(value, point, retain_graph=more)
                found.append((slope.double() * along.double()).sum(-1)[0].cpu().numpy())
                self._meter.add(1)
        return np.stack(found)


def input_x_gradient(
    model: LoadedModel, prompt: Prompt, answer: Answer, meter: Counter
) -> TokenScores:
    """x_i · ∂ log p(token) / ∂x_i of each source and answer token (Shrikumar et al. 2016)."""
    meter.expected += 1 + len(answer)
    function = AnswerFunction(model, prompt, answer, meter)
    return _scores(function.slopes(function.embeddings, function.embeddings), len(prompt))


def integrated_gradients(
    model: LoadedModel,
    prompt: Prompt,
    answer: Answer,
    meter: Counter,
    *,
    replacement: int,
    steps: int,
    moving: np.ndarray,
) -> TokenScores:
    """Integrated gradients (Sundararajan et al. 2017) by `steps` Gauss-Legendre points.

    The baseline has the token `replacement` where `moving` (n,) is True and at every token of the
    answer. The first token stays as it is: a causal model's spare attention rests on it.
    """
    meter.expected += steps * (1 + len(answer)) + 1
    function = AnswerFunction(model, prompt, answer, meter)
    moves = np.concatenate([moving, np.ones(function.size - len(prompt), dtype=bool)])
    kept = bool(model.task == "causal-lm" and moves.sum() > 1 and moves[0])
    moves[0] &= not kept
    mask = torch.as_tensor(moves, device=function.embeddings.device)[None, :, None]
    blank = function.embed(replacement)
    start = torch.where(mask, blank.to(function.embeddings), function.embeddings)
    away = function.embeddings - start
    points, weights = np.polynomial.legendre.leggauss(steps)
    total = np.zeros((len(answer), function.size))
    for alpha, weight in zip((points + 1) / 2, weights / 2):
        total += weight * function.slopes(start + float(alpha) * away, away)
    with torch.no_grad():
        change = (function.value - function(start)).double().cpu().numpy()
    meter.add(1)
    found = _scores(total, len(prompt))
    return TokenScores(found.prompt, found.answer, change - total.sum(1), change, kept)


def _scores(slopes: np.ndarray, prompt: int) -> TokenScores:
    """From (t, m): sources first, and those of the answer apart."""
    sources, rest = slopes[:, :prompt].T, slopes[:, prompt:].T
    return TokenScores(sources, np.triu(rest, 1) if rest.size else None)
