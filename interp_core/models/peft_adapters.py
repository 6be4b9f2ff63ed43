"""Fine-tuned adapters (LoRA and its relatives): loaded with their base model and merged into it.

The library peft computes the merge, so that the result is that of its `merge_and_unload()`. What is
added here is what makes the result trustworthy: nothing of it is random, nothing of the adapter is
left out, the number of labels is that of the adapter's own head, and the merged model is compared
with the adapter beside its base on a trial input.
"""

from __future__ import annotations

import copy
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from interp_core.errors import ClearheadError, MissingBase, ModelNotFound, UnsupportedModel
from interp_core.models import bundled_models
from interp_core.models.adapter_config import TASKS, AdapterFolder, is_adapter, read_adapter
from interp_core.models.folders import (
    ADAPTER_CONFIG,
    ADAPTER_WEIGHTS,
    INDEX,
    WEIGHTS,
    find_model_folder,
)
from interp_core.models.hub import HUB_ID, hub_folder
from interp_core.models.peft_merge import merge, prepare
from interp_core.models.preprocessors import load_tokenizer
from interp_core.models.registry import ModelCard, bundled_card
from interp_core.models.safety import check_folder, read_json
from interp_core.models.sentence_modules import lower_case, sentence_folder
from interp_core.models.tasks import HEADLESS, auto_class, find_task
from interp_core.models.weights import one_stack, quiet_loading

if TYPE_CHECKING:
    import torch
    from transformers import PretrainedConfig, PreTrainedModel

    ReadConfig = Callable[[Path, dict], PretrainedConfig]
    ReadTools = Callable[[Path, PreTrainedModel], dict]

LABELLED = ("sequence-classification", "token-classification", "image-classification")
DRAFT = "clearhead-base-"
MOST_ADAPTERS = 4  # one on top of the other
TYPE_A_BASE = (
    "Type the base model into the field “Base model” beside the model, or pass it as "
    "`load_model(..., base=...)`: a built-in name, a folder or a Hub id."
)
TOOLS = ("tokenizer.json", "tokenizer_config.json", "preprocessor_config.json", "vocab.txt")


@dataclass(frozen=True)
class Merged:
    """An adapter merged into its base, with its tokenizer or image processor."""

    model: PreTrainedModel
    task: str
    base: str
    tools: dict
    sentences: Path | None
    notes: tuple[str, ...]


def load_adapter(
    folder: Path,
    base: str | None,
    task: str | None,
    dtype: torch.dtype,
    read: tuple[ReadConfig, ReadTools],
    above: tuple[Path, ...] = (),
) -> Merged:
    """The adapter in `folder`, merged into its base model.

    `base` is what the user named, else the adapter's own word counts; `read` is how a folder's
    configuration and its tokenizer or image processor are read. Raises `MissingBase`,
    `ModelNotFound`, `UnsafeModel` or `UnsupportedModel`.
    """
    adapter = read_adapter(folder)
    above = (*above, folder.resolve())
    with _base_of(adapter, base, dtype, read, above) as (name, found):
        try:
            raw = check_folder(found)
            config = read[0](found, raw)
        except ClearheadError as error:
            raise type(error)(f"The adapter's base model {name!r}: {error}") from error
        own, notes = _task(adapter, config)
        if task not in (None, own, HEADLESS):
            raise UnsupportedModel(f"The adapter is made for {own} and has no {task} head.")
        notes += _fit_labels(adapter, config, own)
        model, more = prepare(adapter, found, config, own, dtype, name)
        model, told = merge(adapter, model, name)
        sentences = sentence_folder(folder)
        if sentences is None and own == HEADLESS and not _is_draft(found):
            sentences = sentence_folder(found)  # the adapter was trained under these modules
        place = folder if _has_tools(folder) else found
        tools = read[1](place, model)
        told += lower_case(place, tools["tokenizer"])
    if task == HEADLESS and own != HEADLESS:
        model, own = model.base_model, HEADLESS
    model = one_stack(model, own)
    return Merged(model, own, name, tools, sentences, (*notes, *more, *told))


# ------------------------------------------------------------------------------------ the base


@contextmanager
def _base_of(
    adapter: AdapterFolder,
    given: str | None,
    dtype: torch.dtype,
    read: tuple[ReadConfig, ReadTools],
    above: tuple[Path, ...],
) -> Iterator[tuple[str, Path]]:
    """The name and the folder of the base model; what has no folder of its own gets one."""
    name = (given or adapter.base).strip()
    if not name or "\0" in name:
        raise MissingBase(f"This adapter does not name its base model. {TYPE_A_BASE}")
    card = bundled_card(name)
    with tempfile.TemporaryDirectory(prefix=DRAFT) as draft:
        if card is not None:
            yield name, _bundled(card, Path(draft))
            return
        found = _find(name, adapter, given is not None)
        if found.resolve() == adapter.folder.resolve() and _has_weights(found):
            _without_adapter(found, Path(draft))
            name, found = str(adapter.folder), Path(draft)
        elif is_adapter(found):
            _check_stack(found, above, name)
            below = load_adapter(found, None, None, dtype, read, above)
            with quiet_loading():
                for part in (below.model, *below.tools.values()):
                    if part is not None:
                        part.save_pretrained(draft)
            found = Path(draft)
        yield name, found


def _has_weights(folder: Path) -> bool:
    """Whether a whole model lies in a folder, beside an adapter or alone."""
    return (folder / "config.json").is_file() and any(
        (folder / name).is_file() for name in (WEIGHTS, INDEX)
    )


def _without_adapter(folder: Path, draft: Path) -> None:
    """The model in `folder` alone: transformers would put the adapter beside it onto it."""
    check_folder(folder)
    for path in folder.iterdir():
        if path.is_file() and path.name not in (ADAPTER_CONFIG, ADAPTER_WEIGHTS):
            try:
                (draft / path.name).hardlink_to(path.resolve())
            except OSError:  # another disk
                shutil.copyfile(path, draft / path.name)


def _is_draft(folder: Path) -> bool:
    """Whether a folder is gone when the model is loaded."""
    return folder.name.startswith(DRAFT)


def _check_stack(found: Path, above: tuple[Path, ...], name: str) -> None:
    if found.resolve() in above:
        raise UnsupportedModel(
            f"The adapter's base model {name!r} is the adapter itself or is built on it. Move "
            "the adapter's files to a folder of their own, or name another base."
        )
    if len(above) >= MOST_ADAPTERS:
        raise UnsupportedModel(
            f"More than {MOST_ADAPTERS} adapters are built on one another. Merge some of them."
        )


def _bundled(card: ModelCard, draft: Path) -> Path:
    if card.form == "recurrent":
        raise UnsupportedModel(
            f"{card.name!r} is not a transformer, so it cannot be the base of an adapter."
        )
    if card.form == "backbone":
        return bundled_models.backbone_folder()
    folder = bundled_models.whole_folder(card)
    if folder is None:
        with quiet_loading():
            model, tokenizer = bundled_models.build(card)
            model.save_pretrained(draft)
            load_tokenizer(tokenizer).save_pretrained(draft)
        folder = draft
    return folder


def _find(name: str, adapter: AdapterFolder, typed: bool) -> Path:
    """The folder of a base that is no built-in model."""
    beside = adapter.folder / name
    places = [Path(name).expanduser(), beside] if typed else [beside, Path(name).expanduser()]
    for place in places:
        try:
            if place.is_dir():
                return find_model_folder(place.resolve())[0]
        except (OSError, RuntimeError):  # a name too long for a path
            continue
        except ClearheadError as error:
            raise type(error)(f"The adapter's base model {name!r}: {error}") from error
    shown = name if len(name) <= 100 else name[:100] + "…"
    if not typed and _has_weights(adapter.folder):
        return adapter.folder
    if not HUB_ID.fullmatch(name):
        raise MissingBase(
            f"The adapter's base model is {shown!r}: there is no such folder here. {TYPE_A_BASE}"
        )
    try:
        revision = None if typed else adapter.settings.get("revision")
        return find_model_folder(hub_folder(name, str(revision) if revision else None))[0]
    except ModelNotFound as error:
        raise MissingBase(
            f"The adapter's base model is {shown!r}, which is neither a folder here nor can it be "
            f"fetched from the Hugging Face Hub. {TYPE_A_BASE}"
        ) from error


def _has_tools(folder: Path) -> bool:
    return any((folder / name).is_file() for name in TOOLS)


# ------------------------------------------------------------------------------ task and labels


def _task(adapter: AdapterFolder, config: PretrainedConfig) -> tuple[str, tuple[str, ...]]:
    """The task that the adapter is made for, and a note where it does not say so itself."""
    named = adapter.settings.get("task_type")
    if named in TASKS:
        return TASKS[named], ()
    if adapter.base_class:
        found = find_task({**config.to_dict(), "architectures": [adapter.base_class]})
    else:
        found = find_task(config)
    if named:
        told = f"The adapter names the task {str(named)[:50]!r}, which is unknown here; it is read "
        return found, (f"{told}as {found}.",)
    return found, ()


def _fit_labels(adapter: AdapterFolder, config: PretrainedConfig, task: str) -> tuple[str, ...]:
    """Set the number and names of labels to those of the head that the adapter holds."""
    if task not in LABELLED:
        return ()
    counts = {
        shape[axis]
        for name, axis in _label_axes(config, task).items()
        if (shape := adapter.saved(name)) is not None
    }
    if not counts:
        return ()  # the head is the base's own
    count = counts.pop()
    names = _own_names(adapter.folder, count)
    if names:
        config.id2label = dict(enumerate(names))
        config.label2id = {name: number for number, name in enumerate(names)}
        return ()
    if count != config.num_labels:
        config.num_labels = count
    told = [str(config.id2label[number]) for number in range(count)]
    if told == [f"LABEL_{number}" for number in range(count)]:
        return ("The adapter does not name its labels; they are numbered.",)
    return (f"The names of the labels are those of the base model: {', '.join(told[:8])}.",)


def _label_axes(config: PretrainedConfig, task: str) -> dict[str, int]:
    """The parameters of a model whose shape depends on the number of labels, and which axis."""
    import torch

    shapes = []
    for count in (3, 5):
        changed = copy.deepcopy(config)
        changed.num_labels = count
        with quiet_loading(), torch.device("meta"):
            model = auto_class(task, changed).from_config(changed)
        shapes.append({name: tuple(value.shape) for name, value in model.named_parameters()})
    first, second = shapes
    differing = {name for name in first if first[name] != second[name]}
    return {
        name: next(axis for axis, (a, b) in enumerate(zip(first[name], second[name])) if a != b)
        for name in differing
    }


def _own_names(folder: Path, count: int) -> list[str]:
    """Names of labels in a configuration beside the adapter, where they fit its head."""
    if not (folder / "config.json").is_file():
        return []
    named = read_json(folder / "config.json").get("id2label")
    try:
        found = {int(number): str(name) for number, name in named.items()}
    except (AttributeError, ValueError):
        return []
    return [found[n] for n in range(count)] if set(found) == set(range(count)) else []
