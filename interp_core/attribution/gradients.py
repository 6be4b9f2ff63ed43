"""Methods that look at one gradient, or at gradients of a few random points."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from captum.attr import DeepLift, GradientShap, InputXGradient, Saliency

from interp_core.attribution.result import MethodOutput, relative_error
from interp_core.errors import BadInput
from interp_core.models.forward import refuses_batches
from interp_core.progress import global_seed

if TYPE_CHECKING:
    from torch import Tensor, nn

    from interp_core.attribution.baselines import Baseline
    from interp_core.attribution.forward_function import TextFunction
    from interp_core.models.record import LoadedModel

SAMPLES = 50


def saliency(explained: TextFunction, start: None) -> MethodOutput:
    """‖∂F/∂x_i‖₂ of each token: how sensitive F is there, without sign (Simonyan et al. 2014)."""
    explained.meter.expected += 1
    slopes = Saliency(explained).attribute(_point(explained), abs=False)
    return MethodOutput(slopes[0].cpu().double().norm(dim=-1).numpy())


def input_x_gradient(explained: TextFunction, start: None) -> MethodOutput:
    """x_i · ∂F/∂x_i: a first-order guess of what the word adds (Shrikumar et al. 2016)."""
    explained.meter.expected += 1
    return _summed(InputXGradient(explained).attribute(_point(explained)))


def deeplift(explained: TextFunction, start: Baseline) -> MethodOutput:
    """DeepLIFT's rescale rule (Shrikumar et al. 2017) in one pass.

    The rule covers plain activation layers (ReLU, tanh, ...). Attention and layer norm are
    multiplied through by their gradient at the text, so scores need not add up: see the delta.
    """
    explained.meter.expected += 2
    network = _CaptumModule(explained)
    return _summed(DeepLift(network).attribute(_point(explained), start.embeddings))


def supports_batches(model: LoadedModel) -> bool:
    """Whether text and baseline can share a batch, as DeepLIFT needs."""
    return not refuses_batches(model)


def gradient_shap(
    explained: TextFunction,
    start: Baseline,
    *,
    evaluations: int | None = None,
    noise: float = 0.0,
    seed: int = 0,
) -> MethodOutput:
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
    with global_seed(seed, explained.meter):
        means = [_random_gradients(explained, start, count, noise) for count in halves]
    mean = (means[0] * halves[0] + means[1] * halves[1]) / samples
    return MethodOutput(mean, relative_error(means[0], means[1]) / 2)


def _random_gradients(
    explained: TextFunction, start: Baseline, samples: int, noise: float
) -> np.ndarray:
    """The mean over `samples` random points, (n,), a chunk at a time: memory stays flat."""
    total, method = np.zeros(len(explained)), GradientShap(explained)
    for done in range(0, samples, explained.rows):
        count = min(explained.rows, samples - done)
        scores = method.attribute(
            _point(explained), start.embeddings, n_samples=count, stdevs=float(noise)
        )
        total += count * _summed(scores).scores
    return total / samples


def _point(explained: TextFunction) -> Tensor:
    return explained.embeddings.detach().clone().requires_grad_()


def _summed(scores: Tensor) -> MethodOutput:
    return MethodOutput(scores[0].detach().cpu().double().sum(-1).numpy())


class _CaptumModule(torch.nn.Module):
    """The explained function as a module, in one pass, for Captum's hooks."""

    def __init__(self, explained: TextFunction) -> None:
        super().__init__()
        self.network: nn.Module = explained.network
        self.explained = explained

    def forward(self, embeddings: Tensor) -> Tensor:
        return self.explained.score(self.explained.run(embeddings))[:, None]
