"""Edited texts as edited token ids: nothing is decoded and tokenised again, which changes ids."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from interp_core.analysis.passes import quiet, rows_in_one_pass

if TYPE_CHECKING:
    from interp_core.analysis.progress import Meter
    from interp_core.analysis.targets import Target
    from interp_core.models.record import LoadedModel
    from interp_core.models.tokens import Encoded

FIXED = ("decoder_input_ids",)  # inputs that edits of the text leave alone


@dataclass(frozen=True)
class Edit:
    """Inputs (1, m) of an edited text, and the target at its new place."""

    inputs: dict[str, torch.Tensor]
    target: Target


def delete(encoded: Encoded, target: Target, places: Sequence[int] | np.ndarray) -> Edit:
    """The text without the tokens at `places`; segments and mask shrink with it."""
    size = len(encoded.sequence)
    left = np.setdiff1d(np.arange(size), places)
    inputs = {
        name: value if name in FIXED else value[:, left] for name, value in encoded.inputs.items()
    }
    return Edit(inputs, target.moved({int(old): new for new, old in enumerate(left)}))


def replace_ids(
    encoded: Encoded, target: Target, places: Sequence[int] | np.ndarray, number: int
) -> Edit:
    """The text with token `number` at `places`."""
    ids = encoded.inputs["input_ids"].clone()
    ids[:, np.asarray(places, dtype=int)] = number
    return Edit({**encoded.inputs, "input_ids": ids}, target)


def evaluate(
    model: LoadedModel,
    edits: Sequence[Edit],
    read: Callable[[Target, Any], torch.Tensor],
    meter: Meter | None = None,
) -> np.ndarray:
    """`read(target, output)` of every edit, (edits,) float64.

    Only texts of one length share a pass, so no padding is ever needed.
    """
    values = np.empty(len(edits))
    for members in _batches(model, edits):
        first = edits[members[0]]
        inputs = {
            name: torch.cat([edits[i].inputs[name] for i in members]) for name in first.inputs
        }
        with torch.inference_mode():
            output = model.model(**inputs, **quiet(model), return_dict=True)
            values[members] = read(first.target, output).cpu().double().numpy()
        if meter is not None:
            meter.add(len(members))
    return values


def _batches(model: LoadedModel, edits: Sequence[Edit]) -> list[list[int]]:
    alike: dict[Any, list[int]] = {}
    for number, edit in enumerate(edits):
        length = edit.inputs["input_ids"].shape[1]
        alike.setdefault((length, edit.target.terms), []).append(number)
    batches = []
    for (length, _), members in alike.items():
        rows = rows_in_one_pass(model, length)
        batches += [members[i : i + rows] for i in range(0, len(members), rows)]
    return batches


def without(
    model: LoadedModel,
    encoded: Encoded,
    target: Target,
    groups: Sequence[np.ndarray],
    meter: Meter | None = None,
) -> np.ndarray:
    """The explained number with one group of tokens deleted at a time, (groups,)."""
    edits = [delete(encoded, target, group) for group in groups]
    return evaluate(model, edits, lambda goal, output: goal.score(output), meter)
