"""The representations of many texts in two models: every layer against every layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from inspect import signature
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch

from interp_core.charted import Charted
from interp_core.compare.similarity import (
    FEWEST,
    NEIGHBOURS,
    UNDEFINED,
    Similarity,
    Space,
    cka_of,
    is_debiased,
    neighbours_of,
    rsa_of,
)
from interp_core.errors import BadInput
from interp_core.heads.attention_hook import attention_hook
from interp_core.inputs.batching import TokenizedText, collate, plan_batches, tokenize
from interp_core.models.architecture import encoder_body
from interp_core.progress import report, scaled

if TYPE_CHECKING:
    from torch import Tensor

    from interp_core.models.record import LoadedModel

POOLINGS = ("mean", "first", "last")
PAIRED = 500  # texts of which all pairs are compared (RSA, neighbours): evenly spread over all
MEASURES = {"cka": "CKA", "rsa": "RSA", "neighbours": "neighbours"}


@dataclass(frozen=True)
class RepresentationComparison(Charted):
    """Likeness of all pairs of layers of two models over `texts` texts.

    `table` has one row for each pair: first_layer, second_layer (0: embeddings), and for each of
    cka, rsa and neighbours the value and the ends of its 95% interval over texts (`cka_low`,
    `cka_high`). `debiased` says which estimate of CKA it is. RSA and neighbours are of `paired`
    texts and the `neighbours` nearest. `left_out` texts cannot be read by one of the models.
    """

    names: tuple[str, str]
    layers: tuple[int, int]
    texts: int
    paired: int
    neighbours: int
    debiased: bool
    pooling: str
    left_out: int
    table: pd.DataFrame

    @property
    def chance(self) -> float:
        """Common neighbours expected by chance."""
        return self.neighbours / max(self.paired - 1, 1)

    def by_depth(self) -> pd.DataFrame:
        """The rows of layers at the same depth: each of the deeper model with its counterpart.

        Of models of as many layers: each with its own. `depth` goes from 0 to 1.
        """
        one, two = self.layers
        deeper = max(one, two)
        steps = np.arange(deeper) / max(deeper - 1, 1)
        pairs = pd.DataFrame(
            {
                "first_layer": np.rint(steps * (one - 1)).astype(int),
                "second_layer": np.rint(steps * (two - 1)).astype(int),
                "depth": steps,
            }
        )
        return pairs.merge(self.table, on=["first_layer", "second_layer"], how="left")


def compare_representations(
    first: LoadedModel,
    second: LoadedModel,
    texts: Sequence[str],
    *,
    pooling: str = "mean",
    neighbours: int = NEIGHBOURS,
    debiased: bool | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> RepresentationComparison:
    """Linear CKA, RSA and mutual nearest neighbours of all layers of two models of any kind.

    A text is represented by the mean of its tokens' states after a layer, or by the "first" or
    "last" token's (`pooling`). Special tokens count. CKA is debiased where texts are fewer than
    dimensions, or as `debiased` says; see `cka`, `rsa` and `mutual_neighbours`. One pass of each
    model. `progress(done, all)` may return False to stop.

    Raises `BadInput` for fewer than four texts that both can read, and `UnsupportedModel`.
    """
    if pooling not in POOLINGS:
        raise BadInput(f"Unknown pooling {pooling!r}. Choose one of: {', '.join(POOLINGS)}.")
    texts = [texts] if isinstance(texts, str) else list(texts)
    read = [tokenize(model, texts) for model in (first, second)]
    kept = [
        place
        for place, both in enumerate(zip(*read))
        if all(isinstance(each, TokenizedText) for each in both)
    ]
    if len(kept) < FEWEST:
        raise BadInput(
            f"Both models can read {len(kept)} of the {len(texts)} texts. Give at least {FEWEST} "
            "that are short enough for both."
        )
    spaces = []
    for number, (model, each) in enumerate(zip((first, second), read)):
        part = scaled(progress, 45 * number, 45 * (number + 1))
        states = pooled_states(model, [each[place] for place in kept], pooling, part)
        spaces.append([Space.of(layer) for layer in states])
    biased = is_debiased(spaces[0][0], spaces[1][0]) if debiased is None else debiased
    spread = np.unique(np.linspace(0, len(kept) - 1, min(PAIRED, len(kept))).round().astype(int))
    few = [[_some(space, spread) for space in side] for side in spaces]
    count = min(neighbours, len(spread) - 1)
    near = [[None if each.flat else each.nearest(count) for each in side] for side in few]
    rows = []
    for a, one in enumerate(spaces[0]):
        for b, two in enumerate(spaces[1]):
            found = (
                cka_of(one, two, biased),
                rsa_of(few[0][a], few[1][b]),
                _common(near[0][a], near[1][b]),
            )
            rows.append((a, b, *(v for each in found for v in (each.value, each.low, each.high))))
        report(progress, 90 + 10 * (a + 1) // len(spaces[0]), 100)
    ends = [f"{name}{end}" for name in MEASURES for end in ("", "_low", "_high")]
    return RepresentationComparison(
        names=(first.name, second.name),
        layers=(len(spaces[0]), len(spaces[1])),
        texts=len(kept),
        paired=len(spread),
        neighbours=count,
        debiased=biased,
        pooling=pooling,
        left_out=len(texts) - len(kept),
        table=pd.DataFrame(rows, columns=["first_layer", "second_layer", *ends]),
    )


def _some(space: Space, places: np.ndarray) -> Space:
    return space if len(places) == len(space) or space.flat else Space.of(space.values[places])


def _common(one: np.ndarray | None, two: np.ndarray | None) -> Similarity:
    return UNDEFINED if one is None or two is None else neighbours_of(one, two)


def pooled_states(
    model: LoadedModel,
    texts: Sequence[TokenizedText],
    pooling: str = "mean",
    progress: Callable[[int, int], object] | None = None,
) -> np.ndarray:
    """One vector of each text after each layer, (layers + 1, texts, d) float32, in one pass."""
    body = encoder_body(model)
    attends = bool(model.layout.attention_layers)
    padding = attends and attention_hook(model).padding
    accepted = signature(body.forward).parameters
    options = {"output_hidden_states": True, "return_dict": True}
    options |= {"use_cache": False} if model.layout.causal else {}
    found: np.ndarray | None = None
    done = 0
    for rows in plan_batches([len(each) for each in texts], padding=padding):
        batch = collate(model, texts, rows)
        inputs = {name: value for name, value in batch.inputs.items() if name in accepted}
        with torch.inference_mode():
            output = body(**(inputs or batch.inputs), **options)
            states = [
                _pool(output.hidden_states[layer], batch.mask, pooling)
                for layer in range(model.n_layers + 1)
            ]
        values = torch.stack(states).float().cpu().numpy()
        if found is None:
            found = np.empty((len(values), len(texts), values.shape[-1]), dtype=np.float32)
        found[:, list(rows)] = values
        done += len(rows)
        report(progress, done, len(texts))
    return found


def _pool(states: Tensor, mask: Tensor, pooling: str) -> Tensor:
    """(texts, d) from states (texts, n, d), whose padding stands at the right."""
    if pooling == "first":
        return states[:, 0]
    if pooling == "last":
        return states[torch.arange(len(states)), mask.sum(1) - 1]
    weights = mask[..., None].to(states.dtype)
    return (states * weights).sum(1) / weights.sum(1)
