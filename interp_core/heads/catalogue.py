"""What each statistic is called, what it says, and how it misleads."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd


@dataclass(frozen=True)
class Statistic:
    """`unit` is empty for shares and correlations; `caution` says how it misleads.

    `needs` says what a model or the texts lack where no head has a value.
    """

    title: str
    unit: str
    about: str
    caution: str = ""
    signed: bool = False
    digits: str = ".3f"
    needs: str = "tokens of this kind"

    @property
    def axis(self) -> str:
        """Title with the unit."""
        return f"{self.title} ({self.unit})" if self.unit else self.title


_NO_OP = (
    "Low entropy does not mean important: attention concentrated on separators or the first "
    "token is often a no-op (Clark et al. 2019, Kobayashi et al. 2020)."
)
_LENGTH = "Grows with the length of the text; use normalised entropy to compare texts."
_BASE = "Compare with the uniform-attention baseline for these texts."
IMPORTANCE = "importance"

STATISTICS: dict[str, Statistic] = {
    "entropy_normalised": Statistic(
        "normalised entropy",
        "",
        "Attention entropy divided by its maximum, log(number of keys). 0: one token; 1: uniform.",
        _NO_OP,
    ),
    "entropy": Statistic("entropy", "nats", "Mean entropy of the attention of a query.", _LENGTH),
    "entropy_bits": Statistic("entropy", "bits", "The same in bits.", _LENGTH),
    "effective_keys": Statistic(
        "effective keys",
        "tokens",
        "exp(entropy): effective number of tokens attended to.",
        _LENGTH,
        digits=".1f",
    ),
    "confidence": Statistic(
        "confidence", "", "Mean of the largest weight of each query (Voita et al. 2019).", _NO_OP
    ),
    "distance": Statistic(
        "attention distance",
        "tokens",
        "Mean distance, in tokens, between query and key.",
        "Attention to the first token inflates this value.",
        digits=".1f",
    ),
    "offset": Statistic(
        "offset",
        "tokens",
        "Mean signed distance (key − query). Negative: attends to earlier tokens.",
        "",
        signed=True,
        digits="+.1f",
    ),
    "share_local": Statistic(
        "share within 3 tokens", "", "Attention to keys at most 3 away.", _BASE
    ),
    "share_self": Statistic("share on itself", "", "Attention of a token to itself.", _BASE),
    "share_previous": Statistic(
        "share on the previous token", "", "Attention to the previous token.", _BASE
    ),
    "share_next": Statistic("share on the next token", "", "Attention to the next token.", _BASE),
    "share_first": Statistic(
        "share on the first token",
        "",
        "Attention to the token at the start.",
        "Often an attention sink: high weight, little effect.",
    ),
    "share_separator": Statistic(
        "share on separators",
        "",
        "Attention to separator tokens.",
        "Low entropy on the separator is a no-op, not focus.",
        needs="separators in the texts",
    ),
    "share_other_special": Statistic(
        "share on other special tokens",
        "",
        "Attention to special tokens other than separators.",
        "Often an attention sink: high weight, little effect.",
        needs="such special tokens in the texts",
    ),
    "share_punctuation": Statistic("share on punctuation", "", "Attention to punctuation.", _BASE),
    "share_repeated": Statistic(
        "share on repeated tokens", "", "Attention to other positions with the same token.", _BASE
    ),
    "share_near": Statistic(
        "share on neighbouring patches",
        "",
        "Attention to the up to eight patches around the query patch, of all attention to patches.",
        "An even map has 8 divided by the number of patches.",
    ),
    "share_sink": Statistic(
        "share on a sink patch",
        "",
        "Share of the whole map on the one patch that receives most, whichever patch asks.",
        "Above 0.5 the patch is an attention sink: high weight, usually little effect.",
    ),
    "consistency": Statistic(
        "consistency",
        "",
        "Mean correlation of the head's positional attention profile between texts.",
        "A head that always attends to the same token is also consistent.",
        needs="two texts or more",
    ),
    "correlation_token_frequency": Statistic(
        "received attention and frequency",
        "ρ",
        "Rank correlation, within a text, of attention received and token frequency.",
        "",
        signed=True,
        digits="+.3f",
        needs="texts with three or more tokens of different frequency",
    ),
    "previous_token_score": Statistic(
        "previous-token score", "", "Attention to the previous token on repeated random sequences."
    ),
    "duplicate_token_score": Statistic(
        "duplicate-token score",
        "",
        "Attention to the earlier occurrence of the same token on repeated random sequences.",
    ),
    "induction_score": Statistic(
        "induction score",
        "",
        "Attention to the token after the earlier occurrence (Olsson et al. 2022) on repeated "
        "random sequences.",
    ),
    IMPORTANCE: Statistic(
        "gradient importance",
        "",
        "Mean absolute gradient of the loss with respect to a gate on the head (Michel et al. "
        "2019).",
        "First-order estimate; ablation measures the effect directly.",
        digits=".4f",
    ),
}

_SINKS = (
    "Low entropy does not mean important: attention concentrated on the class token or one patch "
    "is often a no-op (Darcet et al. 2023)."
)
_MANY = "Grows with the number of patches; use normalised entropy to compare models."
# The same statistics over images: tokens are patches there, and have neighbours on four sides.
IMAGE_STATISTICS: dict[str, Statistic] = STATISTICS | {
    name: replace(STATISTICS[name], **changed)
    for name, changed in {
        "entropy_normalised": {"caution": _SINKS},
        "entropy": {"caution": _MANY},
        "confidence": {"caution": _SINKS},
        "distance": {
            "unit": "patches",
            "about": "Mean Euclidean distance, in patches, between query patch and key patch, of "
            "the attention between patches.",
            "caution": "An even map has about half the side of a square image.",
        },
        "share_first": {
            "title": "share on added tokens",
            "about": "Attention to the tokens that are not patches, such as the class token.",
        },
        "share_self": {
            "about": "Attention of a patch or an added token to itself.",
            "caution": "An even map has 1 divided by the number of tokens.",
        },
    }.items()
}

CODES = {
    "previous token": "prev",
    "next token": "next",
    "self": "self",
    "first token": "first",
    "separator": "sep",
    "other special token": "spec",
    "punctuation": "punct",
    "repeated token": "rep",
    "sink patch": "sink",
    "class token": "cls",
    "neighbouring patches": "near",
    "broad": "broad",
    "induction": "ind",
    "duplicate token": "dup",
    "none": "",
}


def offered(frame: pd.DataFrame) -> list[str]:
    """The statistics of which some head in the table has a value, in the order of this list."""
    return [name for name in STATISTICS if name in frame and frame[name].notna().any()]


def undefined(frame: pd.DataFrame) -> str:
    """A sentence on the statistics of the table of which no head has a value; empty without any."""
    lacking = [name for name in STATISTICS if name in frame and name not in offered(frame)]
    told = [f"{STATISTICS[name].title} (needs {STATISTICS[name].needs})" for name in lacking]
    return f"Not defined for these texts: {', '.join(told)}." if told else ""
