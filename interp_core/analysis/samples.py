"""The example data that come with Clearhead; their licences stand in `data/README.md`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from interp_core.errors import BadInput

DATA = Path(__file__).resolve().parents[1] / "data"


@dataclass(frozen=True)
class Sample:
    """A file of example texts: which column labels them, and what there is to see."""

    name: str
    title: str
    file: str
    label: str
    about: str


SAMPLES: dict[str, Sample] = {
    each.name: each
    for each in (
        Sample(
            "word_groups",
            "Words in groups",
            "word_groups.tsv",
            "group",
            "Countries, capitals, professions, emotions and verbs in three forms: which groups "
            "does the model keep together, and does the same step lead from country to capital?",
        ),
        Sample(
            "ambiguous_words",
            "Words with several senses",
            "ambiguous_words.tsv",
            "sense",
            "200 sentences with bank, spring, bass or java: the senses of a word lie on one spot "
            "at the embeddings and part as layers go up.",
        ),
        Sample(
            "requests",
            "Requests in seven intents",
            "requests.tsv",
            "intent",
            "2,000 short requests to an assistant (Snips NLU benchmark, CC0).",
        ),
    )
}


def sample_table(name: str) -> pd.DataFrame:
    """The table of one sample: the column text, the label, and what else there is.

    `word_groups`: group. `ambiguous_words`: word, sense. `requests`: intent, split ("validation"
    or "train"). Raises `BadInput`.
    """
    if name not in SAMPLES:
        raise BadInput(f"There is no example {name!r}. Choose one of: {', '.join(SAMPLES)}.")
    return _read(SAMPLES[name].file).copy()


@cache
def _read(file: str) -> pd.DataFrame:
    lines = (DATA / file).read_text(encoding="utf-8").splitlines()
    names, *rows = (line.split("\t") for line in lines)
    return pd.DataFrame(rows, columns=names, dtype=object)


@cache
def sentences() -> tuple[str, ...]:
    """The built-in corpus: 1,200 sentences of six novels (public domain), one of each in turn."""
    return tuple((DATA / "sentences.txt").read_text(encoding="utf-8").splitlines())
