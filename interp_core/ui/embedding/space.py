"""The picture by WebGL: in space, or all points of a large set in the plane."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from interp_core.charts.cloud import cloud, shades
from interp_core.embedding.tables import true_neighbours
from interp_core.ui.embedding import appearance, picking, plane
from interp_core.ui.embedding.appearance import Scene
from interp_core.ui.embedding.question import described, titled
from interp_core.ui.widgets.figure import offer

HEIGHT = 600
MOST_LABELS, MOST_TRIED = 40, 2_000
APART = 0.1  # of the picture's extent: nearer points share one label


def show(scene: Scene) -> None:
    """Draw it, or say why the browser cannot."""
    if able():
        _draw(scene)
        return
    how = " and a sample" if scene.view.everything else ""
    st.warning(
        f"The 3-D view needs WebGL, which this browser does not provide. Switch to 2-D{how}."
    )
    st.button("Show it in 2-D", on_click=_flatten, icon=":material/grid_view:")


def _flatten() -> None:
    st.session_state["dimensions"] = 2
    st.session_state["everything"] = False


def _draw(scene: Scene) -> None:
    rows = np.arange(len(scene.vectors))
    frame = appearance.point_frame(scene.vectors, scene.picture, scene.found, rows)
    near = _near(scene)
    labels = _labels(scene, frame, near)
    frame = frame.assign(tip=_tips(scene, frame))
    deck = cloud(
        frame, _shades(scene), picked=scene.picked, near=near, labels=labels, inks=plane.inks()
    )
    plane.legend(scene.colours)
    widget = f"deck_{hash(scene.name)}"
    st.pydeck_chart(
        deck,
        height=HEIGHT,
        key=widget,
        selection_mode="single-object",
        on_select=picking.on_deck(widget, scene.vectors, rows),
        alt=described(scene.asked, scene.vectors, scene.picture),
    )
    _offer(scene)
    drag = "Drag: rotate · right-drag: pan" if scene.asked.dimensions == 3 else "Drag: pan"
    st.caption(f"{drag} · scroll: zoom · click: select a point. All {len(rows):,} points.")


def _offer(scene: Scene) -> None:
    """WebGL gives no file: what is added is a flat chart of the same coordinates."""
    rows = appearance.drawn_rows(len(scene.vectors), scene.found, scene.picked)
    solid = scene.asked.dimensions == 3
    offer(
        lambda: plane.from_front(scene, rows),
        title=titled(scene.asked) + (", seen from the front" if solid else ""),
        alt=described(scene.asked, scene.vectors, scene.picture) + plane.sampled(scene, rows),
    )


def _tips(scene: Scene, frame: pd.DataFrame) -> list[str]:
    colours = scene.colours
    if colours is None or colours.kind != "nominal":
        return list(frame["text"])
    return [f"{text}\n{group}" for text, group in zip(frame["text"], colours.values)]


def _shades(scene: Scene) -> np.ndarray:
    colours = scene.colours
    kind = "nominal" if colours is None else colours.kind
    values = pd.Series("", index=range(len(scene.vectors))) if colours is None else colours.values
    return shades(values, kind, plane.names_of_colours(kind))


def _near(scene: Scene) -> tuple[int, ...]:
    """The true neighbours of the picked point."""
    if scene.picked is None or len(scene.vectors) < 2:
        return ()
    table = true_neighbours(scene.vectors, scene.picture, scene.picked, k=appearance.NEAR_LINES)
    return tuple(int(row) for row in table["index"])


def _labels(scene: Scene, frame: pd.DataFrame, near: tuple[int, ...]) -> pd.DataFrame:
    """Names of groups, or of some points; in any case of the picked one and its neighbours."""
    colours, wanted = scene.colours, scene.view.labels
    if wanted == "none":
        return appearance.NO_LABELS
    own = [] if scene.picked is None else [scene.picked, *near]
    if wanted == "groups" and colours is not None and colours.kind == "nominal":
        groups = appearance.group_labels(frame, colours.values)
        return pd.concat([groups, appearance.labels_of(frame, scene.vectors, own[:1])])
    few = [*own, *np.flatnonzero(scene.found).tolist()]
    if not few:
        few = np.random.default_rng(0).permutation(len(frame))[:MOST_TRIED].tolist()
    return appearance.labels_of(frame, scene.vectors, _far_apart(frame, few))


def _far_apart(frame: pd.DataFrame, rows: list[int]) -> list[int]:
    """Those of the rows, the first first, of which no two are near each other in space."""
    places = frame[appearance.AXES[: 2 + ("z" in frame)]].to_numpy()
    least = APART * float(np.ptp(places, axis=0).max())
    kept: list[int] = []
    for row in rows[:MOST_TRIED]:
        if len(kept) < MOST_LABELS and all(
            np.linalg.norm(places[kept] - places[row], axis=1) > least
        ):
            kept.append(row)
    return kept


_JS = """
export default function ({ setStateValue, data }) {
  const canvas = document.createElement("canvas");
  const able = Boolean(canvas.getContext("webgl2") || canvas.getContext("webgl"));
  if (data.known !== able) setStateValue("able", able);
}
"""
_mount = st.components.v2.component("webgl_check", html="<span></span>", js=_JS)
KEY = "webgl"


def able() -> bool:
    """Whether the browser has WebGL; assumed until it has answered."""
    known = st.session_state.get("webgl_known")
    found = _mount(key=KEY, data={"known": known}, on_able_change=_learn)
    answer = found.able if found.able is not None else known
    return answer is not False


def _learn() -> None:
    st.session_state["webgl_known"] = st.session_state[KEY].able
