"""Several explanations as one table: methods side by side, a text before and after an edit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from difflib import SequenceMatcher
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from interp_core.attribution.core import attribute
from interp_core.attribution.methods import METHODS
from interp_core.attribution.shared_passes import BLOCK, attribute_block, shares_passes
from interp_core.errors import BadInput, ClearheadError, Stopped
from interp_core.progress import report, scaled

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from interp_core.attribution.result import Attribution
    from interp_core.models.record import LoadedModel


def method_table(found: Sequence[Attribution]) -> pd.DataFrame:
    """One row for each word of a text: word, and the score by each method under its title.

    Special tokens are left out. Raises `BadInput` without an explanation, for explanations of
    different texts, and for two by one method.
    """
    words = [each.by_word() for each in found]
    if not words:
        raise BadInput("Give at least one explanation.")
    titles = [METHODS[each.method].title for each in words]
    if len(set(titles)) < len(titles) or any(each.tokens != words[0].tokens for each in words):
        raise BadInput("Give explanations of one text, each by another method.")
    kept = ~words[0].special
    table = {"word": [word for word, keep in zip(words[0].tokens, kept) if keep]}
    table |= {title: each.scores[kept] for title, each in zip(titles, words)}
    return pd.DataFrame(table)


def edit_table(first: Attribution, second: Attribution) -> pd.DataFrame:
    """The words of a text and of its edit, in order: word, original, edited, difference.

    A word that stands in one of the two only has a score of zero in the other.
    """
    first, second = first.by_word(), second.by_word()
    rows: list[tuple[str, float, float]] = []
    matcher = SequenceMatcher(None, first.tokens, second.tokens, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            both = zip(first.tokens[a:b], first.scores[a:b], second.scores[c:d])
            rows += [(word, before, after) for word, before, after in both]
            continue
        rows += [(first.tokens[i], first.scores[i], 0.0) for i in range(a, b)]
        rows += [(second.tokens[i], 0.0, second.scores[i]) for i in range(c, d)]
    table = pd.DataFrame(rows, columns=["word", "original", "edited"])
    return table.assign(difference=table["edited"] - table["original"])


TOP = 3


def rank_correlation(first: ArrayLike, second: ArrayLike) -> float:
    """Spearman's ρ over the pairs (n,) of which both values are known.

    NaN where it is undefined: below two such pairs, or where one side is constant.
    """
    from scipy.stats import rankdata

    pairs = np.asarray([first, second], dtype=float)
    pairs = pairs[:, np.isfinite(pairs).all(0)]
    if pairs.shape[1] < 2 or (np.ptp(pairs, axis=1) == 0).any():
        return float("nan")
    return float(np.corrcoef(rankdata(pairs, axis=1))[0, 1])


def method_agreement(scores: pd.DataFrame, *, top: int = TOP) -> pd.DataFrame:
    """Pairs of columns of `scores` (words, methods): Kendall's τ, Spearman's ρ, top-k overlap.

    Unsigned methods know no direction, so sizes are compared. `overlap` is the share of the `top`
    largest words that two methods have in common. NaN where a column is constant.
    """
    from scipy.stats import kendalltau

    sizes = scores.abs()
    rows = []
    for place, first in enumerate(sizes.columns):
        for second in sizes.columns[place + 1 :]:
            a, b = sizes[first].to_numpy(), sizes[second].to_numpy()
            flat = len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0
            rows.append(
                {
                    "first": first,
                    "second": second,
                    "kendall": np.nan if flat else float(kendalltau(a, b).statistic),
                    "spearman": rank_correlation(a, b),
                    "overlap": _overlap(a, b, top),
                }
            )
    return pd.DataFrame(rows, columns=["first", "second", "kendall", "spearman", "overlap"])


def _overlap(first: np.ndarray, second: np.ndarray, top: int) -> float:
    count = min(top, len(first))
    tops = [set(np.argsort(-each, kind="stable")[:count].tolist()) for each in (first, second)]
    return len(tops[0] & tops[1]) / count if count else float("nan")


def disagreements(first: pd.Series, second: pd.Series, count: int = TOP) -> pd.DataFrame:
    """Words whose rank by size differs most between two explanations: word, rank in each."""
    ranks = pd.DataFrame(
        {
            "first": first.abs().rank(ascending=False, method="min").astype(int),
            "second": second.abs().rank(ascending=False, method="min").astype(int),
        }
    )
    ranks["difference"] = (ranks["first"] - ranks["second"]).abs()
    kept = ranks[ranks["difference"] > 0]
    return kept.sort_values("difference", ascending=False, kind="stable").head(count)


STRONGEST = 3  # words named for each text
HEAVY = 1.5  # times the even share from which a filler word counts more than it should
# Words that carry grammar rather than content; negations are left out, since they should count.
_FILLERS = """
a an the of to in on at for with by from as and or it its this that these those he she they i
you we is was are were be been has have had do does did there here which who
"""
FILLERS = frozenset(_FILLERS.split())
ALONE = ("position", "text_pair")  # what only `attribute` takes


def attribute_many(
    model: LoadedModel,
    texts: Iterable[str],
    *,
    progress: Callable[[int, int], object] | None = None,
    **options: Any,
) -> Iterator[tuple[str, Attribution | str]]:
    """Each text with its word attribution, or with the sentence that says why it has none.

    Classifiers compute gradients of several texts in one pass, 64 texts at a time.
    `progress(done, expected)` counts texts, also within such a block; it may raise, or return False
    to stop. Where the number of texts is not known, those begun are expected.
    """
    source, begun = iter(texts), 0
    expected = len(texts) if isinstance(texts, Sized) else 0
    together = shares_passes(model, options.get("method", "integrated_gradients"))
    while block := list(islice(source, BLOCK if together else 1)):
        end = begun + len(block)  # the last text counts when it is there
        options["progress"] = scaled(progress, begun, end - 1, max(expected, end))
        for text, result in zip(block, _results(model, block, together, options)):
            yield text, str(result) if isinstance(result, ClearheadError) else result.by_word()
        begun = end
        report(progress, begun, max(expected, begun))


def _results(
    model: LoadedModel, texts: list[str], together: bool, options: dict[str, Any]
) -> Iterable[Attribution | ClearheadError]:
    known = {name: value for name, value in options.items() if name not in ALONE}
    if together and not any(options.get(name) is not None for name in ALONE):
        found = attribute_block(model, texts, **known)
        if found is not None:
            return found
    return (_attributed(model, text, options) for text in texts)


def _attributed(
    model: LoadedModel, text: str, options: dict[str, Any]
) -> Attribution | ClearheadError:
    try:
        return attribute(model, text, **options)
    except Stopped:
        raise
    except ClearheadError as error:
        return error


def text_table(results: Iterable[tuple[str, Attribution | str]]) -> pd.DataFrame:
    """One row for each text: text, prediction, probability, strongest words, problem."""
    return pd.DataFrame([_row(text, result) for text, result in results])


def _row(text: str, result: Attribution | str) -> dict[str, Any]:
    if isinstance(result, str):
        return {
            "text": text,
            "prediction": None,
            "probability": np.nan,
            "strongest words": "",
            "problem": result,
        }
    misled = result.misleads
    order = np.argsort(-np.abs(np.where(result.special, 0, result.scores)), kind="stable")
    words = [f"{result.tokens[i]} ({result.scores[i]:+.2f})" for i in order[:STRONGEST]]
    return {
        "text": text,
        "prediction": result.prediction.label,
        "probability": result.prediction.probability,
        "strongest words": "" if misled else ", ".join(words),
        "problem": f"The scores miss the output difference by {result.sum_error:.0%}."
        if misled
        else "",
    }


def word_table(results: Iterable[tuple[str, Attribution | str]]) -> pd.DataFrame:
    """One row for each word and target: class, word, texts, mean score, decisive, share, filler.

    Texts whose scores miss their sum are left out. `decisive` counts the texts in which the word
    has the largest size of all; `share` is its mean
    share of the sum of sizes, divided by the even share (1 / words of the text).
    """
    rows = [row for _, result in results if not isinstance(result, str) for row in _words(result)]
    if not rows:
        return pd.DataFrame(
            columns=["class", "word", "texts", "mean score", "decisive", "share", "filler"]
        )
    groups = pd.DataFrame(rows).groupby(["class", "word"], as_index=False)
    table = groups.agg(
        **{
            "texts": ("score", "size"),
            "mean score": ("score", "mean"),
            "decisive": ("top", "sum"),
            "share": ("share", "mean"),
        }
    )
    table["filler"] = table["word"].map(is_filler)
    return table.sort_values(["decisive", "share"], ascending=False, ignore_index=True)


def heavy_fillers(table: pd.DataFrame) -> pd.DataFrame:
    """Filler words and punctuation that weigh at least 1.5 times their even share."""
    return table[table["filler"].astype(bool) & (table["share"] >= HEAVY)].reset_index(drop=True)


def is_filler(word: str) -> bool:
    """Whether a word is punctuation or on the list of grammatical words."""
    return word.casefold() in FILLERS or not any(each.isalnum() for each in word)


def _words(result: Attribution) -> list[dict[str, Any]]:
    sizes = np.abs(np.where(result.special, 0, result.scores))
    total, count = sizes.sum(), int((~result.special).sum())
    if not count or total == 0 or result.misleads:
        return []
    return [
        {
            "class": result.target,
            "word": result.tokens[place].casefold(),
            "score": float(result.scores[place]),
            "top": bool(place == sizes.argmax()),
            "share": float(sizes[place] / total * count),
        }
        for place in np.flatnonzero(~result.special)
    ]


def lines(text: str, limit: int) -> list[str]:
    """The lines of a text that hold something, at most `limit` of them."""
    return [line.strip() for line in text.splitlines() if line.strip()][:limit]
