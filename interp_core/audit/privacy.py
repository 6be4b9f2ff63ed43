"""What changes in a classifier's answers when personal data is replaced by placeholders."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from interp_core.attribution.tables import FILLERS
from interp_core.audit.figures import Figure, adjusted, bootstrap, share, wilson
from interp_core.audit.personal_data import (
    KINDS,
    Found,
    found_by_model,
    masked,
    merged,
    personal_data,
)
from interp_core.audit.resampling import sign_flip
from interp_core.audit.scoring import Scores, score_texts
from interp_core.charted import Charted
from interp_core.errors import BadInput, NothingFound
from interp_core.progress import scaled

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

ALL = "all kinds"
CONTROL = "[WORD]"
GROUP = "personal data"


@dataclass(frozen=True)
class Privacy(Charted):
    """What masking did. No text is held here, only numbers of texts.

    `kinds` has one row for each kind and one for all: kind, texts, found, change (mean |Δ
    probability| of the answer), low and high (bootstrap over texts), control change (equally many
    other words masked), p (one-sided, more than the control; the texts' signs turned), q, flips
    with low and high (Wilson), control flips, n (texts that have enough other words). `rows` has
    one row for each text with personal data: place (from 0), kinds, found, answer, masked answer,
    change, flip, control change, control flip. `spans` are the personal data of every text, for
    `attribution_shares` and `head_lift`.
    """

    kinds: pd.DataFrame
    rows: pd.DataFrame
    spans: tuple[dict[str, list[tuple[int, int]]], ...]
    notes: tuple[str, ...] = ()

    def figures(self) -> list[Figure]:
        """How many texts hold personal data; flips and changes of each kind, for a verdict."""
        found = [_held(len(self.rows), len(self.spans))]
        for row in self.kinds.to_dict("records"):
            found += [
                Figure(
                    f"privacy flips.{row['kind']}",
                    f"Flips without {row['kind']}",
                    row["flips"],
                    row["texts"],
                    row["flips low"],
                    row["flips high"],
                    "Wilson, 95%",
                ),
                Figure(
                    f"privacy.{row['kind']}",
                    f"Mean |Δ probability| without {row['kind']}",
                    row["change"],
                    row["texts"],
                    row["low"],
                    row["high"],
                    "bootstrap over texts, 95%",
                    "equally many other words",
                    row["p"],
                    row["q"],
                ),
            ]
        return found


def _held(count: int, total: int) -> Figure:
    return share("privacy.texts", "Texts with personal data", count, total)


def nothing_held(total: int) -> list[Figure]:
    """The figures where no text holds personal data: what masking does is not known."""
    flips = Figure(f"privacy flips.{ALL}", f"Flips without {ALL}", float("nan"), 0)
    change = Figure(f"privacy.{ALL}", f"Mean |Δ probability| without {ALL}", float("nan"), 0)
    return [_held(0, total), flips, change]


def measure_privacy(
    model: LoadedModel,
    texts: Sequence[str],
    *,
    tagger: LoadedModel | None = None,
    seed: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> Privacy:
    """Mask the personal data of each text, kind by kind and all at once, and equally many words.

    `tagger` is a token-classification model that finds more of it, beside rules and lists. Control
    words are drawn by `seed` among the words that are neither personal data nor grammatical. Raises
    `NothingFound`, and as `score_texts`.
    """
    if not texts:
        raise BadInput("There are no texts. Give at least one.")
    found = [personal_data(text) for text in texts]
    if tagger is not None:
        more = found_by_model(tagger, texts, progress=scaled(progress, 0, 40))
        found = [merged(one, two) for one, two in zip(found, more)]
    places = [place for place, some in enumerate(found) if some]
    if not places:
        raise NothingFound(
            f"No personal data was found in {len(texts):,} texts: no e-mail address, telephone, "
            "card or account number, date, address, listed name or place."
        )
    rng = np.random.default_rng(seed)
    edits = [edit for place in places for edit in _edits(place, texts[place], found[place], rng)]
    every = [texts[place] for place in places]
    known = score_texts(
        model, [*every, *(edit.text for edit in edits)], progress=scaled(progress, 40, 100)
    )
    row_of = {place: row for row, place in enumerate(places)}
    table = _changes(edits, known, row_of, len(every))
    kinds = _summary(table, found, seed)
    spans = tuple({GROUP: [(each.start, each.end) for each in some]} for some in found)
    rows = _rows(table, found, known.answers[: len(every)], places)
    few = int(table.loc[table["kind"] == ALL, "control"].isna().sum())
    notes = [f"{len(places):,} of {len(texts):,} texts hold personal data."]
    if few:
        notes.append(f"{few:,} of them have too few other words for a control.")
    return Privacy(kinds, rows, spans, tuple(notes))


@dataclass(frozen=True)
class _Edit:
    """A text with the data of a kind masked, or (`control`) with equally many other words."""

    place: int
    kind: str
    text: str
    control: bool
    count: int


def _edits(place: int, text: str, found: list[Found], rng: np.random.Generator) -> list[_Edit]:
    kinds = list(dict.fromkeys(each.kind for each in found))
    words = [
        (match.start(), match.end())
        for match in re.finditer(r"\w+(?:['’]\w+)*", text)
        if match[0].casefold() not in FILLERS
        and not any(match.start() < each.end and each.start < match.end() for each in found)
    ]
    edits = []
    for kind in [*kinds, *([ALL] if len(kinds) > 1 else [])]:
        chosen = [each for each in found if kind in (ALL, each.kind)]
        changed = masked(text, [(each.start, each.end, KINDS[each.kind]) for each in chosen])
        edits.append(_Edit(place, kind, changed, False, len(chosen)))
        if len(words) >= len(chosen):
            drawn = rng.choice(len(words), size=len(chosen), replace=False)
            spans = [(*words[each], CONTROL) for each in drawn]
            edits.append(_Edit(place, kind, masked(text, spans), True, len(chosen)))
    if len(kinds) == 1:  # the same texts stand for all kinds
        edits += [_Edit(place, ALL, each.text, each.control, each.count) for each in edits]
    return edits


def _changes(
    edits: list[_Edit], known: Scores, row_of: dict[int, int], before: int
) -> pd.DataFrame:
    """place, kind, count, change, flip, control, control flip, answer: one row a text and kind."""
    rows: dict[tuple[int, str], dict[str, Any]] = {}
    for number, edit in enumerate(edits):
        was, now = row_of[edit.place], before + number
        label = int(known.probabilities[was].argmax())
        change = float(known.probabilities[now, label] - known.probabilities[was, label])
        flip = bool(known.answers[now] != known.answers[was])
        row = rows.setdefault(
            (edit.place, edit.kind),
            {
                "place": edit.place,
                "kind": edit.kind,
                "count": edit.count,
                "control": np.nan,
                "control flip": np.nan,
            },
        )
        if edit.control:
            row |= {"control": change, "control flip": float(flip)}
        else:
            row |= {"change": change, "flip": flip, "masked answer": known.answers[now]}
    return pd.DataFrame(rows.values())


def _summary(table: pd.DataFrame, found: list[list[Found]], seed: int) -> pd.DataFrame:
    rows = []
    for kind in (*KINDS, ALL):
        part = table[table["kind"] == kind]
        if part.empty:
            continue
        moved, control = part["change"].abs().to_numpy(), part["control"].abs().to_numpy()
        flips, n = int(part["flip"].sum()), len(part)
        low, high = bootstrap(lambda weights: weights @ moved / weights.sum(1), n, seed=seed)  # noqa: B023
        both = np.isfinite(control)
        p = _more(moved[both] - control[both], seed)
        rows.append(
            {
                "kind": kind,
                "texts": n,
                "found": sum(kind in (ALL, each.kind) for some in found for each in some),
                "change": float(moved.mean()),
                "low": float(low),
                "high": float(high),
                "control change": float(control[both].mean()) if both.any() else np.nan,
                "p": p,
                "q": np.nan,
                "flips": flips / n,
                "flips low": float(wilson(flips, n)[0]),
                "flips high": float(wilson(flips, n)[1]),
                "control flips": float(part["control flip"].mean()),
                "n": int(both.sum()),
            }
        )
    frame = pd.DataFrame(rows)
    return frame.assign(q=adjusted(frame["p"].to_numpy()))


def _more(gaps: np.ndarray, seed: int) -> float:
    """One-sided p that the texts' differences (n,) have a mean above 0, by turning their signs."""
    if not len(gaps):
        return float("nan")
    half = float(sign_flip(gaps, seed=seed)) / 2
    return half if gaps.mean() > 0 else 1 - half


def _rows(
    table: pd.DataFrame, found: list[list[Found]], answers: np.ndarray, places: list[int]
) -> pd.DataFrame:
    whole = table[table["kind"] == ALL].set_index("place").loc[places].reset_index()
    return pd.DataFrame(
        {
            "place": places,
            "kinds": [", ".join(dict.fromkeys(e.kind for e in found[place])) for place in places],
            "found": whole["count"],
            "answer": answers,
            "masked answer": whole["masked answer"],
            "change": whole["change"],
            "flip": whole["flip"],
            "control change": whole["control"],
            "control flip": whole["control flip"].map({0.0: False, 1.0: True}),
        }
    )
