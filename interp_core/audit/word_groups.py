"""Groups of words in a text: negation, intensifiers, contrast, fillers and punctuation, and lists
of one's own; and how much of an attribution rests on each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from interp_core.attribution.tables import FILLERS, attribute_many
from interp_core.audit.figures import adjusted, bootstrap
from interp_core.audit.resampling import group_difference, sign_flip
from interp_core.charted import Charted
from interp_core.errors import BadInput

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

Spans = Mapping[str, Sequence[tuple[int, int]]]  # group: characters from start to end

MOST_GROUPS, MOST_WORDS, MOST_LETTERS = 20, 500, 60
CONTENT = "content words"
FILLER = "filler and punctuation"
NEGATION = (
    "not no never nobody nothing nowhere none neither nor without hardly scarcely barely cannot"
)
INTENSIFIER = (
    "very really extremely incredibly absolutely completely totally truly highly deeply utterly so "
    "too quite rather somewhat fairly pretty slightly"
)
CONTRAST = "but however although though yet despite nevertheless nonetheless still whereas while"
SPOKEN = ("well", "you know", "i mean", "honestly", "actually", "basically", "please", "um", "uh")
GROUPS: dict[str, tuple[str, ...]] = {
    "negation": (*NEGATION.split(), "far from"),
    "intensifier": (*INTENSIFIER.split(), "a bit", "a little"),
    "contrast": (*CONTRAST.split(), "on the other hand", "even so"),
    FILLER: (*sorted(FILLERS), *SPOKEN),
}
MORE = {
    "negation": r"\b\w+n['’]t\b",  # isn't, won't
    FILLER: r"(?<!\w)[^\w\s]+|[^\w\s]+(?!\w)",
}


def word_group_patterns(
    own: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, re.Pattern]:
    """What each group is found by; `own` adds groups of words or phrases. Raises `BadInput`."""
    groups = {**GROUPS, **_checked(own or {})}
    found = {}
    for name, words in groups.items():
        longest_first = sorted(words, key=len, reverse=True)
        inner = "|".join(re.escape(word) for word in longest_first)
        parts = [rf"(?<!\w)(?:{inner})(?!\w)", *filter(None, [MORE.get(name)])]
        found[name] = re.compile("|".join(parts), re.IGNORECASE)
    return found


def _checked(own: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    if len(own) > MOST_GROUPS:
        raise BadInput(f"At most {MOST_GROUPS} groups of your own are told apart.")
    found = {}
    for name, words in own.items():
        kept = tuple(dict.fromkeys(word.strip() for word in words if word.strip()))
        if not kept or len(kept) > MOST_WORDS or max(map(len, kept)) > MOST_LETTERS:
            raise BadInput(
                f"The group {str(name)[:60]!r} needs 1 to {MOST_WORDS} words of at most "
                f"{MOST_LETTERS} characters."
            )
        if name == CONTENT:
            raise BadInput(f"{CONTENT!r} are the words of no group. Choose another name.")
        found[str(name)] = kept
    return found


def group_spans(
    texts: Iterable[str], own: Mapping[str, Sequence[str]] | None = None
) -> Iterator[dict[str, list[tuple[int, int]]]]:
    """For each text the characters of every group's words, (start, end) in order."""
    patterns = word_group_patterns(own)
    for text in texts:
        yield {
            name: [match.span() for match in pattern.finditer(text)]
            for name, pattern in patterns.items()
        }


def token_groups(
    spans: Spans, names: Sequence[str], offsets: Sequence[tuple[int, int] | None], length: int
) -> np.ndarray:
    """Which tokens belong to each group, (groups + 1, n) bool; the last are content words.

    A token belongs where one of its characters does. `offsets` are None or empty for special
    tokens, which belong nowhere; `length` is the text's in characters.
    """
    marked = np.zeros((len(names), length + 1), dtype=np.int64)
    for row, name in enumerate(names):
        for start, end in spans.get(name, ()):
            marked[row, start + 1 : end + 1] = 1
    total = marked.cumsum(1)
    bounds = np.array([each or (0, 0) for each in offsets], dtype=np.int64).reshape(-1, 2)
    bounds = np.minimum(bounds, length)
    inside = total[:, bounds[:, 1]] > total[:, bounds[:, 0]]
    real = bounds[:, 1] > bounds[:, 0]
    return np.concatenate([inside & real, (real & ~inside.any(0))[None]])


@dataclass(frozen=True)
class AttributionShares(Charted):
    """How much of the attribution of t texts rests on each group of words.

    `share` (t, groups) is the part of the sum of absolute scores, `even` the part of the words
    that belong to the group; NaN where a text has no word of it or no attribution. `names` are the
    groups, content words last. `scores` holds each text's token scores (n,), None without.
    `target` is what was explained, None where it was each text's own answer.
    """

    names: tuple[str, ...]
    share: np.ndarray
    even: np.ndarray
    scores: list[np.ndarray | None]
    method: str
    problems: tuple[str, ...] = ()

    def frame(self, right: np.ndarray | None = None, *, seed: int = 0) -> pd.DataFrame:
        """One row for each group: n, share, word share, lift with low, high, p, q.

        `lift` is the mean over texts of share / word share, its interval a bootstrap over texts. p
        compares with content words of the same text (signs of the log ratio turned at random);
        with `right` (t,) bool also wrong lift, right lift, and `p wrong`, a permutation test of
        their difference. q and q wrong control false discoveries.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            lift = self.share / self.even
            against = lift[:, :-1] - lift[:, -1:]
        low, high = _intervals(lift, seed)
        p = np.append(sign_flip(against, seed=seed), np.nan)
        table = pd.DataFrame(
            {
                "group": self.names,
                "n": np.isfinite(lift).sum(0),
                "share": mean_known(self.share),
                "word share": mean_known(np.where(np.isfinite(self.share), self.even, np.nan)),
                "lift": mean_known(lift),
                "low": low,
                "high": high,
                "p": p,
                "q": adjusted(p),
            }
        )
        if right is not None:
            _, worse = group_difference(lift, ~right, seed=seed)
            table["wrong lift"], table["right lift"] = (
                mean_known(lift[~right]),
                mean_known(lift[right]),
            )
            table["n wrong"] = np.isfinite(lift[~right]).sum(0)
            table["p wrong"], table["q wrong"] = worse, adjusted(worse)
        return table


def mean_known(values: np.ndarray) -> np.ndarray:
    """The mean over the first axis without NaN; NaN where nothing is known."""
    known = np.isfinite(values)
    count = known.sum(0)
    total = np.where(known, values, 0.0).sum(0)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def _intervals(values: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    known = np.isfinite(values)
    filled = np.where(known, values, 0.0)

    def means(weights: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            return (weights @ filled) / (weights @ known)

    return bootstrap(means, len(values), seed=seed)


def attribution_shares(
    model: LoadedModel,
    texts: Sequence[str],
    spans: Sequence[Spans],
    *,
    method: str = "integrated_gradients",
    progress: Callable[[int, int], object] | None = None,
    **options: Any,
) -> AttributionShares:
    """Attribute each text and sum the absolute word scores of each group; see `group_spans`.

    Texts whose scores miss their sum by more than a fifth count for nothing. Raises as
    `attribute_many`, and `BadInput` without texts.
    """
    if not texts:
        raise BadInput("There are no texts. Give at least one.")
    names = tuple(dict.fromkeys(name for each in spans for name in each))
    shape = (len(texts), len(names) + 1)
    share, even = np.full(shape, np.nan), np.full(shape, np.nan)
    scores: list[np.ndarray | None] = []
    problems = []
    found = attribute_many(model, texts, method=method, progress=progress, **options)
    for row, (text, result) in enumerate(found):
        if isinstance(result, str) or result.misleads:
            problems.append(
                result if isinstance(result, str) else f"Text {row + 1}: scores miss their sum."
            )
            scores.append(None)
            continue
        scores.append((result.pieces or result).scores)
        groups = token_groups(spans[row], names, result.offsets, len(text))
        sizes, words = np.abs(result.scores), ~result.special
        total, count = sizes[words].sum(), words.sum()
        if total > 0:
            held = groups.any(1)
            share[row, held] = (groups[held] @ sizes) / total
            even[row, held] = groups[held].sum(1) / count
    return AttributionShares((*names, CONTENT), share, even, scores, method, tuple(problems))
