"""Methods that look at one gradient, or at gradients of a few random points."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from captum.attr import DeepLift, GradientShap, InputXGradient, Saliency

from interp_core.analysis.chance import seeded
from interp_core.analysis.passes import one_by_one
from interp_core.analysis.raw import Raw, relative_error
from interp_core.errors import BadInput

if TYPE_CHECKING:
    from torch import Tensor, nn

    from interp_core.analysis.baselines import Start
    from interp_core.analysis.explained import Explained
    from interp_core.models.record import LoadedModel

SAMPLES = 50


def saliency(explained: Explained, start: None) -> Raw:
    """‖∂F/∂x_i‖₂ of each token: how sensitive F is there, without sign (Simonyan et al. 2014)."""
    explained.meter.expected += 1
    slopes = Saliency(explained).attribute(_point(explained), abs=False)
    return Raw(slopes[0].cpu().double().norm(dim=-1).numpy())


def input_x_gradient(explained: Explained, start: None) -> Raw:
    """x_i · ∂F/∂x_i: a first-order guess of what the word adds (Shrikumar et al. 2016)."""
    explained.meter.expected += 1
    return _summed(InputXGradient(explained).attribute(_point(explained)))


def deeplift(explained: Explained, start: Start) -> Raw:
    """DeepLIFT's rescale rule (Shrikumar et al. 2017) in one pass.

    The rule covers plain activation layers (ReLU, tanh, ...). Attention and layer norm are
    multiplied through by their gradient at the text, so scores need not add up: see the delta.
    """
    explained.meter.expected += 2
    network = _Function(explained)
    return _summed(DeepLift(network).attribute(_point(explained), start.embeddings))


def takes_pairs(model: LoadedModel) -> bool:
    """Whether text and baseline can share a batch, as DeepLIFT needs."""
    return not one_by_one(model)


def gradient_shap(
    explained: Explained,
    start: Start,
    *,
    evaluations: int | None = None,
    noise: float = 0.0,
    seed: int = 0,
) -> Raw:
    """Mean of (x − x')_i ∂F/∂x_i at random points between baseline and text (Lundberg & Lee 2017).

    `noise` is the standard deviation added to the text's embeddings. The error is estimated from
    the two halves of the samples.
    """
    samples = SAMPLES if evaluations is None else evaluations
    if samples < 2:
        raise BadInput("Gradient SHAP needs at least 2 evaluations.")
    if not noise >= 0:
        raise BadInput(f"noise is a standard deviation and cannot be {noise}: 0 or more.")
    explained.meter.expected += samples
    halves = (samples - samples // 2, samples // 2)
    with seeded(seed, explained.meter):
        means = [_random_gradients(explained, start, count, noise) for count in halves]
    mean = (means[0] * halves[0] + means[1] * halves[1]) / samples
    return Raw(mean, relative_error(means[0], means[1]) / 2)


def _random_gradients(explained: Explained, start: Start, samples: int, noise: float) -> np.ndarray:
    """The mean over `samples` random points, (n,), a chunk at a time: memory stays flat."""
    total, method = np.zeros(len(explained)), GradientShap(explained)
    for done in range(0, samples, explained.rows):
        count = min(explained.rows, samples - done)
        scores = method.attribute(
            _point(explained), start.embeddings, n_samples=count, stdevs=float(noise)
        )
        total += count * _summed(scores).scores
    return total / samples


def _point(explained: Explained) -> Tensor:
    return explained.embeddings.detach().clone().requires_grad_()


def _summed(scores: Tensor) -> Raw:
    return Raw(scores[0].detach().cpu().double().sum(-1).numpy())


class _Function(torch.nn.Module):
    """The explained function as a module, in one pass, for Captum's hooks."""

    def __init__(self, explained: Explained) -> None:
        super().__init__()
        self.network: nn.Module = explained.network
        self.explained = explained

    def forward(self, embeddings: Tensor) -> Tensor:
        return self.explained.target.score(self.explained.run(embeddings))[:, None]
