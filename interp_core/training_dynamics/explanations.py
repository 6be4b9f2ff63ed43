"""Heads and attributions at every checkpoint: what they attend to, and what still moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from interp_core.audit.figures import bootstrap
from interp_core.audit.word_groups import (
    AttributionShares,
    attribution_shares,
    group_spans,
)
from interp_core.charted import Charted
from interp_core.errors import BadInput, UnsupportedModel
from interp_core.heads.compare import compare_heads
from interp_core.heads.statistics import head_statistics
from interp_core.progress import report
from interp_core.training_dynamics.checkpoints import DataFault
from interp_core.training_dynamics.curves import check_texts, labelled_texts

if TYPE_CHECKING:
    from interp_core.heads.record import HeadStatistics
    from interp_core.models.record import LoadedModel
    from interp_core.training_dynamics.checkpoints import Checkpoint, CheckpointSeries

METHOD = "integrated_gradients"
FEWEST = 8  # texts: a bootstrap of fewer gives intervals that are too narrow to claim anything


@dataclass(frozen=True)
class CheckpointHeads(Charted):
    """The head statistics of each measured checkpoint over the same texts."""

    checkpoints: tuple[Checkpoint, ...]
    statistics: tuple[HeadStatistics, ...]
    broken: tuple[Checkpoint, ...] = ()

    def frame(self) -> pd.DataFrame:
        """Columns step, checkpoint, and those of `HeadStatistics.frame`: one row for each head."""
        tables = []
        for each, found in zip(self.checkpoints, self.statistics):
            table = found.frame.copy()
            table.insert(0, "step", each.step)
            table.insert(1, "checkpoint", each.name)
            tables.append(table)
        return pd.concat(tables, ignore_index=True)

    def changes(self, statistic: str) -> pd.DataFrame:
        """Each checkpoint against the first: step, layer, head, first, second, difference, se, …

        The columns are those of `compare_heads`, false discoveries controlled within a checkpoint.
        """
        first, tables = self.statistics[0], []
        for each, found in zip(self.checkpoints[1:], self.statistics[1:]):
            table = compare_heads(first, found, statistic)
            table.insert(0, "step", each.step)
            tables.append(table)
        return pd.concat(tables, ignore_index=True)

    def roles(self) -> pd.DataFrame:
        """How many heads have which role: step, role, heads, changed (another role than first)."""
        frame = self.frame()
        first = self.statistics[0].frame["role"].to_numpy()
        rows = []
        for step, table in frame.groupby("step", sort=False):
            roles = table["role"].to_numpy()
            for role in sorted(set(frame["role"])):
                held = roles == role
                rows.append((step, role, int(held.sum()), int((held & (first != role)).sum())))
        return pd.DataFrame(rows, columns=["step", "role", "heads", "changed"])


def checkpoint_heads(
    series: CheckpointSeries,
    data: Any,
    *,
    limit: int = 200,
    options: Mapping[str, Any] | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> CheckpointHeads:
    """Statistics and roles of all heads at every checkpoint, over the same texts.

    `data` is a list of texts, or labelled texts as `labelled_data` reads them with `options`; of
    more than `limit` texts so many are drawn at random (seed 0). Raises `BadInput` where fewer than
    two checkpoints or texts can be measured, and `Stopped`.
    """
    texts: list[str] = []
    done = 0
    if not isinstance(data, list | tuple):
        check_texts(data, options=options)

    def measure(checkpoint: Checkpoint, model: LoadedModel) -> HeadStatistics:
        nonlocal done
        if not model.layout.attention_layers:
            raise UnsupportedModel(f"{checkpoint.name!r} has no attention maps.")
        if not texts:
            plain = isinstance(data, list | tuple)
            given = data if plain else labelled_texts(data, model, options or {}).texts
            texts.extend(given[place] for place in _drawn(len(given), limit))
        if len(texts) < 2:
            raise DataFault("Give at least two texts: the errors of the means are over texts.")
        base, count = done, len(series.checkpoints) * len(texts)
        found = head_statistics(
            model, texts, progress=lambda now, _all: report(progress, base + now, count)
        )
        done += len(texts)
        return found

    good, found, broken = series.compared(measure)
    return CheckpointHeads(good, tuple(found), broken)


def _drawn(count: int, limit: int) -> np.ndarray:
    """Numbers of the texts that are read: of more than `limit`, so many at random (seed 0)."""
    if count <= limit:
        return np.arange(count)
    return np.sort(np.random.default_rng(0).permutation(count)[:limit])


@dataclass(frozen=True)
class CheckpointAttributions(Charted):
    """Attributions of the same texts, for their true classes, at each measured checkpoint."""

    checkpoints: tuple[Checkpoint, ...]
    shares: tuple[AttributionShares, ...]
    texts: tuple[str, ...]
    broken: tuple[Checkpoint, ...] = ()

    def frame(self) -> pd.DataFrame:
        """How much rests on each group of words.

        Columns step, group, n, share, word share, lift, low, high.
        `lift` is share over word share, its interval a bootstrap over texts; see
        `AttributionShares.frame`.
        """
        tables = []
        for each, found in zip(self.checkpoints, self.shares):
            table = found.frame()[["group", "n", "share", "word share", "lift", "low", "high"]]
            table.insert(0, "step", each.step)
            tables.append(table)
        return pd.concat(tables, ignore_index=True)

    def movement(self) -> pd.DataFrame:
        """How much token scores move from each checkpoint to the next.

        Columns from, to, measure, value, low, high, n. Measures, means over texts with a bootstrap
        interval (95%): "1 − rank correlation" (Spearman, of the signed scores) and "1 − cosine". 0:
        nothing moves; 1: unrelated.
        """
        rows = []
        pairs = zip(self.checkpoints, self.checkpoints[1:], self.shares, self.shares[1:])
        for one, two, before, after in pairs:
            scores = zip(before.scores, after.scores)
            moved = np.array([_distances(a, b) for a, b in scores])
            for place, measure in enumerate(("1 − rank correlation", "1 − cosine")):
                values = moved[:, place][np.isfinite(moved[:, place])]
                low = high = np.nan
                if len(values) > 1:
                    low, high = bootstrap(_means(values), len(values))
                mean = float(values.mean()) if len(values) else np.nan
                rows.append((one.step, two.step, measure, mean, low, high, len(values)))
        columns = ["from", "to", "measure", "value", "low", "high", "n"]
        return pd.DataFrame(rows, columns=columns)

    def settling(self) -> str:
        """A sentence on whether the last step moved attributions less or more than the one before.

        Empty where the intervals overlap, and for fewer than `FEWEST` texts.
        """
        table = self.movement().query("measure == '1 − cosine'")
        if len(table) < 2 or table["n"].tail(2).min() < FEWEST:
            return ""
        before, last = table.iloc[-2], table.iloc[-1]
        less, more = last["high"] < before["low"], last["low"] > before["high"]
        if not less and not more:
            return ""
        return (
            f"Attributions move {'less' if less else 'more'} from step {last['from']:,} to "
            f"{last['to']:,} than from {before['from']:,} to {before['to']:,}: 1 − cosine "
            f"{last['value']:.2f} ({last['low']:.2f} to {last['high']:.2f}) against "
            f"{before['value']:.2f} ({before['low']:.2f} to {before['high']:.2f})."
        )


def _means(values: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    return lambda weights: weights @ values / len(values)


def _distances(one: np.ndarray | None, two: np.ndarray | None) -> tuple[float, float]:
    """1 − Spearman's ρ and 1 − cosine of two arrays (n,); NaN where one is not defined."""
    from scipy.stats import rankdata

    if one is None or two is None or len(one) != len(two) or len(one) < 3:
        return np.nan, np.nan
    ranks = [rankdata(each) - (len(each) + 1) / 2 for each in (one, two)]
    return 1 - _cosine(*ranks), 1 - _cosine(one, two)


def _cosine(one: np.ndarray, two: np.ndarray) -> float:
    size = np.linalg.norm(one) * np.linalg.norm(two)
    return float(one @ two / size) if size > 0 else np.nan


def checkpoint_attributions(
    series: CheckpointSeries,
    data: Any,
    *,
    limit: int = 40,
    method: str = METHOD,
    evaluations: int | None = None,
    options: Mapping[str, Any] | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> CheckpointAttributions:
    """Attributions of labelled texts at every checkpoint, each for the text's true class.

    The class is the true one, so that scores of two checkpoints explain the same output even where
    their answers differ. `data` is what `labelled_data` reads with `options`; of more than `limit`
    texts so many are drawn at random (seed 0). `evaluations` as in `attribute`: by default as many
    as make the scores add up. Raises as `score_checkpoints`.
    """
    check_texts(data, options=options)
    read: list = []
    more = {} if evaluations is None else {"evaluations": evaluations}
    count, done = len(series.checkpoints), 0

    def measure(checkpoint: Checkpoint, model: LoadedModel) -> AttributionShares:
        nonlocal done
        if not read:
            found = labelled_texts(data, model, {"limit": limit, **dict(options or {})})
            found = found.take(_drawn(len(found), limit))
            read.append((found, list(group_spans(found.texts))))
        texts, spans = read[0]
        if tuple(model.labels) != texts.labels:
            raise BadInput(
                f"The classes of {checkpoint.name!r} are others than those of the first "
                "checkpoint, or stand in another order."
            )
        base = done
        shares = _by_class(
            model,
            texts,
            spans,
            method,
            more,
            lambda now: report(progress, base * len(texts) + now, count * len(texts)),
        )
        done += 1
        return shares

    good, found, broken = series.compared(measure)
    return CheckpointAttributions(good, tuple(found), read[0][0].texts, broken)


def _by_class(
    model: LoadedModel,
    data: Any,
    spans: list,
    method: str,
    more: dict[str, Any],
    told: Callable[[int], object],
) -> AttributionShares:
    """Shares of all texts, each for its true class."""
    parts: dict[int, tuple[AttributionShares, int]] = {}
    before = 0
    for number in np.unique(data.targets):
        places = np.flatnonzero(data.targets == number)
        start = before
        found = attribution_shares(
            model,
            [data.texts[place] for place in places],
            [spans[place] for place in places],
            method=method,
            target=data.labels[int(number)],
            progress=lambda now, _all, start=start: told(start + now),
            **more,
        )
        parts |= {int(place): (found, row) for row, place in enumerate(places)}
        before += len(places)
    rows = [parts[place] for place in range(len(data))]
    first = rows[0][0]
    return AttributionShares(
        first.names,
        np.stack([found.share[row] for found, row in rows]),
        np.stack([found.even[row] for found, row in rows]),
        [found.scores[row] for found, row in rows],
        method,
        tuple(dict.fromkeys(p for found, _ in rows for p in found.problems)),
    )
