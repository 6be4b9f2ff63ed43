"""Refuse model folders that could run code, reach out of themselves or exhaust the machine."""

from __future__ import annotations

import json
from pathlib import Path

from interp_core.errors import ModelNotFound, UnsafeModel, UnsupportedModel

PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.pickle")
MAX_CONFIG_BYTES = 4 * 2**20
MAX_LAYERS = 1000
DEPTHS = (
    "num_hidden_layers", "n_layer", "n_layers", "num_layers", "num_decoder_layers",
    "encoder_layers", "decoder_layers",
)  # fmt: skip
CONVERT = (
    "Convert it once, where you trust the file: "
    "`AutoModel.from_pretrained(folder).save_pretrained(new_folder)` writes safetensors."
)


def read_json(path: Path) -> dict:
    """A JSON object from a model folder, with a bound on its size and depth."""
    if path.stat().st_size > MAX_CONFIG_BYTES:
        raise UnsafeModel(f"{path.name} is larger than 4 MB, which no real configuration is.")
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ModelNotFound(f"{path.name} is not valid JSON; save the model again.") from error
    if not isinstance(data, dict):
        raise ModelNotFound(f"{path.name} holds no settings; save the model again.")
    return data


def check_folder(folder: Path) -> dict:
    """Check a model folder and return its configuration.

    Raises `ModelNotFound` when it is not a model folder and `UnsafeModel` when its weights are
    pickled only (unpickling runs code) or when a file links out of the folder.
    """
    if not (folder / "config.json").is_file():
        raise ModelNotFound(
            f"The folder {folder.name!r} has no config.json. Point to the folder that "
            "`save_pretrained` wrote."
        )
    config = read_json(folder / "config.json")
    _check_links(folder)
    if not any(folder.glob("*.safetensors")):
        if any(any(folder.glob(pattern)) for pattern in PICKLES):
            raise UnsafeModel(
                f"The folder {folder.name!r} holds pickled weights only, and unpickling can run "
                f"any code. {CONVERT}"
            )
        raise ModelNotFound(f"The folder {folder.name!r} holds no model.safetensors.")
    return config


def _check_links(folder: Path) -> None:
    # Hub caches link snapshots to sibling blobs of the same repository: those stay inside it.
    root = folder.resolve()
    inside = root.parents[1] if root.parent.name == "snapshots" else root
    for path in folder.iterdir():
        if path.is_symlink() and not path.resolve().is_relative_to(inside):
            raise UnsafeModel(
                f"{path.name} in {folder.name!r} is a link out of the folder. Copy the file in."
            )


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
    for settings in (config, *(part for part in config.values() if isinstance(part, dict))):
        for name in DEPTHS:
            if isinstance(settings.get(name), int) and settings[name] > MAX_LAYERS:
                raise UnsafeModel(f"config.json asks for {settings[name]:,} layers: no model has.")
