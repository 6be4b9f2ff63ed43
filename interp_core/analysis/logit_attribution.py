"""Direct logit attribution: which parts of a decoder wrote a logit (Elhage et al. 2021).

Every head and MLP adds its output to the residual stream; the final norm and the output table then
read the sum. With the norm's scale frozen at its true value reading is linear, so the logit is
the sum of what is read in each part. Only direct paths count: what a head did for later heads
stands at those. https://transformer-circuits.pub/2021/framework/index.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
import torch

from interp_core.analysis.anatomy import anatomy, recorder
from interp_core.analysis.attention import forward
from interp_core.analysis.choices import another
from interp_core.analysis.next_token import predicting_place
from interp_core.analysis.residual import hooked, read
from interp_core.analysis.vocabulary import token_id, token_name
from interp_core.analysis.written import Reader, written
from interp_core.errors import UnsupportedModel

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

# Of the largest part: sums that are further off belong to another architecture. Weights of 16 bits
# round the stream after every layer, which no part stands for.
ENOUGH = {"float32": 1e-3, "float64": 1e-3}
COARSE = 0.1
COLUMNS = ("kind", "layer", "head", "value")


@dataclass(frozen=True)
class LogitAttribution:
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
    encoded = read(model, text, ("causal-lm",))
    place = predicting_place(model, encoded, position)
    layout = anatomy(model)
    seen: dict = {}
    with hooked(*recorder(layout, seen, place)):
        line = forward(model, encoded.inputs).logits[0, place].float()
    best, other = _choices(model, line, target, contrast)
    with torch.inference_mode():
        reader = Reader.of(layout, seen, best, other)
        rows = [*written(layout, seen, reader, model.n_heads), *reader.constants]
        raw = seen["output"].double()
    logit = float(raw[best] - (0 if other is None else raw[other]))
    parts = _frame(rows)
    error = abs(float(parts["value"].sum()) - logit)
    _check(model, parts, error)
    return LogitAttribution(
        token_name(model, best), None if other is None else token_name(model, other), place,
        encoded.sequence.tokens[place], parts, logit,
        float(line[best] - (0 if other is None else line[other])), error,
    )  # fmt: skip


def _choices(
    model: LoadedModel, line: torch.Tensor, target: Any, contrast: Any
) -> tuple[int, int | None]:
    best = int(line.argmax()) if target is None else token_id(model, target, len(line))
    if contrast is None:
        return best, None
    return best, another(best, token_id(model, contrast, len(line)))


def _frame(rows: list[tuple]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.astype({"layer": "Int64", "head": "Int64", "value": "float64"})


def _check(model: LoadedModel, parts: pd.DataFrame, error: float) -> None:
    if error > ENOUGH.get(model.dtype, COARSE) * max(1.0, float(parts["value"].abs().max())):
        raise UnsupportedModel(
            f"Direct logit attribution is not known for {model.model.config.model_type}: the parts "
            "that its layers add do not sum to the logit."
        )
