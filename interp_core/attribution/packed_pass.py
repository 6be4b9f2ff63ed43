"""Passes over the tokens of texts of any length, laid end to end.

The maps, norms and activations of a layer take each token alone, so the texts of a pass need not be
equally long and nothing is padded; attention takes the texts of one length at a time. The last
layer is computed for the first token of each text, which is all that a classifier's head reads.

So work BERT's and DistilBERT's families, whose layers are computed here from their own weights;
embeddings and head stay the model's. Whether a model works so is tried: its answer and gradient
have to be those of a whole pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn.functional import layer_norm, linear

from interp_core.attribution.short_pass import FEWEST, agree
from interp_core.errors import UnsupportedModel
from interp_core.models.architecture import stack_parts
from interp_core.models.forward import no_cache
from interp_core.models.hooks import EmbeddingHook, shared_copy

if TYPE_CHECKING:
    from torch import Tensor

    from interp_core.attribution.forward_function import TextFunction
    from interp_core.models.record import LoadedModel

# Names inside a block: the norm after attention, the MLP's maps and activation, the norm after it.
FORMS = (
    (
        "attention.output.LayerNorm",
        "intermediate.dense",
        "intermediate.intermediate_act_fn",
        "output.dense",
        "output.LayerNorm",
    ),  # BERT, RoBERTa, ELECTRA
    ("sa_layer_norm", "ffn.lin1", "ffn.activation", "ffn.lin2", "output_layer_norm"),  # DistilBERT
)
TRIED = (1.0, 0.5)  # shares of a text's embeddings at which the two ways are compared
Group = tuple[dict[str, "Tensor"], "Tensor"]  # inputs (rows, n), embeddings (rows, n, d)


def packed_pass(whole: TextFunction) -> PackedPass | None:
    """Passes of this text's model over texts of any length, where it works so; else None.

    Tried with this text, which needs at least three tokens.
    """
    packed = _packed(whole.model) if len(whole) >= FEWEST else None
    return packed if packed is not None and _same(packed, whole) else None


@dataclass(frozen=True)
class PackedPass:
    """A model whose layers take texts of any length together.

    `network` has one module in the place of its layers, the `gate`, where states are taken out
    and put back.
    """

    model: LoadedModel
    network: nn.Module
    port: EmbeddingHook
    gate: _Gate
    layers: nn.ModuleList

    def __call__(self, groups: Sequence[Group]) -> Any:
        """The model's output, a row for each text of the groups in their order."""
        entered = [self._enter(inputs, point) for inputs, point in groups]
        read = self._read(entered) if torch.is_grad_enabled() else self._read_once(entered)
        first = {name: value[:1] for name, value in groups[0][0].items()}
        return self._through(first, None, read[:, None])

    def _read(self, entered: Sequence[Tensor]) -> Tensor:
        """What the head reads of each text, (rows, d), from what entered the layers."""
        shapes = [each.shape[:2] for each in entered]
        states = _joined([each.flatten(0, 1) for each in entered])
        for layer in self.layers[:-1]:
            states = layer(states, shapes)
        return self.layers[-1](states, shapes, only_first=True)

    def _read_once(self, entered: Sequence[Tensor]) -> Tensor:
        """The same, each row computed once: baselines of texts of one length may be the same."""
        kept, places = zip(*(each.unique(dim=0, return_inverse=True) for each in entered))
        parts = self._read(kept).split([len(each) for each in kept])
        return torch.cat([part[place] for part, place in zip(parts, places)])

    def _enter(self, inputs: dict[str, Tensor], point: Tensor) -> Tensor:
        """What the first layer reads, (rows, n, d)."""
        self._through(inputs, point, None)
        return self.gate.seen

    def _through(self, inputs: dict, point: Tensor | None, states: Tensor | None) -> Any:
        self.port.give(point)
        self.gate.given = states
        try:
            return self.network(**inputs, **no_cache(self.model), return_dict=True)
        finally:
            self.port.given, self.gate.given = None, None


class _Gate(nn.Module):
    """In the place of all layers: keeps what enters, and gives `given` (rows, 1, d) to the head."""

    given: Tensor | None = None
    seen: Tensor | None = None

    def forward(self, states: Tensor, *_others: Any, **_more: Any) -> Tensor:
        if self.given is not None:
            return self.given
        self.seen = states
        return states[:, :1]


class _Layer(nn.Module):
    """Attention and MLP, each with the norm after it, of tokens (tokens, d).

    The maps to queries, keys and values are one, and the scale of the scores is part of it.
    """

    def __init__(self, inputs: list[nn.Module], projection: nn.Module, rest: list, heads: int):
        super().__init__()
        query, key, value = inputs
        scale = (query.out_features // heads) ** -0.5
        self.heads, self.width = heads, query.out_features
        self.weight = torch.cat([query.weight * scale, key.weight, value.weight]).detach()
        self.bias = torch.cat([query.bias * scale, key.bias, value.bias]).detach()
        norm, widening, self.activation, narrowing, last = rest
        # Without a gradient of the weights, their inputs need not be kept for the way back.
        self.maps = [_constants(each) for each in (projection, widening, narrowing)]
        self.norms = [(each.normalized_shape, *_constants(each), each.eps) for each in (norm, last)]

    def forward(
        self, states: Tensor, shapes: list[tuple[int, int]], *, only_first: bool = False
    ) -> Tensor:
        """The layer's output (tokens, d), or (rows, d) of each text's first token alone."""
        if only_first:
            states, heads = self._first(states, shapes)
        else:
            mixed = _parts(linear(states, self.weight, self.bias), shapes)
            heads = [self._attend(*self._by_head(*each)) for each in zip(mixed, shapes)]
        return self._finish(_joined(heads), states)

    def _first(self, states: Tensor, shapes: list[tuple[int, int]]) -> tuple[Tensor, list[Tensor]]:
        """The first tokens, (rows, d), and what their heads give."""
        d = self.width
        others = _parts(linear(states, self.weight[d:], self.bias[d:]), shapes)
        texts = zip(_parts(states, shapes), shapes)
        states = _joined([each.view(*shape, -1)[:, 0] for each, shape in texts])
        queries = _parts(
            linear(states, self.weight[:d], self.bias[:d]), [(n, 1) for n, _ in shapes]
        )
        return states, [
            self._attend(*self._by_head(query, (shape[0], 1)), *self._by_head(other, shape))
            for query, other, shape in zip(queries, others, shapes)
        ]

    def _by_head(self, mapped: Tensor, shape: tuple[int, int]) -> Iterable[Tensor]:
        """One or several of queries, keys and values, each (rows, heads, n, d / heads)."""
        each = mapped.view(*shape, -1, self.heads, self.width // self.heads)
        return each.permute(2, 0, 3, 1, 4).unbind()

    def _attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """What the heads give, side by side: (rows · n, d) for the n queries of each row."""
        seen = (query @ key.transpose(2, 3)).softmax(-1) @ value
        return seen.transpose(1, 2).reshape(-1, self.width)

    def _finish(self, heads: Tensor, states: Tensor) -> Tensor:
        projection, widening, narrowing = self.maps
        states = layer_norm(linear(heads, *projection).add_(states), *self.norms[0])
        inside = self.activation(linear(states, *widening))
        return layer_norm(linear(inside, *narrowing).add_(states), *self.norms[1])


def _parts(states: Tensor, shapes: list[tuple[int, int]]) -> Sequence[Tensor]:
    """The tokens of each group; without a copy on the way back where there is one group."""
    return states.split([rows * n for rows, n in shapes]) if len(shapes) > 1 else [states]


def _joined(parts: list[Tensor]) -> Tensor:
    return torch.cat(parts) if len(parts) > 1 else parts[0]


def _constants(module: nn.Module) -> tuple[Tensor, Tensor]:
    return module.weight.detach(), module.bias.detach()


def _packed(model: LoadedModel) -> PackedPass | None:
    """The pass from the model's own weights; None for layers of another form."""
    try:
        parts = stack_parts(model)
    except UnsupportedModel:
        return None
    network, gate = shared_copy(model.model), _Gate()
    if len(parts.attention) != len(parts.blocks) or len(set(parts.blocks)) < len(parts.blocks):
        return None
    layers = []
    for path, attention in zip(parts.blocks, parts.attention):
        block = network.get_submodule(path)
        inside = {f"{path}.{name}": each for name, each in block.named_modules() if name}
        names = next((f for f in FORMS if all(f"{path}.{name}" in inside for name in f)), None)
        if names is None or attention.split != "whole" or not _plain(block):
            return None
        rest = [inside[f"{path}.{name}"] for name in names]
        inputs = [inside[name] for name in attention.inputs]
        layers.append(_Layer(inputs, inside[attention.projection], rest, model.n_heads))
    root, name = parts.blocks[0].rpartition(".")[0].rpartition(".")[::2]
    setattr(network.get_submodule(root), name, nn.ModuleList([gate]))
    return PackedPass(
        model, network, EmbeddingHook(network, shifted=False), gate, nn.ModuleList(layers).eval()
    )


def _plain(block: nn.Module) -> bool:
    """Whether a block's maps and norms are torch's own, with biases."""
    weighing = [each for each in block.modules() if list(each.parameters(recurse=False))]
    return all(
        type(each) in (nn.Linear, nn.LayerNorm) and each.bias is not None for each in weighing
    )


def _same(packed: PackedPass, whole: TextFunction) -> bool:
    """Whether a text and a point on its way get what whole passes give, in one pass."""
    points = [share * whole.embeddings for share in TRIED]
    try:
        with torch.enable_grad():
            mine = [each.detach().requires_grad_() for each in points]
            output = packed([(whole.encoded.inputs, each) for each in mine])
            values = whole.target.score(output)
            slopes = torch.autograd.grad(values.sum(), mine)
    except (RuntimeError, IndexError, ValueError, TypeError):  # a layer or head of another kind
        return False
    found = (values.detach(), torch.cat(slopes))
    return agree(found, whole.gradients(torch.cat(points)))
