"""Attention between single tokens.

The head view: queries on the left, keys on the right, a line for each weight that is shown. One
token's attention from layer to layer: layers down, keys across. Tokens as lines of a text.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from zlib import crc32

import altair as alt
import pandas as pd

from interp_core.charts.axes import BANDS
from interp_core.charts.heatmaps import largest, token_axis
from interp_core.charts.points import POSITIVE, STROKES

ROW = 22  # px a token
MARGIN = 150  # px on either side for the tokens, whose labels are axis labels to follow the theme
APART = 0.5  # rows between the lines of the first and the last of several heads
RIGHT = alt.value(alt.ExprRef(f"width - {MARGIN}"))


def head_lines(
    lines: pd.DataFrame, queries: pd.DataFrame, keys: pd.DataFrame, *, title: str, top: float = 1.0
) -> alt.LayerChart:
    """Two columns of tokens with lines.

    `lines`: head (a label), query_index, key_index, weight. `queries`: query_index (without gaps),
    token, pinned, and held, the share of the row that is drawn. `keys`: key_index (without gaps),
    token. Width and opacity of a line grow linearly with the weight, full at `top`; lines of
    several heads begin a little above or below each other so that none covers another.
    Hovering a query or key shows its lines alone; clicking a query is the selection `token`.
    """
    rows = max(len(queries), len(keys), 1)
    first = min([*queries["query_index"], *keys["key_index"]], default=0)
    scale = alt.Scale(domain=[first + rows - 0.4, first - 0.6], nice=False, zero=False)
    from_query, from_key = _hovered("from_query", "query_index"), _hovered("from_key", "key_index")
    pick = alt.selection_point(name="token", fields=["query_index"], on="click")
    asking, asked = _Listed.of(queries, "query_index"), _Listed.of(keys, "key_index")
    heads = _Listed(lines["head"].unique().tolist())
    layers = [
        _rules(lines, (heads, asking, asked), scale, from_query & from_key, title, top),
        _column(queries, "query_index", asking, scale, "left").add_params(from_query, pick),
        _column(keys, "key_index", asked, scale, "right").add_params(from_key),
    ]
    named = {each.name: each.parameter() for each in (heads, asking, asked)}
    layers[0] = layers[0].add_params(*named.values())
    chart = alt.layer(*layers).resolve_axis(y="independent")
    return chart.properties(height=rows * ROW)


@dataclass(frozen=True)
class _Listed:
    """Words that the browser is sent once and finds by their index, counted from `first`."""

    words: list[str]
    first: int = 0

    @classmethod
    def of(cls, tokens: pd.DataFrame, index: str) -> _Listed:
        return cls(tokens["token"].tolist(), int(tokens[index].min()) if len(tokens) else 0)

    @property
    def name(self) -> str:
        """Made from the words: charts that are put together share their parameters by name."""
        return f"words_{crc32(json.dumps(self.words).encode()):08x}"

    def parameter(self) -> alt.Parameter:
        return alt.param(name=self.name, value=self.words)

    def at(self, index: str) -> str:
        """The expression of the word at an index, itself an expression."""
        return f"{self.name}[{index} - {self.first}]" if self.first else f"{self.name}[{index}]"


def _hovered(name: str, field: str) -> alt.Parameter:
    """What the pointer is over. In a layered chart each selection hears of the marks of all layers,
    and one without the field would select what no line has.
    """
    data = "event.item && event.item.datum"
    over = f"pointerover[{data} && isDefined(event.item.datum.{field})]"
    return alt.selection_point(name=name, fields=[field], on=over, clear="pointerout")


def _rules(
    lines: pd.DataFrame,
    listed: tuple[_Listed, _Listed, _Listed],
    scale: alt.Scale,
    shown: alt.Parameter,
    title: str,
    top: float,
) -> alt.Chart:
    heads, asking, asked = listed
    several = len(heads.words) > 1
    ink = alt.Scale(domain=[0, top], range=[0.04, 1], clamp=True)
    width = alt.Scale(domain=[0, top], range=[0.5, 5], clamp=True)
    legend = alt.Legend(**STROKES)
    named = {"color": alt.Color("head:N", sort=None, legend=legend)}
    if several:  # patterns tell heads apart where colours do not
        named["strokeDash"] = alt.StrokeDash("head:N", sort=None, legend=legend)
    # The browser is sent hundreds of lines: numbers as short as they can be, and no words.
    places = {
        name: pd.to_numeric(lines[name], downcast="unsigned")
        for name in ("query_index", "key_index")
    }
    short = pd.DataFrame(places).assign(weight=lines["weight"].astype("float32"))
    if several:
        short["place"] = pd.factorize(lines["head"])[0].astype("uint8")
    shift = f" + (datum.place / {len(heads.words) - 1} - 0.5) * {APART}" if several else ""
    return (
        alt.Chart(short)
        .transform_calculate(
            head=heads.at("datum.place" if several else "0"),
            query=asking.at("datum.query_index"),
            key=asked.at("datum.key_index"),
            from_y=f"datum.query_index{shift}",
            to_y=f"datum.key_index{shift}",
        )
        .mark_rule()
        .encode(
            x=alt.value(MARGIN),
            x2=RIGHT,
            y=alt.Y("from_y:Q", scale=scale, axis=None),
            y2="to_y:Q",
            **named,
            opacity=alt.condition(
                shown, alt.Opacity("weight:Q", scale=ink, legend=None), alt.value(0.0)
            ),
            strokeWidth=alt.StrokeWidth("weight:Q", scale=width, legend=None),
            tooltip=[
                alt.Tooltip("head:N", title="head"),
                alt.Tooltip("query:N", title="query"),
                alt.Tooltip("key:N", title="key"),
                alt.Tooltip("weight:Q", title=title, format=".4f"),
            ],
        )
    )


def _column(
    tokens: pd.DataFrame, index: str, listed: _Listed, scale: alt.Scale, side: str
) -> alt.Chart:
    """Labels as an axis moved into the plot, over transparent areas that can be hovered."""
    left = side == "left"
    y = alt.Y("from:Q", scale=scale, axis=_labels(tokens, index, listed, side))
    told = {"token": listed.at(f"datum.{index}")}
    if left:
        shares = [round(share, 2) for share in tokens["held"].tolist()]
        told["held"] = f"{json.dumps(shares)}[datum.{index} - {listed.first}]"
    return (
        alt.Chart(alt.sequence(listed.first, listed.first + len(tokens), as_=index))
        .transform_calculate(
            **told, **{"from": f"datum.{index} - 0.5", "to": f"datum.{index} + 0.5"}
        )
        .mark_rect(fill="transparent", cursor="pointer")
        .encode(
            x=alt.value(0) if left else RIGHT,
            x2=alt.value(MARGIN) if left else alt.value("width"),
            y=y,
            y2="to:Q",
            tooltip=[
                alt.Tooltip("token:N", title="query" if left else "key"),
                alt.Tooltip(f"{index}:Q", title="position"),
                *([alt.Tooltip("held:Q", title="of its row drawn", format=".0%")] if left else []),
            ],
        )
    )


def _labels(tokens: pd.DataFrame, index: str, listed: _Listed, side: str) -> alt.Axis:
    label = listed.at("datum.value")
    pinned = tokens[index][tokens["pinned"]].tolist() if "pinned" in tokens else []
    if pinned:
        label = f"(indexof({pinned}, datum.value) < 0 ? '' : '▸ ') + {label}"
    return alt.Axis(
        orient=side,
        offset=-MARGIN,
        values=alt.ExprRef(f"sequence({listed.first}, {listed.first + len(tokens)})"),
        labelExpr=label,
        labelLimit=MARGIN - 14,
        labelFontSize=13,
        labelPadding=8,
        labelOverlap=False,
        ticks=False,
        domain=False,
        grid=False,
        title=None,
    )


STRIP = 24
AXIS = 100  # px of title and token labels, which the height includes
_LAYER_AXIS = alt.Axis(labelOverlap=False, **BANDS)


def layer_rows(
    frame: pd.DataFrame, *, title: str, value_title: str, top: float | None = None
) -> alt.Chart:
    """A strip for each layer. `frame`: layer (label), key (a token key), token, value.

    The colour ends at `top`, by default at the largest value.
    """
    keys, layers = list(dict.fromkeys(frame["key"])), list(dict.fromkeys(frame["layer"]))
    # One strip leaves no room for a legend: its numbers are in the tooltips.
    end = largest(frame["value"]) if top is None else top
    legend = alt.Legend(
        title=value_title,
        orient="top",
        gradientLength=160,
        titleOrient="left",
        values=[0, end],
        format=".2~g",
    )
    legend = legend if len(layers) > 2 else None
    scale = alt.Scale(domain=[0, end], clamp=True)
    angle = 0 if len(keys) <= 14 else -60
    return (
        alt.Chart(frame)
        .mark_rect(cornerRadius=1)
        .encode(
            x=alt.X("key:N", sort=keys, axis=token_axis(angle=angle, limit=90, orient="bottom")),
            y=alt.Y("layer:N", sort=layers, title="layer", axis=_LAYER_AXIS),
            color=alt.Color("value:Q", scale=scale, legend=legend),
            tooltip=[
                alt.Tooltip("layer:N", title="layer"),
                alt.Tooltip("token:N", title="key"),
                alt.Tooltip("value:Q", title=value_title, format=".4f"),
            ],
        )
        .properties(
            height=STRIP * max(len(layers), 1) + AXIS + 30 * (legend is not None), title=title
        )
    )


INK = "#17202c"
ACROSS = 10  # tokens in a line
LINE, EDGES = 48, 40  # px of a line of tokens, and of the title


def token_lines(frame: pd.DataFrame, *, title: str) -> alt.LayerChart:
    """Tokens in lines as they stand in the text, with a figure under each.

    `frame`: token, strength (0 to 1, how dark), note (the figure as text, perhaps empty).
    """
    data = frame.reset_index(drop=True)
    data = data.assign(line=data.index // ACROSS, column=data.index % ACROSS)
    lines = int(data["line"].max()) + 1
    bare = {"axis": None, "scale": alt.Scale(paddingInner=0.06, paddingOuter=0)}
    columns = list(range(min(ACROSS, len(data))))
    base = alt.Chart(data).encode(
        x=alt.X("column:O", sort=columns, **bare),
        y=alt.Y("line:O", sort=list(range(lines)), **bare),
        tooltip=[alt.Tooltip("token:N"), alt.Tooltip("note:N", title=title)],
    )
    shade = alt.Scale(domain=[0, 1], range=[0.04, 0.62])
    cells = base.mark_rect(cornerRadius=3, fill=POSITIVE).encode(
        fillOpacity=alt.FillOpacity("strength:Q", scale=shade, legend=None)
    )
    room = alt.expr(f"width / {len(columns)} - 6")
    words = base.mark_text(dy=-7, fontSize=12, color=INK, limit=room).encode(text="token:N")
    notes = base.mark_text(dy=10, fontSize=11, color=INK, limit=room).encode(text="note:N")
    return alt.layer(cells, words, notes).properties(height=LINE * lines + EDGES, title=title)
