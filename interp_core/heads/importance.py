"""Which heads matter to the output: by gradient, or by really taking each away."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from interp_core.errors import BadInput
from interp_core.heads.ablation import ROW_TOKENS, GatedModel, ablate
from interp_core.heads.objective import (
    Labels,
    ModelBatch,
    check_task,
    input_batches,
    judge,
    judged_logits,
    true_labels,
)
from interp_core.heads.record import RunningMoments
from interp_core.models.finite import check_finite
from interp_core.progress import report

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
      adds to L. ∂L/∂ξ is attention × gradient, summed over the head's map. One backward pass for a
      batch.
    - "ablation": the head's output is set to zero. `loss_change`, `logit_change` and
      `accuracy_change` are without minus with the head; importance is the mean loss change.

    Raises `BadInput`, `InputTooLong` or `UnsupportedModel`. Several heads do not add up.
    """
    if method not in METHODS:
        raise BadInput(f"There is no method {method!r}. Choose one of: {', '.join(METHODS)}.")
    check_task(model)
    total: dict[str, RunningMoments] = {}
    gated, done = GatedModel(model), 0
    texts, targets = as_lists(texts, targets)
    for inputs in input_batches(model, texts, TEXTS_AT_ONCE[method]):
        for name, values in METHODS[method](gated, inputs, _chosen(targets, inputs)).items():
            part = RunningMoments.of(values)
            total[name] = total[name].merge(part) if name in total else part
        done += len(inputs)
        report(progress, done, len(texts))
    return _importance_table(model, total)


def as_lists(texts: Any, targets: Any) -> tuple[list, list | None]:
    """Texts and targets as lists of one length. Raises `BadInput`."""
    texts = list(texts) if isinstance(texts, list | tuple) else [texts]
    if targets is None:
        return texts, None
    targets = [targets] if isinstance(targets, str | int) else list(targets)
    if len(targets) != len(texts):
        raise BadInput(f"There are {len(texts):,} texts and {len(targets):,} targets.")
    return texts, targets


def judged_whole(
    gated: GatedModel, inputs: ModelBatch, targets: Sequence[Any] | None
) -> tuple[Labels, torch.Tensor]:
    """The goal of a batch, and (3, texts) loss, logit and accuracy of the whole model."""
    with torch.inference_mode():
        output = gated.run(inputs.tensors)
        goal = true_labels(gated.model, inputs, output, targets)
        return goal, judge(judged_logits(gated.model, output), goal).stacked()


def _chosen(targets: list | None, inputs: ModelBatch) -> list | None:
    return None if targets is None else [targets[row] for row in inputs.rows]


def _by_gradient(
    gated: GatedModel, inputs: ModelBatch, targets: list | None
) -> dict[str, np.ndarray]:
    gates = gated.ones(len(inputs)).requires_grad_()
    with torch.enable_grad():
        output = gated.run(inputs.tensors, gates)
        goal = true_labels(gated.model, inputs, output, targets)
        loss = judge(judged_logits(gated.model, output), goal).loss
        (slope,) = torch.autograd.grad(loss.sum(), gates)
    values = slope.double().cpu().numpy()
    check_finite(values, "gradients of the heads' gates")
    return {"importance": np.abs(values), "loss_change": -values}


def _by_ablation(
    gated: GatedModel, inputs: ModelBatch, targets: list | None
) -> dict[str, np.ndarray]:
    goal, whole = judged_whole(gated, inputs, targets)
    changes = ablate(gated, inputs, goal) - whole[:, :, None, None]
    loss, logit, accuracy = changes.double().cpu().numpy()
    return {
        "importance": loss,
        "loss_change": loss,
        "logit_change": logit,
        "accuracy_change": accuracy,
    }


METHODS: dict[str, Callable[[GatedModel, ModelBatch, list | None], dict[str, np.ndarray]]] = {
    "gradient": _by_gradient,
    "ablation": _by_ablation,
}


def _importance_table(model: LoadedModel, total: dict[str, RunningMoments]) -> pd.DataFrame:
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


STEPS, ORDERS = 12, 5
RANDOM = "random"


def pruning_curve(
    model: LoadedModel,
    texts: Sequence[Any],
    rankings: Mapping[str, pd.DataFrame],
    targets: Sequence[Any] | None = None,
    *,
    steps: int = STEPS,
    orders: int = ORDERS,
    seed: int = 0,
    progress: Progress = None,
) -> pd.DataFrame:
    """Accuracy, loss and target logit as the least important heads are set to zero.

    `rankings` maps a name to a table of `head_importance`. Columns ranking, removed, share (of all
    heads), accuracy, loss, logit, and each with `_std`. The ranking "random" is the mean of
    `orders` random orders and `_std` their spread; for the others `_std` is NaN. Without `targets`
    accuracy is how often the model still says what the whole model says.

    Raises as `head_importance`, and `BadInput` for a table of another model.
    """
    check_task(model)
    gated = GatedModel(model)
    counts = np.unique(np.linspace(0, gated.layers * gated.heads, steps + 1).round().astype(int))
    chance = np.random.default_rng(seed)
    sequences = {name: _order(model, name, table) for name, table in rankings.items()}
    drawn = [chance.permutation(gated.layers * gated.heads) for _ in range(orders)]
    gates = _gates(gated, [*sequences.values(), *drawn], counts)
    texts, targets = as_lists(texts, targets)
    total, done = np.zeros(1), 0
    for inputs in input_batches(model, texts, BATCH_TEXTS):
        chosen = None if targets is None else [targets[row] for row in inputs.rows]
        total = total + _judged(gated, inputs, gates, chosen)
        done += len(inputs)
        report(progress, done, len(texts))
    means = (total / len(texts)).reshape(3, -1, len(counts))
    return _curve_table(means, list(sequences), counts, gated.layers * gated.heads)


def _order(model: LoadedModel, name: str, table: pd.DataFrame) -> np.ndarray:
    """Numbers of the heads, the least important first."""
    places = {layer: place for place, layer in enumerate(model.layout.attention_layers)}
    size = len(places) * model.n_heads
    try:
        pairs = zip(table["layer"], table["head"])
        numbers = [places[layer] * model.n_heads + head for layer, head in pairs]
        order = np.array(numbers)[np.argsort(table["importance"].to_numpy(), kind="stable")]
    except KeyError as error:
        raise BadInput(
            f"The ranking {name!r} needs the columns layer, head, importance."
        ) from error
    if sorted(order) != list(range(size)):
        raise BadInput(f"The ranking {name!r} does not name each of the {size} heads once.")
    return order


def _gates(gated: GatedModel, orders: list[np.ndarray], counts: np.ndarray) -> torch.Tensor:
    """(orders · counts, layers, heads): the first `count` heads of each order closed."""
    gates = gated.ones(len(orders) * len(counts)).flatten(1)
    for row, order in enumerate(orders):
        for step, count in enumerate(counts):
            gates[row * len(counts) + step, torch.from_numpy(order[:count].copy())] = 0
    return gates.unflatten(1, (gated.layers, gated.heads))


def _judged(
    gated: GatedModel, inputs: ModelBatch, gates: torch.Tensor, targets: list | None
) -> np.ndarray:
    """Sums over the batch's texts of loss, logit and accuracy, (3, gates)."""
    goal, _ = judged_whole(gated, inputs, targets)
    room = max(1, ROW_TOKENS // (len(inputs) * max(inputs.mask.shape[1], 1)))
    found = []
    with torch.inference_mode():
        for part in gates.split(room):
            output = gated.run(inputs.repeated(len(part)), part.repeat(len(inputs), 1, 1))
            judged = judge(judged_logits(gated.model, output), goal.repeated(len(part))).stacked()
            found.append(judged.unflatten(1, (len(inputs), -1)).sum(1))
    return torch.cat(found, 1).double().cpu().numpy()


def _curve_table(
    means: np.ndarray, names: list[str], counts: np.ndarray, size: int
) -> pd.DataFrame:
    """`means` is (3, orders, counts), the named orders first."""
    rows = []
    for row, name in enumerate([*names, RANDOM]):
        part = means[:, row : row + 1] if name != RANDOM else means[:, len(names) :]
        if not part.shape[1]:
            continue
        spread = part.std(1, ddof=1) if part.shape[1] > 1 else np.full(part[:, 0].shape, np.nan)
        frame = pd.DataFrame({"ranking": name, "removed": counts, "share": counts / size})
        for place, what in enumerate(("loss", "logit", "accuracy")):
            frame[what], frame[f"{what}_std"] = part[place].mean(0), spread[place]
        rows.append(frame)
    return pd.concat(rows, ignore_index=True)
