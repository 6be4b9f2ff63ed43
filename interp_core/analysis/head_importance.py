"""Which heads matter to the output: by gradient, or by really taking each away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from interp_core.analysis.head_ablation import ablate
from interp_core.analysis.head_gates import GatedModel
from interp_core.analysis.head_goals import Goal, check_task, find_goal, judge, lines
from interp_core.analysis.head_inputs import Inputs, input_batches
from interp_core.analysis.head_moments import Moments
from interp_core.analysis.progress import report
from interp_core.errors import BadInput
from interp_core.models.finite import check_finite

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

Progress = Callable[[int, int], object] | None
BATCH_TEXTS = 16
TEXTS_AT_ONCE = {"gradient": BATCH_TEXTS, "ablation": 4}  # each text of an ablation is many rows


def head_importance(
    model: LoadedModel,
    texts: Sequence[Any],
    targets: Sequence[Any] | None = None,
    *,
    method: str = "gradient",
    progress: Progress = None,
) -> pd.DataFrame:
    """One row for each layer and head, with `importance` and its standard error over texts.

    L is the mean cross-entropy of a text's places (see `head_goals`); `targets` are labels by name
    or number, one for each text (a list of them where tokens are labelled). Without them a
    classifier is judged by its own answers, a language model by the text.

    - "gradient" (Michel et al. 2019): importance is the mean over texts of |∂L/∂ξ| for a gate ξ on
      the head's output; `loss_change` is −∂L/∂ξ, a first-order guess of what taking the head away
      adds to L. One backward pass for a batch.
    - "ablation": the head's output is set to zero. `loss_change`, `logit_change` and
      `accuracy_change` are without minus with the head; importance is the mean loss change.

    Raises `BadInput`, `InputTooLong` or `UnsupportedModel`. Several heads do not add up.
    """
    if method not in METHODS:
        raise BadInput(f"There is no method {method!r}. Choose one of: {', '.join(METHODS)}.")
    check_task(model)
    gated, total, done = GatedModel(model), {}, 0
    texts, targets = listed(texts, targets)
    for inputs in input_batches(model, texts, TEXTS_AT_ONCE[method]):
        for name, values in METHODS[method](gated, inputs, _chosen(targets, inputs)).items():
            part = Moments.of(values)
            total[name] = total[name].merge(part) if name in total else part
        done += len(inputs)
        report(progress, done, len(texts))
    return _table(model, total)


def listed(texts: Any, targets: Any) -> tuple[list, list | None]:
    """Texts and targets as lists of one length. Raises `BadInput`."""
    texts = list(texts) if isinstance(texts, list | tuple) else [texts]
    if targets is None:
        return texts, None
    targets = [targets] if isinstance(targets, str | int) else list(targets)
    if len(targets) != len(texts):
        raise BadInput(f"There are {len(texts):,} texts and {len(targets):,} targets.")
    return texts, targets


def judged_whole(
    gated: GatedModel, inputs: Inputs, targets: Sequence[Any] | None
) -> tuple[Goal, torch.Tensor]:
    """The goal of a batch, and (3, texts) loss, logit and accuracy of the whole model."""
    with torch.inference_mode():
        output = gated.run(inputs.tensors)
        goal = find_goal(gated.model, inputs, output, targets)
        return goal, judge(lines(gated.model, output), goal).stacked()


def _chosen(targets: list | None, inputs: Inputs) -> list | None:
    return None if targets is None else [targets[row] for row in inputs.rows]


def _by_gradient(gated: GatedModel, inputs: Inputs, targets: list | None) -> dict[str, np.ndarray]:
    gates = gated.ones(len(inputs)).requires_grad_()
    with torch.enable_grad():
        output = gated.run(inputs.tensors, gates)
        goal = find_goal(gated.model, inputs, output, targets)
        loss = judge(lines(gated.model, output), goal).loss
        (slope,) = torch.autograd.grad(loss.sum(), gates)
    values = slope.double().cpu().numpy()
    check_finite(values, "gradients of the heads' gates")
    return {"importance": np.abs(values), "loss_change": -values}


def _by_ablation(gated: GatedModel, inputs: Inputs, targets: list | None) -> dict[str, np.ndarray]:
    goal, whole = judged_whole(gated, inputs, targets)
    changes = ablate(gated, inputs, goal) - whole[:, :, None, None]
    loss, logit, accuracy = changes.double().cpu().numpy()
    return {
        "importance": loss,
        "loss_change": loss,
        "logit_change": logit,
        "accuracy_change": accuracy,
    }


METHODS: dict[str, Callable[[GatedModel, Inputs, list | None], dict[str, np.ndarray]]] = {
    "gradient": _by_gradient,
    "ablation": _by_ablation,
}


def _table(model: LoadedModel, total: dict[str, Moments]) -> pd.DataFrame:
    layers, heads = model.layout.attention_layers, model.n_heads
    columns: dict[str, np.ndarray] = {
        "layer": np.repeat(layers, heads),
        "head": np.tile(np.arange(heads), len(layers)),
    }
    for name, moments in total.items():
        columns[name] = moments.means.ravel()
        columns[f"{name}_se"] = moments.errors.ravel()
    columns["texts"] = next(iter(total.values())).count.ravel()
    return pd.DataFrame(columns)
