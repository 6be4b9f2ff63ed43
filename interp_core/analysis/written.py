"""What each part of a decoder adds to the residual stream, and how the output reads it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from interp_core.analysis.anatomy import Anatomy, Block

LARGE = 1000.0  # beside it the norm's epsilon is nothing


def frozen(norm: nn.Module, entered: Tensor, left: Tensor, read: Tensor) -> tuple[Tensor, float]:
    """What reads the norm's input as `read` (d,) reads its output, and what the bias adds.

    The scale is the true one of this place: output = scale · gain · (input − mean) + bias, where
    root-mean-square norms have neither mean nor bias.
    """
    probe = torch.full_like(entered, LARGE)
    flat = norm(probe).double()
    bias = getattr(norm, "bias", None)
    shift = torch.zeros_like(read) if bias is None else bias.double()
    centred = float((flat - shift).abs().max()) < 1e-2
    gain = norm.weight.double() if centred else flat - shift
    x = entered.double()
    spread = gain * (x - x.mean() if centred else x)
    scale = float((left.double() - shift) @ spread / (spread @ spread).clamp(min=1e-300))
    through = gain * read
    return scale * (through - through.mean() if centred else through), float(shift @ read)


@dataclass(frozen=True)
class Reader:
    """`direction` (d,) reads the stream; `constants` are the rows that no part wrote."""

    direction: Tensor
    constants: list[tuple]

    @classmethod
    def of(cls, layout: Anatomy, seen: dict, best: int, other: int | None) -> Reader:
        """The reader of a logit, or of the difference of two."""
        table = layout.output.weight
        read, offset = table[best].double(), getattr(layout.output, "bias", None)
        if other is not None:
            read = read - table[other].double()
        direction, shift = frozen(layout.norm, seen[layout.norm, "in"], seen[layout.norm], read)
        constants = [] if getattr(layout.norm, "bias", None) is None else [
            ("norm bias", None, None, shift)
        ]  # fmt: skip
        if offset is not None:
            value = offset[best].double() - (0 if other is None else offset[other].double())
            constants.append(("output bias", None, None, float(value)))
        return cls(direction, constants)


def written(layout: Anatomy, seen: dict, reader: Reader, heads: int) -> list[tuple]:
    """Rows (kind, layer, head, value) of everything that was added to the stream."""
    u = reader.direction
    entry = seen[layout.entry, "in"].double()
    rows = []
    if layout.positions is not None:
        places = seen[layout.positions].double()
        entry = entry - places
        rows.append(("position", None, None, float(places @ u)))
    rows.insert(0, ("embedding", None, None, float(entry @ u)))
    for layer, block in enumerate(layout.blocks):
        rows += _attention(block, seen, u, layer, heads)
        rows += _feed_forward(block, seen, u, layer)
    return rows


def _through(norm: nn.Module | None, seen: dict, u: Tensor) -> Tensor:
    return u if norm is None else frozen(norm, seen[norm, "in"], seen[norm], u)[0]


def _attention(block: Block, seen: dict, u: Tensor, layer: int, heads: int) -> list[tuple]:
    u = _through(block.norms[0], seen, u)
    matrix = block.heads.weight.double()
    if type(block.heads).__name__ == "Conv1D":  # stored as (input, output)
        matrix = matrix.T
    each = seen[block.heads, "in"].double() * (u @ matrix)
    values = each.unflatten(-1, (heads, -1)).sum(-1).tolist()
    rows = [("head", layer, head, value) for head, value in enumerate(values)]
    if block.heads.bias is not None:
        rows.append(("attention bias", layer, None, float(block.heads.bias.double() @ u)))
    return rows


def _feed_forward(block: Block, seen: dict, u: Tensor, layer: int) -> list[tuple]:
    u = _through(block.norms[1], seen, u)
    whole = float(seen[block.mlp].double() @ u)
    bias = getattr(block.last, "bias", None)
    if bias is None:
        return [("mlp", layer, None, whole)]
    offset = float(bias.double() @ u)
    return [("mlp", layer, None, whole - offset), ("mlp bias", layer, None, offset)]
