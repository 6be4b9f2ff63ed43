"""All that can be compared of two models, in one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from interp_core.charted import Charted
from interp_core.compare.answers import AnswerComparison, compare_answers
from interp_core.compare.heads import HeadComparison, compare_attention
from interp_core.compare.representations import (
    MEASURES,
    RepresentationComparison,
    compare_representations,
)
from interp_core.compare.weights import WeightComparison, compare_weights
from interp_core.errors import ClearheadError, Stopped
from interp_core.files.corpus import sample_corpus
from interp_core.files.rows import Row
from interp_core.progress import scaled

if TYPE_CHECKING:
    from interp_core.audit.record import AuditData
    from interp_core.models.record import LoadedModel

TEXTS = 300  # of the built-in sentences, where none are given
PARTS = ("weights", "representations", "heads", "answers")


@dataclass(frozen=True)
class Comparison(Charted):
    """What was compared of two models; a part that does not apply is None, and `refused` says why
    in a sentence."""

    names: tuple[str, str]
    weights: WeightComparison | None = None
    representations: RepresentationComparison | None = None
    heads: HeadComparison | None = None
    answers: AnswerComparison | None = None
    refused: dict[str, str] = field(default_factory=dict)

    def remarks(self) -> list[str]:
        """What was assumed, and how many texts were left out, of each part in sentences."""
        lines = []
        for name in ("representations", "heads", "answers"):
            part = getattr(self, name)
            if part is not None and part.left_out:
                lines.append(f"{name}: {left_out(part.left_out, part.texts)}")
        if self.answers is not None:
            lines += [f"answers: {note}" for note in self.answers.notes]
        return lines

    def summary(self) -> pd.DataFrame:
        """The main figures: part, figure, value, low, high; NaN without an interval."""
        rows: list[tuple[str, str, float, float, float]] = []
        nan = float("nan")
        if self.weights is not None:
            frozen = len(self.weights.frozen) / len(self.weights.matrices)
            rows.append(("weights", "‖ΔW‖ / ‖W‖ of all parameters", self.weights.total, nan, nan))
            rows.append(("weights", "share of matrices and vectors unchanged", frozen, nan, nan))
            rows.append(
                ("weights", "layers with reordered heads", len(self.weights.reordered), nan, nan)
            )
        if self.representations is not None:
            last = self.representations.by_depth().iloc[-1]
            for name, title in MEASURES.items():
                ends = (last[f"{name}_low"], last[f"{name}_high"])
                rows.append(("representations", f"{title} of the last layers", last[name], *ends))
        if self.heads is not None:
            frame = self.heads.heads_frame()
            mean = frame["distance"].mean()
            rows.append(("heads", "mean Jensen-Shannon distance (nats)", mean, nan, nan))
            changed = int(self.heads.table("entropy")["real"].sum())
            rows.append(("heads", "heads whose entropy changed significantly", changed, nan, nan))
            reordered = len(self.heads.reordered)
            rows.append(("heads", "layers with reordered heads", reordered, nan, nan))
        if self.answers is not None:
            rows += [("answers", f.title, f.value, f.low, f.high) for f in self.answers.figures]
            if self.answers.labelled:
                rows.append(("answers", "McNemar p", self.answers.p, nan, nan))
        return pd.DataFrame(rows, columns=["part", "figure", "value", "low", "high"])


def left_out(count: int, texts: int) -> str:
    """How many texts a part could not compare; empty for none."""
    if not count:
        return ""
    return f"{count:,} of {count + texts:,} texts cannot be compared and are left out."


def run_comparison(
    first: LoadedModel,
    second: LoadedModel,
    texts: Sequence[str] | None = None,
    data: AuditData | None = None,
    *,
    progress: Callable[[int, int], object] | None = None,
) -> Comparison:
    """Weights, representations, heads and answers of two models, as far as each applies.

    Representations and heads are compared over `texts`: without them over those of `data`, or the
    first 300 built-in sentences. Answers over `data`, labelled for the first model (see
    `labelled_data`), or over `texts`. `progress(done, 100)` may return False to stop.
    """
    if texts is None:
        rows = sample_corpus().rows(TEXTS) if data is None else ()
        texts = (
            list(data.texts) if data is not None else [r.text for r in rows if isinstance(r, Row)]
        )
    given = data if data is not None else texts
    calls: dict[str, Callable[..., Any]] = {
        "weights": lambda **more: compare_weights(first, second, **more),
        "representations": lambda **more: compare_representations(first, second, texts, **more),
        "heads": lambda **more: compare_attention(first, second, texts, **more),
        "answers": lambda **more: compare_answers(first, second, given, **more),
    }
    found: dict[str, Any] = {}
    refused: dict[str, str] = {}
    for number, name in enumerate(PARTS):
        part = scaled(progress, 25 * number, 25 * (number + 1))
        try:
            found[name] = calls[name](progress=part)
        except Stopped:
            raise
        except ClearheadError as error:
            refused[name] = str(error)
    return Comparison((first.name, second.name), **found, refused=refused)
