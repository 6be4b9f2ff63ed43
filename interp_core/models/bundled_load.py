"""Build the embedded models: one table row for each form in which a model is kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from interp_core.models.backbone import backbone_folder, plain, under_head
from interp_core.models.language_model import converted_folder

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from interp_core.models.registry import ModelCard


def whole_folder(card: ModelCard) -> Path | None:
    """The folder of a model that is kept whole, ready to be loaded like a user's own; else None.

    Raises `ModelNotFound` where a package is missing that brings it.
    """
    found = WHOLE.get(card.form)
    return found(card) if found else None


def build(card: ModelCard) -> tuple[PreTrainedModel, Path]:
    """The model of a card that is built on the backbone, and the folder of its tokenizer."""
    folder = backbone_folder()
    return BUILT[card.form](card, folder), folder


def _adapted(card: ModelCard, folder: Path) -> PreTrainedModel:
    import torch

    from interp_core.models.adapter import merge_adapter

    with torch.random.fork_rng(devices=[]):
        model = under_head(card.task, card.labels, folder)
    merge_adapter(model, card.folder)
    return model


def _recurrent(card: ModelCard, folder: Path) -> PreTrainedModel:
    import torch

    from interp_core.models.recurrent import load_recurrent

    with torch.random.fork_rng(devices=[]):
        return load_recurrent(card.labels, folder, card.folder)


WHOLE = {"folder": lambda card: card.folder, "package": lambda card: converted_folder()}
BUILT = {
    "backbone": lambda card, folder: plain(folder),
    "adapter": _adapted,
    "recurrent": _recurrent,
}
