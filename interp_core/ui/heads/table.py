"""The table of all heads: statistics, gradient importance where it is wanted, heads in words."""

from __future__ import annotations

import io
from collections.abc import Callable
from itertools import islice
from typing import Any

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.audit.figures import p_value
from interp_core.drawing.heads import map_frame
from interp_core.heads.catalogue import IMPORTANCE, STATISTICS, offered
from interp_core.heads.objective import check_task
from interp_core.heads.tables import head_name as name
from interp_core.ui.heads import corpus
from interp_core.ui.heads.corpus import Asked
from interp_core.ui.server import cache, costs, jobs
from interp_core.ui.widgets import clicks, downloads
from interp_core.ui.widgets.choices import BOUND, keep_valid
from interp_core.ui.widgets.markdown import dots
from interp_core.ui.widgets.recipe import Recipe, calls, named
from interp_core.ui.widgets.result import Offer, ViewResult

KEY = "unit"
Box = dict[str, tuple[float, float]]  # lowest and highest value of some statistics


def chooser(frame: pd.DataFrame) -> tuple[int, int] | None:
    """The list of heads; returns the chosen one."""
    names = [name(*pair) for pair in zip(frame["layer"], frame["head"])]
    keep_valid(KEY, names)
    chosen = st.selectbox(
        "Head", names, index=None, key=KEY, width=170, placeholder="click or choose", **BOUND
    )
    if chosen is None:
        return None
    layer, _, head = chosen.partition(".")
    return int(layer), int(head)


def on_chart(key: str, param: str, frame: pd.DataFrame) -> Callable[[], None]:
    """A click in the chart of these heads chooses the head."""

    def selected() -> None:
        hit = clicks.mark(key, param, layer=set(frame["layer"]), head=set(frame["head"]))
        if hit:
            st.session_state[KEY] = name(*hit)

    return selected


__all__ = [
    "IMPORTANCE",
    "KEY",
    "chooser",
    "has_importance",
    "importance",
    "map_frame",
    "name",
    "on_chart",
    "readable",
    "show",
    "with_importance",
]
IMPORTANCE_TEXTS = 64  # two seconds of backward passes


def importance(
    asked: Asked,
    method: str = "gradient",
    most: int = IMPORTANCE_TEXTS,
    *,
    agreed: bool = False,
) -> Recipe | None:
    """Importance of every head over the first texts; None when stopped, or to be agreed to first.

    Raises `UnsupportedModel` for a model without an output to lose.
    """
    check_task(cache.model(asked.model))
    given = cache.model_recipe(asked.model), corpus.readable(asked, most)
    title = "Gradient importance" if method == "gradient" else "Ablating every head"
    return jobs.follow(
        ("heads", method, most, asked),
        title,
        calls.head_importance(*given, method=method),
        unit="texts",
        operations=None if agreed else lambda: _operations(asked, method, most),
    )


def as_read(table: pd.DataFrame) -> pd.DataFrame:
    """A table of tests with p-values as they are read, and a dot where one is significant."""
    p = [None if p != p else p_value(p).removeprefix("p ").removeprefix("= ") for p in table["p"]]
    return table.assign(p=p, real=dots(table["real"]))


def has_importance(asked: Asked) -> bool:
    """Whether the model has an output to lose."""
    try:
        check_task(cache.model(asked.model))
    except ic.UnsupportedModel:
        return False
    return True


def _operations(asked: Asked, method: str, most: int) -> float:
    """A backward pass over the texts; or, by ablation, half a pass for each head."""
    model = cache.model(asked.model)
    rows = costs.BACKWARD if method == "gradient" else model.n_layers * model.n_heads / 2
    return rows * costs.passes(model, token_count(asked, most))


def token_count(asked: Asked, most: int) -> int:
    """About how many tokens the first texts have."""
    model = cache.model(asked.model)
    read = (str(getattr(row, "text", row)) for row in islice(corpus.rows(asked), most))
    return sum(costs.tokens(model, text) for text in read)


def with_importance(frame: Recipe, asked: Asked) -> Recipe:
    """The table with gradient importance, where the model has an output to lose."""
    found = importance(asked) if has_importance(asked) else None
    if found is None:
        return frame
    return named("frame", calls.with_importance(frame, named("worth", found)))


def numbers(
    frame: Recipe, *names: str, box: dict[str, tuple[float, float]] | None = None
) -> Recipe:
    """The table of some statistics; `box` lists only the heads inside of the range of each."""
    if box:
        frame = frame[calls.heads_between(frame, **box)]
    return calls.statistic_table(frame, *dict.fromkeys(names))


def result(chart: Any, table: Recipe, figures: pd.DataFrame, **more: Offer) -> ViewResult:
    """The result of a view, with the table of all statistics as further downloads."""
    csv = ("head_statistics.csv", "text/csv", lambda: downloads.csv(figures))
    parquet = ("head_statistics.parquet", "application/octet-stream", lambda: _parquet(figures))
    offers = {"All statistics (CSV)": csv, "All statistics (Parquet)": parquet}
    return ViewResult(chart, table, offers | more)


def _parquet(frame: pd.DataFrame) -> bytes:
    target = io.BytesIO()
    frame.to_parquet(target, index=False)
    return target.getvalue()


def readable(frame: pd.DataFrame) -> pd.DataFrame:
    """The statistics under their names, for a table on the page."""
    names = offered(frame)
    shown = frame[["layer", "head", "role", *names]]
    return shown.rename(columns={name: STATISTICS[name].axis for name in names})


def show(frame: pd.DataFrame) -> None:
    """The table on the page."""
    formats = {
        STATISTICS[name].axis: st.column_config.NumberColumn(
            format=f"%{STATISTICS[name].digits}", help=STATISTICS[name].about
        )
        for name in offered(frame)
    }
    st.dataframe(readable(frame), hide_index=True, height=320, column_config=formats)


def extremes(frame: pd.DataFrame, column: str, digits: str = ".3f") -> str:
    """The heads with the highest and the lowest value."""
    known = frame.dropna(subset=[column])
    if not len(known):
        return "no head has a value"
    high, low = (known.loc[row] for row in (known[column].idxmax(), known[column].idxmin()))
    return f"highest {_head(high, column, digits)}, lowest {_head(low, column, digits)}"


def _head(line: pd.Series, column: str, digits: str) -> str:
    return f"{line[column]:{digits}} (head {name(line['layer'], line['head'])})"


def capital(title: str) -> str:
    """The title of a picture: its first letter is a capital, the rest stays as it is."""
    return title[:1].upper() + title[1:]
