"""A number of a model's output as a function of what enters it, differentiable, in chunks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from interp_core.attribution.targets import OneLine, Target, one_line
from interp_core.errors import UnsupportedModel
from interp_core.models.forward import no_cache, repeated, rows_in_one_pass
from interp_core.models.hooks import EmbeddingHook, shared_copy
from interp_core.progress import Counter

if TYPE_CHECKING:
    from interp_core.inputs.tokens import Encoded
    from interp_core.models.record import LoadedModel


class ScalarFunction:
    """What explained texts and pictures share: F(embeddings) -> one number for each row.

    A record of it has `embeddings` (1, n, d), where it stands, and `target`; `rows` says how many
    fit in one pass, `run` makes one, and `score` reads the number from its output.
    """

    target: Target
    embeddings: Tensor

    @property
    def rows(self) -> int:
        """Rows that fit in one pass."""
        raise NotImplementedError

    def run(self, embeddings: Tensor, **options: Any) -> Any:
        """The model's output for `embeddings` (rows, n, d), in one pass."""
        raise NotImplementedError

    def score(self, output: Any) -> Tensor:
        """F of each row (rows,) from what `run` gave."""
        return self.target.score(output)

    def __len__(self) -> int:
        return self.embeddings.shape[1]

    def chunks(self, embeddings: Tensor) -> Iterator[Tensor]:
        """`embeddings` in pieces that fit in one pass."""
        yield from embeddings.split(self.rows)

    def __call__(self, embeddings: Tensor) -> Tensor:
        """F of each row, (rows,), differentiable."""
        parts = [self.score(self.run(chunk)) for chunk in self.chunks(embeddings)]
        return torch.cat(parts)

    def gradients(self, embeddings: Tensor) -> tuple[Tensor, Tensor]:
        """F (rows,) and ∂F/∂embeddings (rows, n, d) of one chunk."""
        point = embeddings.detach().requires_grad_()
        with torch.enable_grad():
            value = self.score(self.run(point))
            (slope,) = torch.autograd.grad(value.sum(), point)
        return value.detach(), slope


TOLERANCE = {torch.float32: 1e-3, torch.float64: 1e-6}  # of F at the text, relative beyond 1
HALF_TOLERANCE = 0.05
SEEN_BY_DECODER = ("sequence-classification", "question-answering")
_CHECKED: WeakKeyDictionary[nn.Module, set[frozenset[str]]] = WeakKeyDictionary()


@dataclass(frozen=True)
class TextFunction(ScalarFunction):
    """F(embeddings) -> one number for each row, with the text's own embeddings and value.

    `embeddings` (1, n, d) enter the network for the text; `output` is the model's plain output
    for it and `value` the explained number. `network` shares its weights with the model but has
    modules of its own, so hooks never disturb other threads that use the model.
    """

    model: LoadedModel
    network: nn.Module
    port: EmbeddingHook
    encoded: Encoded
    target: Target
    embeddings: Tensor
    output: Any
    value: float
    meter: Counter = field(default_factory=Counter)

    @property
    def rows(self) -> int:
        """Rows that fit in one pass."""
        return rows_in_one_pass(self.model, len(self))

    @cached_property
    def read(self) -> OneLine:
        """The target in the outputs of `run`: without the lines that nobody reads."""
        return one_line(self.model, self.target)

    def score(self, output: Any) -> Tensor:
        """F of each row (rows,) from what `run` gave."""
        return self.read.target.score(output)

    def run(self, embeddings: Tensor, **options: Any) -> Any:
        """The model's output for `embeddings` (rows, n, d), in one pass."""
        options = {**no_cache(self.model), **self.read.options, **options}
        inputs = repeated(self.encoded.inputs, embeddings.shape[0])
        self.port.give(embeddings.to(self.embeddings.dtype))
        try:
            output = self.network(**inputs, **options, return_dict=True)
        finally:
            self.port.given = None
        self.meter.add(embeddings.shape[0])
        return output


def text_function(
    model: LoadedModel,
    encoded: Encoded,
    resolve: Callable[[Any], Target],
    progress: Callable[[int, int], object] | None = None,
) -> TextFunction:
    """Set up the explained function; `resolve` turns the model's output into the target.

    Raises `UnsupportedModel` when the model with replaced embeddings is not the model itself.
    """
    network = shared_copy(model.model)
    follows = model.model.config.is_encoder_decoder and model.task in SEEN_BY_DECODER
    port = EmbeddingHook(network, shifted=follows)
    with torch.no_grad():
        output = network(**encoded.inputs, **no_cache(model), return_dict=True)
        if port.seen is None:
            raise _unsupported(model)
        embeddings = port.take(len(encoded.sequence)).clone()
        target = resolve(output)
        value = float(target.score(output))
    explained = TextFunction(model, network, port, encoded, target, embeddings, output, value)
    _check(explained)
    return replace(explained, meter=Counter(progress))


def _check(explained: TextFunction) -> None:
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
