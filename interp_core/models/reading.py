"""Check that a model does what its task says, by a trial run where no name settles it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from interp_core.errors import UnsupportedModel
from interp_core.models.named_tokens import named_id, unnamed
from interp_core.models.tasks import CAUSAL, HEADLESS, MASKED

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

# What the maps of a task look like: whether no token sees what stands behind it.
SIGHT = {CAUSAL: True, MASKED: False}
SEES = {True: "sees only what stands before each token", False: "sees both sides of each token"}
STILL = "its attention, vectors and heads can be shown"
DOES = {CAUSAL: "predict the next word", MASKED: "fill in masked words"}


def settle(model: LoadedModel, *, asked: bool) -> LoadedModel:
    """The model as what its maps show it to be, with notes for the user.

    A language model whose maps contradict its task is refused when the caller asked for the task,
    and loaded as a plain encoder otherwise. Raises `UnsupportedModel`.
    """
    notes = (*model.notes, *_missing_tokens(model))
    if not model.layout.attention_layers or SIGHT.get(model.task) in (None, model.layout.causal):
        return replace(model, notes=notes)
    reason = (
        f"{type(model.model).__name__} {SEES[model.layout.causal]}, so its head does not "
        f"{DOES[model.task]} from the text as it stands"
    )
    if asked:
        raise UnsupportedModel(f"{reason}. Load it as encoder: {STILL}.")
    readings = tuple(task for task in model.readings if task != model.task)
    return replace(
        model,
        task=HEADLESS,
        model=model.model.base_model,
        readings=readings,
        notes=(*notes, f"{reason}: it is loaded as a plain encoder. {STILL.capitalize()}."),
    )


def _missing_tokens(model: LoadedModel) -> tuple[str, ...]:
    if model.task != MASKED or named_id(model.tokenizer, "mask") is not None:
        return ()
    return (unnamed(model.tokenizer, "mask"),)
