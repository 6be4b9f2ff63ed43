"""What changed in the weights: every matrix and every head of two models of one architecture."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from interp_core.charted import Charted
from interp_core.compare.change import COLUMNS, ROLES, change_row
from interp_core.compare.head_parts import HEAD_COLUMNS, HeadParts
from interp_core.errors import BadInput
from interp_core.progress import report

if TYPE_CHECKING:
    from torch import Tensor

    from interp_core.models.record import LoadedModel

OUTSIDE = -1  # the layer of what stands before and behind all layers
NUMBER = re.compile(r"\.(\d+)\.")


@dataclass(frozen=True)
class WeightComparison(Charted):
    """ΔW = second − first for every parameter that both have.

    `matrices`: layer (−1 outside of the layers), matrix (query, key, value, output, else its path
    in the layer; in the decoder of two stacks after the word "decoder"), parameter, shape, change
    (‖ΔW‖, Frobenius), norm (‖W‖ of the first), relative (change / norm; NaN where the first is 0
    and the second is not) and stable_rank (‖ΔW‖² over the square of its largest singular value: 1
    for a change in one direction; NaN for vectors and where nothing changed). `heads`: the same for
    each head's part of query, key, value and output: layer, head, matched (its number in the second
    model), matrix, change, norm, relative, stable_rank; empty where it is not known where the model
    keeps its heads. `unmatched`: parameter, reason.
    `order` (layers, heads) is the head of the second model that stands for each of the first;
    the figures compare heads so matched.
    """

    names: tuple[str, str]
    matrices: pd.DataFrame
    heads: pd.DataFrame
    unmatched: pd.DataFrame
    order: np.ndarray

    @property
    def reordered(self) -> tuple[int, ...]:
        """True numbers of the layers whose heads stand in another order."""
        rows = np.flatnonzero((self.order != np.arange(self.order.shape[1])).any(1))
        layers = self.heads["layer"].unique()  # not every layer need attend
        return tuple(int(layers[row]) for row in rows)

    @property
    def frozen(self) -> pd.DataFrame:
        """The rows of `matrices` that are exactly equal in both."""
        return self.matrices[self.matrices["change"] == 0]

    @property
    def total(self) -> float:
        """‖Δ‖ / ‖W‖ of all parameters of both together."""
        once = self.matrices.drop_duplicates(["parameter", "matrix"])  # layers may share theirs
        change = np.sqrt(np.square(once["change"]).sum())
        norm = np.sqrt(np.square(once["norm"]).sum())
        return float(change / norm) if norm else float("nan")


def compare_weights(
    first: LoadedModel,
    second: LoadedModel,
    *,
    progress: Callable[[int, int], object] | None = None,
) -> WeightComparison:
    """‖ΔW‖ / ‖W‖ and the stable rank of ΔW, by parameter and by head; see `WeightComparison`.

    Parameters are matched by their names below the base model, so a plain backbone and a
    classifier built on it are compared where they share. Adapters are compared as they are merged.
    Numbers of any format are compared in float64. Where the heads of a layer stand in another order
    (see `match_heads`), they are brought into the first model's before. Rotations inside a head
    count as change. `progress(done, all)` may return False to stop.

    Raises `BadInput` where the models share no parameter of equal shape.
    """
    one, two = named_weights(first), named_weights(second)
    shared = [name for name in one if name in two and one[name].shape == two[name].shape]
    body = {name for name, _ in first.model.base_model.named_parameters()}
    if not body.intersection(shared):  # heads of two networks may happen to have the same name
        raise BadInput(
            f"{first.name!r} and {second.name!r} share no weights of the same name and shape below "
            "their heads. Compare their representations or their answers."
        )
    parts = HeadParts.of(first, second)
    apart = parts.roles if parts else set()
    rows, done = [], 0
    for name in shared:
        if name not in apart:
            layer, matrix = _place(name, first.n_layers, first.model.config.is_encoder_decoder)
            rows.append(change_row(layer, matrix, name, one[name], two[name]))
        done += 1
        report(progress, done, 2 * len(shared))
    heads = pd.DataFrame(columns=HEAD_COLUMNS)
    order = np.zeros((0, 0), dtype=int)
    if parts:
        found = parts.compared(lambda share: report(progress, round(done + share * done), 2 * done))
        rows, heads, order = [*rows, *found[0]], found[1], found[2]
    matrices = pd.DataFrame(rows, columns=COLUMNS)
    ranks = {name: place for place, name in enumerate(ROLES)}
    key = [(row.layer, ranks.get(row.matrix, len(ROLES))) for row in matrices.itertuples()]
    matrices = matrices.iloc[sorted(range(len(key)), key=key.__getitem__)].reset_index(drop=True)
    return WeightComparison(
        (first.name, second.name), matrices, heads, _unmatched(one, two, first, second), order
    )


def named_weights(model: LoadedModel) -> dict[str, Tensor]:
    """Parameters by their names below the base model; those of the task head keep theirs."""
    prefix = f"{model.model.base_model_prefix}."
    return {
        name.removeprefix(prefix): value.detach() for name, value in model.model.named_parameters()
    }


def _unmatched(
    one: dict[str, Tensor], two: dict[str, Tensor], first: LoadedModel, second: LoadedModel
) -> pd.DataFrame:
    rows = [(name, f"only in {first.name}") for name in one if name not in two]
    rows += [(name, f"only in {second.name}") for name in two if name not in one]
    for name in one:
        if name in two and one[name].shape != two[name].shape:
            shapes = (" × ".join(map(str, each[name].shape)) for each in (one, two))
            rows.append((name, f"shapes differ: {' and '.join(shapes)}"))
    return pd.DataFrame(rows, columns=["parameter", "reason"])


def _place(name: str, layers: int, two_stacks: bool) -> tuple[int, str]:
    """The layer of a parameter by the number in its path, and the rest of the path.

    Layers of a decoder behind an encoder have the same numbers and names, so they are told apart.
    """
    found = NUMBER.search(f".{name}")
    before = f".{name}"[: found.start()].split(".") if found else []
    decoder = two_stacks and "decoder" in before
    if found is None or not (decoder or int(found[1]) < layers):
        return OUTSIDE, name.removesuffix(".weight")
    rest = f".{name}"[found.end() :]
    if "." not in rest:  # a list of modules for each kind (XLM), so the kind stands before
        rest = f"{before[-1]}.{rest}"
    return int(found[1]), f"{'decoder ' * decoder}{rest.removesuffix('.weight')}"


def head_changes(weights: WeightComparison) -> pd.DataFrame:
    """One row for each layer and head: the change of all four matrices together.

    Columns layer, head, matched, change, norm, relative. Empty where heads are not known.
    """

    def rows() -> Iterator[tuple]:
        keys = ["layer", "head", "matched"]
        for key, part in weights.heads.groupby(keys, sort=True):
            change, norm = (float(np.sqrt(np.square(part[n]).sum())) for n in ("change", "norm"))
            yield (*key, change, norm, change / norm if norm else float("nan"))

    return pd.DataFrame(rows(), columns=["layer", "head", "matched", "change", "norm", "relative"])
