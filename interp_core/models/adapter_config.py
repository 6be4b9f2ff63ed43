"""Read what an adapter folder of the library peft says, before anything of it is loaded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from interp_core.errors import ModelNotFound, UnsafeModel, UnsupportedModel
from interp_core.models.file_checks import check_safetensors
from interp_core.models.folders import (
    ADAPTER_CONFIG,
    ADAPTER_WEIGHTS,
    PICKLES,
    STATE,
    other_format,
)
from interp_core.models.safety import MAX_COUNT, MAX_LAYERS, check_files, read_json
from interp_core.models.tasks import HEADLESS

TASKS = {
    "SEQ_CLS": "sequence-classification",
    "TOKEN_CLS": "token-classification",
    "QUESTION_ANS": "question-answering",
    "CAUSAL_LM": "causal-lm",
    "SEQ_2_SEQ_LM": "encoder-decoder",
    "FEATURE_EXTRACTION": HEADLESS,
}
# Kinds that put tokens or networks beside the base: what they do is no change of its weights.
UNMERGED = {
    "PROMPT_TUNING": "prompt tuning",
    "MULTITASK_PROMPT_TUNING": "multitask prompt tuning",
    "P_TUNING": "P-tuning",
    "PREFIX_TUNING": "prefix tuning",
    "CPT": "context-aware prompt tuning (CPT)",
    "CARTRIDGE": "a cartridge",
    "ADAPTION_PROMPT": "an adaption prompt (LLaMA-Adapter)",
    "XLORA": "X-LoRA",
    "POLY": "Poly",
    "SHADOW": "ShadowPEFT",
}
KNOWN_LIBRARIES = ("transformers.", "sentence_transformers.")
RANKS = ("r", "init_r", "target_r")
USUAL_RANK = 256  # small enough to allow, whatever the file holds
PREFIX = "base_model.model."
CONVERT = (
    "Convert it once, where you trust the file: "
    "`PeftModel.from_pretrained(base_model, folder).save_pretrained(new_folder)`."
)


@dataclass(frozen=True)
class AdapterFolder:
    """An adapter that was checked: its settings, and the shape of each tensor by name."""

    folder: Path
    settings: dict[str, Any]
    shapes: dict[str, tuple[int, ...]]

    @property
    def kind(self) -> str:
        """Such as LORA."""
        return str(self.settings["peft_type"])

    @property
    def base(self) -> str:
        """The base model that it names, or nothing."""
        return str(self.settings.get("base_model_name_or_path") or "").strip()

    @property
    def base_class(self) -> str:
        """The class of the base model, where it says so."""
        named = self.settings.get("auto_mapping")
        return str(named.get("base_model_class") or "") if isinstance(named, dict) else ""

    def saved(self, parameter: str) -> tuple[int, ...] | None:
        """The shape of a parameter of the base model that the adapter holds in full, or None."""
        module, _, last = parameter.rpartition(".")
        names = (parameter, f"{module}.base_layer.{last}", f"{module}.modules_to_save.{last}")
        return next((self.shapes[n] for n in names if n in self.shapes), None)


def is_adapter(folder: Path) -> bool:
    """Whether a folder holds an adapter that the library peft wrote."""
    return (folder / ADAPTER_CONFIG).exists()


def read_adapter(folder: Path) -> AdapterFolder:
    """Check an adapter folder and read its settings; nothing is loaded.

    Raises `ModelNotFound`, `UnsafeModel` (pickled weights, settings that name code or absurd
    sizes) or `UnsupportedModel` (a kind that cannot be merged into its base).
    """
    check_files(folder)
    settings = read_json(folder / ADAPTER_CONFIG)
    kind = settings.get("peft_type")
    if not isinstance(kind, str):
        raise ModelNotFound(
            f"{ADAPTER_CONFIG} names no kind of adapter (peft_type). Save it again."
        )
    _refuse_code(settings)
    if kind in UNMERGED:
        raise UnsupportedModel(
            f"The adapter is made by {UNMERGED[kind]}, which cannot be merged into the weights of "
            "its base model. Use an adapter that changes weights, such as LoRA."
        )
    _check_weights_of(folder)
    shapes = _shapes(folder / ADAPTER_WEIGHTS)
    _check_sizes(settings, shapes, kind)
    return AdapterFolder(folder, settings, shapes)


def _refuse_code(settings: dict) -> None:
    named = settings.get("auto_mapping")
    library = str(named.get("parent_library") or "") if isinstance(named, dict) else ""
    if library and not library.startswith(KNOWN_LIBRARIES):
        raise UnsafeModel(
            f"The adapter's base model is a class of {library[:100]!r}: Python code from elsewhere "
            "(trust_remote_code), which Clearhead never runs."
        )
    if settings.get("megatron_config"):  # peft would import the module that stands beside it
        raise UnsafeModel(
            "The adapter asks for Megatron layers, which import a Python module that it names. "
            "Clearhead never runs code of a model folder."
        )


def _check_weights_of(folder: Path) -> None:
    if (folder / ADAPTER_WEIGHTS).is_file():
        check_safetensors(folder / ADAPTER_WEIGHTS)
        return
    pickles = [path.name for pattern in PICKLES for path in folder.glob(pattern)]
    if any(not STATE.fullmatch(name) for name in pickles):
        raise UnsafeModel(
            f"The adapter in {folder.name!r} has pickled weights only, and unpickling can run any "
            f"code. {CONVERT}"
        )
    raise other_format(folder) or ModelNotFound(
        f"The folder {folder.name!r} holds {ADAPTER_CONFIG} and no {ADAPTER_WEIGHTS}: the weights "
        "of the adapter are missing. Copy them in, or remove the file."
    )


def _shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Shapes by name; full tensors of the base without the adapter's prefix."""
    with path.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    tensors = {name: tuple(each["shape"]) for name, each in header.items() if name[:2] != "__"}
    return {name.removeprefix(PREFIX): shape for name, shape in tensors.items()}


def _check_sizes(settings: dict, shapes: dict, kind: str) -> None:
    """Refuse settings for which peft would build far more numbers than the file holds."""
    ranks = [settings.get(name) for name in RANKS]
    pattern = settings.get("rank_pattern")
    ranks += pattern.values() if isinstance(pattern, dict) else []
    most = max((max(shape, default=1) for shape in shapes.values()), default=1)
    # LoKr takes a whole matrix where the rank is larger than it: any large number means that.
    most = MAX_COUNT if kind == "LOKR" else max(most, USUAL_RANK)
    for rank in ranks:
        if isinstance(rank, int | float) and rank > most:
            raise UnsafeModel(
                f"{ADAPTER_CONFIG} asks for rank {rank:,}, and the largest tensor of the adapter "
                f"has {most:,} rows or columns. They do not belong together."
            )
    _check_replication(settings.get("layer_replication"))


def _check_replication(parts: Any) -> None:
    """Layers that an adapter repeats are pairs of the first and the one behind the last."""
    if not parts:
        return
    try:
        count = sum(max(int(end) - int(start), 0) for start, end in parts)
    except (TypeError, ValueError):
        count = MAX_LAYERS + 1
    if count > MAX_LAYERS:
        raise UnsafeModel(f"{ADAPTER_CONFIG} repeats more layers than any model has.")
