"""Where a model computes and in which number format."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from interp_core.errors import BadInput
from interp_core.models.memory import check_device_room

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

SPREAD = "auto"  # over all GPUs, by the library accelerate
FORMATS = ("float32", "bfloat16", "float16")


def find_device(requested: str | None) -> torch.device | None:
    """The device asked for, or the GPU or MPS where present; None for "auto": all GPUs together.

    Raises `BadInput`.
    """
    import torch

    if requested == SPREAD:
        return None
    if requested:
        try:
            return torch.empty(0, device=requested).device
        except Exception as error:
            raise BadInput(
                f"There is no device {requested!r} here. Leave it out, or use one of: "
                f"{', '.join(devices())}."
            ) from error
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


@cache
def devices() -> tuple[str, ...]:
    """The names of the devices here, for `load_model(device=...)`."""
    import torch

    found = ["cpu"]
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    found += ["cuda"] if count == 1 else [f"cuda:{number}" for number in range(count)]
    found += ["mps"] if torch.backends.mps.is_available() else []
    if count > 1:
        found.append(SPREAD)
    return tuple(found)


def find_dtype(requested: str | None) -> torch.dtype:
    """The number format asked for, or float32. Raises `BadInput`."""
    import torch

    found = getattr(torch, str(requested or "float32").removeprefix("torch."), None)
    if not isinstance(found, torch.dtype) or not found.is_floating_point or found.itemsize < 2:
        raise BadInput(f"Unknown dtype {requested!r}. Use float32, bfloat16 or float16.")
    return found


def rounding_notes(model: PreTrainedModel) -> tuple[str, ...]:
    """What 16 bits do to the numbers that are shown; nothing in float32."""
    import torch

    if model.dtype.itemsize > 2:
        return ()
    share = torch.finfo(model.dtype).eps / 2
    name = str(model.dtype).removeprefix("torch.")
    return (
        f"The model computes in {name}, which rounds every number by up to {share:.2%}: rows of "
        f"attention sum to 1 within about {share:.2%}, and small differences mean nothing.",
    )


def place(model: PreTrainedModel, device: torch.device | None) -> tuple[PreTrainedModel, object]:
    """The model on its device, and the device that its inputs go to; None spreads it."""
    if device is not None:
        check_device_room(model, device)
        return model.to(device), device
    from accelerate import dispatch_model, infer_auto_device_map

    whole = list(getattr(model, "_no_split_modules", None) or ())
    spread = infer_auto_device_map(model, no_split_module_classes=whole, dtype=model.dtype)
    model = dispatch_model(model, device_map=spread)
    return model, model.device
