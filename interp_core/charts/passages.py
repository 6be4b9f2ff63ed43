"""Charts of retrieved passages: what each gives an answer."""

from __future__ import annotations

import altair as alt
import pandas as pd

from interp_core.charts.axes import measured, named, of_bars
from interp_core.charts.points import GREY, POSITIVE, by_kind

REMOVAL, ALONE = "lost without the passage", "gained from it alone"
COLOURS = {REMOVAL: POSITIVE, ALONE: GREY}
LETTERS = 60  # of a passage's beginning beside its bars
ROW, AXES = 46, 96  # px


def passage_bars(frame: pd.DataFrame, *, threshold: float | None = None) -> alt.LayerChart:
    """Two bars for each passage: what the answer loses without it, what it gains from it alone.

    `frame`: passage, text, removal, alone (bits). `threshold` draws the line from which a passage
    counts as a source.
    """
    names = [f"{row.passage}: {_beginning(row.text)}" for row in frame.itertuples()]
    shown = frame[["removal", "alone"]].rename(columns={"removal": REMOVAL, "alone": ALONE})
    long = shown.assign(name=names, text=list(frame["text"])).melt(
        ["name", "text"], [REMOVAL, ALONE], "kind", "bits"
    )
    bars = (
        alt.Chart(long)
        .mark_bar(cornerRadius=2)
        .encode(
            y=alt.Y("name:N", sort=names, axis=named(title=None, ticks=False, labelLimit=340)),
            yOffset=alt.YOffset("kind:N", sort=[REMOVAL, ALONE]),
            x=alt.X("bits:Q", title="bits of the answer", axis=of_bars(format="+.2~f")),
            tooltip=[
                alt.Tooltip("text:N", title="passage"),
                alt.Tooltip("kind:N"),
                alt.Tooltip("bits:Q", format="+.2f"),
            ],
            **by_kind("kind", COLOURS, [ALONE]),
        )
    )
    height = ROW * len(frame) + AXES
    if threshold is None:
        return alt.layer(bars).properties(height=height)
    line = alt.Chart(pd.DataFrame({"threshold": [threshold]}))
    line = line.mark_rule(color=GREY, strokeWidth=1.5, strokeDash=[4, 3]).encode(
        x="threshold:Q",
        tooltip=[alt.Tooltip("threshold:Q", title="a source gives at least (bits)")],
    )
    return alt.layer(bars, line).properties(height=height)


def retrieved_and_read(frame: pd.DataFrame, *, threshold: float) -> alt.LayerChart:
    """The passages by what a search and what the answer make of them.

    `frame`: passage, text, rank, similarity, support (bits), finding. The line stands at the
    `threshold`, from which a passage counts as a source.
    """
    base = alt.Chart(frame).encode(
        x=alt.X(
            "similarity:Q",
            title="similarity to the question (cosine)",
            scale=alt.Scale(nice=True, zero=True, padding=12),
            axis=measured(),
        ),
        y=alt.Y("support:Q", title="bits given to the answer", axis=measured()),
        tooltip=[
            alt.Tooltip("text:N", title="passage"),
            alt.Tooltip("rank:O", title="rank of the encoder"),
            alt.Tooltip("similarity:Q", format=".2f"),
            alt.Tooltip("support:Q", title="bits", format="+.1f"),
            alt.Tooltip("finding:N"),
        ],
    )
    points = base.mark_circle(size=90, color=POSITIVE, opacity=1)
    names = base.mark_text(dx=11, align="left", fontSize=12, color=GREY).encode(text="passage:N")
    line = alt.Chart(pd.DataFrame({"threshold": [threshold]}))
    line = line.mark_rule(color=GREY, strokeWidth=1.5, strokeDash=[4, 3]).encode(y="threshold:Q")
    return alt.layer(line, points, names).properties(height=260)


def _beginning(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= LETTERS else f"{words[: LETTERS - 1]}…"
