"""The picked point and its card, and the box: from the chart, the search list, the address."""

from __future__ import annotations

from collections.abc import Callable, Hashable

import numpy as np
import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.embedding.projection import Projection
from interp_core.embedding.tables import false_neighbours, true_neighbours
from interp_core.embedding.vectors import Vectors, name_of, point_labels, truncate
from interp_core.ui.embedding.colouring import columns, label_columns
from interp_core.ui.server import cache
from interp_core.ui.widgets import clicks, downloads, leads, sidebar
from interp_core.ui.widgets.markdown import counted, dots, number, plain

KEY = "point"
MOST_OFFERED = 200
SHOWN = "projector_point"  # as the list named it last
MARKED = "projector_marked"  # (picture, row): what the chart was told to mark when it was made
LINKED = "box"  # the same in the address
BOX = "projector_box"  # (picture, ranges of x and y)


def option(vectors: Vectors, row: int) -> str:
    """How a point reads in the list and in the address."""
    return f"{row}: {truncate(name_of(vectors, row), 60)}"


def row_of(choice: str | None, count: int) -> int | None:
    """The row of such an option; None for what is none."""
    number = str(choice or "").partition(":")[0]
    return int(number) if number.isdecimal() and len(number) < 10 and int(number) < count else None


def chooser(vectors: Vectors, found: np.ndarray) -> int | None:
    """The list of points that were found; returns the picked row."""
    kept = st.session_state.get(KEY)
    picked = row_of(kept or st.query_params.get(KEY), len(vectors))
    name = None if picked is None else option(vectors, picked)
    if kept and kept != name and kept == st.session_state.get(SHOWN):
        picked = name = None  # of data that were shown before: its number says nothing of these
    if kept or name:
        st.session_state[KEY] = name
    rows = np.flatnonzero(found)[:MOST_OFFERED].tolist() or list(range(min(len(vectors), 50)))
    if picked is not None and picked not in rows:
        rows = [picked, *rows]
    chosen = st.selectbox(
        "Selected point",
        [option(vectors, row) for row in rows],
        index=None,
        key=KEY,
        placeholder="click a point or choose",
        width=190,
        bind="query-params",
        persist_state="session",
    )
    st.session_state[SHOWN] = chosen
    return row_of(chosen, len(vectors))


def marked(picture: Hashable, picked: int | None) -> int | None:
    """The row that the chart is told to mark.

    A click marks the point in the browser at once; telling the chart as well would make it anew
    and lose the zoom. So the chart is told only when it is made, or when the choice came from
    elsewhere.
    """
    before = st.session_state.get(MARKED)
    clicked = st.session_state.pop("projector_clicked", False)
    if (
        before is None
        or before[0] != picture
        or not (clicked or before[1] == picked or before[2] == picked)
    ):
        before = (picture, picked, picked)
    st.session_state[MARKED] = (picture, before[1], picked)
    return before[1]


def on_chart(key: str, vectors: Vectors, picture: Hashable) -> Callable[[], None]:
    """What happens when the chart reports a click or a box."""

    def selected() -> None:
        hit = clicks.mark(key, "pick", row=range(len(vectors)))
        last = st.session_state.get("projector_last_click")
        if hit and (picture, hit[0]) != last:
            st.session_state[KEY] = option(vectors, hit[0])
            st.session_state["projector_clicked"] = True
            st.session_state["projector_last_click"] = (picture, hit[0])
        box = clicks.box(key, "box", "x", "y")
        st.session_state[BOX] = (picture, box) if box else None
        clicks.to_address(LINKED, box)

    return selected


def on_deck(key: str, vectors: Vectors, rows: np.ndarray) -> Callable[[], None]:
    """What happens when the WebGL picture reports a click."""

    def selected() -> None:
        place = clicks.place(key, "points", len(rows))
        if place is not None:
            st.session_state[KEY] = option(vectors, int(rows[place]))

    return selected


def boxed(picture: Hashable, coordinates: np.ndarray) -> np.ndarray | None:
    """The rows inside the box, drawn in this picture or linked to; None without one.

    A box belongs to its picture: in another one it would hold other points.
    """
    kept = st.session_state.get(BOX)
    if kept is None and (linked := clicks.from_address(LINKED, "x", "y")):
        kept = st.session_state[BOX] = (picture, linked)
    if kept is None or kept[0] != picture:
        clicks.to_address(LINKED, {})
        return None
    inside = np.ones(len(coordinates), dtype=bool)
    for column, name in enumerate(("x", "y")):
        low, high = kept[1][name]
        inside &= (coordinates[:, column] >= low) & (coordinates[:, column] <= high)
    return np.flatnonzero(inside)


SHOWN = 500


def show(vectors: Vectors, rows: np.ndarray) -> None:
    """Table, common words, label mix and a download of the selected points."""
    with st.container(border=True):
        st.markdown(f"**{counted(len(rows), 'point')} selected**")
        if not len(rows):
            return
        chosen = vectors.take(rows)
        left, right = st.columns(2)
        with left:
            st.caption("Most frequent words in the selection")
            words = ic.common_words(list(chosen.frame["text"]), top=12)
            st.dataframe(
                words,
                hide_index=True,
                height=240,
                column_config={"share": st.column_config.NumberColumn(format="percent")},
            )
        with right:
            _mix(vectors, chosen)
        table = chosen.frame.assign(point=rows)
        first = pd.DataFrame({"point": rows, "text": point_labels(chosen, 200)})
        rest = table.drop(columns=["point", "text"])
        st.dataframe(pd.concat([first, rest], axis=1).head(SHOWN), hide_index=True, height=240)
        downloads.buttons(
            {"Selection (CSV)": ("selection.csv", "text/csv", lambda: downloads.csv(table))},
            key="box",
        )


def _mix(vectors: Vectors, chosen: Vectors) -> None:
    """Each label's share inside against its share of all points."""
    labels = label_columns(vectors)
    if not labels:
        st.caption("These points have no labels.")
        return
    name = labels[0]
    inside = chosen.frame[name].astype(str).value_counts()
    overall = vectors.frame[name].astype(str).value_counts(normalize=True)
    mix = pd.DataFrame({name: inside.index, "points": inside.to_numpy()})
    mix["share"] = mix["points"] / len(chosen)
    mix["of all points"] = overall.reindex(inside.index).to_numpy()
    st.caption(f"Distribution of {plain(name)}")
    percent = st.column_config.NumberColumn(format="percent")
    st.dataframe(
        mix, hide_index=True, height=240, column_config={"share": percent, "of all points": percent}
    )


NEIGHBOURS = 10
MOST_FACTS = 6
ROW_HEIGHT = 35  # px
COLUMNS = {
    "rank": st.column_config.NumberColumn(width=50),
    "neighbour": st.column_config.TextColumn(width="medium"),
    "cosine": st.column_config.NumberColumn("cosine distance", format="%.4f", help="1 − cosine"),
    "euclidean": st.column_config.NumberColumn("Euclidean distance", format="%.4f"),
    "place": st.column_config.NumberColumn(
        "rank in projection", help="1 is the nearest point in the projection"
    ),
    "torn": st.column_config.TextColumn(
        "not near in projection",
        help="Among the nearest in the original space, but not in the projection",
    ),
}


def card(vectors: Vectors, picture: Projection, point: int) -> None:
    """The card of one point."""
    if len(vectors) < 2:
        return
    near = true_neighbours(vectors, picture, point, k=NEIGHBOURS)
    with st.container(border=True):
        st.markdown(f"**{plain(truncate(name_of(vectors, point), 300))}**")
        st.caption(_facts(vectors, picture, point))
        st.markdown(
            f"**Nearest neighbours in the original space** ({picture.metric}). "
            f"{int(near['torn'].sum())} of {len(near)} are not near in the projection."
        )
        height = ROW_HEIGHT * (len(near) + 1) + 3
        st.dataframe(_table(near, vectors), hide_index=True, column_config=COLUMNS, height=height)
        _false(vectors, picture, point)
        explain(str(vectors.frame["text"].iloc[point]))


def explain(text: str) -> None:
    """To the words that decide about the text of a point; nothing for words and images."""
    name = sidebar.model()
    if " " in text.strip() and cache.model(name).tokenizer is not None:
        leads.explain(name, text)


def _false(vectors: Vectors, picture: Projection, point: int) -> None:
    far = false_neighbours(vectors, picture, point, k=NEIGHBOURS)
    if not len(far):
        return
    called = point_labels(vectors, 40)
    listed = ", ".join(
        f"{plain(called[row])} (true rank {rank:,})" for row, rank in zip(far["index"], far["rank"])
    )
    st.caption(f"False neighbours (near in the projection only): {listed}.")


def _facts(vectors: Vectors, picture: Projection, point: int) -> str:
    line = vectors.frame.iloc[point]
    told = columns(vectors)[:MOST_FACTS]
    parts = [f"{plain(name)}: {plain(truncate(line[name], 60))}" for name in told]
    if picture.reliability is not None:
        parts.append(f"{number(picture.reliability[point], '.0%')} of its neighbours preserved")
    return " · ".join([f"point {point:,}", *parts])


def _table(near: pd.DataFrame, vectors: Vectors) -> pd.DataFrame:
    """Rank and name, then what the table told of the points, then the distances."""
    called = point_labels(vectors, 120)
    table = pd.DataFrame(
        {"rank": near["rank"], "neighbour": [called[row] for row in near["index"]]}
    )
    told = [name for name in columns(vectors)[:2] if name in near and name not in COLUMNS]
    rest = ["cosine", "euclidean", "place", "torn"]
    return pd.concat([table, near[told], near[rest].assign(torn=dots(near["torn"]))], axis=1)
