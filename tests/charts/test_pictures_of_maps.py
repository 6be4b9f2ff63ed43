"""Small pictures of maps, heatmaps and lines: what is drawn is what was computed."""

from __future__ import annotations

import base64
import io
from xml.etree import ElementTree

import altair as alt
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from interp_core.charts.attributions import against, bars, grid
from interp_core.charts.axes import measured
from interp_core.charts.export import picture, specification
from interp_core.charts.heatmaps import INK, heatmap, picture_url, shrink, token_keys
from interp_core.charts.lines import head_lines


def pixels(url: str) -> np.ndarray:
    data = base64.b64decode(url.removeprefix("data:image/png;base64,"))
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))


def test_ink_is_the_square_root_of_the_weight():
    weights = np.array([[0.0, 0.25], [1.0, 0.04]], dtype=np.float32)
    shown = pixels(picture_url(weights)).reshape(4, 4)
    assert (shown[:, :3] == INK).all()
    assert shown[:, 3] / 255 == pytest.approx([0, 0.5, 1, 0.2], abs=0.005)


def test_a_larger_top_makes_less_ink_and_weights_above_it_stay_full():
    weights = np.full((4, 4), 0.5)
    assert pixels(picture_url(weights, top=2.0))[0, 0, 3] == 127
    assert pixels(picture_url(weights, top=0.1))[0, 0, 3] == 255


@pytest.mark.parametrize("shape", [(1, 1), (5, 90), (30, 4), (130, 200)])
def test_a_picture_has_every_cell_where_it_lies(shape):
    weights = np.random.default_rng(0).random(shape)
    shown = pixels(picture_url(weights))
    assert (shown[..., 3] == np.floor(np.sqrt(weights) * 255)).all()
    assert (shown[..., :3] == INK).all()


@pytest.mark.parametrize("size", [3, 7, 100, 513])
def test_shrinking_keeps_the_strongest_weight_of_every_line(size):
    weights = np.zeros((size, size))
    weights[size // 2, size - 1] = 0.9
    small = shrink(weights, 96)
    assert max(small.shape) <= max(96, 1)
    assert small.max() == 0.9
    assert shrink(np.eye(size), 96).max(1).min() == 1


def test_a_rectangular_map_keeps_its_shape():
    assert shrink(np.ones((3, 200)), 96).shape == (3, 96)


def test_repeated_tokens_keep_their_position_in_the_key():
    assert token_keys(["the", "a", "the"], first=4) == ["4|the", "5|a", "6|the"]


def cells() -> pd.DataFrame:
    names = ["if", "</script>", "“q” \\ 'x'"]
    keys = token_keys(names)
    rows = [(a, b) for a in range(3) for b in range(3)]
    return pd.DataFrame(
        {
            "x": [keys[b] for _, b in rows],
            "y": [keys[a] for a, _ in rows],
            "query": [names[a] for a, _ in rows],
            "key": [names[b] for _, b in rows],
            "weight": [0.1 * (a - b) for a, b in rows],
        }
    )


def test_every_cell_is_in_the_specification_and_the_scale_is_centred():
    chart = heatmap(
        cells(), x="x", y="y", value="weight", title="weight", signed=True, domain=(-0.2, 0.2)
    )
    spec = specification(chart)
    (data,) = spec["datasets"].values()
    assert sorted(row["weight"] for row in data) == sorted(cells()["weight"])
    coloured, dashes = spec["layer"]
    scale = coloured["encoding"]["color"]["scale"]
    assert (scale["domain"], scale["domainMid"]) == ([-0.2, 0.2], 0)
    assert scale["interpolate"] == "rgb"  # through hues, brown to black would lead through purple
    assert dashes["mark"]["text"] == "–"  # a sign that survives greyscale
    assert dashes["transform"][0]["filter"].startswith("datum['weight'] < -0.0")


def test_pictures_are_drawn_without_a_browser_and_hold_the_tokens():
    chart = heatmap(cells(), x="x", y="y", value="weight", title="weight")
    svg = picture(chart, "svg").decode()
    assert "&lt;/script&gt;" in svg
    assert "<script" not in svg
    size = Image.open(io.BytesIO(picture(chart, "png"))).size
    assert min(size) > 100


@pytest.mark.parametrize("token", ["if", "else", "datum", "'", '"', "\\", "</script>", "|", "🙂"])
def test_the_head_view_draws_every_token_whatever_it_says(token):
    svg = picture(lines_between([token, "b"], [("head 0", 0, 1, 0.7)]), "svg").decode()
    assert svg.count(">b<") == 2
    from html import escape

    assert escape(f"▸ {token}", quote=False) in svg.replace("&quot;", '"').replace("&#39;", "'")
    (line,) = told_lines(svg)
    assert (line["query"], line["key"]) == (token, "b")


def lines_between(tokens: list[str], lines: list[tuple], first: int = 0):
    """The head view of tokens that are both queries and keys; the first is pinned."""
    places = range(first, first + len(tokens))
    frame = pd.DataFrame({"token": tokens, "pinned": [True] + [False] * (len(tokens) - 1)})
    return head_lines(
        pd.DataFrame(lines, columns=["head", "query_index", "key_index", "weight"]),
        frame.assign(query_index=places, held=0.93),
        frame.assign(key_index=places),
        title="weight",
    )


def told_lines(svg: str) -> list[dict[str, str]]:
    """What a screen reader is told of each line."""
    drawn = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}line")
    labels = [each.get("aria-label", "") for each in drawn]
    return [dict(part.split(": ", 1) for part in label.split("; ")) for label in labels if label]


def test_the_lines_of_several_heads_name_their_tokens_and_begin_beside_each_other():
    lines = [("head 3", 300, 301, 0.1234), ("head 5", 301, 300, 0.5), ("head 5", 300, 300, 0.25)]
    told = told_lines(picture(lines_between(["a", "b"], lines, first=300), "svg").decode())
    named = [(each["head"], each["query"], each["key"]) for each in told]
    assert named == [("head 3", "a", "b"), ("head 5", "b", "a"), ("head 5", "a", "a")]
    assert [float(each["weight"]) for each in told] == pytest.approx([0.1234, 0.5, 0.25], abs=5e-5)
    ends = [(float(each["from_y"]), float(each["to_y"])) for each in told]
    assert ends == [(299.75, 300.75), (301.25, 300.25), (300.25, 300.25)]
    empty = picture(lines_between(["a", "b"], []), "svg").decode()
    assert (told_lines(empty), empty.count(">b<")) == ([], 2)


def test_bars_and_grids_of_signed_scores_are_drawn():
    frame = pd.DataFrame({"key": token_keys(["a", "b"]), "token": ["a", "b"], "score": [1.0, -2.0]})
    for order in ("text", "size"):
        assert picture(bars(frame, title="score", order=order), "svg").startswith(b"<svg")
    named = bars(frame, title="score").to_dict()["layer"][0]["encoding"]
    assert named["fill"]["scale"]["range"][1] == "rgba(217, 119, 31, 0.4)"  # in the legend too
    assert named["strokeDash"]["legend"] == named["fill"]["legend"] is not None
    one = bars(frame[:1], title="score").to_dict()["layer"][0]["encoding"]
    assert one["fill"]["scale"]["domain"] == ["supports the target"]
    assert one["fill"]["legend"] is None  # no class that is not drawn
    long = frame.assign(method="one")
    drawn = grid(long, x="key", y="method", value="score", title="s", y_title="", rows=["one"])
    assert "–".encode() in picture(drawn, "svg")


@pytest.mark.parametrize("ends", [(-0.5, 3), (0, 4), (0, 1), (-5, 35), (0, 0.7), (0, 18)])
def test_an_axis_of_amounts_has_four_to_seven_numbers(ends):
    rows = pd.DataFrame({"x": [0, 1], "y": ends})
    axis = measured(format=".2~f")
    chart = alt.Chart(rows).mark_point().encode(y=alt.Y("y:Q", axis=axis))
    drawn = ElementTree.fromstring(picture(chart.properties(height=300), "svg"))
    labels = [each for each in drawn.iter() if each.get("class", "").endswith("role-axis-label")]
    (numbers,) = [len(list(each.iter("{http://www.w3.org/2000/svg}text"))) for each in labels]
    assert 4 <= numbers <= 7


def test_words_of_two_methods_are_named_where_no_name_covers_another():
    words = ["cold", "is", "all", "the"]
    scores = {"one": [0.8, 0.010, 0.012, -0.2], "two": [0.3, 0.010, 0.012, 0.1]}
    drawn = specification(against(pd.DataFrame({"token": words, **scores}), x="one", y="two"))
    (rows,) = drawn["datasets"].values()
    named = {row["token"] for row in rows if row["name"]}
    assert {"cold", "the"} < named
    assert len(named & {"is", "all"}) == 1
