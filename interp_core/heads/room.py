"""How large the batches of head statistics may be on a GPU, by the memory that is free there.

On the CPU batches are always the same, so that tables are: more texts at once gain nothing there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from interp_core.heads.patterns import FEATURES
from interp_core.inputs.batching import BatchRoom
from interp_core.models.device import free_on_device

if TYPE_CHECKING:
    import torch

    from interp_core.models.record import LoadedModel

SHARE = 0.5  # of the free memory that a pass may take by this estimate
MOST_TEXTS = 512  # a block has no more rows
FLOAT = 4  # bytes of float32
COPIES = 5  # of a layer's weights in float32 at a time: the sum of logarithms and its parts
STATES = 12  # times its width that a layer holds for each token: query, key, value, feed-forward


def batch_room(
    model: LoadedModel, free: Callable[[torch.device], int | None] = free_on_device
) -> BatchRoom:
    """The bounds of batches on the model's device; `free(device)` tells its free bytes.

    None means the main memory, and the usual bounds. The estimate counts what one layer holds for
    each query-key pair and each token, half of the memory for either. Where it is too high, a
    batch that does not fit is measured in halves.
    """
    left = free(model.device)
    if left is None:
        return BatchRoom()
    size, config = model.model.dtype.itemsize, model.model.config.get_text_config()
    pair = model.n_heads * (2 * size + COPIES * FLOAT) + 2 * FLOAT * len(FEATURES)
    token = STATES * size * int(getattr(config, "hidden_size", 0) or 1024)
    half = int(left * SHARE) // 2
    return BatchRoom(MOST_TEXTS, max(1, half // pair), max(1, half // token))
