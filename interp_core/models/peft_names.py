"""Adapters whose modules have the names of earlier versions of transformers, under today's names.

ViT's `encoder.layer.0.attention.attention.query` is `layers.0.attention.q_proj` today. transformers
renames the weights of whole models as it reads them; an adapter's tensors and settings name the
same modules and are renamed here by the same rules.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interp_core.models.adapter_config import PREFIX, AdapterFolder
from interp_core.models.folders import ADAPTER_CONFIG, ADAPTER_WEIGHTS

if TYPE_CHECKING:
    from transformers import PreTrainedModel

PARAMETERS = ("weight", "bias")  # what a module holds itself; all else belongs to the adapter
# Settings that choose among the modules by their names: the tensors say what was chosen.
CHOOSING = ("exclude_modules", "layers_to_transform", "layers_pattern")
BY_MODULE = ("rank_pattern", "alpha_pattern")


def moved_modules(adapter: AdapterFolder, model: PreTrainedModel) -> dict[str, str]:
    """Old name of a tensor → its name today; empty where none has another name today."""
    modules = {name for name, _ in model.named_modules()}
    if all(len(_rest(name, modules)) <= 3 for name in adapter.shapes):
        return {}  # each stands in a module of the model: `lora_A.default.weight` at most
    rename = _renaming(model)
    found = {name: rename(name) for name in adapter.shapes}
    return {
        old: new
        for old, new in found.items()
        if len(_rest(new, modules)) < len(_rest(old, modules))
    }


def _renaming(model: PreTrainedModel) -> Callable[[str], str]:
    """transformers' own rules for the names of weights that earlier versions saved."""
    from transformers.conversion_mapping import get_model_conversion_mapping
    from transformers.core_model_loading import WeightRenaming, rename_source_key

    every = get_model_conversion_mapping(model) or ()
    rules = [each for each in every if isinstance(each, WeightRenaming)]
    return lambda name: rename_source_key(name, rules, [])[0]


def _rest(name: str, modules: set[str]) -> list[str]:
    """The parts of a tensor's name behind the innermost module of the model."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        if ".".join(parts[:count]) in modules:
            return parts[count:]
    return parts


def renamed_settings(
    settings: dict[str, Any], adapter: AdapterFolder, moved: dict[str, str], model: PreTrainedModel
) -> dict[str, Any]:
    """The settings with the modules' names of today, each module named in full.

    Ranks and scales that were set by module stay with theirs.
    """
    modules = {name for name, _ in model.named_modules()}
    places: dict[str, str] = {}  # old name of a module → today's
    for old in adapter.shapes:
        new = moved.get(old, old)
        rest = _rest(new, modules)
        if rest and rest[0] not in PARAMETERS:
            end = "." + ".".join(rest)
            places[old.removesuffix(end)] = new.removesuffix(end)
    found = {**settings, "target_modules": sorted(places.values())}
    found |= {name: None for name in CHOOSING if name in settings}
    for name in BY_MODULE:
        if isinstance(given := settings.get(name), dict) and given:
            found[name] = _by_module(given, places)
    return found


def _by_module(given: dict[str, Any], places: dict[str, str]) -> dict[str, Any]:
    """What peft's patterns say of each module, by its whole name of today."""
    found = {}
    for old, new in places.items():
        key = next((key for key in given if re.match(rf"(.*\.)?({key})$", old)), None)
        if key is not None:
            found[re.escape(new)] = given[key]
    return found


def write_renamed(
    adapter: AdapterFolder, settings: dict[str, Any], moved: dict[str, str], draft: Path
) -> None:
    """The adapter with the names of today, as a folder that peft reads."""
    from safetensors.torch import load_file, save_file

    tensors = {}
    for name, value in load_file(adapter.folder / ADAPTER_WEIGHTS).items():
        bare = name.removeprefix(PREFIX)
        start = PREFIX if name != bare else ""
        tensors[start + moved.get(bare, bare)] = value
    save_file(tensors, draft / ADAPTER_WEIGHTS)
    (draft / ADAPTER_CONFIG).write_text(json.dumps(settings), encoding="utf-8")
