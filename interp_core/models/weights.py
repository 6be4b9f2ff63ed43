"""Load weights from a checked folder, and never accept a head that transformers made up."""

from __future__ import annotations

import copy
import hashlib
import logging
import re
import threading
from contextlib import contextmanager
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING

from interp_core.errors import ClearheadError, UnsafeModel, UnsupportedModel
from interp_core.models.device import check_room
from interp_core.models.folders import WEIGHTS
from interp_core.models.record import LoadedModel
from interp_core.models.tasks import (
    HEADLESS,
    SEQ2SEQ,
    auto_class,
    has_known_head,
    is_own_class,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from transformers import PretrainedConfig, PreTrainedModel


WRAPPERS = ("_orig_mod.", "module.")  # of torch.compile and of DistributedDataParallel
NAME_TASK = (
    "If you know its task, choose it under “Read as”, or pass it: `load_model(folder, task=...)`."
)
_READING = threading.RLock()
SLACK = 10**7  # numbers that a model may compute for itself: masks, tables of positions


@contextmanager
def quiet_loading() -> Iterator[None]:
    """Silence loading reports of transformers: what they say is raised or noted here instead.

    One thread at a time: while transformers reads a model, no model of the process ties its
    weights (`no_tie_weights`). The number format of that model is the default of this thread alone,
    and random numbers for its weights are drawn from a generator of their own.
    """
    import torch
    from transformers import modeling_utils
    from transformers.utils import logging as library

    from interp_core.models.thread_state import ThreadDtype, ThreadRandom, default_dtype

    with _READING:
        logger, bar = logging.getLogger("transformers"), library.is_progress_bar_enabled()
        level, of_all = logger.level, (modeling_utils.local_torch_dtype, torch.get_default_dtype)
        modeling_utils.local_torch_dtype, torch.get_default_dtype = ThreadDtype, default_dtype
        logger.setLevel(logging.ERROR)
        library.disable_progress_bar()
        try:
            with ThreadRandom():
                yield
        finally:
            modeling_utils.local_torch_dtype, torch.get_default_dtype = of_all
            logger.setLevel(level)
            if bar:
                library.enable_progress_bar()


def load_weights(
    folder: Path, config: PretrainedConfig, task: str, *, asked: bool, dtype: object
) -> tuple[PreTrainedModel, str, tuple[str, ...]]:
    """The model, the task it can really do, and notes for the user.

    A head that the checkpoint lacks is refused when the caller asked for the task, and replaced by
    the plain encoder otherwise. Raises `UnsafeModel` or `UnsupportedModel`.
    """
    _check_size(folder, config, task)
    model, info = open_checkpoint(folder, config, task, dtype)
    missing = sorted(info["missing_keys"])
    missing = [name for name in missing if not _is_computed(model, name)]
    # Under a head the pooler is only built where the head reads it: it is part of the head then.
    head = [name for name in missing if not _in_body(model, name) or "pooler" in name]
    body = [name for name in missing if _in_body(model, name) and "pooler" not in name]
    if body and task == SEQ2SEQ and all("decoder." in name for name in body):
        raise UnsupportedModel(
            f"The checkpoint is an encoder alone: it lacks the {len(body)} weights of a decoder. "
            'Load it with `task="encoder"`.'
        )
    if body:
        raise UnsupportedModel(
            f"The checkpoint lacks {len(body)} weights of the model's body, for example "
            f"{body[0]!r}. Save it again with `save_pretrained`."
        )
    if task == HEADLESS or not head:
        notes = drop_pooler(model, missing)
        if task == HEADLESS and not asked and not has_known_head(config):
            notes = (_unread_head(config), *notes)
        elif task == HEADLESS and not asked and not config.architectures:
            notes = (*_unnamed_head(info["unexpected_keys"]), *notes)
        return one_stack(model, task), task, notes
    lack = f"The checkpoint has no weights for the {task} head ({head[0]!r} is missing)"
    if asked:
        raise UnsupportedModel(f"{lack}. Load it without a task to see it as a plain encoder.")
    plain, absent = _from_pretrained(folder, config, HEADLESS, dtype)
    notes = (f"{lack}, so it is loaded as a plain encoder.", *drop_pooler(plain, absent))
    return one_stack(plain, HEADLESS), HEADLESS, notes


def _unnamed_head(unread: Iterable[str]) -> tuple[str, ...]:
    """A note where the checkpoint holds weights that no class in its configuration explains."""
    unread = sorted(map(str, unread))
    if not unread:
        return ()
    return (
        f"config.json names no architecture, so the model is loaded as a plain encoder, although "
        f"{unread[0]!r} is among its weights. {NAME_TASK}",
    )


def _unread_head(config: PretrainedConfig) -> str:
    name = config.architectures[0]
    if is_own_class(config):
        return (
            f"The checkpoint is a {name}, which is not a class of transformers, so it is "
            f"loaded as a plain encoder. {NAME_TASK}"
        )
    return (
        f"The checkpoint is a {name}, whose task head Clearhead does not use, so it is loaded "
        "as a plain encoder."
    )


def one_stack(model: PreTrainedModel, task: str) -> PreTrainedModel:
    """The encoder alone where that was asked of a model that also has a decoder."""
    if not model.config.is_encoder_decoder:
        return model
    reads_both = "decoder_input_ids" in signature(model.forward).parameters
    if task != HEADLESS and reads_both:
        return model
    model = model.get_encoder() if reads_both else model
    # The settings are this model's own copy; they may speak of the checkpoint as a whole.
    model.config.is_encoder_decoder = False
    return model


def _is_computed(model: PreTrainedModel, name: str) -> bool:
    """Whether a tensor follows from the configuration, as sine waves of the positions do."""
    module = model.get_submodule(name.rpartition(".")[0])
    return "sinusoidal" in type(module).__name__.lower()


def _check_size(folder: Path, config: PretrainedConfig, task: str) -> None:
    """Refuse a configuration that describes far more numbers than the files can hold.

    transformers would fill the machine's memory with the difference before it finds it missing.
    """
    import torch

    try:
        with quiet_loading(), torch.device("meta"):  # shapes without numbers
            # A copy: T5 turns its settings into those of the encoder alone.
            model = auto_class(task, config).from_config(copy.deepcopy(config))
    except Exception:
        return  # what is wrong with it is reported where it is loaded
    asked = sum(part.numel() for part in (*model.parameters(), *model.buffers()))
    held = sum(path.stat().st_size for path in folder.glob("*.safetensors"))
    if asked > 2 * held + SLACK:  # a number takes a byte at least; twice for shared tables
        raise UnsafeModel(
            f"config.json describes {asked:,} numbers, and the weights hold {held:,} at most. "
            "They do not belong together."
        )


def _from_pretrained(
    folder: Path, config: PretrainedConfig, task: str, dtype: object
) -> tuple[PreTrainedModel, list[str]]:
    model, info = open_checkpoint(folder, config, task, dtype)
    return model, sorted(info["missing_keys"])


def open_checkpoint(
    folder: Path, config: PretrainedConfig, task: str, dtype: object, **more: object
) -> tuple[PreTrainedModel, dict]:
    """The model as transformers loads it, and its report on keys. Raises `UnsupportedModel`."""
    try:
        check_room(folder, dtype)
        with quiet_loading():
            return auto_class(task, config).from_pretrained(
                folder,
                config=config,
                attn_implementation="eager",
                dtype=dtype,
                trust_remote_code=False,
                use_safetensors=True,
                local_files_only=True,
                output_loading_info=True,
                **_wrapped(folder),
                **more,
            )
    except ClearheadError:
        raise
    except Exception as error:  # a broken folder can fail in any of a hundred places
        if "ignore_mismatched_sizes" in str(error) and "ignore_mismatched_sizes" not in more:
            raise _mismatch(folder, config, task, dtype) from error
        first = (
            str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
        )
        raise UnsupportedModel(f"transformers cannot load this as {task}: {first}") from error


def _wrapped(folder: Path) -> dict[str, dict[str, str]]:
    """Where every weight was saved with its wrapper's name: how to read it without."""
    from safetensors import safe_open

    names: set[str] = set()
    whole = folder / WEIGHTS
    for path in [whole] if whole.is_file() else folder.glob("*.safetensors"):
        with safe_open(path, framework="pt") as file:
            names |= set(file.keys())
    found = next(
        (each for each in WRAPPERS if names and all(n.startswith(each) for n in names)), ""
    )
    return {"key_mapping": {f"^{re.escape(found)}": ""}} if found else {}


def _mismatch(folder: Path, config: PretrainedConfig, task: str, dtype: object) -> UnsupportedModel:
    """The sentence for weights of another shape than the configuration says."""
    _, info = open_checkpoint(folder, config, task, dtype, ignore_mismatched_sizes=True)
    keys = sorted(info["mismatched_keys"])
    name, held, asked = keys[0]
    one, other = (" × ".join(map(str, shape)) for shape in (held, asked))
    told = f"{name!r} is {one} in the file, and {other} by config.json"
    cure = "Copy the config.json that was saved with these weights."
    if config.num_labels == asked[0] != held[0]:
        cure = f"If it has {held[0]:,} labels, name each of them in config.json (id2label)."
    return UnsupportedModel(f"The weights do not fit config.json: {told}. {cure}")


def _in_body(model: PreTrainedModel, name: str) -> bool:
    if model.base_model is model:
        return True
    return name.startswith(f"{model.base_model_prefix}.")


def drop_pooler(model: PreTrainedModel, missing: list[str]) -> tuple[str, ...]:
    """Remove a pooler that has no weights of its own, with a note for the user."""
    if not any("pooler" in name for name in missing):
        return ()
    model.base_model.pooler = None
    return ("The checkpoint has no pooler weights; the pooled output is left out.",)


def weights_digest(model: LoadedModel) -> str:
    """SHA-256 over names, shapes, number formats and bytes of all parameters and buffers.

    The first 16 hexadecimal digits, after `sha256:`. Independent of the file format and of where
    the model was loaded from.
    """
    import torch

    whole = hashlib.sha256()
    for name, tensor in sorted(model.model.state_dict().items()):
        whole.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        flat = tensor.detach().cpu().contiguous().reshape(-1)
        whole.update(flat.view(torch.uint8).numpy())
    return f"sha256:{whole.hexdigest()[:16]}"
