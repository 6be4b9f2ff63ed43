"""Load a model by built-in name, local folder or Hub id, ready to be looked into."""

from __future__ import annotations

from dataclasses import replace
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING

from interp_core.errors import (
    BadInput,
    ModelNotFound,
    UnsupportedModel,
)
from interp_core.models import bundled_models
from interp_core.models.adapter_config import is_adapter
from interp_core.models.device import checked, find_device, find_dtype
from interp_core.models.file_checks import unreadable
from interp_core.models.folders import find_model_folder
from interp_core.models.hub import LONGEST_SHOWN, hub_folder, split_revision
from interp_core.models.layout import settle
from interp_core.models.preprocessors import load_processor, load_tokenizer
from interp_core.models.ready import make_ready, undo_habits
from interp_core.models.record import LoadedModel
from interp_core.models.registry import ModelCard, bundled_card
from interp_core.models.safety import check_config, check_folder
from interp_core.models.sentence_modules import lower_case, sentence_folder
from interp_core.models.tasks import HEADLESS, check_label_names, find_task, readings
from interp_core.models.vision import picture_part
from interp_core.models.weights import load_weights, quiet_loading

if TYPE_CHECKING:
    import torch
    from transformers import PretrainedConfig, PreTrainedModel


def load_model(
    name_or_path: str,
    *,
    base: str | None = None,
    task: str | None = None,
    device: str | None = None,
    dtype: str | None = None,
    revision: str | None = None,
    check_memory: bool = True,
) -> LoadedModel:
    """Load a model with eager attention, in evaluation mode.

    `name_or_path` is a built-in name (`"sentiment"`), a local folder or a Hub id, also with its
    `revision`, a branch, tag or commit (`"org/model@v2"`). An adapter that the library peft
    wrote is merged into its base model: the one it names, or `base` (a built-in name, a folder,
    also relative to the adapter's, or a Hub id). `task` overrides what the configuration says;
    `device` and `dtype` default to the GPU or MPS where present, and float32; device "auto"
    spreads the model over all GPUs. Weights that do not fit into the memory that is free are
    refused before they are read, unless `check_memory` is off.

    Nothing of the folder is ever executed: safetensors only, no remote code.

    Raises `ModelNotFound` (`MissingBase` for an adapter's base), `UnsafeModel`, `UnsupportedModel`
    (no such head in the checkpoint, no attention maps), `BadInput` (unknown task or device),
    `ModelTooLarge` or `NotFinite`.
    """
    try:
        with checked(check_memory):
            return _load(name_or_path, base, task, device, dtype, revision)
    except PermissionError as error:
        shown = str(name_or_path)[:LONGEST_SHOWN]
        raise ModelNotFound(
            f"{shown!r} may not be read by the user who runs this. Allow it "
            "(`chmod -R u+rX` by the owner of the files), or copy the folder."
        ) from error
    except OSError as error:  # a file that vanished, a disk or a network drive that fails
        place = Path(error.filename or str(name_or_path)[:LONGEST_SHOWN])
        raise unreadable(place, error) from error


def _load(
    name_or_path: str,
    base: str | None,
    task: str | None,
    device: str | None,
    dtype: str | None,
    revision: str | None,
) -> LoadedModel:
    name = str(name_or_path).strip()
    if not name or "\0" in name:
        raise ModelNotFound("Name a model: a built-in one, a folder or a Hub id.")
    find_task({}, task)  # an unknown task is refused before anything is read or fetched
    where, number_format = find_device(device), find_dtype(dtype)
    card = bundled_card(name)
    if card is not None:
        _refuse_base(name, base)
        return _load_bundled(card, task, where, number_format)
    local = _local_folder(name)
    if local is None:
        called, at = split_revision(name)
        if at and revision and at != revision:
            raise BadInput(f"{name!r} names another revision than {revision!r}. Give one of them.")
        revision = at or revision
    folder, notes = find_model_folder(local or hub_folder(called, revision))
    if is_adapter(folder):
        return _load_adapter(folder, name, base, task, where, number_format, revision, notes)
    _refuse_base(name, base)
    loaded = _load_folder(folder, name, task, where, number_format, revision)
    return replace(loaded, notes=(*notes, *loaded.notes)) if notes else loaded


def _refuse_base(name: str, base: str | None) -> None:
    if base:
        raise BadInput(f"{name!r} is a complete model, not an adapter. Leave the base model out.")


def _local_folder(name: str) -> Path | None:
    try:
        path = Path(name).expanduser()
        if path.is_file() and not bundled_card(name):
            raise ModelNotFound(
                f"{path.name!r} is a file, not a model folder. Type the folder that holds "
                f"it{_unpacked(path.suffix)}: {str(path.parent)!r}."
            )
        return path if path.is_dir() else None
    except (OSError, RuntimeError):  # a name too long for a path, `~nobody`
        return None


def _unpacked(suffix: str) -> str:
    return ", unpacked," if suffix in (".zip", ".gz", ".tgz", ".tar", ".7z", ".xz") else ""


def _load_bundled(
    card: ModelCard, task: str | None, device: torch.device | None, dtype: torch.dtype
) -> LoadedModel:
    refusal = f"{card.name!r} has no {task} head; its task is {card.task}."
    if task not in (None, card.task, HEADLESS):
        raise UnsupportedModel(refusal)
    folder = bundled_models.whole_folder(card)
    if folder is not None:
        return _load_folder(folder, card.name, task, device, dtype, card.revision)
    with quiet_loading():
        model, folder = bundled_models.build(card)
    model = model.to(dtype)
    if task not in (None, card.task):
        if model.base_model is model:
            raise UnsupportedModel(refusal)
        model = model.base_model
    text_tools = {"tokenizer": load_tokenizer(folder), "processor": None}
    # The backbone under another head was trained further: its sentence vectors are gone.
    sentences = sentence_folder(folder) if card.form == "backbone" else None
    return make_ready(
        model,
        card.name,
        task or card.task,
        device,
        text_tools,
        revision=card.revision,
        sentences=sentences,
    )


def _load_folder(
    folder: Path,
    name: str,
    task: str | None,
    device: torch.device | None,
    dtype: torch.dtype,
    revision: str | None,
) -> LoadedModel:
    raw = check_folder(folder)
    config = _config(folder, raw)
    found, offered = find_task(config, task), readings(config)
    if found == HEADLESS:
        config = picture_part(config) or config
    model, found, notes = load_weights(folder, config, found, asked=task is not None, dtype=dtype)
    tools = _tools(folder, model)
    loaded = make_ready(
        model,
        name,
        found,
        device,
        tools,
        revision=revision or "",
        notes=(*notes, *lower_case(folder, tools["tokenizer"])),
        sentences=sentence_folder(folder),
        readings=offered,
    )
    return settle(loaded, asked=task is not None)


def _load_adapter(
    folder: Path,
    name: str,
    base: str | None,
    task: str | None,
    device: torch.device | None,
    dtype: torch.dtype,
    revision: str | None,
    notes: tuple[str, ...],
) -> LoadedModel:
    from interp_core.models.peft_adapters import load_adapter

    merged = load_adapter(folder, (base or "").strip() or None, task, dtype, (_config, _tools))
    notes = (f"Adapter on {merged.base}, merged.", *notes, *merged.notes)
    loaded = make_ready(
        merged.model,
        name,
        merged.task,
        device,
        merged.tools,
        revision=revision or "",
        notes=notes,
        base=merged.base,
        sentences=merged.sentences,
        readings=tuple(dict.fromkeys([merged.task, HEADLESS])),
    )
    return settle(loaded, asked=task is not None)


def _tools(folder: Path, model: PreTrainedModel) -> dict:
    """The tokenizer, or the image processor of a model that reads pictures."""
    if "input_ids" not in signature(model.forward).parameters:
        return {"tokenizer": None, "processor": load_processor(folder)}
    return {"tokenizer": load_tokenizer(folder), "processor": None}


def _config(folder: Path, raw: dict) -> PretrainedConfig:
    from transformers import CONFIG_MAPPING, AutoConfig

    kind = str(raw.get("model_type"))
    check_config(raw, known=kind in CONFIG_MAPPING)
    if kind not in CONFIG_MAPPING:
        raise UnsupportedModel(
            f"The installed transformers does not know the architecture {kind[:50]!r}."
        )
    check_label_names(raw)
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    except Exception as error:
        raise UnsupportedModel(
            f"config.json does not describe a model: {str(error)[:300]}"
        ) from error
    # Before anything is built: the setting may name code on the Hub, which would be fetched.
    config._attn_implementation = "eager"
    undo_habits(config)
    if getattr(config, "attention_type", None) == "block_sparse":
        config.attention_type = "original_full"
    return config
