"""Refuse model folders that could run code, reach out of themselves or exhaust the machine."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from interp_core.errors import ModelNotFound, UnsafeModel, UnsupportedModel
from interp_core.models.file_checks import is_pointer, read_text
from interp_core.models.folders import SAVED, check_pointers, check_weights

MAX_LAYERS = 1000
MAX_COUNT = 100_000
MAX_PIXELS = 10_000  # a side of the pictures that an image processor makes
MAX_DEPTH = 50
DEPTHS = (
    "num_hidden_layers",
    "n_layer",
    "n_layers",
    "num_layers",
    "num_decoder_layers",
    "encoder_layers",
    "decoder_layers",
)
# Counts of which transformers makes a list, a table or a module each before it reads any weight.
COUNTS = ("num_labels", "num_experts", "num_local_experts", "n_routed_experts")
SHARD = re.compile(r"[\w-][\w.-]*\.safetensors")


def read_json(path: Path) -> dict:
    """A JSON object from a model folder, with a bound on its size and depth."""
    if is_pointer(path):
        raise ModelNotFound(
            f"{path.name} is a git-lfs pointer, not the file. Fetch it: `git lfs install && "
            "git lfs pull` in the folder."
        )
    try:
        text = read_text(path)
        if text.startswith("\ufeff"):
            raise ModelNotFound(
                f"{path.name} begins with a byte order mark, which transformers does not read. "
                "Save the file again as UTF-8 without one."
            )
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelNotFound(f"{path.name} is not valid JSON; save the model again.") from error
    if not isinstance(data, dict):
        raise ModelNotFound(f"{path.name} holds no settings; save the model again.")
    return data


def check_folder(folder: Path) -> dict:
    """Check a model folder and return its configuration.

    Raises `ModelNotFound` when it is not a model folder or a part of it is missing, `UnsafeModel`
    when its weights are pickled only (unpickling runs code) or when a file links or leads out of
    the folder, and `UnsupportedModel` when the weights are damaged or in another format.
    """
    if not (folder / "config.json").is_file():
        raise ModelNotFound(f"The folder {folder.name!r} has no config.json. {SAVED}")
    check_files(folder)
    config = read_json(folder / "config.json")
    check_weights(folder)
    return config


def check_files(folder: Path) -> None:
    """Refuse links out of a folder, pipes, stand-ins of git-lfs and lists that lead elsewhere.

    Raises `UnsafeModel` or `ModelNotFound`.
    """
    check_links(folder)
    check_pointers(folder)
    _check_shards(folder)


def check_links(folder: Path) -> None:
    """Refuse links that lead out of a folder, and what is no file. Raises `UnsafeModel`."""
    # Hub caches link snapshots to sibling blobs of the same repository: those stay inside it.
    root = folder.resolve()
    inside = root.parents[1] if root.parent.name == "snapshots" else root
    for path in folder.rglob("*"):
        if path.is_symlink() and not path.resolve().is_relative_to(inside):
            raise UnsafeModel(
                f"{path.name} in {folder.name!r} is a link out of the folder. Copy the file in."
            )
        if not (path.is_file() or path.is_dir() or path.is_symlink()):  # a pipe never ends
            raise UnsafeModel(f"{path.name} in {folder.name!r} is not a file. Remove it.")


def _check_shards(folder: Path) -> None:
    """The parts of large weights are safetensors files beside their list, and nothing else."""
    for path in folder.glob("*.safetensors.index.json"):
        parts = read_json(path).get("weight_map", {})
        names = set(parts.values()) if _flat(parts) else {""}
        for name in names:
            if not SHARD.fullmatch(name):
                raise UnsafeModel(
                    f"{path.name} names {name[:100]!r} as a part of the weights. Parts are "
                    "safetensors files in the same folder: save the model again."
                )


def _flat(parts: object) -> bool:
    return isinstance(parts, dict) and all(isinstance(name, str) for name in parts.values())


def check_processor(settings: dict) -> None:
    """Refuse an image processor that would make pictures of absurd sizes. Raises `UnsafeModel`."""
    for part in _parts({name: settings.get(name) for name in ("size", "crop_size")}):
        for name, value in part.items():
            if isinstance(value, int | float) and value > MAX_PIXELS:
                raise UnsafeModel(f"The image processor asks for {value:,} pixels ({name}).")


def _parts(settings: dict, depth: int = 0) -> Iterator[dict]:
    """The settings and all settings inside them. Raises `UnsafeModel` for nests without end."""
    if depth > MAX_DEPTH:
        raise UnsafeModel("The settings are nested deeper than any model's.")
    yield settings
    for value in settings.values():
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, dict):
                yield from _parts(part, depth + 1)


def check_config(config: dict, known: bool) -> None:
    """Refuse settings that need code from elsewhere or would exhaust the machine.

    Raises `UnsafeModel` or `UnsupportedModel`; `known` says that transformers has the architecture.
    """
    if config.get("auto_map") and not known:
        raise UnsafeModel(
            "This model needs Python code from its own folder (trust_remote_code), which Clearhead "
            "never runs. Use a checkpoint of an architecture that transformers itself contains."
        )
    if config.get("quantization_config"):  # the kernels are extra packages or Hub downloads
        raise UnsupportedModel(
            "The checkpoint is quantized, which needs extra compute kernels. Use the original "
            "weights, or dequantize it once and save it with `save_pretrained`."
        )
    for settings in _parts(config):
        for name in (*DEPTHS, *COUNTS):
            value, most = settings.get(name), MAX_LAYERS if name in DEPTHS else MAX_COUNT
            if isinstance(value, int | float) and value > most:
                what = "layers" if name in DEPTHS else name
                raise UnsafeModel(
                    f"config.json asks for {value:,} {what}, which is not plausible. Check or "
                    "re-save the model."
                )
