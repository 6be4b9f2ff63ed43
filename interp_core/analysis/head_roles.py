"""A word for what a head does, by thresholds on its mean statistics; "none" where nothing fits."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import pandas as pd

NONE = "none"
# Clark et al. 2019: more than half of the attention on one position makes a head positional, more
# than 0.6 on special tokens a special-token head, and more than 3.8 nats at 128 tokens broad.
POSITIONAL, SPECIAL, BROAD = 0.5, 0.6, 3.8 / log(128)
# Olsson et al. 2022 give no number; at 0.4 a random head of 50 keys is twenty times exceeded.
INDUCTION = 0.4
LEXICAL = 0.5  # punctuation and repeated tokens: half of the attention, like a position


@dataclass(frozen=True)
class Role:
    """A head has this role where `column` is above `threshold`."""

    name: str
    column: str
    threshold: float


# The first that fits is the head's role: the more specific stand first.
ROLES = (
    Role("induction", "induction_score", INDUCTION),
    Role("duplicate token", "duplicate_token_score", INDUCTION),
    Role("previous token", "share_previous", POSITIONAL),
    Role("next token", "share_next", POSITIONAL),
    Role("self", "share_self", POSITIONAL),
    Role("separator", "share_separator", SPECIAL),
    Role("first token", "share_first", SPECIAL),
    Role("other special token", "share_other_special", SPECIAL),
    Role("repeated token", "share_repeated", LEXICAL),
    Role("punctuation", "share_punctuation", LEXICAL),
    Role("broad", "entropy_normalised", BROAD),
)


def role_labels(frame: pd.DataFrame) -> pd.Series:
    """The role of each row of a table of head statistics."""
    found = pd.Series(NONE, index=frame.index, dtype="str")
    for role in reversed(ROLES):
        if role.column in frame:
            found[frame[role.column] > role.threshold] = role.name
    return found


def role_table() -> pd.DataFrame:
    """Columns role, statistic, above: the thresholds, in the order in which they are tried."""
    return pd.DataFrame([(r.name, r.column, r.threshold) for r in ROLES],
                        columns=["role", "statistic", "above"])  # fmt: skip
