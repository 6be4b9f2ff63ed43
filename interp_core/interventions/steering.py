"""Contrastive steering: the difference of two prompts' states, added while the model writes.

Activation addition (Turner et al. 2023, arXiv 2308.10248).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from interp_core.charted import Charted
from interp_core.errors import BadInput
from interp_core.interventions.running import Runner
from interp_core.language.generation import generate
from interp_core.language.residual_stream import encode_for_lm
from interp_core.models.architecture import stack_parts
from interp_core.models.hooks import first, shared_copy
from interp_core.progress import scaled
from interp_core.validation import check_position

if TYPE_CHECKING:
    from interp_core.language.generation import Generation
    from interp_core.models.record import LoadedModel

STRONGEST = 20.0
WARNING = (
    "A steered model is another model: what it writes shows what the added direction does to these "
    "words, not what the model knows, believes or would write by itself. Large strengths break its "
    "language."
)


@dataclass(frozen=True)
class Steering(Charted):
    """A continuation without and with the direction.

    `direction` (d,) is the state of the last token of `positive` minus that of `negative` after
    `layer`; `share` its norm times the strength, relative to the mean norm of the prompt's states
    there. `warning` says what the continuations do not show.
    """

    before: Generation
    after: Generation
    direction: np.ndarray
    share: float
    layer: int
    strength: float
    warning: str = field(default=WARNING, repr=False)

    def to_frame(self) -> pd.DataFrame:
        """One row for each step: step, and token and probability of both continuations."""
        frames = [each.to_frame().set_index("step") for each in (self.before, self.after)]
        columns = ["token", "probability"]
        return (
            frames[0][columns]
            .join(frames[1][columns], how="outer", lsuffix="_before", rsuffix="_after")
            .reset_index()
        )

    def next_token(self) -> pd.DataFrame:
        """The best next tokens: label, probability_before, probability_after.

        NaN where a token is not among the ten best of that side.
        """
        sides = []
        for each, name in ((self.before, "before"), (self.after, "after")):
            step = each.alternatives.query("step == 0").set_index("id")
            named = step[["token", "probability"]]
            sides.append(named.rename(columns={"probability": f"probability_{name}"}))
        both = sides[0].join(sides[1], how="outer", lsuffix="", rsuffix="_after")
        best = both[["probability_before", "probability_after"]].max(axis=1)
        both = both.loc[best.sort_values(ascending=False, kind="stable").index]
        label = both["token"].fillna(both["token_after"])
        return both.assign(label=label)[
            ["label", "probability_before", "probability_after"]
        ].reset_index(drop=True)


def steer(
    model: LoadedModel,
    text: str,
    positive: str,
    negative: str,
    *,
    layer: int,
    strength: float = 1.0,
    tokens: int = 20,
    progress: Callable[[int, int], object] | None = None,
) -> Steering:
    """The continuation of `text` before and after steering from `negative` towards `positive`.

    The direction, times `strength` (−20 to 20), is added to the state of every token after `layer`
    (a true number from 0). Both continuations take the best token each time. Raises `BadInput`,
    `InputTooLong`, `UnsupportedModel` for all but causal language models, or `Stopped`.
    """
    read = [encode_for_lm(model, each, ("causal-lm",)) for each in (text, positive, negative)]
    layer = check_position(layer, model.n_layers)
    number = isinstance(strength, int | float | np.number) and not isinstance(strength, bool)
    if not number or not -STRONGEST <= strength <= STRONGEST:
        raise BadInput(f"The strength lies between −20 and 20, not {strength!r}.")
    states = [_states(model, each.inputs, len(each.sequence), layer) for each in read]
    direction = states[1][-1] - states[2][-1]
    if not bool(direction.any()):
        raise BadInput("The two prompts have the same state: they give no direction.")
    network = shared_copy(model.model)
    block = network.get_submodule(stack_parts(model).blocks[layer])
    block.register_forward_hook(_adding(strength * direction))
    steered = replace(model, model=network)
    before = generate(model, text, tokens=tokens, progress=scaled(progress, 0, tokens, 2 * tokens))
    after = generate(
        steered, text, tokens=tokens, progress=scaled(progress, tokens, 2 * tokens, 2 * tokens)
    )
    norm = float(states[0].norm(dim=-1).mean())
    share = abs(strength) * float(direction.norm()) / max(norm, 1e-12)
    return Steering(before, after, direction.float().cpu().numpy(), share, layer, float(strength))


def _states(model: LoadedModel, inputs: dict[str, Tensor], tokens: int, layer: int) -> Tensor:
    """The states after a layer, (n, d)."""
    runner = Runner(model, inputs, tokens)
    with torch.no_grad():
        state = runner.record().at("stream", layer)
    return state.reshape(tokens, -1)


def _adding(direction: Tensor) -> Callable:
    def leave(_module: nn.Module, _given: tuple, output: Any) -> Any:
        changed = first(output) + direction
        return changed if isinstance(output, Tensor) else type(output)((changed, *output[1:]))

    return leave
