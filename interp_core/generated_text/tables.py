"""Tables behind pictures of an answer: keys of units and tokens, and what is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from interp_core.inputs.vocabulary import SPACE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from interp_core.generated_text.attribution import GenerationAttribution
    from interp_core.generated_text.units import Unit

LONGEST_NAME = 60  # letters of a unit's name


def unit_names(units: Sequence[Unit]) -> list[str]:
    """A name for each unit, its number first: in a chat with the role, long ones cut."""
    names = []
    for number, unit in enumerate(units):
        text = " ".join(unit.text.split()) or SPACE
        text = text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 1]}…"
        role = f"{unit.role}{' (template)' if unit.template else ''}: " if unit.role else ""
        names.append(f"{number}|{role}{text}")
    return names


def answer_table(found: GenerationAttribution) -> pd.DataFrame:
    """One row for each source and answer token, for `answer_map`: the prompt's units first.

    source, unit (a key), text, role, template, position, token_key, token, log_probability, score.
    """
    frame = found.to_frame()
    names = {
        "prompt": unit_names(found.sources),
        "answer": [name.replace("|", "|answer: ", 1) for name in unit_names(found.answer_sources)],
    }
    keys = [names[kind][number] for kind, number in zip(frame["source"], frame["unit"])]
    places = [f"{at}|{token}" for at, token in zip(frame["position"], frame["token"])]
    return frame.assign(unit=keys, token_key=places)
