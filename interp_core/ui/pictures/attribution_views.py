"""The scores of patches and pixels over a picture."""

from __future__ import annotations

from collections.abc import Callable

import altair as alt
import streamlit as st

import interp_core as ic
from interp_core.analysis.image_attribution import IMAGE_METHODS
from interp_core.charts.patches import SIDE, data_url, overlay
from interp_core.ui.attributions.naming import quoted
from interp_core.ui.figure import draw as draw_chart
from interp_core.ui.figure import figure, offer
from interp_core.ui.pictures.chooser import Picture

MOST_SQUARES = 64  # a side: more marks than that would only be slow


def shown(
    picture: Picture, found: ic.ImageAttribution, script: Callable[[str], str]
) -> alt.LayerChart:
    """Patches over the picture, beside the pixels or the patches alone."""
    url = data_url(picture.seen)
    frame = found.to_frame().rename(columns={"score": "value"})
    over = overlay(frame, url, title="score of each patch", signed=found.signed)
    about = {"title": _title("Patches", found), "alt": _said(picture, found)}
    with st.container(horizontal=True):
        if found.pixels is not None and found.pixels.shape != found.patches.shape:
            with st.container(width=SIDE):
                figure(over, width="content", **about)
            with st.container(width=SIDE):
                _fine(found, url, script)
            return over
        alone = overlay(frame, None, title="scores alone", signed=found.signed)
        draw_chart(over, width="content", alt=about["alt"])
        draw_chart(alone, width="content", alt="The same scores without the picture.")
    offer(over, **about)
    return over


def _title(what: str, found: ic.ImageAttribution) -> str:
    return f"{what} that count for {quoted(found.target)}, {IMAGE_METHODS[found.method].title}"


def _said(picture: Picture, found: ic.ImageAttribution) -> str:
    """The strongest patch in words."""
    rows, columns = found.patches.shape
    place = int(abs(found.patches).argmax())
    return (
        f"Scores of {rows} × {columns} patches over {picture.title}; strongest: row "
        f"{place // columns}, column {place % columns}, {found.patches.flat[place]:+.3f}."
    )


def _fine(found: ic.ImageAttribution, url: str, script: Callable[[str], str]) -> None:
    """Pixels, or squares of several where the picture has many."""
    side = max(1, max(found.pixels.shape) // MOST_SQUARES)
    table = ic.pixel_table(found, side=side)
    named = "pixel" if side == 1 else f"{side} × {side} pixels"
    best = table.loc[table["score"].abs().idxmax()]
    figure(
        overlay(table.rename(columns={"score": "value"}), url, title=f"score of each {named}",
                signed=found.signed),
        title=_title("Pixels", found),
        alt=f"Scores of each {named}; strongest: row {best['row']:.0f}, column "
        f"{best['column']:.0f}, {best['score']:+.4f}.",
        width="content",
        numbers=table,
        script=lambda: script(f"table = ic.pixel_table(found, side={side})"),
    )  # fmt: skip
