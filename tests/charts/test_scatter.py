"""Pictures of points in the plane: what is drawn, what can be picked, and how they are exported."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from interp_core.charts.export import INK, SEQUENTIAL, picture, specification
from interp_core.charts.pairs import side_by_side, trail
from interp_core.charts.photographs import photo_url
from interp_core.charts.points import PLAIN, SHAPES, by_group, in_order
from interp_core.charts.scatter import GROUP, HEIGHT, Look, scatter
from interp_core.charts.simple import dots, histogram, lines

NONE = pd.DataFrame({"x": [], "y": [], "label": [], "level": []})


def points(count=12, found=()):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(count, 2)), columns=["x", "y"])
    frame.insert(0, "row", np.arange(count) * 10)  # rows of a larger set
    frame["text"] = [f"word {row}" for row in frame["row"]]
    frame["found"] = np.isin(np.arange(count), found)
    frame["_colour"] = [["a", "b", "other"][place % 3] for place in range(count)]
    return frame


def labels(frame, level):
    return frame[["x", "y"]].assign(label=frame["text"], level=level)


def layers(chart):
    return specification(chart)["layer"]


def marks(chart):
    return [each["mark"]["type"] for each in layers(chart)]


def texts(svg: bytes) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg.decode())


def thumbnails(count):
    return tuple(
        photo_url(Image.new("RGB", (30, 20), (200, place, 40)), 96) for place in range(count)
    )


@pytest.mark.parametrize("kind", ["scatter", "trail"])
def test_a_chart_of_the_dark_page_is_a_picture_for_white_paper(kind):
    frame = points(6)
    frame.loc[2, ["text", "_colour"]] = INK["dark"][0]  # a text is kept, whatever it says

    def drawn(inks):
        if kind == "scatter":
            return scatter(
                frame, labels(frame, 0), Look(colour="_colour", ink=inks[0], paper=inks[1])
            )
        named = {"colour": "_colour", "groups": set(frame["_colour"]), "inks": inks}
        return trail(frame, ((-3, 3), (-3, 3)), labels=labels(frame, 0), **named)

    light, dark = (drawn(INK[theme]) for theme in ("light", "dark"))
    assert picture(dark, "png") == picture(light, "png")
    assert INK["dark"][0] in json.dumps(specification(dark)["datasets"])


def test_thumbnails_stand_at_their_points_below_frames_that_are_picked():
    frame = points(6, found=[2])
    shown = Look(colour="_colour", thumbnails=thumbnails(6))
    chart = scatter(frame.assign(near="0"), labels(frame, 0), shown)
    spec = specification(chart)
    assert [each["mark"]["type"] for each in spec["layer"]] == [
        *("rule", "point", "image", "point", "point", "point", "text", "text")
    ]
    images, frames = spec["layer"][2:4]
    data = spec["datasets"][images["data"]["name"]]
    assert [each["url"] for each in data] == list(shown.thumbnails)
    np.testing.assert_allclose([each["x"] for each in data], frame["x"])
    assert frames["mark"]["fill"] == "transparent"  # a click inside hits it
    assert frames["encoding"]["color"]["field"] == "_colour"
    assert spec["layer"][-1]["mark"]["dy"] > frames["mark"]["size"] ** 0.5 / 2  # below the picture


def test_thumbnails_are_exported_and_no_column_of_a_user_becomes_one():
    frame = points(3)
    chart = scatter(frame, NONE, Look(thumbnails=thumbnails(3)))
    svg = picture(chart, "svg").decode()
    assert len(re.findall(r"<image[^>]*data:image", svg)) == 3
    shown = Look(tooltip=("text", "url", "image", "thumbnails"))
    own = frame.assign(url="https://e.example/x.png", image="https://e.example/y.png")
    own["thumbnails"] = "https://e.example/z.png"
    assert "image" not in marks(scatter(own, NONE, shown))


def test_a_click_picks_a_row_and_two_ways_of_dragging_pan_and_select():
    for drag in ("pan", "select"):
        spec = specification(scatter(points(), NONE, Look(drag=drag)))
        found = {each["name"]: each for each in spec["params"] if "select" in each}
        assert set(found) == {"pick", "box", "panned"}
        assert found["pick"]["select"]["fields"] == ["row"]
        assert found["pick"]["select"]["on"] == "symbol:click"
        assert found["panned"]["bind"] == "scales"
        box, pan = (found[name]["select"]["on"] for name in ("box", "panned"))
        assert ("!event.shiftKey" in box) == (drag == "select")
        assert ("!event.shiftKey" in pan) == (drag == "pan")
        assert found["panned"]["select"]["zoom"] == "wheel!"


def test_a_picked_row_is_marked_from_the_start():
    pick = specification(scatter(points(), NONE, Look(picked=30)))["params"]
    assert next(each for each in pick if each["name"] == "pick")["value"] == [{"row": 30}]
    none = specification(scatter(points(), NONE, Look()))["params"]
    assert "value" not in next(each for each in none if each["name"] == "pick")


def test_lines_run_from_the_picked_point_to_the_neighbours_given():
    frame = points().assign(near=["10 20", *["0"] * 11])
    svg = picture(scatter(frame, NONE, Look(picked=0)), "svg").decode()
    drawn = re.findall(
        r'transform="translate\(([-\d.]+),([-\d.]+)\)" x2="([^"]+)" y2="([^"]+)"', svg
    )
    assert len(drawn) == 2
    starts = {(x, y) for x, y, _, _ in drawn}
    assert len(starts) == 1
    span = {axis: np.ptp(frame[axis]) * 1.1 for axis in "xy"}
    steps = sorted((float(x2) / 900, -float(y2) / HEIGHT) for _, _, x2, y2 in drawn)
    expected = sorted(
        tuple((frame[axis][to] - frame[axis][0]) / span[axis] for axis in "xy") for to in (1, 2)
    )
    np.testing.assert_allclose(steps, expected, atol=1e-3)
    assert "x2=" not in picture(scatter(frame, NONE, Look()), "svg").decode()


def test_a_neighbour_that_is_not_drawn_gets_no_line():
    frame = points().assign(near="10 777")
    svg = picture(scatter(frame, NONE, Look(picked=0)), "svg").decode()
    assert svg.count("x2=") == 1


def test_groups_get_a_colour_and_a_shape_each_in_the_order_of_the_alphabet():
    chart = scatter(points(), NONE, Look(colour="_colour", title="kind"))
    shown = layers(chart)[0]["encoding"]
    assert shown["color"]["scale"]["domain"] == ["a", "b", "other"]
    assert shown["shape"]["scale"]["domain"] == ["a", "b", "other"]
    assert shown["color"]["legend"]["title"] is None  # the control above says it
    assert {"a", "b", "other"} <= set(texts(picture(chart, "svg")))


def test_other_comes_last_and_pairs_of_colour_and_shape_do_not_repeat():
    assert in_order(["z", "other", "a", "z"]) == ["a", "z", "other"]
    assert len(SHAPES) == 7  # eight colours


def test_amounts_get_a_ramp_and_no_group_a_plain_colour():
    frame = points().assign(_colour=np.linspace(0, 1, 12))
    chart = scatter(frame, NONE, Look(colour="_colour", kind="quantitative", title="share"))
    assert layers(chart)[0]["encoding"]["color"]["type"] == "quantitative"
    assert "shape" not in layers(chart)[0]["encoding"]
    assert layers(scatter(points(), NONE, Look()))[0]["encoding"]["color"] == {"value": PLAIN}
    assert SEQUENTIAL


def test_what_was_searched_for_is_ringed():
    assert marks(scatter(points(found=[2, 3]), NONE, Look())).count("point") == 3
    assert marks(scatter(points(), NONE, Look())).count("point") == 2


def test_labels_appear_as_the_picture_is_magnified():
    frame = points()
    level = np.array([0, 1, 2, *[7] * 9])
    chart = scatter(frame, labels(frame, level), Look(ink="#000000", paper="#ffffff"))
    shown = [text for text in texts(picture(chart, "svg")) if text.startswith("word")]
    assert sorted(set(shown)) == ["word 0", "word 10"]  # 900 px: level 1
    filters = [each["transform"][0]["filter"] for each in layers(chart) if "transform" in each]
    assert any("panned" in str(each) and "width" in str(each) for each in filters)
    narrow = specification(chart) | {"width": 380}
    import vl_convert

    small = texts(vl_convert.vegalite_to_svg(narrow).encode())
    assert "word 0" in small
    assert "word 10" not in small


def test_names_of_groups_are_always_shown():
    frame = points()
    middle = pd.DataFrame({"x": [0.0], "y": [0.0], "label": ["the group"], "level": [GROUP]})
    assert "the group" in texts(picture(scatter(frame, middle, Look()), "svg"))


def test_labels_let_clicks_through():
    frame = points()
    chart = scatter(frame, labels(frame, 0), Look())
    for layer in layers(chart):
        if layer["mark"]["type"] == "text":
            assert "tooltip" not in layer["encoding"]


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_more_points_than_altair_allows_are_drawn_and_exported(kind):
    frame = points(6_000, found=[1])
    frame["near"] = "0 10"
    chart = scatter(frame, labels(frame[:300], 1), Look(colour="_colour", picked=0))
    data = picture(chart, kind)
    assert data.startswith(b"\x89PNG" if kind == "png" else b"<svg")
    if kind == "svg":
        assert data.count(b"x2=") == 2
        assert data.count(b"<path") >= 6_000


def test_names_of_columns_are_never_read_as_paths_or_markup():
    name = "a.b[0]'c\\\"\\d"
    frame = pd.DataFrame({"x": [0.0, 1], "y": [0.0, 1], "text": "t", name: ["left", "right"]})
    chart = trail(frame, ((0, 1), (0, 1)), colour=name, groups={"left", "right"})
    svg = picture(chart, "svg").decode()
    assert len(set(re.findall(r'aria-roledescription="point"[^>]*fill="([^"]+)"', svg))) == 2
    frame = points().assign(**{name: 1.5, "</script>": "<b>"})
    assert picture(scatter(frame, NONE, Look(tooltip=("text", name, "</script>"))), "svg")


def test_two_pictures_share_one_box_and_lie_side_by_side():
    frame = points().assign(u=lambda f: -f["x"] * 99, v=lambda f: f["y"] + 7)
    chart = side_by_side(frame, ("left", "right"), "_colour", ("text",))
    spec = specification(chart)
    assert [each["name"] for each in spec["params"]] == ["box"]
    for data in spec["datasets"].values():
        for line in data:
            if "u" in line:
                assert 0 <= line["x"] <= 1
                assert 1.12 - 1e-9 <= line["u"] <= 2.12 + 1e-9
    said = texts(picture(chart, "svg"))
    assert {"left", "right"} <= set(said)


def test_the_way_of_a_point_passes_every_layer():
    frame = points()
    path = pd.DataFrame({"layer": [0, 1, 2], "x": [0.0, 1, 2], "y": 0.0, "moved": [0, 1.0, 2.0]})
    chart = trail(frame, ((-3, 3), (-3, 3)), path=path)
    assert marks(chart) == ["point", "line", "point", "text"]
    assert {"0", "1", "2"} <= set(texts(picture(chart, "svg")))


@pytest.mark.parametrize(
    "chart",
    [
        lines(pd.DataFrame({"l": [0, 1], "s": [0.1, 0.2]}), x="l", y="s", x_title="a", y_title="b"),
        histogram(pd.Series([1.0, 2.0, np.nan]), title="value", mark=1.5, step=0.5),
        dots(
            pd.DataFrame({"text": "t", "a": [1, 10], "b": [1.0, 2]}),
            x="a",
            y="b",
            x_title="a",
            y_title="b",
        ),
    ],
)
def test_small_charts_are_exported(chart):
    assert picture(chart, "png").startswith(b"\x89PNG")
    assert json.dumps(specification(chart))


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-1, 0.98, [-1, -0.5, 0, 0.5]),
        (0, 14 / 15, [0, 0.2, 0.4, 0.6, 0.8]),
        (0.31, 0.97, [0.4, 0.6, 0.8]),
        (3, 3, [3]),
        (0, 1e-5, [0, 2e-6, 4e-6, 6e-6, 8e-6, 1e-5]),
    ],
)
def test_bins_are_labelled_with_a_few_round_numbers(low, high, expected):
    """Vega would label every edge of a bin, also those at fifteenths."""
    chart = specification(histogram(pd.Series([low, high]), title="share", step=1 / 15))
    assert chart["layer"][0]["encoding"]["x"]["axis"]["values"] == pytest.approx(expected)


def test_a_legend_takes_as_few_lines_as_a_window_of_900_px_has_room_for():
    words = ["capital", "country", "emotion", "profession", "verb, -ing form", "verb, past"]
    for names, columns in (
        (words, 6),
        ([str(digit) for digit in range(10)], 10),
        ([f"a rather long name {each}" for each in range(6)], 3),  # not four and two
    ):
        assert by_group("kind", names)["color"]["legend"]["columns"] == columns


def test_no_column_of_a_users_table_is_loaded_as_a_picture_by_a_tooltip():
    frame = points().assign(image="https://example.org/seen", title="a heading")
    shown = layers(scatter(frame, NONE, Look(tooltip=("text", "image", "title"))))[0]
    names = [each["title"] for each in shown["encoding"]["tooltip"]]
    assert [name.strip() for name in names] == ["text", "image", "title"]
    assert not {"image", "title"} & set(names)
