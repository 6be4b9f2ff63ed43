"""What exchanging one term for another does to a classifier's output.

Δ = F(text with b) − F(text with a), F being the logit of the target label. Terms of a pair have
equally many tokens, so that the text keeps its length. Pairs within neutral words (templates) or
within one group (texts of one's own) say how much any exchange of this kind moves F.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from interp_core.audit.figures import Figure, adjusted, percentiles, wilson
from interp_core.audit.lexicons import (
    Lexicon,
    Pair,
    check_templates,
    fill,
    find_lexicon,
    make_pairs,
    piece_counts,
)
from interp_core.audit.resampling import sign_flip, two_way_interval
from interp_core.audit.scoring import Scores, choose_target, score_texts
from interp_core.charted import Charted
from interp_core.errors import NothingFound

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

FEW = 6  # pairs of terms below which the signs of templates are turned instead
NULLS = 1_000  # splits of the neutral words in two
SEARCHED = 2_000  # texts of one's own that are looked through
COLUMNS = [
    "contrast",
    "a",
    "b",
    "term a",
    "term b",
    "place",
    "text a",
    "text b",
    "score a",
    "score b",
    "difference",
    "answer a",
    "answer b",
    "flip",
]


@dataclass(frozen=True)
class Bias(Charted):
    """What exchanges did to the logit of `target`.

    `pairs` has one row for each pair of texts: contrast, a, b (groups), term a, term b, place (of
    the template or text, from 0), text a, text b, score a, score b, difference (b − a, logits),
    answer a, answer b, flip. `contrasts` has one row for each two groups: a, b, n, pairs, places,
    difference with low and high (95%, both templates and terms drawn again), p (signs of the term
    pairs, or of the places where there are few pairs), null low and null high (95% of what neutral
    words give), p null (against these), q (the larger of both after Benjamini and Hochberg), flips
    with low and high (Wilson). `terms`
    has one row for each term: its mean difference from all terms in the same template. `templates`
    says whether the texts are templates; `notes` what was left out.
    """

    lexicon: Lexicon
    target: str
    pairs: pd.DataFrame
    contrasts: pd.DataFrame
    terms: pd.DataFrame
    templates: bool
    notes: tuple[str, ...] = ()

    def figures(self) -> list[Figure]:
        """The differences and flips of each contrast, for a verdict."""
        found = []
        for row in self.contrasts.to_dict("records"):
            key, title = f"{self.lexicon.name}.{row['a']}.{row['b']}", f"{row['b']} − {row['a']}"
            found += [
                Figure(
                    f"bias.{key}",
                    f"{title}: Δ logit of {self.target}",
                    row["difference"],
                    row["n"],
                    row["low"],
                    row["high"],
                    "two-way bootstrap, 95%",
                    "signs turned, and neutral words",
                    max(row["p"], row["p null"]),
                    row["q"],
                ),
                Figure(
                    f"bias flips.{key}",
                    f"{title}: answers that flip",
                    row["flips"],
                    row["n"],
                    row["flips low"],
                    row["flips high"],
                    "Wilson, 95%",
                ),
            ]
        return found


def measure_bias(
    model: LoadedModel,
    lexicon: Lexicon | str = "nationalities",
    *,
    texts: Sequence[str] | None = None,
    templates: Sequence[str] | None = None,
    target: Any = None,
    seed: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> Bias:
    """Exchange the terms of a lexicon in templates, or in `texts` of one's own that hold them.

    `target` is the label whose logit is followed; see `choose_target`. Raises `NothingFound`
    where no two terms have equally many tokens and where no text holds a term, `BadInput` and
    `UnsupportedModel`.
    """
    known = find_lexicon(lexicon)
    counts = piece_counts(model, [*known.terms, *known.neutral])
    pairs = make_pairs(known, counts, seed)
    if not pairs:
        raise NothingFound(
            "No two terms of different groups have equally many tokens in this model, so none can "
            "be exchanged without changing the text's length. Add terms."
        )
    if texts is None:
        return _in_templates(model, known, pairs, counts, templates, target, seed, progress)
    return _in_texts(model, known, pairs, counts, texts, target, seed, progress)


def _in_templates(
    model: LoadedModel,
    known: Lexicon,
    pairs: list[Pair],
    counts: dict[str, int],
    templates: Sequence[str] | None,
    target: Any,
    seed: int,
    progress: Callable[[int, int], object] | None,
) -> Bias:
    chosen = tuple(templates or known.templates)
    check_templates(chosen)
    paired = {term for pair in pairs for term in (pair.first, pair.second)}
    lengths = {counts[term] for term in paired}
    neutral = [term for term in known.neutral if counts[term] in lengths]
    words = [*known.terms, *neutral]
    texts = [fill(template, word) for word in words for template in chosen]
    scores = score_texts(model, texts, progress=progress)
    number = choose_target(model, target, scores.answers)
    place = {word: row * len(chosen) for row, word in enumerate(words)}
    grid = scores.logits[:, number].reshape(len(words), len(chosen))
    rows = [
        (pair, template, place[pair.first] + template, place[pair.second] + template)
        for pair in pairs
        for template in range(len(chosen))
    ]
    frame = _frame(rows, texts, scores, number)
    terms = _terms(known, grid[: len(known.terms)], scores, number, len(chosen), seed)
    control = grid[len(known.terms) :]
    contrasts = _contrasts(frame, lambda size: _neutral_means(control, size, seed), seed)
    left = len(known.terms) - len(paired)
    notes = (
        (f"{left} terms have no partner with equally many tokens; they are in the table of terms.",)
        if left
        else ()
    )
    return Bias(known, model.labels[number], frame, contrasts, terms, True, notes)


def _neutral_means(control: np.ndarray, size: int, seed: int) -> np.ndarray:
    """Mean differences of random pairs of neutral words, `size` pairs at a time, (draws,)."""
    means = control.mean(1)
    size = min(size, len(means) // 2)
    if not size:
        return np.zeros(0)
    rng = np.random.default_rng(seed)
    orders = rng.permuted(np.tile(means, (NULLS, 1)), axis=1)
    return orders[:, :size].mean(1) - orders[:, size : 2 * size].mean(1)


def _in_texts(
    model: LoadedModel,
    known: Lexicon,
    pairs: list[Pair],
    counts: dict[str, int],
    texts: Sequence[str],
    target: Any,
    seed: int,
    progress: Callable[[int, int], object] | None,
) -> Bias:
    searched = list(texts)[:SEARCHED]
    made, ambiguous = _exchanged(searched, known, pairs)
    if not made:
        raise NothingFound(
            f"None of {len(searched):,} texts holds a term of “{known.title}” that has a partner. "
            "Choose another list, or templates."
        )
    inside = _within(known, counts, seed)
    control = [
        (row, text, swapped)
        for row, text in enumerate(searched)
        for swapped, _ in [_swap(text, inside)]
        if swapped != text
    ]
    every = [text for _, _, *both in made for text in both]
    every += [text for _, *both in control for text in both]
    scores = score_texts(model, every, progress=progress)
    number = choose_target(model, target, scores.answers)
    rows = [(pair, row, 2 * index, 2 * index + 1) for index, (pair, row, _, _) in enumerate(made)]
    frame = _frame(rows, every, scores, number)
    begin = 2 * len(made)
    moved = scores.logits[begin + 1 :: 2, number] - scores.logits[begin::2, number]
    contrasts = _contrasts(frame, lambda size: _random_signs(moved, size, seed), seed)
    notes = [f"{len(set(frame['place'])):,} of {len(searched):,} texts hold a term with a partner."]
    if len(texts) > SEARCHED:
        notes.append(f"The first {SEARCHED:,} of {len(texts):,} texts were looked through.")
    if ambiguous:
        words = ", ".join(known.ambiguous[:4])
        notes.append(f"{ambiguous:,} texts with words such as {words} were left out.")
    return Bias(known, model.labels[number], frame, contrasts, pd.DataFrame(), False, tuple(notes))


def _random_signs(moved: np.ndarray, size: int, seed: int) -> np.ndarray:
    """Means of `size` of the control's changes, whose direction is nobody's choice, (draws,)."""
    if not len(moved):
        return np.zeros(0)
    rng = np.random.default_rng(seed)
    drawn = rng.choice(moved, size=(NULLS, min(size, len(moved))))
    return (drawn * rng.choice((-1.0, 1.0), size=drawn.shape)).mean(1)


def _within(known: Lexicon, counts: dict[str, int], seed: int) -> dict[str, str]:
    """For terms of each group another term of the same group with equally many tokens."""
    found: dict[str, str] = {}
    rng = np.random.default_rng(seed)
    for terms in known.groups.values():
        for count in sorted({counts[term] for term in terms}):
            alike = [term for term in terms if counts[term] == count]
            order = [alike[place] for place in rng.permutation(len(alike))]
            found |= dict(zip(order, [*order[1:], order[0]])) if len(order) > 1 else {}
    return found


def _exchanged(
    texts: Sequence[str], known: Lexicon, pairs: list[Pair]
) -> tuple[list[tuple[Pair, int, str, str]], int]:
    """(pair, number of the text, text with terms of a, with terms of b); texts left out."""
    unclear = _pattern(known.ambiguous) if known.ambiguous else None
    made, ambiguous = [], set()
    for a, b in dict.fromkeys((pair.a, pair.b) for pair in pairs):
        chosen = [pair for pair in pairs if (pair.a, pair.b) == (a, b)]
        forward = {pair.first: pair.second for pair in chosen}
        back = {pair.second: pair.first for pair in chosen}
        by_term = {pair.first: pair for pair in chosen} | {pair.second: pair for pair in chosen}
        for row, text in enumerate(texts):
            (there, of_a), (here, of_b) = _swap(text, forward), _swap(text, back)
            if bool(of_a) == bool(of_b):  # neither, or both: nothing to compare with
                continue
            if unclear is not None and unclear.search(text):
                ambiguous.add(row)
                continue
            both = (text, there) if of_a else (here, text)
            made.append((by_term[(of_a or of_b)[0]], row, *both))
    return made, len(ambiguous)


def _pattern(words: Sequence[str]) -> re.Pattern:
    longest_first = sorted(words, key=len, reverse=True)
    inner = "|".join(map(re.escape, longest_first))
    return re.compile(rf"(?<!\w)(?:{inner})(?!\w)", re.IGNORECASE)


def _swap(text: str, partners: dict[str, str]) -> tuple[str, list[str]]:
    """The text with every term exchanged for its partner, and the terms that were found."""
    if not partners:
        return text, []
    folded = {term.casefold(): term for term in partners}
    found: list[str] = []

    def exchange(match: re.Match) -> str:
        term = folded.get(match[0].casefold())
        if term is None:
            return match[0]
        found.append(term)
        return as_written(partners[term], match[0])

    return _pattern(list(partners)).sub(exchange, text), found


def as_written(word: str, like: str) -> str:
    """The word with the capitals of another one."""
    if like.isupper() and len(like) > 1:
        return word.upper()
    return word[:1].upper() + word[1:] if like[:1].isupper() else word


def _frame(
    rows: list[tuple[Pair, int, int, int]], texts: list[str], scores: Scores, number: int
) -> pd.DataFrame:
    before, after = (np.array([row[side] for row in rows]) for side in (2, 3))
    line = scores.logits[:, number]
    table = {
        "contrast": [f"{pair.b} − {pair.a}" for pair, *_ in rows],
        "a": [pair.a for pair, *_ in rows],
        "b": [pair.b for pair, *_ in rows],
        "term a": [pair.first for pair, *_ in rows],
        "term b": [pair.second for pair, *_ in rows],
        "place": [place for _, place, *_ in rows],
        "text a": [texts[each] for each in before],
        "text b": [texts[each] for each in after],
        "score a": line[before],
        "score b": line[after],
        "difference": line[after] - line[before],
        "answer a": scores.answers[before],
        "answer b": scores.answers[after],
        "flip": scores.flips(before, after),
    }
    return pd.DataFrame(table, columns=COLUMNS)


def _contrasts(frame: pd.DataFrame, null: Callable[[int], np.ndarray], seed: int) -> pd.DataFrame:
    rows = []
    for (a, b), part in frame.groupby(["a", "b"], sort=False):
        grid = part.pivot_table(
            index="place", columns=["term a", "term b"], values="difference", sort=False
        ).to_numpy()
        flips, n = int(part["flip"].sum()), len(part)
        low, high = two_way_interval(grid, seed=seed)
        clusters = grid if grid.shape[1] < min(FEW, grid.shape[0]) else grid.T
        p = float(sign_flip(np.nansum(clusters, 1), seed=seed))
        mean = float(part["difference"].mean())
        drawn = null(grid.shape[1] if len(grid) > 1 else n)
        ends = percentiles(drawn) if len(drawn) else (np.nan, np.nan)
        by_chance = (1 + (np.abs(drawn) >= abs(mean)).sum()) / (1 + len(drawn))
        rows.append(
            {
                "a": a,
                "b": b,
                "n": n,
                "pairs": grid.shape[1],
                "places": grid.shape[0],
                "difference": mean,
                "low": low,
                "high": high,
                "p": p,
                "q": np.nan,
                "null low": float(ends[0]),
                "null high": float(ends[1]),
                "p null": float(by_chance) if len(drawn) else np.nan,
                "flips": flips / n,
                "flips low": float(wilson(flips, n)[0]),
                "flips high": float(wilson(flips, n)[1]),
            }
        )
    table = pd.DataFrame(rows)
    both = table[["p", "p null"]].max(axis=1, skipna=False)
    return table.assign(q=adjusted(both.to_numpy()))


def _terms(
    known: Lexicon, grid: np.ndarray, scores: Scores, number: int, templates: int, seed: int
) -> pd.DataFrame:
    """One row for each term: group, term, n, difference with low, high, p, q, answered."""
    away = grid - grid.mean(0)
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(templates, np.full(templates, 1 / templates), size=NULLS) / templates
    low, high = percentiles(weights @ away.T)
    p = sign_flip(away.T, seed=seed)
    label = scores.labels[number]
    said = (scores.answers == label)[: grid.size].reshape(grid.shape).mean(1)
    return pd.DataFrame(
        {
            "group": [known.group_of(term) for term in known.terms],
            "term": known.terms,
            "n": templates,
            "difference": away.mean(1),
            "low": low,
            "high": high,
            "p": p,
            "q": adjusted(p),
            f"share {label}": said,
        }
    )
