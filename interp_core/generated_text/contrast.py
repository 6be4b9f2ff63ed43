"""Why this answer rather than that one: the difference that each unit of the prompt makes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pandas as pd

from interp_core.generated_text.attribution import attribute_generation
from interp_core.progress import scaled

OTHER_BORDER = (
    "One of the two answers begins with a space and the other does not: begin both in the same "
    "way, or the difference is that of the space."
)

if TYPE_CHECKING:
    from interp_core.generated_text.answer import Answer
    from interp_core.generated_text.attribution import Chat, GenerationAttribution
    from interp_core.generated_text.prompt import Prompt
    from interp_core.models.record import LoadedModel


def contrast_answers(
    model: LoadedModel,
    prompt: str | Chat | Prompt,
    answer: str | Answer,
    other: str | Answer,
    *,
    progress: Callable[[int, int], object] | None = None,
    **options: Any,
) -> pd.DataFrame:
    """One row for each unit of the prompt: unit, text, role, answer, other, score, in nats.

    `answer` and `other` are the unit's scores for the two whole answers, and `score` their
    difference: how much the unit moves log p(answer) − log p(other). `.attrs` holds the log
    probabilities of the two, `answer` and `other`, and their numbers of tokens, `tokens`: an answer
    of more tokens has mostly the lower probability; `notes` are sentences on how they were read.
    `options` are those of `attribute_generation`.
    """
    options = {**options, "earlier": False}
    first, second = (
        attribute_generation(model, prompt, each, **options, progress=_half(progress, number))
        for number, each in enumerate((answer, other))
    )
    frame = first.of_units()[["unit", "text", "role"]]
    frame = frame.assign(answer=first.of_span(), other=second.of_span())
    frame["score"] = frame["answer"] - frame["other"]
    frame.attrs = {
        "answer": first.log_probability,
        "other": second.log_probability,
        "tokens": (len(first.tokens), len(second.tokens)),
        "notes": tuple(dict.fromkeys([*first.notes, *second.notes, *_border(first, second)])),
    }
    return frame


def _border(first: GenerationAttribution, second: GenerationAttribution) -> list[str]:
    """A hint where one of two answers begins with a space, which has much of their difference."""
    begin = [each.answer.text[:1].isspace() for each in (first, second)]
    return [OTHER_BORDER] if begin[0] != begin[1] else []


def _half(progress: Callable[[int, int], object] | None, number: int) -> Callable | None:
    return scaled(progress, 50 * number, 50 * (number + 1))
