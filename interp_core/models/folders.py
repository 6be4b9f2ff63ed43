"""Say what a folder holds: the model itself, a part of it, or something else that can be converted.

Folders come from `git clone` without git-lfs, from broken downloads, from training runs and from
other libraries. Each such state gets a sentence that names it and says what to do.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from interp_core.errors import ClearheadError, ModelNotFound, UnsafeModel, UnsupportedModel
from interp_core.models.file_checks import (
    check_readable,
    check_safetensors,
    is_pointer,
    pointer_size,
    read_text,
)

ADAPTER_CONFIG, ADAPTER_WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
SENTENCE_MODULES = "modules.json"
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.pickle")
# Pickles that a training run leaves beside its weights: never opened, and no weights either.
STATE = re.compile(r"(training_args|optimizer|scheduler|scaler|rng_state)[\w.-]*")
PARTS = re.compile(r"(.+)-(\d{5})-of-(\d{5})\.safetensors")
CHECKPOINT = re.compile(r"checkpoint-(\d+)")
READ = (".json", ".txt", ".model", ".safetensors", ".jinja")  # the files that loading may read
# Names under which a folder is a mistake of copying.
FILES = (
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
    "vocab.json",
    "preprocessor_config.json",
    WEIGHTS,
    INDEX,
    ADAPTER_CONFIG,
    ADAPTER_WEIGHTS,
)
MOST_LISTED = 8
CONVERT = (
    "Convert it once, where you trust the file: "
    "`AutoModel.from_pretrained(folder).save_pretrained(new_folder)` writes safetensors."
)
SAVED = "Point to the folder that `save_pretrained` wrote."
# File patterns of other formats: what they are, and how to get from them to a model.
OTHERS: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("*.gguf",),
        "a GGUF file. Convert it once: `AutoModelForCausalLM.from_pretrained(folder, "
        'gguf_file="{file}").save_pretrained(new_folder)`, and the tokenizer in the same way '
        "with AutoTokenizer.",
    ),
    (
        ("openvino_model*.xml", "openvino_model*.bin"),
        "an OpenVINO export, whose layers cannot be inspected. Use the checkpoint from which "
        "it was exported.",
    ),
    (
        ("*.onnx", "onnx/*.onnx"),
        "an ONNX export, whose layers cannot be inspected. Use the checkpoint from which it "
        "was exported.",
    ),
    (
        ("tf_model*.h5", "saved_model.pb", "*.ckpt.index", "model.ckpt-*"),
        "TensorFlow weights. Convert them once, with transformers 4 and TensorFlow: "
        "`AutoModel.from_pretrained(folder, from_tf=True).save_pretrained(new_folder)`.",
    ),
    (
        ("flax_model*.msgpack",),
        "Flax weights. Convert them once, with transformers 4 and Flax: "
        "`AutoModel.from_pretrained(folder, from_flax=True).save_pretrained(new_folder)`.",
    ),
    (
        ("zero_to_fp32.py", "global_step*", "pytorch_model_fsdp*", "*/*.distcp", "*.distcp"),
        "the parts of a distributed training run. Join them where the run was made: "
        "`python zero_to_fp32.py . new_folder --safe_serialization` for DeepSpeed, "
        "`accelerate merge-weights . new_folder` for FSDP.",
    ),
    (
        ("consolidated*.safetensors", "consolidated*.pth", "params.json"),
        "weights in the original format of Llama or Mistral. Use the version for transformers, "
        "which has config.json and model.safetensors.",
    ),
    (
        ("weights*.npz",),
        "weights for MLX. Use the checkpoint from which they were made.",
    ),
)


def find_model_folder(folder: Path) -> tuple[Path, tuple[str, ...]]:
    """The folder inside `folder` that holds the model or adapter, and notes on how it was found.

    That is `folder` itself, the snapshot of a Hub cache, or the first module of an old
    sentence-transformers folder. Raises `ModelNotFound` where there are several to choose from, or
    something other than a model.
    """
    if (folder / "config.json").exists() or (folder / ADAPTER_CONFIG).exists():
        return folder, ()
    first = _first_module(folder)
    if first is not None:
        return first, ()
    snapshot = _snapshot(folder)
    if snapshot is not None:
        found, notes = find_model_folder(snapshot)
        return found, (f"Of the Hub's cache, the version {snapshot.name[:12]} is shown.", *notes)
    raise _explained(folder)


def listed_modules(folder: Path) -> list[tuple[str, str]]:
    """Type and path of each module that sentence-transformers lists; empty without a list."""
    try:
        listed = json.loads(read_text(folder / SENTENCE_MODULES))
        return [(str(each.get("type") or ""), str(each.get("path") or "")) for each in listed]
    except (OSError, ValueError, AttributeError, TypeError, RecursionError):
        return []


def _first_module(folder: Path) -> Path | None:
    """Where an old sentence-transformers folder keeps its transformer, such as `0_Transformer`."""
    modules = listed_modules(folder)
    path = modules[0][1] if modules else ""
    inside = folder / path
    if not re.fullmatch(r"[\w-][\w.-]*", path) or not (inside / "config.json").is_file():
        return None
    return inside


def _snapshot(folder: Path) -> Path | None:
    """The newest version in a folder of the Hub's cache (`models--owner--name`)."""
    snapshots = folder if folder.name == "snapshots" else folder / "snapshots"
    try:
        main = snapshots.parent / "refs" / "main"
        named = read_text(main).strip() if main.is_file() else ""
        found = [path for path in snapshots.iterdir() if path.is_dir()]
    except (OSError, ValueError, UnsafeModel):
        return None
    chosen = [path for path in found if path.name == named] or found
    return chosen[0] if len(chosen) == 1 else None


def _explained(folder: Path) -> ClearheadError:
    """The sentence for a folder without a model's configuration."""
    name = repr(folder.name)
    inside = _subfolders(folder)
    checkpoints = sorted(
        (path.name for path in inside if CHECKPOINT.fullmatch(path.name)),
        key=lambda each: int(each.partition("-")[2]),
    )
    if checkpoints:
        return ModelNotFound(
            f"The folder {name} holds checkpoints of a training run: {_listed(checkpoints)}. "
            f"{_which(folder, checkpoints)}"
        )
    for what, file in (("adapters", ADAPTER_CONFIG), ("models", "config.json")):
        found = [path.name for path in inside if (path / file).is_file()]
        if found:
            return ModelNotFound(
                f"The folder {name} holds {what} in folders of their own: {_listed(found)}. "
                f"Add one of these names to the path, such as {str(folder / found[0])!r}."
            )
    cached = [path.name for path in inside if path.name.startswith("models--")]
    if cached:
        return ModelNotFound(
            f"The folder {name} is a cache of the Hub with several models: {_listed(cached)}. "
            "Type the Hub id of one, or the path of its folder."
        )
    return other_format(folder) or ModelNotFound(f"The folder {name} has no config.json. {SAVED}")


def _which(folder: Path, checkpoints: list[str]) -> str:
    """What to type: the checkpoint that the run itself calls its best, else the last."""
    last, best = checkpoints[-1], ""
    try:
        state = json.loads(read_text(folder / last / "trainer_state.json"))
        best = Path(str(state.get("best_model_checkpoint") or "")).name
    except (OSError, ValueError, AttributeError, RecursionError, UnsafeModel):
        pass
    if best in checkpoints:
        return f"The run names {best} as its best: type {str(folder / best)!r}."
    return f"For the last one, type {str(folder / last)!r}."


def _subfolders(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError:
        return []


def _listed(names: list[str]) -> str:
    more = len(names) - MOST_LISTED
    return ", ".join(names[-MOST_LISTED:]) + (f" and {more} more" if more > 0 else "")


def other_format(folder: Path) -> ClearheadError | None:
    """The sentence for weights in a format that is not read here; None where there are none."""
    for patterns, what in OTHERS:
        for pattern in patterns:
            file = next(iter(sorted(folder.glob(pattern))), None)
            if file is not None:
                told = what.format(file=file.name) if "{file}" in what else what
                return UnsupportedModel(f"The folder {folder.name!r} holds {told}")
    pickles = (path.name for pattern in PICKLES for path in folder.glob(pattern))
    if any(not STATE.fullmatch(name) for name in pickles):
        return UnsafeModel(
            f"The folder {folder.name!r} holds pickled weights only, and unpickling can run any "
            f"code. {CONVERT}"
        )
    return None


def check_pointers(folder: Path) -> None:
    """Refuse files that loading reads and that cannot be read, or that git-lfs has not fetched.

    Raises `ModelNotFound`.
    """
    unused = _unused_weights(folder)
    for path in sorted(folder.iterdir()):
        if path.suffix not in READ or path.name in unused:
            continue
        if path.is_symlink() and not path.exists():
            continue  # a link to nothing is missing
        if path.is_dir() and path.name not in FILES:
            continue
        check_readable(path)
        if is_pointer(path):
            raise ModelNotFound(
                f"{path.name} in {folder.name!r} is a git-lfs pointer: a line of text in place of "
                f"the file{pointer_size(path)}. Fetch it: `git lfs install && git lfs pull` in the "
                "folder."
            )


def _unused_weights(folder: Path) -> set[str]:
    """Weights beside those that are loaded."""
    if not (folder / WEIGHTS).is_file() or is_pointer(folder / WEIGHTS):
        return set()
    return {path.name for path in folder.glob("*.safetensors")} - {WEIGHTS, ADAPTER_WEIGHTS}


def check_weights(folder: Path) -> None:
    """Refuse a folder whose weights are absent, in parts of which some are missing, or cut off.

    Raises `ModelNotFound`, `UnsafeModel` (pickled weights only) or `UnsupportedModel`.
    """
    if (folder / WEIGHTS).is_file():
        check_safetensors(folder / WEIGHTS)
    elif (folder / INDEX).is_file():
        _check_parts(folder, _named_parts(folder / INDEX))
    elif numbered := [m for p in folder.glob("*.safetensors") if (m := PARTS.fullmatch(p.name))]:
        raise ModelNotFound(
            f"The folder {folder.name!r} holds parts of the weights ({numbered[0][0]}) without "
            f"their list {INDEX}. Download it beside them."
        )
    else:
        raise _no_weights(folder)


def _no_weights(folder: Path) -> ClearheadError:
    found = other_format(folder)
    names = sorted(path.name for path in folder.glob("*.safetensors"))
    if names and not isinstance(found, UnsupportedModel):
        return UnsupportedModel(
            f"transformers cannot load this: it reads {WEIGHTS}, and the folder {folder.name!r} "
            f"holds {_listed(names)}. Save the model again with `save_pretrained`."
        )
    return found or ModelNotFound(f"The folder {folder.name!r} holds no {WEIGHTS}.")


def read_files(folder: Path) -> list[Path]:
    """The files of weights that are loaded; others may lie beside them."""
    if (folder / WEIGHTS).is_file():
        return [folder / WEIGHTS]
    return [folder / name for name in _named_parts(folder / INDEX)]


def _named_parts(index: Path) -> list[str]:
    """Names of the files in the list of parts, as far as it can be read. Raises `UnsafeModel`."""
    try:
        parts = json.loads(read_text(index)).get("weight_map", {})
        return sorted(set(parts.values()))
    except (OSError, ValueError, AttributeError, TypeError, RecursionError):
        return []


def _check_parts(folder: Path, names: list[str]) -> None:
    if not names:
        raise ModelNotFound(
            f"{INDEX} in {folder.name!r} names no files of weights. Download it again, or save the "
            "model again."
        )
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise ModelNotFound(
            f"{len(missing)} of the {len(names)} parts of the weights are missing in "
            f"{folder.name!r}: {_listed(missing)}. Download them again."
        )
    for name in names:
        check_safetensors(folder / name)
