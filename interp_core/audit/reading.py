"""What a model reads: groups of words in its attributions, and in the attention of every head."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from interp_core.audit.figures import BOOTSTRAP, FDR, Figure
from interp_core.audit.head_lift import HeadLift, attention_lift
from interp_core.audit.predictions import is_right
from interp_core.audit.record import REGRESSION, TOKENS
from interp_core.audit.word_groups import CONTENT, attribution_shares, group_spans
from interp_core.errors import NothingFound
from interp_core.progress import scaled

if TYPE_CHECKING:
    from interp_core.audit.predictions import Predictions
    from interp_core.audit.record import AuditData
    from interp_core.models.record import LoadedModel

ATTRIBUTED = 200  # texts, drawn at random
MOST_TEXTS = 2_000  # whose attention is measured
SEED = 0
# What is counted of each group's heads: key, title, column of the table, its q, and its sign.
COUNTED = (
    ("heads more", "Heads with more attention to {}", "difference", "q", 1),
    ("heads less", "Heads with less attention to {}", "difference", "q", -1),
    ("heads wrong", "Heads whose attention to {} differs in errors", "change", "q wrong", 0),
)


@dataclass(frozen=True)
class Reading:
    """Groups of words in attributions and in attention.

    `shares` is the table of `AttributionShares.frame` over `attributed` texts, and `alignment`
    that of `HeadLift.alignment_frame`; both are empty for models that label words. `heads` is the
    table of `HeadLift.frame` over `read` texts, empty for models without attention maps.
    """

    shares: pd.DataFrame
    heads: pd.DataFrame
    alignment: pd.DataFrame
    attributed: int
    read: int
    notes: tuple[str, ...] = ()

    def figures(self) -> list[Figure]:
        """The lift of each group, and how many heads differ, for a verdict."""
        found = [
            Figure(
                f"attribution.{row['group']}",
                f"Attribution of {row['group']}, over their share of words",
                row["lift"],
                int(row["n"]),
                row["low"],
                row["high"],
                BOOTSTRAP,
                "" if row["group"] == CONTENT else "content words of the same texts",
                row["p"],
                row["q"],
            )
            for row in self.shares.to_dict("records")
            if row["n"]
        ]
        for group, part in self.heads.groupby("group", sort=False) if len(self.heads) else ():
            found += self._counted(str(group), part)
        return found

    def _counted(self, group: str, part: pd.DataFrame) -> list[Figure]:
        told = f"{len(part)} heads; content words of the same texts, Benjamini and Hochberg, 5%"
        known = [each for each in COUNTED if each[2] in part and part[each[3]].notna().any()]
        found = []
        for key, title, column, q, sign in known:
            chosen = (part[q] <= FDR) & (part[column] * sign > 0 if sign else True)
            against = (
                told if sign else told.replace("content words of the same", "rightly answered")
            )
            n = int(part["n"].max() if sign else part["n wrong"].max())
            value, name = float(chosen.sum()), title.format(group)
            found.append(Figure(f"{key}.{group}", name, value, n, comparison=against))
        return found


def measure_reading(
    model: LoadedModel,
    data: AuditData,
    predictions: Predictions,
    *,
    own: Mapping[str, Sequence[str]] | None = None,
    sample: int = ATTRIBUTED,
    limit: int = MOST_TEXTS,
    progress: Callable[[int, int], object] | None = None,
    lift: Callable[..., HeadLift] = attention_lift,
) -> Reading:
    """Integrated gradients of `sample` texts and the attention of all heads over `limit` texts.

    `own` adds groups of words, see `group_spans`. Models that label words have an attribution for
    every word, so only their attention is measured. `lift` does what `attention_lift` does,
    perhaps elsewhere. Raises `NothingFound` for models with neither, and as `attribution_shares`.
    """
    maps, classifies = bool(model.layout.attention_layers), data.kind != TOKENS
    if not (maps or classifies):
        raise NothingFound(
            "This model labels words and has no attention maps, so no group of words is measured."
        )
    done = np.flatnonzero(predictions.done)
    drawn = np.sort(np.random.default_rng(SEED).permutation(done)[:sample])
    empty = pd.DataFrame()
    shares, alignment, heads, notes = empty, empty, empty, []
    if classifies:
        texts, right = _texts(data, predictions, drawn)
        spans = list(group_spans(texts, own))
        found = attribution_shares(model, texts, spans, progress=scaled(progress, 0, 60))
        shares = found.frame(right, seed=SEED)
        notes += [f"{len(found.problems):,} attributions are left out."] if found.problems else []
        if maps:
            stage = scaled(progress, 60, 65)
            some = lift(model, texts, spans, scores=found.scores, progress=stage)
            alignment = some.alignment_frame(seed=SEED)
    first = done[:limit]
    if maps:
        texts, right = _texts(data, predictions, first)
        spans = list(group_spans(texts, own))
        whole = lift(model, texts, spans, progress=scaled(progress, 65, 100))
        heads = whole.frame(right, seed=SEED)
        if len(done) > limit:
            notes.append(f"Attention is measured in the first {limit:,} of {len(done):,} texts.")
    attributed = len(drawn) if classifies else 0
    return Reading(shares, heads, alignment, attributed, len(first), tuple(notes))


def _texts(
    data: AuditData, predictions: Predictions, places: np.ndarray
) -> tuple[list[str], np.ndarray | None]:
    """The texts there; and whether each was answered rightly, where some are and some are not."""
    some = data.take(places)
    if data.kind == REGRESSION:
        return list(some.texts), None
    right = is_right(some, predictions.take(places))
    return list(some.texts), right if 0 < right.sum() < len(right) else None
