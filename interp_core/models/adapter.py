"""Adapters: small files that turn a plain backbone into one of the bundled models.

`adapter.safetensors` holds float16 tensors under two kinds of key:

    <module path>.lora_A (r, in), <module path>.lora_B (out, r)    weight += scale * B @ A
    <parameter name>, e.g. `classifier.weight`                     the parameter itself

and `scale` in its metadata. Merging is done in float32, in place, and leaves an ordinary
transformers model: no wrapper modules stay behind (low-rank adaptation: Hu et al. 2021).
"""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor, nn

FILE_NAME = "adapter.safetensors"
DOWN, UP = ".lora_A", ".lora_B"


def save_adapter(
    path: Path,
    low_rank: Mapping[str, tuple[Tensor, Tensor]],
    full: Mapping[str, Tensor],
    scale: float,
) -> None:
    """Write module path to (A (r, in), B (out, r)) and parameter name to tensor as float16."""
    tensors = dict(full)
    for module, (down, up) in low_rank.items():
        tensors |= {module + DOWN: down, module + UP: up}
    halves = {name: value.detach().half().contiguous() for name, value in tensors.items()}
    path.write_bytes(save(halves, metadata={"scale": repr(float(scale))}))


def merge_adapter(model: nn.Module, folder: Path) -> None:
    """Merge `folder/adapter.safetensors` into a plain model, in place.

    Raises ValueError, and leaves the model as it was, when a key matches no parameter, a shape
    differs, half of a low-rank pair or the scale is missing, or a parameter of the task head is
    not given in full. The task head is every parameter outside the base model (transformers'
    `base_model_prefix`): the backbone knows nothing of it, so uncovered it would stay random.
    """
    merge_tensors(model, *_read(Path(folder) / FILE_NAME))


def merge_tensors(model: nn.Module, tensors: Mapping[str, Tensor], scale: float) -> None:
    """The same for tensors (float32) that are here already. Raises ValueError as above."""
    parameters = dict(model.named_parameters())
    merged = {
        name: _merged(name, tensors, parameters, scale) for name in _targets(tensors, parameters)
    }
    _require_head(model, parameters, tensors)
    with torch.no_grad():
        for name, value in merged.items():
            parameters[name].copy_(value)


def _read(path: Path) -> tuple[dict[str, Tensor], float]:
    """All tensors of the file as float32, and its scale."""
    with safe_open(path, framework="pt") as file:
        names, metadata = file.keys(), file.metadata() or {}
        tensors = {name: file.get_tensor(name).float() for name in names}
    if "scale" not in metadata:
        raise ValueError(f"{path.name} names no scale in its metadata")
    return tensors, float(metadata["scale"])


def _targets(tensors: Mapping[str, Tensor], parameters: Mapping[str, Tensor]) -> set[str]:
    """The parameter that each key names; every key must name one."""
    targets = set()
    for key in tensors:
        module = key.removesuffix(DOWN).removesuffix(UP)
        name = key if module == key else f"{module}.weight"
        if name not in parameters:
            raise ValueError(f"adapter key {key} matches no parameter of the model")
        targets.add(name)
    return targets


def _merged(
    name: str, tensors: Mapping[str, Tensor], parameters: Mapping[str, Tensor], scale: float
) -> Tensor:
    """The new value of one parameter, in float32 and of the parameter's own shape."""
    module = name.removesuffix(".weight")
    down, up = tensors.get(module + DOWN), tensors.get(module + UP)
    if (down is None) != (up is None):
        raise ValueError(f"adapter key {module + (DOWN if up is None else UP)} has no counterpart")
    base = tensors.get(name, parameters[name].detach())
    if base.shape != parameters[name].shape:
        raise ValueError(
            f"adapter key {name} has shape {tuple(base.shape)}, "
            f"the model expects {tuple(parameters[name].shape)}"
        )
    if down is None:
        return base
    return base.float() + scale * _product(module, down, up, base.shape).to(base.device)


def _product(module: str, down: Tensor, up: Tensor, shape: torch.Size) -> Tensor:
    """B @ A after checking that it fits a weight of this shape."""
    fits = down.ndim == up.ndim == 2 and down.shape[0] == up.shape[1]
    if not fits or (up.shape[0], down.shape[1]) != tuple(shape):
        raise ValueError(
            f"adapter keys {module}{DOWN} {tuple(down.shape)} and {module}{UP} {tuple(up.shape)} "
            f"do not fit a weight of shape {tuple(shape)}"
        )
    return up @ down


def _require_head(
    model: nn.Module, parameters: Mapping[str, Tensor], tensors: Mapping[str, Tensor]
) -> None:
    """Refuse an adapter that would leave a parameter of the head at its random start."""
    prefix = getattr(model, "base_model_prefix", "")
    if not prefix or not hasattr(model, prefix):
        return  # a bare base model has no head
    for name in parameters:
        if not name.startswith(f"{prefix}.") and name not in tensors:
            raise ValueError(f"adapter does not cover {name} of the model's head")
