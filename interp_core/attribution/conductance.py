"""Layer conductance (Dhamdhere et al. 2019): where in the stack the decision forms.

A layer's conductance for a token is ∫ ⟨∂F/∂h_i, dh_i/dα⟩ dα on the way from baseline to text, with
h_i the token's state after the layer. Every layer's sum is F(text) − F(baseline). One walk along
the path serves all layers; Captum's class walks once for each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from interp_core.attribution.baselines import Baseline, evaluate_baseline, name_baselines
from interp_core.attribution.forward_function import TextFunction, text_function
from interp_core.attribution.result import TokenScores
from interp_core.attribution.targets import TargetRequest
from interp_core.attribution.task_targets import resolve_target
from interp_core.charted import Charted
from interp_core.errors import BadInput, UnsupportedModel
from interp_core.inputs.encode import encode_with_decoder

if TYPE_CHECKING:
    from torch import Tensor

    from interp_core.attribution.targets import Target
    from interp_core.models.record import LoadedModel

STEPS = 48


@dataclass(frozen=True)
class Conductance(TokenScores, Charted):
    """`scores` (layers + 1, n) float64 in the unit of `goal.unit`.

    Row 0 is the embedding layer, row l + 1 the state after layer l; `layer_numbers` says −1, 0, 1,
    and so on. `convergence_delta` (layers + 1,) is each row's sum − (value − baseline_value), and
    `evaluations` counts texts that went through the model.
    """

    baseline_value: float
    convergence_delta: np.ndarray
    baseline: str
    evaluations: int

    @property
    def layer_numbers(self) -> list[int]:
        """−1 for the embedding layer, then the layers from 0."""
        return list(range(-1, len(self.scores) - 1))

    def to_frame(self) -> pd.DataFrame:
        """One row for each layer and token: layer, index, token, special, score."""
        rows, places = np.indices(self.scores.shape).reshape(2, -1)
        return pd.DataFrame(
            {
                "layer": rows - 1,
                "index": places,
                "token": np.asarray(self.tokens, dtype=object)[places],
                "special": self.sequence.special[places],
                "score": self.scores.ravel(),
            }
        )


def layer_conductance(
    model: LoadedModel,
    text: str,
    *,
    target: Any = None,
    position: Any = None,
    contrast: Any = None,
    text_pair: str | None = None,
    baseline: str | None = None,
    evaluations: int = STEPS,
    progress: Callable[[int, int], object] | None = None,
) -> Conductance:
    """Conductance of every layer and token; the arguments mean what they mean in `attribute`.

    Raises what `attribute` raises, and `UnsupportedModel` where a decoder reads the text past the
    encoder's layers.
    """
    if model.model.config.is_encoder_decoder and model.task != "encoder-decoder":
        raise UnsupportedModel(
            "The decoder receives this text too, so no single layer holds all of it. Use "
            "another method."
        )
    if evaluations < 3:
        raise BadInput("Layer conductance needs at least 3 evaluations.")
    if baseline == "average":
        raise BadInput("Layer conductance takes one baseline at a time, not the average.")
    encoded = encode_with_decoder(model, text, text_pair)
    found: list[Any] = []
    request = TargetRequest(target, contrast, position)

    def resolve(output: Any) -> Target:
        found.extend(resolve_target(model, encoded, output, request))
        return found[0]

    explained = text_function(model, encoded, resolve, progress)
    (name,) = name_baselines(model.tokenizer, baseline)
    start = evaluate_baseline(explained, name, path=True)
    explained.meter.expected += evaluations
    scores = conductance_along(explained, start, np.linspace(0, 1, evaluations))
    return Conductance(
        encoded.sequence,
        scores,
        found[0],
        found[1],
        explained.value,
        start.value,
        scores.sum(1) - (explained.value - start.value),
        name,
        explained.meter.done,
    )


def conductance_along(
    explained: TextFunction, start: Baseline, alphas: np.ndarray, *, slope_at: str = "mean"
) -> np.ndarray:
    """Σ ⟨slope, step of the state⟩ over neighbouring points, (layers + 1, n).

    `slope_at` "mean" takes the mean slope of both ends (error falls with the square of the number
    of points), "left" the slope at the left one, as Captum does.
    """
    away = explained.embeddings - start.embeddings
    last = None
    total: Any = 0.0
    points = torch.as_tensor(alphas, dtype=away.dtype, device=away.device)
    for chunk in points.split(explained.rows):
        states, slopes = _states(explained, start.embeddings + chunk[:, None, None] * away)
        if last is not None:
            states, slopes = torch.cat([last[0], states], 1), torch.cat([last[1], slopes], 1)
        last = states[:, -1:], slopes[:, -1:]
        slope = slopes[:, :-1] if slope_at == "left" else (slopes[:, :-1] + slopes[:, 1:]) / 2
        total = total + (slope * states.diff(dim=1)).cpu().double().sum((1, 3))
    return total.numpy()


def _states(explained: TextFunction, embeddings: Tensor) -> tuple[Tensor, Tensor]:
    """States of all layers (layers + 1, rows, n, d), and ∂F/∂state of the same shape."""
    with torch.enable_grad():
        point = embeddings.detach().requires_grad_()
        output = explained.run(point, output_hidden_states=True)
        states = output.get("encoder_hidden_states") or output.get("hidden_states")
        value = explained.score(output).sum()
        slopes = torch.autograd.grad(value, states, materialize_grads=True)
    if not any(bool(slope.any()) for slope in slopes[:-1]):
        kind = explained.model.model.config.model_type
        raise UnsupportedModel(
            f"{kind} models do not return the hidden states that they compute with. Use "
            "another method."
        )
    return torch.stack([each.detach() for each in states]), torch.stack(slopes)
