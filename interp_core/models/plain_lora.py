"""LoRA in its plainest form, merged without the library peft, which an installation may lack.

The built-in series of checkpoints is of that form. All else, such as other kinds, ranks or scales
that differ between modules, and biases, is the library's (extra "adapters").
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from interp_core.models.adapter_config import PREFIX, AdapterFolder
from interp_core.models.extras import require
from interp_core.models.folders import ADAPTER_WEIGHTS

if TYPE_CHECKING:
    from torch import nn

# With these settings and no other, the weights change by `lora_alpha / r * B @ A`.
PLAIN = {"peft_type", "task_type", "base_model_name_or_path", "r", "lora_alpha"}
PLAIN |= {"target_modules", "modules_to_save", "inference_mode"}
PAIR = (".lora_A.weight", ".lora_B.weight")


def is_plain(adapter: AdapterFolder) -> bool:
    """Whether its settings are those of the plainest form."""
    return adapter.kind == "LORA" and set(adapter.settings) <= PLAIN


def merge_plain(adapter: AdapterFolder, model: nn.Module, moved: Mapping[str, str]) -> None:
    """Merge the adapter into the model, in place; `moved` are tensors with another name today.

    Raises `ModelNotFound` for any other than a plain one, ValueError where it does not fit.
    """
    if not is_plain(adapter):
        require("peft", "This adapter", "adapters")
    from safetensors.torch import load_file

    from interp_core.models.adapter import merge_tensors

    saved = load_file(Path(adapter.folder) / ADAPTER_WEIGHTS)
    bare = {name.removeprefix(PREFIX): value for name, value in saved.items()}
    tensors = {
        moved.get(name, name).replace(PAIR[0], ".lora_A").replace(PAIR[1], ".lora_B"): value
        for name, value in bare.items()
    }
    scale = float(adapter.settings["lora_alpha"]) / float(adapter.settings["r"])
    merge_tensors(model, {name: value.float() for name, value in tensors.items()}, scale)
