"""Direct logit attribution: which parts of a decoder wrote a logit (Elhage et al. 2021).

Every head and MLP adds its output to the residual stream; the final norm and the output table then
read the sum. With the norm's scale frozen at its true value reading is linear, so the logit is
the sum of what is read in each part. Only direct paths count: what a head did for later heads
stands at those. https://transformer-circuits.pub/2021/framework/index.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
import torch
from torch import Tensor, nn

from interp_core.charted import Charted
from interp_core.errors import UnsupportedModel
from interp_core.inputs.vocabulary import token_id, token_name
from interp_core.language.next_token import predicting_place
from interp_core.language.residual_stream import encode_for_lm
from interp_core.models.architecture import DecoderBlock, DecoderParts, anatomy
from interp_core.models.forward import forward
from interp_core.models.hooks import first, hooked
from interp_core.validation import check_contrast

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel


# Of the largest part: sums that are further off belong to another architecture. Weights of 16 bits
# round the stream after every layer, which no part stands for.
ENOUGH = {"float32": 1e-3, "float64": 1e-3}
COARSE = 0.1
COLUMNS = ("kind", "layer", "head", "value")


@dataclass(frozen=True)
class LogitAttribution(Charted):
    """A logit, or the difference of two, as a sum of parts.

    `parts` has the columns kind ("embedding", "position", "head", "attention bias", "mlp", "mlp
    bias", "norm bias", "output bias"), layer and head (empty where there is none) and value.
    `logit` is the model's own number, before a soft cap where it has one (Gemma 2); `capped` is the
    same after it. `residual_error` is |Σ parts − logit|.
    """

    target: str
    contrast: str | None
    position: int
    token: str
    parts: pd.DataFrame
    logit: float
    capped: float
    residual_error: float

    @property
    def label(self) -> str:
        """What was explained, in words."""
        return (
            self.target if self.contrast is None else f"{self.target} rather than {self.contrast}"
        )


def logit_attribution(
    model: LoadedModel,
    text: str,
    *,
    target: Any = None,
    contrast: Any = None,
    position: int | None = None,
) -> LogitAttribution:
    """The logit of `target` after `position` (default: the text's last token), part by part.

    `target` and `contrast` are tokens by text, shown name or number; without a target it is the
    model's best token, with a contrast the difference of both logits. Costs one forward pass.

    Raises `BadInput`, `InputTooLong`, or `UnsupportedModel` for other tasks and for architectures
    whose parts do not add up.
    """
    encoded = encode_for_lm(model, text, ("causal-lm",))
    place = predicting_place(model, encoded, position)
    layout = anatomy(model)
    seen: dict = {}
    with hooked(*recorder(layout, seen, place)):
        line = forward(model, encoded.inputs).logits[0, place].float()
    best, other = _choices(model, line, target, contrast)
    with torch.inference_mode():
        reader = LogitDirection.of(layout, seen, best, other)
        rows = [*stream_writes(layout, seen, reader, model.n_heads), *reader.constants]
        raw = seen["output"].double()
    logit = float(raw[best] - (0 if other is None else raw[other]))
    parts = _frame(rows)
    error = abs(float(parts["value"].sum()) - logit)
    _check(model, parts, error)
    return LogitAttribution(
        token_name(model, best),
        None if other is None else token_name(model, other),
        place,
        encoded.sequence.tokens[place],
        parts,
        logit,
        float(line[best] - (0 if other is None else line[other])),
        error,
    )


def _choices(
    model: LoadedModel, line: torch.Tensor, target: Any, contrast: Any
) -> tuple[int, int | None]:
    best = int(line.argmax()) if target is None else token_id(model, target, len(line))
    if contrast is None:
        return best, None
    return best, check_contrast(best, token_id(model, contrast, len(line)))


def _frame(rows: list[tuple]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.astype({"layer": "Int64", "head": "Int64", "value": "float64"})


def _check(model: LoadedModel, parts: pd.DataFrame, error: float) -> None:
    if error > ENOUGH.get(model.dtype, COARSE) * max(1.0, float(parts["value"].abs().max())):
        raise UnsupportedModel(
            f"Direct logit attribution is not known for {model.model.config.model_type}: the "
            "components of its layers do not sum to the logit."
        )


LARGE = 1000.0  # beside it the norm's epsilon is nothing


def through_frozen_norm(
    norm: nn.Module, entered: Tensor, left: Tensor, read: Tensor
) -> tuple[Tensor, float]:
    """What reads the norm's input as `read` (d,) reads its output, and what the bias adds.

    The scale is the true one of this place: output = scale · gain · (input − mean) + bias, where
    root-mean-square norms have neither mean nor bias.
    """
    probe = torch.full_like(entered, LARGE)
    flat = norm(probe).double()
    bias = getattr(norm, "bias", None)
    shift = torch.zeros_like(read) if bias is None else bias.double()
    centred = float((flat - shift).abs().max()) < 1e-2
    own = getattr(norm, "weight", None)  # OLMo's norm has none
    gain = torch.ones_like(shift) if own is None else own.double()
    gain = gain if centred else flat - shift
    x = entered.double()
    spread = gain * (x - x.mean() if centred else x)
    scale = float((left.double() - shift) @ spread / (spread @ spread).clamp(min=1e-300))
    through = gain * read
    return scale * (through - through.mean() if centred else through), float(shift @ read)


@dataclass(frozen=True)
class LogitDirection:
    """`direction` (d,) reads the stream; `constants` are the rows that no part wrote."""

    direction: Tensor
    constants: list[tuple]

    @classmethod
    def of(cls, layout: DecoderParts, seen: dict, best: int, other: int | None) -> LogitDirection:
        """The reader of a logit, or of the difference of two."""
        table = layout.output.weight
        read, offset = table[best].double(), getattr(layout.output, "bias", None)
        if other is not None:
            read = read - table[other].double()
        direction, shift = through_frozen_norm(
            layout.norm, seen[layout.norm, "in"], seen[layout.norm], read
        )
        constants = (
            [] if getattr(layout.norm, "bias", None) is None else [("norm bias", None, None, shift)]
        )
        if offset is not None:
            value = offset[best].double() - (0 if other is None else offset[other].double())
            constants.append(("output bias", None, None, float(value)))
        return cls(direction, constants)


def stream_writes(
    layout: DecoderParts, seen: dict, reader: LogitDirection, heads: int
) -> list[tuple]:
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
    return u if norm is None else through_frozen_norm(norm, seen[norm, "in"], seen[norm], u)[0]


def _attention(block: DecoderBlock, seen: dict, u: Tensor, layer: int, heads: int) -> list[tuple]:
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


def _feed_forward(block: DecoderBlock, seen: dict, u: Tensor, layer: int) -> list[tuple]:
    u = _through(block.norms[1], seen, u)
    whole = float(seen[block.mlp].double() @ u)
    bias = getattr(block.last, "bias", None)
    if bias is None:
        return [("mlp", layer, None, whole)]
    offset = float(bias.double() @ u)
    return [("mlp", layer, None, whole - offset), ("mlp bias", layer, None, offset)]


def recorder(layout: DecoderParts, seen: dict, position: int) -> list[tuple[Callable, Callable]]:
    """Hooks that put into `seen` what flows at `position`: (key: module, or "output")."""

    def at(value: Any) -> Tensor:
        value = first(value)
        return value.reshape(-1, value.shape[-1])[position]

    def enters(key: Any) -> Callable:
        def hook(_module: nn.Module, inputs: tuple, named: dict) -> None:
            seen[key, "in"] = at(inputs[0] if inputs else next(iter(named.values())))

        return hook

    def leaves(key: Any) -> Callable:
        def hook(_module: nn.Module, _inputs: tuple, output: Any) -> None:
            seen[key] = at(output)

        return hook

    taken, given = {layout.entry, layout.norm}, {layout.norm, layout.positions}
    for block in layout.blocks:
        taken |= {block.heads, *block.norms}
        given |= {block.mlp, *block.norms}
    hooks = [(_before(module), enters(module)) for module in taken if module is not None]
    hooks += [
        (module.register_forward_hook, leaves(module)) for module in given if module is not None
    ]
    return [*hooks, (layout.output.register_forward_hook, leaves("output"))]


def _before(module: nn.Module) -> Callable:
    return lambda hook: module.register_forward_pre_hook(hook, with_kwargs=True)
