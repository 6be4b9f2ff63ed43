"""The explained function: one number of a model's output as a function of the input embeddings.

Token, segment and position ids and the attention mask stay those of the text; only what the input
embedding module returns is replaced. So the function at the text's own embeddings is the model
itself, which `explain` checks, and the function at a baseline differs in the words alone.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from interp_core.errors import ClearheadError, UnsupportedModel

if TYPE_CHECKING:
    from interp_core.analysis.targets import Target
    from interp_core.models.record import LoadedModel
    from interp_core.models.tokens import Encoded

CHUNK_TOKENS = 512  # tokens in one pass: fast enough on two cores, and memory stays flat
TOLERANCE = {torch.float32: 1e-3, torch.float64: 1e-6}  # of F at the text, relative beyond 1
HALF_TOLERANCE = 0.05
SEEN_BY_DECODER = ("sequence-classification", "question-answering")
_CHECKED: WeakKeyDictionary[nn.Module, set[frozenset[str]]] = WeakKeyDictionary()


class Stopped(ClearheadError):
    """The progress callback returned False."""


@dataclass
class Meter:
    """Counts evaluations (rows that went through the model) and reports them.

    `progress(done, expected)` may raise, or return False to stop with `Stopped`. `expected` is a
    forecast and may grow.
    """

    progress: Callable[[int, int], object] | None = None
    expected: int = 0
    done: int = 0

    def add(self, rows: int) -> None:
        """Count `rows` more evaluations."""
        self.done += rows
        if self.progress and self.progress(self.done, max(self.expected, self.done)) is False:
            raise Stopped("Stopped before the attribution was complete. Run it again to finish.")


class Port:
    """The place where embeddings enter a network: reads what flows in, or replaces it.

    Only the first call of a pass counts (GPT-2 calls its table again for segments). Where a
    classifier's decoder reads the same text one place later (BART, T5), it gets the same
    replacement one place later.
    """

    def __init__(self, network: nn.Module, *, shifted: bool) -> None:
        body = network.get_encoder() if network.config.is_encoder_decoder else network
        self.module = body.get_input_embeddings()
        self.given: Tensor | None = None
        self.seen: Tensor | None = None
        self.module.register_forward_hook(self._enter)
        if shifted:
            network.base_model.decoder.get_input_embeddings().register_forward_hook(self._follow)

    def _enter(self, _module: nn.Module, _inputs: tuple, output: Tensor) -> Tensor | None:
        if self.seen is not None:
            return None
        self.seen = output.detach()
        return self.given

    def _follow(self, _module: nn.Module, _inputs: tuple, output: Tensor) -> Tensor | None:
        if self.given is None:
            return None
        return torch.cat([output[:, :1], self.given[:, :-1]], 1)

    def embed(self, ids: Tensor) -> Tensor:
        """The embeddings of token ids, (..., d)."""
        self.given, self.seen = None, None
        with torch.no_grad():
            return self.module(ids)


@dataclass(frozen=True)
class Explained:
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

    def __len__(self) -> int:
        return self.embeddings.shape[1]

    @property
    def rows(self) -> int:
        """Rows that fit in one pass."""
        return 1 if one_by_one(self.model) else max(1, CHUNK_TOKENS // len(self))

    def run(self, embeddings: Tensor, **options: Any) -> Any:
        """The model's output for `embeddings` (rows, n, d), in one pass."""
        inputs = repeated(self.encoded.inputs, embeddings.shape[0])
        self.port.given, self.port.seen = embeddings.to(self.embeddings.dtype), None
        try:
            output = self.network(**inputs, **quiet(self.model), **options, return_dict=True)
        finally:
            self.port.given = None
        self.meter.add(embeddings.shape[0])
        return output

    def chunks(self, embeddings: Tensor) -> Iterator[Tensor]:
        """`embeddings` in pieces that fit in one pass."""
        yield from embeddings.split(self.rows)

    def __call__(self, embeddings: Tensor) -> Tensor:
        """F of each row, (rows,), differentiable."""
        parts = [self.target.score(self.run(chunk)) for chunk in self.chunks(embeddings)]
        return torch.cat(parts)

    def gradients(self, embeddings: Tensor) -> tuple[Tensor, Tensor]:
        """F (rows,) and ∂F/∂embeddings (rows, n, d) of one chunk."""
        point = embeddings.detach().requires_grad_()
        with torch.enable_grad():
            value = self.target.score(self.run(point))
            (slope,) = torch.autograd.grad(value.sum(), point)
        return value.detach(), slope


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
        embeddings = port.seen.clone()
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


def own_modules(network: nn.Module) -> nn.Module:
    """A copy of the module tree that shares every weight and buffer; takes milliseconds."""
    shared = [*network.parameters(), *network.buffers(), network.config]
    return copy.deepcopy(network, {id(each): each for each in shared})


def repeated(inputs: dict[str, Tensor], rows: int) -> dict[str, Tensor]:
    """The inputs of one text (1, n), once for each row."""
    return {name: value.repeat(rows, *[1] * (value.ndim - 1)) for name, value in inputs.items()}


def quiet(model: LoadedModel) -> dict[str, bool]:
    """Keep key-value caches out of passes that need none."""
    config = model.model.config
    return {"use_cache": False} if model.layout.causal or config.is_encoder_decoder else {}


def one_by_one(model: LoadedModel) -> bool:
    """Whether batches are refused: a decoder's classifier that does not know its padding token."""
    config = model.model.config
    needs = model.task == "sequence-classification" and model.layout.causal
    return needs and getattr(config, "pad_token_id", None) is None


def _unsupported(model: LoadedModel) -> UnsupportedModel:
    return UnsupportedModel(
        f"{model.model.config.model_type} models compute something from the token ids that does "
        "not pass through their input embeddings, so attributions would explain another function. "
        "Use leave-one-out by way of `faithfulness`, or another model."
    )
