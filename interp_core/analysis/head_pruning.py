"""What is left of a model as its heads are taken away one after another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from interp_core.analysis.head_ablation import ROW_TOKENS
from interp_core.analysis.head_gates import GatedModel
from interp_core.analysis.head_goals import check_task, judge, lines
from interp_core.analysis.head_importance import BATCH_TEXTS, Progress, judged_whole, listed
from interp_core.analysis.head_inputs import Inputs, input_batches
from interp_core.analysis.progress import report
from interp_core.errors import BadInput

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

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
    texts, targets = listed(texts, targets)
    total, done = 0.0, 0
    for inputs in input_batches(model, texts, BATCH_TEXTS):
        chosen = None if targets is None else [targets[row] for row in inputs.rows]
        total = total + _judged(gated, inputs, gates, chosen)
        done += len(inputs)
        report(progress, done, len(texts))
    means = (total / len(texts)).reshape(3, -1, len(counts))
    return _table(means, list(sequences), counts, gated.layers * gated.heads)


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
    gated: GatedModel, inputs: Inputs, gates: torch.Tensor, targets: list | None
) -> np.ndarray:
    """Sums over the batch's texts of loss, logit and accuracy, (3, gates)."""
    goal, _ = judged_whole(gated, inputs, targets)
    room = max(1, ROW_TOKENS // (len(inputs) * max(inputs.mask.shape[1], 1)))
    found = []
    with torch.inference_mode():
        for part in gates.split(room):
            output = gated.run(inputs.repeated(len(part)), part.repeat(len(inputs), 1, 1))
            judged = judge(lines(gated.model, output), goal.repeated(len(part))).stacked()
            found.append(judged.unflatten(1, (len(inputs), -1)).sum(1))
    return torch.cat(found, 1).double().cpu().numpy()


def _table(means: np.ndarray, names: list[str], counts: np.ndarray, size: int) -> pd.DataFrame:
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
