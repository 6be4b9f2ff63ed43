"""From task to target: which number of the model's output is explained.

Logits are explained, not probabilities: probabilities saturate, and then nothing seems to count.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from interp_core.models.record import LoadedModel

SOFTMAX, SIGMOID, NONE = "softmax", "sigmoid", "none"
SIMILARITY = "similarity"
SPANS = ("start_logits", "end_logits")


@dataclass(frozen=True)
class Term:
    """One logit, `output[source][position, index]`, minus the `contrast` one where given.

    `position` is None where the output has one line for the whole text. For start and end logits
    `index` and `contrast` are places of tokens.
    """

    source: str
    index: int
    position: int | None = None
    contrast: int | None = None

    @property
    def places(self) -> tuple[int, ...]:
        """Tokens whose output this term reads."""
        if self.source in SPANS:
            return tuple(each for each in (self.index, self.contrast) if each is not None)
        return () if self.position is None else (self.position,)

    def moved(self, places: Mapping[int, int]) -> Term:
        """The same term after tokens were removed; `places` maps old to new places."""
        if self.source in SPANS:
            contrast = None if self.contrast is None else places[self.contrast]
            return replace(self, index=places[self.index], contrast=contrast)
        position = None if self.position is None else places[self.position]
        return replace(self, position=position)


@dataclass(frozen=True)
class Target:
    """The explained number: a sum of terms.

    `label` names it for people, `unit` is "logit", "value" (regression), "cosine", or "logit
    difference"; `activation` says how a line of logits becomes probabilities. `vectors` (labels, d)
    are the unit vectors of the labels in similarity targets. `decoder_ids` is what the decoder of
    an encoder-decoder model has written so far.
    """

    label: str
    terms: tuple[Term, ...]
    unit: str = "logit"
    activation: str = SOFTMAX
    vectors: np.ndarray | None = None
    decoder_ids: tuple[int, ...] = ()

    @property
    def places(self) -> tuple[int, ...]:
        """Tokens whose output is read, which edits of the text must keep."""
        if self.decoder_ids:
            return ()
        return tuple(sorted({place for term in self.terms for place in term.places}))

    def moved(self, places: Mapping[int, int]) -> Target:
        """The same target after tokens were removed."""
        if self.decoder_ids:
            return self
        return replace(self, terms=tuple(term.moved(places) for term in self.terms))

    def score(self, output: Any) -> Tensor:
        """The explained number of each row, (rows,)."""
        return sum(_difference(self.line(output, term), term) for term in self.terms)

    def probability(self, output: Any) -> Tensor:
        """The probability of the target, (rows,); the score itself where there is none.

        With a contrast it is the probability among the two; for spans, start times end.
        """
        if self.activation == NONE:
            return self.score(output)
        parts = [self._chance(self.line(output, term), term) for term in self.terms]
        return torch.stack(parts).prod(0)

    def _chance(self, logits: Tensor, term: Term) -> Tensor:
        if term.contrast is not None or self.activation == SIGMOID:
            return _difference(logits, term).sigmoid()
        return logits.softmax(-1)[:, term.index]

    def line(self, output: Any, term: Term) -> Tensor:
        """The logits the term chooses from, (rows, choices)."""
        if term.source == SIMILARITY:
            return self._cosines(output.last_hidden_state)
        values = output[term.source]
        return values if term.position is None else values[:, term.position]

    def _cosines(self, states: Tensor) -> Tensor:
        mean = torch.nn.functional.normalize(states.mean(1), dim=-1)
        return mean @ torch.as_tensor(self.vectors, dtype=states.dtype, device=states.device).T


def _difference(logits: Tensor, term: Term) -> Tensor:
    chosen = logits[:, term.index]
    return chosen if term.contrast is None else chosen - logits[:, term.contrast]


@dataclass(frozen=True)
class OneLine:
    """A target as it stands in an output that was asked for with `options`."""

    target: Target
    options: dict[str, Any]


def one_line(model: LoadedModel, target: Target) -> OneLine:
    """A causal model computes the logits of the one place that is read, where its class can."""
    keeps = "logits_to_keep" in inspect.signature(type(model.model).forward).parameters
    if model.task != "causal-lm" or not keeps:
        return OneLine(target, {})
    (place,) = {term.position for term in target.terms}
    terms = tuple(replace(term, position=0) for term in target.terms)
    kept = torch.tensor([place], device=model.device)
    return OneLine(replace(target, terms=terms), {"logits_to_keep": kept})


@dataclass(frozen=True)
class TargetRequest:
    """What a caller wants explained: a label or token, instead of another one, at a place."""

    target: Any = None
    contrast: Any = None
    position: Any = None
