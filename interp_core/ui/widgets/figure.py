"""Every picture of the app is drawn here: with words for who cannot see it, its numbers, and a
button that adds it to the report."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pandas as pd
import streamlit as st

from interp_core.ui.report import adding
from interp_core.ui.server import altair_patch
from interp_core.ui.widgets import downloads, layout, recipe
from interp_core.ui.widgets.recipe import Recipe


def figure(
    chart: Any,
    *,
    title: str,
    alt: str,
    table: Recipe | None = None,
    key: str | None = None,
    where: Any = st,
    width: str = "stretch",
    room: int | None = None,
    **more: Any,
) -> None:
    """Draw a chart, or the recipe of one, with what belongs to it.

    `title` names the picture in a report; `alt` says in words what it shows. `table` is the
    recipe of the numbers behind it; without one it is the page's main picture, whose table and
    script the page offers in the same row (see `downloads.below`). `room` is how wide in px the
    chart is on a page that has more. Further arguments are those of
    `st.altair_chart`.
    """
    with where.container(gap="xsmall"):
        with st.container(width=room) if room else nullcontext():
            draw(chart, alt=alt, key=key, width=width, **more)
        offer(chart, title=title, alt=alt, table=table)


def draw(chart: Any, *, alt: str, width: str = "stretch", **more: Any) -> None:
    """The chart alone: a part of a picture that is offered as a whole."""
    chart = recipe.value(chart)
    with altair_patch.unchecked(chart):
        st.altair_chart(chart, width=width, alt=alt, **more)


def offer(
    chart: Any,
    *,
    title: str,
    alt: str,
    table: Recipe | None = None,
) -> None:
    """The quiet row at the side of a picture: its numbers, its script, the report.

    `chart` is an Altair chart, its recipe, or a function that makes one when it is added. A recipe
    is also written into the script, so that a report's notebook draws the chart again.
    """
    numbers = script = None
    if table is not None:
        numbers, script = (lambda: recipe.value(table)), (lambda: recipe.script(table, chart))
    picture = adding.Picture(title, alt, chart, numbers, script)
    with layout.beside(title, main=table is None):
        if table is not None:
            _numbers(title, numbers)
        st.button(
            "Add to report",
            key=f"add_{title}",
            type="tertiary",
            icon=":material/note_add:",
            on_click=adding.ask,
            args=(title,),
            help="Add to report: saves the chart, its data and the code that made it.",
        )
    adding.draw_asked(picture)


def _numbers(title: str, numbers: pd.DataFrame | Callable[[], pd.DataFrame]) -> None:
    """The table behind a picture, made when it is opened."""
    box = st.popover(
        "Data table",
        key=f"numbers_{title}",
        type="tertiary",
        icon=":material/table:",
        on_change="rerun",
        help="Data table",
    )
    if box.open:
        table = numbers() if callable(numbers) else numbers
        with box:
            downloads.numbers(table)
