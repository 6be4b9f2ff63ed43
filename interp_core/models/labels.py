"""The names of a model's labels, as its configuration gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interp_core.errors import UnsupportedModel

if TYPE_CHECKING:
    from transformers import PretrainedConfig


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
