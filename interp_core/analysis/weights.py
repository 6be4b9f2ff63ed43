"""A name for the weights of a model, so that two people can tell whether they have the same."""

from __future__ import annotations

import hashlib

from interp_core.models.record import LoadedModel


def weights_digest(model: LoadedModel) -> str:
    """SHA-256 over names, shapes, number formats and bytes of all parameters and buffers.

    The first 16 hexadecimal digits, after `sha256:`. Independent of the file format and of where
    the model was loaded from.
    """
    import torch

    whole = hashlib.sha256()
    for name, tensor in sorted(model.model.state_dict().items()):
        whole.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        flat = tensor.detach().cpu().contiguous().reshape(-1)
        whole.update(flat.view(torch.uint8).numpy())
    return f"sha256:{whole.hexdigest()[:16]}"
