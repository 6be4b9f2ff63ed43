"""Where a model computes and in which number format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interp_core.errors import BadInput

if TYPE_CHECKING:
    import torch


def find_device(asked: str | None) -> torch.device:
    """The device asked for, or the GPU or MPS where present. Raises `BadInput`."""
    import torch

    if asked:
        try:
            return torch.empty(0, device=asked).device
        except Exception as error:
            raise BadInput(
                f"There is no device {asked!r} here. Leave it out, or use cpu."
            ) from error
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def find_dtype(asked: str | None) -> torch.dtype:
    """The number format asked for, or float32. Raises `BadInput`."""
    import torch

    found = getattr(torch, str(asked or "float32").removeprefix("torch."), None)
    if not isinstance(found, torch.dtype) or not found.is_floating_point:
        raise BadInput(f"{asked!r} is no number format. Use float32, bfloat16 or float16.")
    return found
