"""The built-in labelled sets: what there is to audit without a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from interp_core.audit.data import labelled_data
from interp_core.audit.labels import match_labels
from interp_core.audit.record import TOKENS, AuditData, audit_kind
from interp_core.datasets import labelled_sample
from interp_core.errors import BadInput
from interp_core.files.conll import read_conll

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel


@dataclass(frozen=True)
class LabelledSet:
    """A built-in set, see `labelled_sample`: its title and its columns (none for CoNLL)."""

    title: str
    text: str = ""
    label: str = ""


AUDIT_SETS: dict[str, LabelledSet] = {
    "sentiment": LabelledSet("504 constructed sentences", "text", "label"),
    "intents": LabelledSet("700 requests in seven intents (Snips validation)", "text", "label"),
    "slots": LabelledSet("700 requests with 39 kinds of slots (Snips validation)"),
}


def audit_sets(model: LoadedModel) -> dict[str, str]:
    """Name and title of each built-in set whose labels the model has.

    Raises `UnsupportedModel` for models that give no answers to compare with labels.
    """
    tokens = audit_kind(model) == TOKENS
    return {
        name: each.title
        for name, each in AUDIT_SETS.items()
        if tokens != bool(each.label)
        and all(match_labels(_labels(name), model.labels).mapping.values())
    }


def audit_set(model: LoadedModel, name: str | None = None) -> AuditData:
    """A built-in set for this model; without `name` the first that fits.

    Raises `BadInput` where there is none of this name, or none that fits.
    """
    known = audit_sets(model)
    name = name or next(iter(known), None)
    if name not in known:
        offered = f"Those that fit: {', '.join(known)}." if known else "Give a file of your own."
        which = f"the built-in set {name!r} for" if name else "a built-in set with the labels of"
        raise BadInput(f"There is not {which} {model.name!r}. {offered}")
    each = AUDIT_SETS[name]
    if not each.label:
        return labelled_data(read_conll(labelled_sample(name)), model, name=name)
    frame = labelled_sample(name)
    return labelled_data(frame, model, text=each.text, label=each.label, name=name)


def _labels(name: str) -> list[str]:
    """The labels of a built-in set."""
    if AUDIT_SETS[name].label:
        return sorted(set(labelled_sample(name)[AUDIT_SETS[name].label]))
    return sorted({tag for some in read_conll(labelled_sample(name)).labels for tag in some})
