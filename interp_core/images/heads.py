"""What each head does over pictures: the statistics of attention that have a meaning there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from interp_core.attention.compute import attention_maps
from interp_core.attention.tables import entropy_nats, shares
from interp_core.errors import BadInput, UnsupportedModel
from interp_core.heads.tables import role_labels
from interp_core.images.sinks import patch_shares
from interp_core.inputs.images import patch_grid
from interp_core.progress import report

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel


def image_head_statistics(
    model: LoadedModel,
    images: Sequence[Any],
    *,
    progress: Callable[[int, int], object] | None = None,
) -> pd.DataFrame:
    """One row for each layer and head: means over pictures, with `_std` and `_se`.

    entropy (nats), entropy_normalised (by the log of the number of tokens), confidence, distance
    (Euclidean, in patches, between query patch and key patch), share_first (on the class token and
    its like; 0 for models without any), share_self, share_near (on the up to eight patches around
    the query's), share_sink (of the whole map on the one patch that has most of it, as
    `find_patch_sinks`); and role, as `role_table("images")` says. Every query token counts,
    distances and share_near patches alone. Raises `BadInput` or `UnsupportedModel`.
    """
    if model.processor is None:
        raise UnsupportedModel(f"{model.name!r} reads text: use `head_statistics`.")
    if not len(images):
        raise BadInput("There are no images. Give at least one.")
    found = []
    for number, image in enumerate(images):
        maps = attention_maps(model, image)
        found.append(of_one(maps.weights, patch_grid(maps.tokens), maps.special))
        report(progress, number + 1, len(images))
    values = {name: np.stack([each[name] for each in found]) for name in found[0]}
    layers, heads = next(iter(values.values())).shape[1:]
    frame = pd.DataFrame(
        {
            "layer": np.repeat(model.layout.attention_layers, heads),
            "head": np.tile(np.arange(heads), layers),
            "texts": len(images),
        }
    )
    for name, each in values.items():
        flat = each.reshape(len(images), -1)
        spread = flat.std(0, ddof=1) if len(images) > 1 else np.full(flat.shape[1], np.nan)
        frame[name], frame[f"{name}_std"] = flat.mean(0), spread
        frame[f"{name}_se"] = spread / np.sqrt(len(images))
    return frame.assign(role=role_labels(frame, "images"))


def of_one(
    weights: np.ndarray, grid: tuple[int, int], special: np.ndarray
) -> dict[str, np.ndarray]:
    """Statistics (layers, heads) of one picture's maps (layers, heads, query, key).

    `special` marks the tokens that are no patches.
    """
    weights = weights.astype(np.float64)
    tokens = weights.shape[-1]
    spread = entropy_nats(weights).mean(-1)
    places = np.stack(np.indices(grid).reshape(2, -1), axis=1).astype(np.float64)
    apart = np.linalg.norm(places[:, None] - places[None], axis=-1)
    share = shares(weights[..., ~special, :][..., ~special])
    near = (np.abs(places[:, None] - places[None]).max(-1) == 1).astype(np.float64)
    return {
        "entropy": spread,
        "entropy_normalised": spread / np.log(tokens),
        "confidence": weights.max(-1).mean(-1),
        "distance": (share * apart).sum(-1).mean(-1),
        "share_first": weights[..., special].sum(-1).mean(-1),
        "share_self": np.einsum("lhqq->lhq", weights).mean(-1),
        "share_near": (share * near).sum(-1).mean(-1),
        "share_sink": patch_shares(weights, special).max(-1),
    }
