"""Merge an adapter into its base model by the library peft, and check that all of it was merged.

The adapter's regular expressions are tried first, since matching one can take for ever. No rule
tells the slow ones from the others, so they are run on the names that peft will match, in a process
of its own that can be stopped: Python's `re` cannot be interrupted from within.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interp_core.errors import ClearheadError, UnsafeModel, UnsupportedModel
from interp_core.models.adapter_config import PREFIX, TASKS, AdapterFolder
from interp_core.models.folders import ADAPTER_CONFIG
from interp_core.models.layout import decoder_trial_inputs
from interp_core.models.peft_names import moved_modules, renamed_settings, write_renamed
from interp_core.models.plain_lora import merge_plain
from interp_core.models.tasks import HEADLESS
from interp_core.models.vision import picture_settings
from interp_core.models.weights import drop_pooler, open_checkpoint, quiet_loading

if TYPE_CHECKING:
    import torch
    from transformers import PretrainedConfig, PreTrainedModel


# Settings that peft reads as regular expressions: texts, lists of them, keys of a mapping.
PATTERNS = (
    "target_modules",
    "exclude_modules",
    "feedforward_modules",
    "modules_to_save",
    "layers_pattern",
    "rank_pattern",
    "alpha_pattern",
)
REPEATS = "*+{"  # without one of these a pattern looks at each letter once
MOST_SECONDS = 5
# The forms in which peft uses them: as they stand, and behind the path of a module.
TRY = r"""
import json, re, sys
patterns, names = json.load(sys.stdin)
for pattern in patterns:
    for form in (rf"{pattern}\Z", rf"(.*\.)?({pattern})$", rf"(?:^|.*?\.){pattern}\.(\d+)\."):
        try:
            compiled = re.compile(form)
        except (re.error, OverflowError, RecursionError):
            continue
        for name in names:
            compiled.match(name)
"""


def refuse_slow_patterns(settings: dict, names: Iterable[str]) -> None:
    """Raise `UnsafeModel` where matching the modules' names takes longer than any needs to."""
    patterns = [each for each in _patterns(settings) if any(mark in each for mark in REPEATS)]
    if not patterns:
        return
    try:
        subprocess.run(
            [sys.executable, "-I", "-S", "-c", TRY],
            input=json.dumps([patterns, list(names)]),
            text=True,
            capture_output=True,
            timeout=MOST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        shown = max(patterns, key=len)[:100]
        raise UnsafeModel(
            f"{ADAPTER_CONFIG} has a regular expression, such as {shown!r}, that takes longer than "
            f"{MOST_SECONDS} seconds to match the names of the modules, perhaps for ever. List the "
            "modules by name."
        ) from None


def _patterns(settings: dict) -> Iterator[str]:
    for name in PATTERNS:
        value = settings.get(name)
        several = isinstance(value, list | dict)
        yield from (each for each in (value if several else [value]) if isinstance(each, str))


OLD_NAMES = (
    "The adapter names modules as earlier versions of transformers did; they were found by the "
    "names of today."
)
TOLERANCE = {"float32": 1e-3, "float64": 1e-3}  # of the largest output; elsewhere `ROUNDED`
ROUNDED = 0.1
# With bias="all", peft saves the biases of a whole head a second and a third time.
COPIES = (".modules_to_save.", ".original_module.")
# Tensors that every layer refers to and the file holds once.
SHARED = ("vblora_vector_bank", ".tinylora_v.", ".unilora_theta_d.")


def prepare(
    adapter: AdapterFolder,
    folder: Path,
    config: PretrainedConfig,
    task: str,
    dtype: torch.dtype,
    name: str,
) -> tuple[PreTrainedModel, tuple[str, ...]]:
    """The base model, ready for the adapter; all that it lacks is what the adapter holds."""
    model, info = open_checkpoint(folder, config, task, dtype, ignore_mismatched_sizes=True)
    lacking = {str(key) for key in info["missing_keys"]}
    lacking |= {str(each[0]) for each in info["mismatched_keys"]}
    lacking = {key for key in lacking if adapter.saved(key) is None}
    pooler = sorted(key for key in lacking if "pooler" in key)
    if task == HEADLESS and pooler and not any("pooler" in key for key in adapter.shapes):
        lacking -= set(pooler)
        notes = drop_pooler(model, pooler)
    else:
        notes = ()
    if lacking:
        raise UnsupportedModel(
            f"Neither the base model {name!r} nor the adapter holds {min(lacking)!r}, so it would "
            f"be random. Use the base model that the adapter was trained on, with its {task} head, "
            "or train the adapter with that module in `modules_to_save`."
        )
    _resize(adapter, model)
    return model, notes


def _resize(adapter: AdapterFolder, model: PreTrainedModel) -> None:
    """Give the table of tokens as many rows as the one that the adapter holds."""

    table = model.get_input_embeddings()
    name = next((name for name, module in model.named_modules() if module is table), "")
    saved = adapter.saved(f"{name}.weight")
    if saved is None or saved[0] == table.weight.shape[0]:
        return
    out = model.get_output_embeddings()
    tied = out is None or out.weight is table.weight
    place = next((name for name, module in model.named_modules() if module is out), "")
    if not tied and adapter.saved(f"{place}.weight") is None:
        raise UnsupportedModel(
            f"The adapter has {saved[0]:,} tokens, the base {table.weight.shape[0]:,}, and the "
            "adapter does not hold the output's rows for them. Save it with "
            "`save_pretrained(folder, save_embedding_layers=True)`."
        )
    with quiet_loading():
        model.resize_token_embeddings(saved[0], mean_resizing=False)


def merge(
    adapter: AdapterFolder, model: PreTrainedModel, name: str
) -> tuple[PreTrainedModel, tuple[str, ...]]:
    """The model with the adapter in its weights, and notes."""

    moved = moved_modules(adapter, model)
    notes = (OLD_NAMES,) if moved else ()
    if find_spec("peft") is None:
        merge_plain(adapter, model, moved)
        return model, notes
    from peft import PeftConfig, PeftModel

    settings = {key: value for key, value in adapter.settings.items() if key != "runtime_config"}
    if settings.get("task_type") not in TASKS:
        settings["task_type"] = None
    refuse_slow_patterns(settings, [*(path for path, _ in model.named_modules()), *moved])
    try:
        with (
            tempfile.TemporaryDirectory(prefix="clearhead-adapter-") as draft,
            quiet_loading(),
            warnings.catch_warnings(record=True) as told,
        ):
            warnings.simplefilter("always")
            folder = str(adapter.folder)
            if moved:
                settings = renamed_settings(settings, adapter, moved, model)
                write_renamed(adapter, settings, moved, Path(draft))
                folder = draft
            config = PeftConfig.from_peft_type(**PeftConfig.check_kwargs(**settings))
            beside = PeftModel.from_pretrained(model, folder, config=config, torch_device="cpu")
            found = beside.load_adapter(folder, "default", torch_device="cpu")
            _check_keys(found, name)
            beside.eval()
            before = _answer(model)
            merged = _unwrapped(beside.merge_and_unload(progressbar=False))
            after = _answer(merged)
    except ClearheadError:
        raise
    except Exception as error:  # settings, shapes and kinds can fail in any of a hundred places
        raise _refusal(adapter, name, error) from error
    _compare(adapter, model, before, after)
    ignored = [str(each.message) for each in told if "nexpected keyword" in str(each.message)]
    return merged, (*notes, *(_ignored(each) for each in ignored))


def _unwrapped(model: PreTrainedModel) -> PreTrainedModel:
    """The model without the shells around saved modules that some kinds of adapter leave behind."""
    from peft.utils import AuxiliaryTrainingWrapper

    for name, module in list(model.named_modules()):
        if isinstance(module, AuxiliaryTrainingWrapper):
            inner = module.unload_and_optionally_merge_module(
                merge=True, safe_merge=False, adapter_names=None
            )
            model.set_submodule(name, inner)
    return model


def _check_keys(found: Any, name: str) -> None:
    """All that the adapter holds must have found its place, and nothing may be left as it began."""
    unplaced = [key for key in found.unexpected_keys if not any(each in key for each in COPIES)]
    unfilled = [key for key in found.missing_keys if not any(each in key for each in SHARED)]
    for keys, what in (
        (unplaced, "holds {key!r}, for which the base model {name!r} has no place"),
        (unfilled, "lacks {key!r}, which it needs on the base model {name!r}"),
    ):
        if keys:
            told = what.format(key=min(keys).removeprefix(PREFIX), name=name)
            raise UnsupportedModel(
                f"The adapter {told} ({len(keys)} such tensors). Give the base model, and the "
                "task, that it was trained with."
            )


def _refusal(adapter: AdapterFolder, name: str, error: Exception) -> UnsupportedModel:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    mismatch = next((line for line in lines if line.startswith("size mismatch for ")), "")
    if mismatch:
        shown = mismatch.removeprefix("size mismatch for ").removeprefix(PREFIX)
        return UnsupportedModel(
            f"The adapter does not fit the base model {name!r}: {shown[:250]} Give the base model "
            "that it was trained on."
        )
    first = lines[0][:300] if lines else type(error).__name__
    return UnsupportedModel(
        f"The adapter ({adapter.kind[:30]}) cannot be merged into the base model {name!r}: {first}"
    )


def _ignored(warning: str) -> str:
    names = warning.partition("[")[2].partition("]")[0]
    return (
        "The adapter has settings that the installed version of peft does not know and leaves out: "
        f"{names[:200]}."
    )


def _answer(model: PreTrainedModel) -> torch.Tensor | None:
    """What the model computes for a trial input; None where it cannot be tried like this."""
    import torch

    generator = torch.Generator().manual_seed(0)
    try:
        if model.main_input_name == "pixel_values":
            told = picture_settings(model)
            pixels = torch.rand((1, told.channels, *told.size), generator=generator)
            inputs = {"pixel_values": pixels.to(model.dtype)}
        else:
            rows = model.get_input_embeddings().weight.shape[0]
            ids = torch.randint(rows, (1, 12), generator=generator)
            ids[0, -1] = model.config.eos_token_id if _is_id(model, rows) else ids[0, -1]
            inputs = {"input_ids": ids, **decoder_trial_inputs(model)}
        with torch.no_grad():
            output = model(**inputs, return_dict=True)
    except Exception:
        return None
    found = output.get("logits", output.get("start_logits", output.get("last_hidden_state")))
    return None if found is None else found.float()


def _is_id(model: PreTrainedModel, rows: int) -> bool:
    """BART's classifiers look for the end of the text and fail where there is none."""
    end = getattr(model.config, "eos_token_id", None)
    return isinstance(end, int) and 0 <= end < rows


def _compare(adapter: AdapterFolder, model: PreTrainedModel, before: Any, after: Any) -> None:
    """Refuse a merge that changes the answer: the adapter is more than a change of weights."""
    if before is None or after is None:
        return
    dtype = str(model.dtype).removeprefix("torch.")
    most = TOLERANCE.get(dtype, ROUNDED) * max(float(before.abs().max()), 1e-6)
    apart = float((before - after).abs().max())
    if before.shape != after.shape or not apart <= most:
        raise UnsupportedModel(
            f"The adapter ({adapter.kind[:30]}) merged into its base gives another output "
            f"than the adapter beside its base (they differ by {apart:.3g} on a trial input), "
            "so it does more than change weights and cannot be shown."
        )
