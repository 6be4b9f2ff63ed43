"""From the vectors of a text's tokens to one vector of the text."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from interp_core.errors import BadInput
from interp_core.models.backbone import backbone_folder
from interp_core.models.registry import bundled_card

if TYPE_CHECKING:
    from interp_core.analysis.hidden_states import Batch
    from interp_core.models.record import LoadedModel

# Modes of sentence-transformers' `1_Pooling/config.json` that are known here.
SENTENCE_MODES = {
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_cls_token": "first",
    "pooling_mode_lasttoken": "last",
    "pooling_mode_max_tokens": "max",
}


def _mean(states: torch.Tensor) -> torch.Tensor:
    return states.mean(dim=-2)


def _first(states: torch.Tensor) -> torch.Tensor:
    return states[..., 0, :]


def _last(states: torch.Tensor) -> torch.Tensor:
    return states[..., -1, :]


def _max(states: torch.Tensor) -> torch.Tensor:
    return states.amax(dim=-2)


# (..., tokens, dim) -> (..., dim). All tokens count, special ones too, as models are trained.
STATE_POOLINGS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "mean": _mean,
    "first": _first,
    "last": _last,
    "max": _max,
}
POOLINGS = ("mean", "first", "model")


def pooling_of(model: LoadedModel) -> str:
    """What "model" pooling is for this model: mean, first, last, max or "pooler".

    The mode that a sentence-transformers folder names; else the trained pooler; else the last
    token of causal models. Raises `BadInput` where the model has none of these.
    """
    named = _sentence_mode(model)
    if named:
        return named
    if model.model.config.is_encoder_decoder:
        raise BadInput(f"{model.name!r} has no pooling of its own. Use mean or first.")
    if getattr(model.model.base_model, "pooler", None) is not None:
        return "pooler"
    if model.layout.causal:
        return "last"
    raise BadInput(f"{model.name!r} has no pooling of its own. Use mean or first.")


def _sentence_mode(model: LoadedModel) -> str | None:
    card = bundled_card(model.name)
    if card is not None and card.form != "backbone":
        return None  # trained further for another task: the sentence pooling is no longer its own
    folder = backbone_folder() if card else Path(model.name).expanduser()
    try:
        settings = json.loads((folder / "1_Pooling" / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    chosen = [mode for key, mode in SENTENCE_MODES.items() if settings.get(key) is True]
    return chosen[0] if len(chosen) == 1 else None


def check_pooling(model: LoadedModel, pooling: str | None, layers: list[int]) -> str | None:
    """The way to pool that `pooling` stands for. Raises `BadInput`."""
    if pooling is None:
        return None
    if pooling not in POOLINGS:
        raise BadInput(f"{pooling!r} is no pooling. Choose {', '.join(POOLINGS)}, or none.")
    way = pooling_of(model) if pooling == "model" else pooling
    if way == "pooler" and layers != [model.n_layers]:
        raise BadInput("The model's own pooler reads the last layer alone. Use layer=-1, or mean.")
    return way


def pool(batch: Batch, way: str) -> torch.Tensor:
    """(layers, texts, dim) float32."""
    if way == "pooler":
        return batch.output.pooler_output.float().cpu()[None]
    return STATE_POOLINGS[way](batch.states)
