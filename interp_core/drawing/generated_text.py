"""Answers and what they rest on as pictures: maps, bars, shaded texts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from interp_core.charts import generated_text as charts
from interp_core.charts.lines import token_lines
from interp_core.charts.offline import offline
from interp_core.charts.passages import passage_bars, retrieved_and_read
from interp_core.errors import BadInput
from interp_core.generated_text.attribution import GenerationAttribution
from interp_core.generated_text.faithful import GenerationFaithfulness
from interp_core.generated_text.passage_result import SUPPORT, PassageAttribution
from interp_core.generated_text.tables import answer_table, unit_names
from interp_core.validation import check_position

COLUMNS = ["unit", "text", "token_key", "token", "score", "chosen"]
SUMS = "sum of effects on log p, in nats"
SHOWN = 300  # units of a strip
FULL = 16.0  # bits of full shade


def answer_map(
    found: GenerationAttribution, *, tokens: tuple[int, int] | None = None, unit: int | None = None
) -> Any:
    """All sources by all answer tokens; the answer's own earlier parts are rows below.

    The cells of one `unit` of the prompt and the answer's `tokens` (first, end) are framed. Raises
    `BadInput` for a unit that is not there.
    """
    frame = answer_table(found)
    places = list(dict.fromkeys(frame["token_key"]))
    inside = set(places[slice(*(tokens or (None,)))])
    drawn = frame.dropna(subset=["score"])
    names = unit_names(found.sources)
    name = None if unit is None else names[check_position(unit, len(names))]
    drawn = drawn.assign(chosen=(drawn["unit"] == name) & drawn["token_key"].isin(inside))
    return offline(charts.answer_map(drawn[COLUMNS], title="effect on log p(token), in nats"))


def unit_sums(found: GenerationAttribution, *, tokens: tuple[int, int] | None = None) -> Any:
    """What each unit of the prompt does to the answer, or to its `tokens` (first, end)."""
    frame = found.of_units(*(tokens or ())).assign(unit=unit_names(found.sources))
    return offline(charts.unit_bars(frame, title=SUMS))


def answer_strip(found: GenerationAttribution, unit: int | None = None) -> Any:
    """The answer shaded by the effect of one unit of the prompt, by default the strongest.

    Raises `BadInput` for a unit that is not there.
    """
    if unit is None:
        unit = int(np.argmax(found.of_span()))
    row = found.matrix[check_position(unit, len(found.sources))]
    drawn = pd.DataFrame({"token": found.tokens, "strength": shares(row), "note": ""})
    return offline(token_lines(drawn, title="effect"))


def prompt_strip(
    found: GenerationAttribution, *, tokens: tuple[int, int] | None = None, first: int = 0
) -> Any:
    """The prompt shaded by the effect of its units on the answer, or on its `tokens` (first, end).

    At most 300 units from `first` on.
    """
    scores = found.of_span(*(tokens or ()))
    part = slice(first, first + SHOWN)
    drawn = pd.DataFrame(
        {
            "token": unit_texts(found)[part],
            "strength": shares(scores)[part],
            "note": [_signed(each, "+.2f") for each in scores[part]],
        }
    )
    return offline(token_lines(drawn, title="effect"))


def unit_texts(found: GenerationAttribution) -> list[str]:
    """The text of each unit of the prompt, with the role of its turn."""
    return [
        f"{source.role}: {source.text}" if source.role else source.text for source in found.sources
    ]


def shares(scores: np.ndarray) -> np.ndarray:
    """Scores relative to the largest."""
    return scores / max(float(np.abs(np.nan_to_num(scores)).max(initial=0)), 1e-9)


def _signed(score: float, form: str) -> str:
    told = f"{score:{form}}"
    if not told.startswith("-"):
        return told
    return ("−" if told.strip("-0.") else "") + told[1:]


def deletion(found: GenerationFaithfulness) -> Any:
    """The log probability as units are removed, by their scores and at random."""
    return offline(charts.deletion_curve(found.curve))


def unit_scores(
    table: pd.DataFrame, found: GenerationAttribution, title: str = "Shapley value, nats"
) -> Any:
    """The scores of a table with one row for each unit of `found`, such as `shapley_units` or
    `contrast_answers`; with their standard errors where there are any. Raises `BadInput`."""
    if len(table) != len(found.sources):
        raise BadInput(
            f"The table has {len(table)} rows and the prompt {len(found.sources)} units: give the "
            "attribution that the table was computed from."
        )
    drawn = table.assign(unit=unit_names(found.sources))
    if "error" in drawn and not (drawn["error"].fillna(0) > 0).any():
        drawn = drawn.drop(columns="error")
    return offline(charts.unit_bars(drawn, title=title))


def cross_attention(table: pd.DataFrame) -> Any:
    """Cross attention of each answer token to each unit of the prompt."""
    keys = [f"{at}|{token}" for at, token in zip(table["position"], table["token"])]
    return offline(charts.attention_map(table.assign(token_key=keys)))


def passages(found: PassageAttribution, token: int | None = None) -> Any:
    """The bits that each passage gives the answer, or one token of it (from 0)."""
    frame = found.to_frame() if token is None else found.of_token(token)
    return offline(passage_bars(frame, threshold=SUPPORT if token is None else None))


def passage_answer(found: PassageAttribution) -> Any:
    """The answer, each token shaded by what the passages give it (P-CXMI)."""
    bits = found.pcxmi
    drawn = pd.DataFrame(
        {
            "token": found.by_token()["token"],
            "strength": (bits / FULL).clip(-1, 1),
            "note": [_signed(each, "+.1f") for each in bits],
        }
    )
    return offline(token_lines(drawn, title="P-CXMI (bits)"))


def retrieved(table: pd.DataFrame) -> Any:
    """Passages by likeness to the question and by bits given to the answer; the table is that of
    `PassageAttribution.beside`."""
    return offline(retrieved_and_read(table, threshold=SUPPORT))
