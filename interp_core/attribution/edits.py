"""Edited texts as edited token ids: nothing is decoded and tokenised again, which changes ids."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from interp_core.attribution.baselines import non_word_mask, replacement_id
from interp_core.attribution.result import Attribution, reread
from interp_core.errors import BadInput
from interp_core.inputs.words import removable
from interp_core.models.forward import no_cache, rows_in_one_pass
from interp_core.progress import Counter

if TYPE_CHECKING:
    from interp_core.attribution.targets import Target
    from interp_core.inputs.tokens import Encoded
    from interp_core.models.record import LoadedModel


FIXED = ("decoder_input_ids",)  # inputs that edits of the text leave alone


@dataclass(frozen=True)
class EditedInputs:
    """Inputs (1, m) of an edited text, and the target at its new place."""

    inputs: dict[str, torch.Tensor]
    target: Target


def delete(encoded: Encoded, target: Target, places: Sequence[int] | np.ndarray) -> EditedInputs:
    """The text without the tokens at `places`; segments and mask shrink with it."""
    size = len(encoded.sequence)
    left = np.setdiff1d(np.arange(size), places)
    inputs = {
        name: value if name in FIXED else value[:, left] for name, value in encoded.inputs.items()
    }
    return EditedInputs(inputs, target.moved({int(old): new for new, old in enumerate(left)}))


def replace_ids(
    encoded: Encoded, target: Target, places: Sequence[int] | np.ndarray, number: int
) -> EditedInputs:
    """The text with token `number` at `places`."""
    ids = encoded.inputs["input_ids"].clone()
    ids[:, np.asarray(places, dtype=int)] = number
    return EditedInputs({**encoded.inputs, "input_ids": ids}, target)


def evaluate(
    model: LoadedModel,
    edits: Sequence[EditedInputs],
    read: Callable[[Target, Any], torch.Tensor],
    meter: Counter | None = None,
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
            output = model.model(**inputs, **no_cache(model), return_dict=True)
            values[members] = read(first.target, output).cpu().double().numpy()
        if meter is not None:
            meter.add(len(members))
    return values


def _batches(model: LoadedModel, edits: Sequence[EditedInputs]) -> list[list[int]]:
    alike: dict[Any, list[int]] = {}
    for number, edit in enumerate(edits):
        length = edit.inputs["input_ids"].shape[1]
        alike.setdefault((length, edit.target.terms), []).append(number)
    batches = []
    for (length, _), members in alike.items():
        rows = rows_in_one_pass(model, length)
        batches += [members[i : i + rows] for i in range(0, len(members), rows)]
    return batches


def score_without(
    model: LoadedModel,
    encoded: Encoded,
    target: Target,
    groups: Sequence[np.ndarray],
    meter: Counter | None = None,
) -> np.ndarray:
    """The explained number with one group of tokens deleted at a time, (groups,)."""
    edits = [delete(encoded, target, group) for group in groups]
    return evaluate(model, edits, lambda goal, output: goal.score(output), meter)


@dataclass(frozen=True)
class WordDeletions:
    """Edits of one text: `groups` are the tokens of each word that may go."""

    model: LoadedModel
    encoded: Encoded
    attribution: Attribution
    groups: list[np.ndarray]
    replacement: tuple[str, int] | None
    meter: Counter = field(default_factory=Counter)

    def edit(self, words: Sequence[int]) -> EditedInputs:
        """The text without these words."""
        gone = np.concatenate([self.groups[word] for word in words] or [np.empty(0, dtype=int)])
        if self.replacement is None:
            return delete(self.encoded, self.attribution.goal, gone)
        return replace_ids(self.encoded, self.attribution.goal, gone, self.replacement[1])

    def outputs(
        self, choices: list[tuple[int, ...]], read: Callable[[Target, Any], torch.Tensor]
    ) -> np.ndarray:
        """`read(target, output)` without each choice of words; equal choices run once."""
        unique = list(dict.fromkeys(choices))
        self.meter.expected += len(unique)
        edits = [self.edit(words) for words in unique]
        values = evaluate(self.model, edits, read, self.meter)
        known = dict(zip(unique, values))
        return np.array([known[words] for words in choices])

    @property
    def most(self) -> int:
        """How many words may go: all, or all but one where nothing else would be left."""
        size = len(self.encoded.sequence)
        whole = self.replacement is None and sum(map(len, self.groups)) == size
        return len(self.groups) - whole


def word_deletions(
    model: LoadedModel,
    attribution: Attribution,
    mode: str,
    progress: Callable[[int, int], object] | None = None,
) -> WordDeletions:
    """The words that may go, or the tokens of an only word.

    Raises `BadInput` when there are fewer than two.
    """
    encoded = reread(model, attribution)
    stay = non_word_mask(model.tokenizer, encoded.sequence)
    stay[list(attribution.goal.places)] = True
    groups = removable(encoded.sequence, stay)
    if len(groups) < 2:
        raise BadInput("Rankings need at least two words or tokens that can be removed.")
    replacement = replacement_id(model.tokenizer) if mode == "mask" else None
    return WordDeletions(model, encoded, attribution, groups, replacement, Counter(progress))


def attribution_scores(attribution: Attribution) -> np.ndarray:
    """Token scores (n,), also of a record that was merged into words."""
    return (attribution.pieces or attribution).scores
