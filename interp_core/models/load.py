"""Load a model by embedded name, local folder or Hub id, ready to be looked into."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interp_core.errors import ClearheadError, ModelNotFound, UnsafeModel, UnsupportedModel
from interp_core.models import bundled_load
from interp_core.models.hub import hub_folder
from interp_core.models.layout import probe_layout
from interp_core.models.record import LoadedModel
from interp_core.models.registry import ModelCard, bundled_card
from interp_core.models.safety import check_folder, check_remote_code
from interp_core.models.tasks import HEADLESS, find_task
from interp_core.models.weights import load_weights, quiet_loading

if TYPE_CHECKING:
    import torch
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

DEFAULT_MAX_TOKENS = 512  # for relative positions, which set no limit of their own
PROBE = "Clearhead looks inside."
LABELLED = ("sequence-classification", "token-classification", "image-classification")


def load_model(
    name_or_path: str,
    *,
    task: str | None = None,
    device: str | None = None,
    dtype: str | None = None,
    revision: str | None = None,
) -> LoadedModel:
    """Load a model with eager attention, in evaluation mode.

    `name_or_path` is an embedded name (`"sentiment"`), a local folder or a Hub id. `task` overrides
    what the configuration says; `device` and `dtype` default to the GPU or MPS where present, and
    float32. Nothing of the folder is ever executed: safetensors only, no remote code.

    Raises `ModelNotFound`, `UnsafeModel`, `UnsupportedModel` (no such head in the checkpoint, no
    attention maps) or `BadInput` (unknown task).
    """
    name = str(name_or_path).strip()
    if not name or "\0" in name:
        raise ModelNotFound("Name a model: an embedded one, a folder or a Hub id.")
    card = bundled_card(name)
    if card is not None:
        return _load_bundled(card, task, device)
    folder = Path(name).expanduser()
    if not folder.is_dir():
        folder = hub_folder(name, revision)
    return _load_folder(folder, name, task, device, dtype, revision)


def _load_bundled(card: ModelCard, task: str | None, device: str | None) -> LoadedModel:
    folder = bundled_load.backbone_folder()
    with quiet_loading():
        model = bundled_load.build(card, folder)
    if task not in (None, card.task):
        if find_task({}, task) != HEADLESS:
            raise UnsupportedModel(f"{card.name!r} has no {task} head; its task is {card.task}.")
        model = model.base_model
    text_tools = {"tokenizer": _tokenizer(folder), "processor": None}
    return _finish(model, card.name, task or card.task, device, text_tools, revision=card.revision)


def _load_folder(
    folder: Path, name: str, task: str | None, device: str | None, dtype: Any, revision: str | None
) -> LoadedModel:
    raw = check_folder(folder)
    config = _config(folder, raw)
    found = find_task(raw, task)
    model, found, notes = load_weights(
        folder, config, found, asked=task is not None, dtype=dtype or "float32"
    )
    tools = {"tokenizer": None, "processor": None}
    if found == "image-classification" or getattr(config, "image_size", None):
        tools["processor"] = _processor(folder)
    else:
        tools["tokenizer"] = _tokenizer(folder)
    return _finish(model, name, found, device, tools, revision=revision or "", notes=notes)


def _config(folder: Path, raw: dict) -> PretrainedConfig:
    from transformers import CONFIG_MAPPING, AutoConfig

    check_remote_code(raw, known=raw.get("model_type") in CONFIG_MAPPING)
    if raw.get("model_type") not in CONFIG_MAPPING:
        raise UnsupportedModel(
            f"The installed transformers does not know the architecture {raw.get('model_type')!r}."
        )
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    except Exception as error:
        raise UnsupportedModel(f"config.json does not describe a model: {error}") from error
    if getattr(config, "attention_type", None) == "block_sparse":
        config.attention_type = "original_full"
    return config


def _tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    from transformers import AutoTokenizer

    settings = folder / "tokenizer_config.json"
    if settings.is_file() and "auto_map" in json.loads(settings.read_text(encoding="utf-8")):
        _refuse_tokenizer_code(folder)
    try:
        with quiet_loading():
            return AutoTokenizer.from_pretrained(
                folder, trust_remote_code=False, local_files_only=True
            )
    except Exception as error:
        raise UnsupportedModel(
            "The folder has no tokenizer that transformers can load. Save it beside the model: "
            "`tokenizer.save_pretrained(folder)`."
        ) from error


def _refuse_tokenizer_code(folder: Path) -> None:
    if not (folder / "tokenizer.json").is_file():
        raise UnsafeModel(
            "This tokenizer needs Python code from the model's folder, which Clearhead never runs."
        )


def _processor(folder: Path) -> Any:
    from transformers import AutoImageProcessor

    try:
        with quiet_loading():
            return AutoImageProcessor.from_pretrained(
                folder, trust_remote_code=False, local_files_only=True
            )
    except Exception as error:
        raise UnsupportedModel(
            "The folder has no image processor. Save it beside the model: "
            "`processor.save_pretrained(folder)`."
        ) from error


def _finish(
    model: PreTrainedModel, name: str, task: str, device: str | None, tools: dict, **about: Any
) -> LoadedModel:
    place = _device(device)
    model = model.eval().requires_grad_(False).to(place)
    labels = _labels(model.config) if task in LABELLED else ()
    limit = _max_tokens(model, tools["tokenizer"])
    try:
        layout = probe_layout(model, _probe_inputs(model, tools["tokenizer"], place))
    except ClearheadError:
        raise
    except Exception as error:
        raise UnsupportedModel(
            f"A trial run of the model failed ({type(error).__name__}): {error}"
        ) from error
    return LoadedModel(name, task, labels, model, device=place, max_tokens=limit, layout=layout,
                       **tools, **about)  # fmt: skip


def _device(asked: str | None) -> torch.device:
    import torch

    if asked:
        return torch.device(asked)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def _labels(config: PretrainedConfig) -> tuple[str, ...]:
    return tuple(str(config.id2label[number]) for number in sorted(config.id2label))


def _max_tokens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase | None) -> int:
    config = model.config
    limits = [getattr(config, name, None) for name in ("max_position_embeddings", "n_positions")]
    # RoBERTa counts positions from padding_idx + 1, so that many rows of its table are unusable.
    table = dict(model.named_modules()).get(f"{_body_prefix(model)}embeddings.position_embeddings")
    lost = getattr(table, "padding_idx", None)
    limits = [n - (lost + 1 if lost is not None else 0) for n in limits if isinstance(n, int)]
    if tokenizer is not None and tokenizer.model_max_length < 10**7:
        limits.append(tokenizer.model_max_length)
    return min((n for n in limits if n > 0), default=DEFAULT_MAX_TOKENS)


def _body_prefix(model: PreTrainedModel) -> str:
    return "" if model.base_model is model else f"{model.base_model_prefix}."


def _probe_inputs(model: PreTrainedModel, tokenizer: Any, place: torch.device) -> dict:
    import torch

    if tokenizer is None:
        config = model.config
        size = config.image_size
        height, width = size if isinstance(size, (tuple, list)) else (size, size)
        pixels = torch.zeros(1, config.num_channels, height, width, device=place, dtype=model.dtype)
        return {"pixel_values": pixels}
    ids = tokenizer(PROBE, return_tensors="pt")["input_ids"].to(place)
    rows = model.get_input_embeddings().num_embeddings
    if int(ids.max()) >= rows:
        raise UnsupportedModel(
            f"The tokenizer knows more tokens than the model ({rows}): they do not belong together."
        )
    return {"input_ids": ids}
