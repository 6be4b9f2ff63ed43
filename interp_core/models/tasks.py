"""What a configuration says of a checkpoint: its tasks, and the names of its labels.

transformers lists, for each of its auto classes, which class of which model type belongs to it.
Those tables answer for the class that `config.json` names. What no name can say (whether a model
looks ahead, whether its head is in the file) is found out after loading: `load.py`, `weights.py`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interp_core.errors import BadInput, ClearheadError, UnsupportedModel

if TYPE_CHECKING:
    from transformers import PretrainedConfig


HEADLESS = "encoder"
SEQ2SEQ, CAUSAL, MASKED = "encoder-decoder", "causal-lm", "masked-lm"
IMAGE_TEXT = ("IMAGE_TEXT_TO_TEXT", "AutoModelForImageTextToText")
MULTIMODAL = ("MULTIMODAL_LM", "AutoModelForMultimodalLM")

# Task: the tables that list its classes, as (part of the table's name, auto class), best first.
TASKS: dict[str, tuple[tuple[str, str], ...]] = {
    "sequence-classification": (("SEQUENCE_CLASSIFICATION", "AutoModelForSequenceClassification"),),
    "token-classification": (("TOKEN_CLASSIFICATION", "AutoModelForTokenClassification"),),
    "question-answering": (("QUESTION_ANSWERING", "AutoModelForQuestionAnswering"),),
    "image-classification": (("IMAGE_CLASSIFICATION", "AutoModelForImageClassification"),),
    SEQ2SEQ: (("SEQ_TO_SEQ_CAUSAL_LM", "AutoModelForSeq2SeqLM"), IMAGE_TEXT, MULTIMODAL),
    MASKED: (("MASKED_LM", "AutoModelForMaskedLM"),),
    # Models of pictures and text, or sound and text, whose text part writes by itself.
    CAUSAL: (
        ("CAUSAL_LM", "AutoModelForCausalLM"),
        *(IMAGE_TEXT, MULTIMODAL),
        ("SEQ_TO_SEQ_CAUSAL_LM", "AutoModelForSeq2SeqLM"),
    ),
    HEADLESS: (),
}
# For classes that no table lists (older names): tried, and kept only if the head's weights fit.
ENDINGS = {
    "ForSequenceClassification": "sequence-classification",
    "ForTokenClassification": "token-classification",
    "ForQuestionAnswering": "question-answering",
    "ForImageClassification": "image-classification",
    "ForConditionalGeneration": SEQ2SEQ,
    "ForMaskedLM": MASKED,
    "ForCausalLM": CAUSAL,
}


def find_task(config: Any, task: str | None = None) -> str:
    """The task named by the caller, or the one that the checkpoint was saved for.

    `config` is a transformers configuration or the contents of `config.json`. Raises `BadInput`.
    """
    if task is None:
        return readings(config)[0]
    if task not in TASKS:
        raise BadInput(f"Unknown task {task!r}. Choose one of: {', '.join(TASKS)}.")
    return task


def readings(config: Any) -> tuple[str, ...]:
    """The tasks that the checkpoint can be tried as, the one it was saved for first."""
    named = _get(config, "architectures")
    names = [str(each) for each in named] if isinstance(named, list | tuple) else []
    kind, both = str(_get(config, "model_type")), bool(_get(config, "is_encoder_decoder"))
    found = [task for name in names for task in _tasks_of(name, kind, both)]
    if not found and both and not any(_is_encoder(name, kind) for name in names):
        found = [SEQ2SEQ]
    if MASKED in found and CAUSAL in found:  # XLM has one class for both, and says which it is
        found.remove(MASKED if _get(config, "causal") else CAUSAL)
    if not found and kind in _table("") and is_own_class(config):
        return (HEADLESS, *_untold(kind))
    return tuple(dict.fromkeys([*found, HEADLESS]))


def is_own_class(config: Any) -> bool:
    """Whether the configuration names no class, or one that is not of transformers."""
    return not any(str(name) in _listed() for name in _get(config, "architectures") or ())


def _untold(kind: str) -> list[str]:
    """The heads for which transformers has a class of this model type; the weights will tell."""
    return [task for task, tables in TASKS.items() if any(kind in _table(t) for t, _ in tables[:1])]


def has_known_head(config: Any) -> bool:
    """Whether every class that the configuration names is a plain body or has a task here."""
    named = _get(config, "architectures")
    names = [str(each) for each in named] if isinstance(named, list | tuple) else []
    kind, both = str(_get(config, "model_type")), bool(_get(config, "is_encoder_decoder"))
    return all(_tasks_of(name, kind, both) or _is_body(name, kind) for name in names)


def is_classifier(name: str) -> bool:
    """Whether a class labels a text, its tokens or a span of it."""
    labelling = ("sequence-classification", "token-classification", "question-answering")
    return any(name in _all(table) for task in labelling for table, _ in TASKS[task])


def _tasks_of(name: str, kind: str, both: bool) -> list[str]:
    """The tasks of one class of a model type; `both` says that it has an encoder and a decoder."""
    found = [task for task, tables in TASKS.items() if any(name in _all(t) for t, _ in tables)]
    if SEQ2SEQ in found or CAUSAL in found:
        drop = (MASKED, CAUSAL) if both and SEQ2SEQ in found else (SEQ2SEQ,)
        found = [task for task in found if task not in drop]
    if not found and name in _all("PRETRAINING") and kind in _table("MASKED_LM"):
        return [MASKED]  # BERT's two heads: that for the next sentence is left out
    if not found:
        found = [task for ending, task in ENDINGS.items() if name.endswith(ending)]
        found = [task for task in found if any(kind in _table(t) for t, _ in TASKS[task])]
    return found


def _is_body(name: str, kind: str) -> bool:
    return name in (*_table("").get(kind, ()), *_table("TEXT_ENCODING").get(kind, ()))


def _is_encoder(name: str, kind: str) -> bool:
    """Whether the class is the encoder alone of a model type that also has a decoder."""
    bodies = _table("").get(kind, ())
    return name in _table("TEXT_ENCODING").get(kind, ()) and name not in bodies


def auto_class(task: str, config: Any) -> Any:
    """transformers' auto class for the task (imports transformers)."""
    import transformers

    kind, both = str(_get(config, "model_type")), bool(_get(config, "is_encoder_decoder"))
    named = set(_get(config, "architectures") or ())
    if task == HEADLESS:
        alone = any(_is_encoder(str(name), kind) for name in named)
        if alone or (both and kind in _table("TEXT_ENCODING")):
            return transformers.AutoModelForTextEncoding
        bodiless = kind not in _table("") and kind in _table("SEQ_TO_SEQ_CAUSAL_LM")
        return transformers.AutoModelForSeq2SeqLM if bodiless else transformers.AutoModel
    if task == SEQ2SEQ and named & set(_table("").get(kind, ())):
        return transformers.AutoModel  # saved without a head that writes
    listed = [(table, auto) for table, auto in TASKS[task] if kind in _table(table)]
    exact = [auto for table, auto in listed if named & set(_table(table)[kind])]
    fitting = [*exact, *(auto for _, auto in listed)]
    if not fitting:
        return transformers.AutoModel if task == SEQ2SEQ else _first_auto(task)
    return getattr(transformers, fitting[0])


def _first_auto(task: str) -> type:
    import transformers

    return getattr(transformers, TASKS[task][0][1])


def _get(config: Any, name: str) -> Any:
    return config.get(name) if isinstance(config, dict) else getattr(config, name, None)


@cache
def _table(name: str) -> dict[str, tuple[str, ...]]:
    """Model type to class names of one auto class; "" for the bodies without a head."""
    from transformers.models.auto import modeling_auto

    middle = f"_FOR_{name}" if name else ""
    found = getattr(modeling_auto, f"MODEL{middle}_MAPPING_NAMES", {})
    return {
        kind: (classes,) if isinstance(classes, str) else tuple(classes)
        for kind, classes in found.items()
    }


@cache
def _listed() -> set[str]:
    """The classes of all tables."""
    from transformers.models.auto import modeling_auto

    tables = [
        value for name, value in vars(modeling_auto).items() if name.endswith("MAPPING_NAMES")
    ]
    rows = [classes for table in tables for classes in table.values()]
    return {each for row in rows for each in ((row,) if isinstance(row, str) else row)}


@cache
def _all(name: str) -> set[str]:
    return {each for classes in _table(name).values() for each in classes}


def check_label_names(raw: dict) -> None:
    """Refuse names of labels that are not given by number: `UnsupportedModel`."""
    names = raw.get("id2label")
    numbered = isinstance(names, dict) and all(str(each).isdecimal() for each in names)
    if names is not None and not numbered:
        raise UnsupportedModel(
            "config.json does not describe a model: id2label must give the name of each label by "
            'its number, such as {"0": "negative", "1": "positive"}.'
        )


def label_names(config: PretrainedConfig) -> tuple[str, ...]:
    """One name for each output, each another one."""
    given = config.id2label or {}
    names = [
        str(given.get(number, "")).strip() or f"LABEL_{number}" for number in range(len(given))
    ]
    return tuple(
        f"{name} ({number})" if names.count(name) > 1 else name for number, name in enumerate(names)
    )


def label_notes(config: PretrainedConfig) -> tuple[str, ...]:
    """A note where the names are wrongly numbered, empty or the same."""
    given = config.id2label or {}
    own = [str(given.get(number, "")).strip() for number in range(len(given))]
    if all(own) and len(set(own)) == len(own):
        return ()
    return (
        f"The {len(own)} labels in config.json (id2label) are not numbered from 0, or share a name "
        "or have none: those are shown with the number of their output.",
    )


def offered_readings(name: str) -> tuple[str, ...]:
    """What a folder or a downloaded Hub model can be read as, the task it was saved for first.

    Reads `config.json` alone; empty for built-in models, adapters and what cannot be read.
    """
    from interp_core.models.folders import find_model_folder
    from interp_core.models.hub import cached_folder
    from interp_core.models.registry import bundled_card
    from interp_core.models.safety import read_json

    if not name or "\0" in name or bundled_card(name):
        return ()
    try:
        place = Path(name).expanduser()
        folder = place if place.is_dir() else cached_folder(name)
        if folder is None:
            return ()
        folder, _ = find_model_folder(folder)
        return readings(read_json(folder / "config.json"))
    except (ClearheadError, OSError, RuntimeError, ValueError):
        return ()
