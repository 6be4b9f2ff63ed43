"""From a click on “Add to report” to a figure of the report."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import FunctionType
from typing import Any
from urllib.parse import urlencode

import pandas as pd
import streamlit as st
from streamlit.runtime.scriptrunner import RerunException

import interp_core as ic
from interp_core.report import numbers as tables
from interp_core.report.notebook import SERIES, loads
from interp_core.report.record import PNG, SVG, Figure, versions
from interp_core.ui import navigation
from interp_core.ui.report import session
from interp_core.ui.server import cache, loading
from interp_core.ui.widgets import recipe
from interp_core.ui.widgets.markdown import counted

ASKED, PENDING = "clearhead_asked", "clearhead_pending"
MOST_SVG = 1_500_000  # bytes; larger drawings (thousands of points) are kept as PNG
SKIPPED = ("text", "pair")  # parameters of the address that are told apart from the options


@dataclass(frozen=True)
class Picture:
    """A picture that was clicked; without `numbers` and `script` they come at the page's end."""

    title: str
    alt: str
    chart: Any
    numbers: pd.DataFrame | Callable[[], pd.DataFrame] | None
    script: Callable[[], str] | None


@contextmanager
def this_run() -> Iterator[None]:
    """A click counts for the first run that comes to its end: one that is broken off, by another
    click or because the page begins again, leaves it to the next. Where the picture is not drawn
    any more, that is said."""
    try:
        yield
    except RerunException:
        if pending := st.session_state.pop(PENDING, None):
            st.session_state[ASKED] = pending.title
        raise
    except BaseException:
        _forget()
        raise
    _forget()


def _forget() -> None:
    """The end of a run: no click waits any longer."""
    pending, asked = st.session_state.pop(PENDING, None), st.session_state.pop(ASKED, None)
    title = pending.title if pending else asked
    if title:
        st.toast(
            f"“{title}” was not added, because the chart is no longer shown. Show it and add "
            "it again.",
            icon=":material/info:",
        )


def ask(title: str) -> None:
    """A click on the button of a picture. The picture itself is not held between two runs."""
    st.session_state[ASKED] = title


def draw_asked(picture: Picture) -> None:
    """Add the picture if it was clicked: now, or when the page's end has its table and script."""
    if st.session_state.get(ASKED) != picture.title:
        return
    del st.session_state[ASKED]
    if picture.script is None:
        st.session_state[PENDING] = picture
    else:
        _add(picture)


def finish(table: pd.DataFrame, script: Callable[[], str]) -> None:
    """Add the main picture of the page, if it was clicked."""
    picture = st.session_state.pop(PENDING, None)
    if picture is not None:
        _add(replace(picture, numbers=table, script=script))


def _add(picture: Picture) -> None:
    with st.spinner("Adding the chart to the report …"):
        figure = _figure(picture)
    session.resume()
    report = session.report()
    if report.holds(figure):
        st.toast("This chart is already in the report.", icon=":material/info:")
        return
    if len(report.figures) >= session.MOST_FIGURES or report.bytes + figure.bytes > session.room():
        raise ic.BadInput(
            f"The report is full: it holds {len(report.figures)} charts "
            f"({report.bytes / 2**20:.1f} MB). Export it on the Report page, then remove "
            "some charts."
        )
    session.keep(report.added(figure))
    held = counted(len(report.figures) + 1, "chart")
    st.toast(f"Added to the report ({held}).", icon=":material/note_add:")


def _figure(picture: Picture) -> Figure:
    table = picture.numbers() if callable(picture.numbers) else picture.numbers
    script = picture.script()
    drawn, kind = _drawn(_chart(picture))
    name, title = navigation.current()
    texts = [st.session_state.get(part) or "" for part in SKIPPED]
    return Figure(
        title=picture.title,
        alt=picture.alt,
        picture=drawn,
        kind=kind,
        numbers=tables.kept(table),
        rows=len(table),
        script=script,
        page=title,
        link=f"{navigation.path(name)}?{_query()}",
        text="\n".join(text for text in texts if text and repr(text) in script),
        options=loading.options() | _options(),
        models={name: _digest(name, call) for name, call in loads(script).items()},
        versions=versions(),
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S"),
    )


def _chart(picture: Picture) -> Any:
    chart = recipe.value(picture.chart)
    return chart() if isinstance(chart, FunctionType) else chart


def _query() -> str:
    """What the address says, with the model and the texts even where the page begins with them."""
    told = {part: st.session_state.get(part) for part in ("model", *SKIPPED)}
    missing = {part: each for part, each in told.items() if each and part not in st.query_params}
    return "&".join(part for part in (urlencode(missing), session.query()) if part)


def _drawn(chart: Any) -> tuple[bytes, str]:
    from interp_core.charts.export import picture

    svg = picture(chart, "svg")
    return (svg, SVG) if len(svg) <= MOST_SVG else (picture(chart, "png"), PNG)


def _options() -> dict[str, str]:
    """What the address says beside the texts: all choices that are not as the page begins."""
    given = {key: ", ".join(st.query_params.get_all(key)) for key in st.query_params}
    return {key: value for key, value in given.items() if key not in SKIPPED}


@st.cache_data(max_entries=32, show_spinner=False)
def _weights(name: str, files: str) -> str:
    return ic.weights_digest(cache.model(name))


def _digest(name: str, call: str) -> str:
    """The digest of a model's weights, or of all files of a series of checkpoints."""
    if not name.startswith(SERIES):
        return _weights(name, cache.stamp(name))
    read: Any = ast.parse(call, mode="eval").body
    options = {each.arg: ast.literal_eval(each.value) for each in read.keywords}
    return ic.checkpoint_series(*map(ast.literal_eval, read.args), **options).digest()
