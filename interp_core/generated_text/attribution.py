"""Which part of the prompt wrote this answer: source units × answer tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from interp_core.charted import Charted
from interp_core.errors import BadInput
from interp_core.generated_text import gradients
from interp_core.generated_text.answer import Answer, check_length, read_answer, write_answer
from interp_core.generated_text.prompt import Prompt, read_prompt
from interp_core.generated_text.scoring import Row, Scorer, standing_for_nothing
from interp_core.generated_text.units import Unit, prompt_units, text_units
from interp_core.progress import Counter, scaled

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

Chat = Sequence[Mapping[str, str]]


class GenerationMethod(NamedTuple):
    """How scores of an answer's tokens are found: its name, and a sentence on what a score is."""

    title: str
    summary: str
    removes: bool  # whether units are taken away, one pass for each


# Name: title and what a score is.
GENERATION_METHODS = {
    "leave_one_out": GenerationMethod(
        "Removal", "log p(token) minus log p(token) without the unit.", True
    ),
    "replacement": GenerationMethod(
        "Replacement",
        "log p(token) minus log p(token) with a neutral token in place of each of the unit's.",
        True,
    ),
    "input_x_gradient": GenerationMethod(
        "Input × gradient", "sum over the unit of embedding times ∂ log p(token).", False
    ),
    "integrated_gradients": GenerationMethod(
        "Integrated gradients",
        "sum over the unit of the path integral from neutral tokens to the text.",
        False,
    ),
}
ALSO = {"removal": "leave_one_out", "gradient_x_input": "input_x_gradient"}
STEPS, MOST_STEPS = 16, 256  # Gauss-Legendre points of integrated gradients
EMPTIED = (
    "Without its only unit the prompt is empty: the model then reads its begin or end mark alone."
)


@dataclass(frozen=True)
class GenerationAttribution(Charted):
    """Scores of what the model read, for each token of an answer, in nats.

    `matrix` (units, t) has the units of the prompt, `sources`: how much each raises the log
    probability of each of `tokens`. With a method that takes units away, the sum of a row is the
    difference of the whole answer's log probability. `earlier` (answer units, t) has units of the
    answer itself, `answer_sources`; it is NaN where a unit cannot be a source: at its own tokens
    and before them.

    `log_probabilities` (t,) are those after the whole prompt. `missed` (t,) is what the scores of
    integrated gradients lack of log p(text) − log p(baseline), None for other methods, and `steps`
    its number of points.
    `replacement` is the token that stood in the place of others, None where none did, and `wished`
    the one that was asked for; `template` says whether what the chat template wrote is a source as
    well. `notes` are sentences on how prompt and answer were read; `warning` is one where
    integrated gradients have not converged, else None.
    """

    sources: tuple[Unit, ...]
    tokens: tuple[str, ...]
    matrix: np.ndarray
    log_probabilities: np.ndarray
    answer_sources: tuple[Unit, ...]
    earlier: np.ndarray
    prompt: Prompt
    answer: Answer
    unit: str
    method: str
    missed: np.ndarray | None = None
    replacement: str | None = None
    notes: tuple[str, ...] = ()
    evaluations: int = 0
    wished: str | None = None
    template: bool = False
    steps: int | None = None
    warning: str | None = None

    @property
    def units(self) -> tuple[str, ...]:
        """The text of each unit of the prompt."""
        return tuple(unit.text for unit in self.sources)

    @property
    def log_probability(self) -> float:
        """Log probability of the whole answer, in nats."""
        return float(self.log_probabilities.sum())

    def of_span(self, start: int = 0, end: int | None = None) -> np.ndarray:
        """Scores (units,) for the answer's tokens `start` to `end`, summed: all without bounds."""
        return self.matrix[:, start:end].sum(1)

    def to_frame(self) -> pd.DataFrame:
        """One row for each source and answer token, in nats.

        source ("prompt" or "answer"), unit, text, role, template, position, token,
        log_probability, score.
        """
        parts = (
            ("prompt", self.sources, self.matrix),
            ("answer", self.answer_sources, self.earlier),
        )
        rows = [
            {
                "source": kind,
                "unit": number,
                "text": unit.text,
                "role": unit.role,
                "template": unit.template,
                "position": position,
                "token": token,
                "log_probability": value,
                "score": score,
            }
            for kind, units, scores in parts
            for number, (unit, line) in enumerate(zip(units, scores))
            for position, (token, value, score) in enumerate(
                zip(self.tokens, self.log_probabilities, line)
            )
        ]
        return pd.DataFrame(rows)

    def of_units(self, start: int = 0, end: int | None = None) -> pd.DataFrame:
        """One row for each unit of the prompt: unit, text, role, template, tokens, score of the
        answer's tokens `start` to `end`."""
        return pd.DataFrame(
            {
                "unit": range(len(self.sources)),
                "text": self.units,
                "role": [unit.role for unit in self.sources],
                "template": [unit.template for unit in self.sources],
                "tokens": [len(unit.places) for unit in self.sources],
                "score": self.of_span(start, end),
            }
        )

    def of_tokens(self, unit: int) -> pd.DataFrame:
        """One row for each answer token: position, token, log_probability, and the score of one
        unit of the prompt."""
        return pd.DataFrame(
            {
                "position": range(len(self.tokens)),
                "token": self.tokens,
                "log_probability": self.log_probabilities,
                "score": self.matrix[unit],
            }
        )


def attribute_generation(
    model: LoadedModel,
    prompt: str | Chat | Prompt,
    continuation: str | Answer | None = None,
    *,
    units: str = "sentence",
    method: str = "leave_one_out",
    spans: Sequence[Sequence[int]] | None = None,
    template: bool = False,
    earlier: bool = True,
    replacement: str | None = None,
    steps: int = STEPS,
    tokens: int = 40,
    temperature: float = 0.0,
    seed: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> GenerationAttribution:
    """How much each unit of a prompt counts for each token of an answer.

    `prompt` is a text, or turns such as `[{"role": "user", "content": "Hello"}]` for a model with
    a chat template; both may be the `prompt` and `answer` of an earlier result. Without a
    `continuation` the model writes one of up to `tokens` tokens, with
    `temperature` and `seed` as in `generate`.

    `units` is one of "token", "word", "sentence", "paragraph", "turn", "role" and "passage", whose
    characters are the `spans`. `method` is one of `GENERATION_METHODS`. With `template` what the
    chat template wrote is a source as well, with `earlier` the answer's own earlier parts.
    `replacement` is the token that stands in another's place ("replacement",
    "integrated_gradients"), `steps` the points of integrated gradients.

    Taking units away costs one pass for each of them; gradients cost one backward pass for each
    token of the answer, integrated gradients `steps` times as many. `progress(done, expected)`
    counts passes and may return False to stop. Raises `BadInput`, `InputTooLong`, and
    `UnsupportedModel` for models that write no text.
    """
    method = checked_method(method)
    read = prompt if isinstance(prompt, Prompt) else read_prompt(model, prompt)
    sources = prompt_units(read, units, spans, template=template)
    if continuation is None:
        own = None if progress is None else scaled(progress, 0, 20)
        answer = write_answer(
            model, read, tokens=tokens, temperature=temperature, seed=seed, progress=own
        )
        progress = None if progress is None else scaled(progress, 20, 100)
    elif isinstance(continuation, Answer):
        answer = continuation
    else:
        answer = read_answer(model, read, continuation)
    check_length(model, read, answer)
    own_units = text_units(answer.sequence, units) if earlier else ()
    own_units = tuple(unit for unit in own_units if unit.places[-1] + 1 < len(answer))
    question = _Question(model, read, answer, sources, own_units, units, template)
    meter = Counter(progress)
    if GENERATION_METHODS[method].removes:
        found = _by_removal(question, method, replacement, meter)
    else:
        found = _by_gradients(question, method, replacement, steps, meter)
    return replace(found, template=template)


def checked_method(method: str) -> str:
    """The name of a method. Raises `BadInput`."""
    method = ALSO.get(method, method)
    if method not in GENERATION_METHODS:
        known = ", ".join(GENERATION_METHODS)
        raise BadInput(f"Unknown method {method!r}. Choose one of: {known}.")
    return method


class _Question(NamedTuple):
    model: LoadedModel
    prompt: Prompt
    answer: Answer
    sources: tuple[Unit, ...]
    own: tuple[Unit, ...]
    units: str
    template: bool


def _by_removal(
    asked: _Question, method: str, replacement: str | None, meter: Counter
) -> GenerationAttribution:
    name, number = None, None
    if method == "replacement":
        name, number = standing_for_nothing(asked.model, replacement)
    scorer = Scorer(asked.model, asked.prompt, asked.answer, meter)
    meter.expected += 1 + len(asked.sources) + len(asked.own)
    whole = scorer.without([()])[0]
    changed = scorer.without([unit.places for unit in asked.sources], number)
    return GenerationAttribution(
        asked.sources,
        asked.answer.sequence.tokens,
        whole - changed,
        whole,
        asked.own,
        _earlier(scorer, asked.own, whole, number),
        asked.prompt,
        asked.answer,
        asked.units,
        method,
        None,
        name,
        _notes(asked, emptied=number is None),
        meter.done,
        replacement,
    )


def _earlier(
    scorer: Scorer, own: Sequence[Unit], whole: np.ndarray, number: int | None
) -> np.ndarray:
    """The difference that units of the answer make to what follows them, (answer units, t)."""
    ids, rows = scorer.answer.sequence.ids, []
    for unit in own:
        places = np.array(unit.places)
        edited = ids.copy()
        edited[places] = -1 if number is None else number
        rows.append(Row(scorer.prompt.sequence.ids, edited[edited >= 0]))
    found = np.full((len(own), len(ids)), np.nan)
    for line, unit, after in zip(found, own, scorer.rows(rows)):
        first = unit.places[-1] + 1
        line[first:] = whole[first:] - after[len(after) - (len(ids) - first) :]
    return found


def _by_gradients(
    asked: _Question,
    method: str,
    replacement: str | None,
    steps: int,
    meter: Counter,
) -> GenerationAttribution:
    scorer = Scorer(asked.model, asked.prompt, asked.answer, meter)
    meter.expected += 1
    whole, name = scorer.without([()])[0], None
    given = (asked.model, asked.prompt, asked.answer, meter)
    if method == "input_x_gradient":
        found = gradients.input_x_gradient(*given)
    else:
        if not 2 <= steps <= MOST_STEPS:
            raise BadInput(
                f"Integrated gradients take between 2 and {MOST_STEPS} steps, not {steps}."
            )
        name, number = standing_for_nothing(asked.model, replacement)
        moving = np.zeros(len(asked.prompt), dtype=bool)
        moving[[place for unit in asked.sources for place in unit.places]] = True
        found = gradients.integrated_gradients(
            *given, replacement=number, steps=steps, moving=moving
        )
    own = asked.own if found.answer is not None else ()
    return GenerationAttribution(
        asked.sources,
        asked.answer.sequence.tokens,
        _summed(found.prompt, asked.sources, len(asked.answer)),
        whole,
        tuple(own),
        _after(_summed(found.answer, own, len(asked.answer)), own),
        asked.prompt,
        asked.answer,
        asked.units,
        method,
        found.missed,
        name,
        (*_notes(asked), *([gradients.FIRST_STAYS] if found.kept else [])),
        meter.done,
        replacement,
        steps=None if found.missed is None else steps,
        warning=found.warning,
    )


def _summed(scores: np.ndarray | None, units: Sequence[Unit], count: int) -> np.ndarray:
    lines = [scores[list(unit.places)].sum(0) for unit in units]
    return np.stack(lines) if lines else np.empty((0, count))


def _after(scores: np.ndarray, units: Sequence[Unit]) -> np.ndarray:
    """NaN at and before a unit's last token: a later token is its only outside."""
    for line, unit in zip(scores, units):
        line[: unit.places[-1] + 1] = np.nan
    return scores


def _notes(asked: _Question, *, emptied: bool = False) -> tuple[str, ...]:
    gone = [len(unit.places) == len(asked.prompt) for unit in asked.sources]
    turns = asked.prompt.note if asked.units in ("turn", "role") or asked.template else ""
    empty = EMPTIED if emptied and any(gone) else ""
    return tuple(note for note in (asked.answer.note, turns, empty) if note)
