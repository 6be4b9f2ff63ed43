"""A gate on every head: its output before the output projection, times a number of each text.

Gate 1 leaves a head as it is and gate 0 takes it away: its slice of the output projection's input
is zero. The gates sit on a copy of the module tree that shares every weight, so other threads may
go on using the model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from interp_core.errors import UnsupportedModel
from interp_core.models.architecture import output_projections
from interp_core.models.forward import no_cache
from interp_core.models.hooks import shared_copy

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel


class GatedModel:
    """The whole model with a gate on each head of each attention layer.

    `projections` are the paths of the output projections in the order of the layers; `cacheable`
    says whether ablation may reuse the outputs of layers, None until it was tried.
    """

    def __init__(self, model: LoadedModel) -> None:
        self.model, self.network = model, shared_copy(model.model)
        self.layers, self.heads = len(model.layout.attention_layers), model.n_heads
        modules = dict(self.network.named_modules())
        self.projections = output_projections(modules)
        if len(self.projections) not in (1, self.layers):  # 1: the layers share their weights
            raise self._unknown()
        for path in self.projections:
            modules[path].register_forward_pre_hook(self._enter)
        self._gates: Tensor | None = None
        self._call = 0
        self.cacheable: bool | None = None

    def run(self, inputs: dict[str, Tensor], gates: Tensor | None = None, first: int = 0) -> Any:
        """The model's output with gates (rows, layers, heads).

        `first` is the first attention layer that is really computed.
        """
        self._gates, self._call = gates, first
        try:
            output = self.network(**inputs, **no_cache(self.model), return_dict=True)
        finally:
            self._gates = None
        if self._call != self.layers:
            raise self._unknown()
        return output

    def ones(self, rows: int) -> Tensor:
        """Gates that change nothing, (rows, layers, heads)."""
        return torch.ones(
            rows, self.layers, self.heads, device=self.model.device, dtype=self.model.model.dtype
        )

    def _enter(self, _module: nn.Module, inputs: tuple) -> tuple | None:
        layer, self._call = self._call, self._call + 1
        if self._gates is None or layer >= self.layers:
            return None
        mixed = inputs[0]
        parts = mixed.reshape(len(self._gates), -1, self.heads, mixed.shape[-1] // self.heads)
        gated = parts * self._gates[:, layer, None, :, None]
        return (gated.reshape(mixed.shape), *inputs[1:])

    def _unknown(self) -> UnsupportedModel:
        kind = self.model.model.config.model_type
        return UnsupportedModel(
            f"It is not known where the heads of {kind} models put their output, so none can be "
            "taken away. The head statistics need no such knowledge: use them."
        )
