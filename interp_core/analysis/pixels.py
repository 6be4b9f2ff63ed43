"""The explained function of an image model: one logit as a function of the pixels.

It has the shape of `Explained`, with pixels in the place of token embeddings, so that the methods
for words work on pictures as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from interp_core.analysis.function import Function
from interp_core.analysis.passes import CHUNK_TOKENS
from interp_core.analysis.port import own_modules
from interp_core.analysis.progress import Meter

if TYPE_CHECKING:
    from interp_core.analysis.targets import Target
    from interp_core.models.record import LoadedModel


@dataclass(frozen=True)
class SeenImage(Function):
    """F(pixels) -> one number for each row. `embeddings` (1, height · width, channels).

    `shape` is (channels, height, width) of what enters the model; `patches` (rows, columns);
    `side` (height, width) of a patch in pixels: what is left over at the edge belongs to none.
    """

    model: LoadedModel
    network: nn.Module
    target: Target
    embeddings: Tensor
    shape: tuple[int, int, int]
    patches: tuple[int, int]
    side: tuple[int, int]
    output: Any
    value: float
    meter: Meter = field(default_factory=Meter)

    @property
    def rows(self) -> int:
        """Pictures that fit in one pass."""
        return max(1, CHUNK_TOKENS // (1 + self.patches[0] * self.patches[1]))

    def picture(self, embeddings: Tensor) -> Tensor:
        """Pixels as the model takes them: (rows, channels, height, width)."""
        channels, high, wide = self.shape
        return embeddings.transpose(1, 2).reshape(-1, channels, high, wide)

    def run(self, embeddings: Tensor, **options: Any) -> Any:
        """The model's output for pixels (rows, height · width, channels), in one pass."""
        pixels = self.picture(embeddings).to(self.embeddings.dtype)
        output = self.network(pixel_values=pixels, **options, return_dict=True)
        self.meter.add(len(pixels))
        return output


def see(
    model: LoadedModel,
    pixels: Tensor,
    patches: tuple[int, int],
    resolve: Callable[[Any], Target],
    progress: Callable[[int, int], object] | None = None,
) -> SeenImage:
    """Set up the function at `pixels` (1, channels, height, width); `resolve` finds the target."""
    network = own_modules(model.model)
    with torch.no_grad():
        output = network(pixel_values=pixels, return_dict=True)
        target = resolve(output)
        value = float(target.score(output))
    flat = pixels.flatten(2).transpose(1, 2).contiguous()
    shape = tuple(pixels.shape[1:])
    side = model.layout.pictures.patch
    seen = SeenImage(model, network, target, flat, shape, patches, side, output, value)
    return replace(seen, meter=Meter(progress))
