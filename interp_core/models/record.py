"""The record of a model that is ready to be looked into."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interp_core.errors import BadInput

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from interp_core.models.vision import PictureTokens


@dataclass(frozen=True)
class Layout:
    """The attention layout of a model: how many layers and heads, and which layers attend.

    `attention_layers` holds the true numbers (from 0) of the layers that have attention maps; in
    hybrids such as Jamba they are fewer than `layers`. `kv_heads` is smaller than `heads` where
    groups of query heads share keys and values. `windows[l]` is the sliding window w of layer l:
    query i sees key j only where |i − j| < w (and j ≤ i in causal models); None where it sees
    everything. `pictures` says which tokens a vision model makes of a picture.
    """

    layers: int
    heads: int
    attention_layers: tuple[int, ...]
    kv_heads: int
    windows: tuple[int | None, ...]
    causal: bool
    decoder_layers: int = 0
    decoder_heads: int = 0
    pictures: PictureTokens | None = None

    def kv_group(self, head: int) -> int:
        """The key-value head that query head `head` reads."""
        return head * self.kv_heads // self.heads


def check_record(model: Any) -> None:
    """Raises `BadInput` for a model or a name in the place of a record."""
    if hasattr(model, "task") and hasattr(model, "tokenizer"):
        return
    given = "a name" if isinstance(model, str) else f"a {type(model).__name__}"
    raise BadInput(
        f"The first argument is {given}, not a loaded model. Use `ic.load_model(name)`, or "
        "`ic.wrap(model, tokenizer)` for a transformers model that you hold."
    )


@dataclass(frozen=True)
class LoadedModel:
    """A model in evaluation mode with eager attention, its tokenizer and what is known of it.

    `base` is the name of the base model into which an adapter was merged, `sentences` the folder
    in which sentence-transformers lists its modules, None where there is none.
    `readings` are the tasks that the checkpoint can be loaded as, the one it was saved for first;
    `task` is the one it was loaded as. `notes` are sentences on what was left out or changed.
    """

    name: str
    task: str
    labels: tuple[str, ...]
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase | None
    device: torch.device
    max_tokens: int
    layout: Layout
    processor: Any = None
    revision: str = ""
    notes: tuple[str, ...] = field(default=())
    base: str = ""
    readings: tuple[str, ...] = field(default=())
    sentences: Path | None = None

    @property
    def n_layers(self) -> int:
        """Layers of the stack (of the encoder, for encoder-decoder models)."""
        return self.layout.layers

    @property
    def n_heads(self) -> int:
        """Query heads of each layer."""
        return self.layout.heads

    @property
    def n_parameters(self) -> int:
        """Numbers in the network's weights, tied ones counted once."""
        return sum(each.numel() for each in self.model.parameters())

    @property
    def dtype(self) -> str:
        """The weights' number format, such as `float32`."""
        return str(self.model.dtype).removeprefix("torch.")

    @property
    def backend(self) -> str:
        """The attention implementation that computes the maps."""
        return str(self.model.config._attn_implementation)
