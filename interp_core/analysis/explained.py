"""The explained function: one number of a model's output as a function of the input embeddings.

Token, segment and position ids and the attention mask stay those of the text; only what the input
embedding module returns is replaced. So the function at the text's own embeddings is the model
itself, which `explain` checks, and the function at a baseline differs in the words alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from interp_core.analysis.function import Function
from interp_core.analysis.passes import quiet, repeated, rows_in_one_pass
from interp_core.analysis.port import Port, own_modules
from interp_core.analysis.progress import Meter
from interp_core.errors import UnsupportedModel

if TYPE_CHECKING:
    from interp_core.analysis.targets import Target
    from interp_core.models.record import LoadedModel
    from interp_core.models.tokens import Encoded

TOLERANCE = {torch.float32: 1e-3, torch.float64: 1e-6}  # of F at the text, relative beyond 1
HALF_TOLERANCE = 0.05
SEEN_BY_DECODER = ("sequence-classification", "question-answering")
_CHECKED: WeakKeyDictionary[nn.Module, set[frozenset[str]]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Explained(Function):
    """F(embeddings) -> one number for each row, with the text's own embeddings and value.

    `embeddings` (1, n, d) enter the network for the text; `output` is the model's plain output
    for it and `value` the explained number. `network` shares its weights with the model but has
    modules of its own, so hooks never disturb other threads that use the model.
    """

    model: LoadedModel
    network: nn.Module
    port: Port
    encoded: Encoded
    target: Target
    embeddings: Tensor
    output: Any
    value: float
    meter: Meter = field(default_factory=Meter)

    @property
    def rows(self) -> int:
        """Rows that fit in one pass."""
        return rows_in_one_pass(self.model, len(self))

    def run(self, embeddings: Tensor, **options: Any) -> Any:
        """The model's output for `embeddings` (rows, n, d), in one pass."""
        inputs = repeated(self.encoded.inputs, embeddings.shape[0])
        self.port.give(embeddings.to(self.embeddings.dtype))
        try:
            output = self.network(**inputs, **quiet(self.model), **options, return_dict=True)
        finally:
            self.port.given = None
        self.meter.add(embeddings.shape[0])
        return output


def explain(
    model: LoadedModel,
    encoded: Encoded,
    resolve: Callable[[Any], Target],
    progress: Callable[[int, int], object] | None = None,
) -> Explained:
    """Set up the explained function; `resolve` turns the model's output into the target.

    Raises `UnsupportedModel` when the model with replaced embeddings is not the model itself.
    """
    network = own_modules(model.model)
    follows = model.model.config.is_encoder_decoder and model.task in SEEN_BY_DECODER
    port = Port(network, shifted=follows)
    with torch.no_grad():
        output = network(**encoded.inputs, **quiet(model), return_dict=True)
        if port.seen is None:
            raise _unsupported(model)
        embeddings = port.take(len(encoded.sequence)).clone()
        target = resolve(output)
        value = float(target.score(output))
    explained = Explained(model, network, port, encoded, target, embeddings, output, value)
    _check(explained)
    return replace(explained, meter=Meter(progress))


def _check(explained: Explained) -> None:
    """Once for each network and kind of input: replaced embeddings give the model's own output."""
    kinds = _CHECKED.setdefault(explained.model.model, set())
    kind = frozenset(explained.encoded.inputs)
    if kind in kinds:
        return
    with torch.no_grad():
        again = float(explained(explained.embeddings))
    slack = TOLERANCE.get(explained.embeddings.dtype, HALF_TOLERANCE)
    if not abs(again - explained.value) <= slack * max(1.0, abs(explained.value)):
        raise _unsupported(explained.model)
    kinds.add(kind)


def _unsupported(model: LoadedModel) -> UnsupportedModel:
    return UnsupportedModel(
        f"{model.model.config.model_type} models compute something from the token ids that does "
        "not pass through their input embeddings, so attributions would explain another function. "
        "Use leave-one-out by way of `faithfulness`, or another model."
    )
