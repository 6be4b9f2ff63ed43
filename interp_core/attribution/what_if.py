"""What if the text were another: predictions of edited texts, and edits worth trying."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import regex
import torch

from interp_core.attribution.prediction import Prediction
from interp_core.attribution.targets import TargetRequest
from interp_core.attribution.task_targets import resolve_target
from interp_core.inputs.encode import encode_with_decoder
from interp_core.models.forward import forward

if TYPE_CHECKING:
    from collections.abc import Callable

    from interp_core.models.record import LoadedModel

NEGATION = r"(?i)\b(not|never|hardly|no longer)\b ?|n['’]t\b"
INTENSIFIER = r"(?i)\b(very|really|extremely|so|too|quite|absolutely|slightly|somewhat)\b ?"
AUXILIARY = r"(?i)\b(is|was|are|were|am|be|been|could|can|should|would|will|did|does|do|has|had)\b"


@dataclass(frozen=True)
class Outcome:
    """What the model says of a text: its prediction, and the target's logit and probability.

    `probability` is the target's value itself where the model has no probabilities (regression).
    """

    text: str
    prediction: Prediction
    value: float
    probability: float


@dataclass(frozen=True)
class SuggestedEdit:
    """A change of a text: what was done, in words, and the new text."""

    what: str
    text: str


def predict_target(
    model: LoadedModel,
    text: str,
    *,
    target: Any = None,
    contrast: Any = None,
    position: Any = None,
    text_pair: str | None = None,
) -> Outcome:
    """One forward pass; the arguments mean what they mean in `attribute` and raise the same."""
    encoded = encode_with_decoder(model, text, text_pair)
    output = forward(model, encoded.inputs)
    goal, prediction = resolve_target(
        model, encoded, output, TargetRequest(target, contrast, position)
    )
    with torch.inference_mode():
        value, chance = goal.score(output), goal.probability(output)
    return Outcome(text, prediction, float(value[0]), float(chance[0]))


def replace_span(text: str, span: tuple[int, int], new: str = "") -> str:
    """The text with the characters of `span` replaced; dropped words leave no double space."""
    before, after = text[: span[0]], text[span[1] :]
    if not new and before.endswith(" ") and (not after or not after[0].isalnum()):
        before = before.rstrip(" ") + (" " if after[:1] == " " else "")
        after = after.lstrip(" ")
    if not new and not before:
        after = after.lstrip(" ")
    return before + new + after


def suggestions(text: str) -> list[SuggestedEdit]:
    """Edits of negations and intensifiers, and "but" against "and", wherever they apply (English).

    Every edit changes one place. A suggestion may be clumsy English; the model reads it all the
    same, and the prediction's move is what it shows.
    """
    found = [edit for make in _MAKERS for edit in make(text)]
    unique = {edit.text: edit for edit in found if edit.text.strip() and edit.text != text}
    return list(unique.values())


def _without(pattern: str, what: str) -> Callable[[str], list[SuggestedEdit]]:
    def make(text: str) -> list[SuggestedEdit]:
        return [
            SuggestedEdit(f"{what} “{match.group().strip()}”", replace_span(text, match.span()))
            for match in regex.finditer(pattern, text)
        ]

    return make


def _after_auxiliary(word: str) -> Callable[[str], list[SuggestedEdit]]:
    def make(text: str) -> list[SuggestedEdit]:
        edits = []
        for match in regex.finditer(AUXILIARY, text):
            if not regex.match(rf"(n['’]t|\s+({word}|not)\b)", text[match.end() :]):
                new = f"{text[: match.end()]} {word}{text[match.end() :]}"
                edits.append(SuggestedEdit(f"add “{word}” after “{match.group()}”", new))
        return edits

    return make


def _swapped(old: str, new: str) -> Callable[[str], list[SuggestedEdit]]:
    def make(text: str) -> list[SuggestedEdit]:
        return [
            SuggestedEdit(f"replace “{old}” with “{new}”", replace_span(text, match.span(), new))
            for match in regex.finditer(rf"(?i)\b{old}\b", text)
        ]

    return make


_MAKERS = (
    _without(NEGATION, "delete"),
    _after_auxiliary("not"),
    _without(INTENSIFIER, "delete"),
    _after_auxiliary("really"),
    _after_auxiliary("slightly"),
    _swapped("but", "and"),
    _swapped("and", "but"),
)
