"""Points by WebGL: a compact description that holds texts as texts."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from interp_core.charts.cloud import EXTENT, cloud, shades

HOSTILE = "<img src=x onerror=alert(1)></script>"


def points(count=20, axes=3, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(count, axes)) * 40 + 7, columns=list("xyz")[:axes])
    frame.insert(0, "row", np.arange(count))
    frame["tip"] = [f"word {row}" for row in range(count)]
    frame["found"] = False
    return frame


def spec(frame, colours=None, **options):
    colours = np.zeros((len(frame), 3), dtype=int) if colours is None else colours
    return json.loads(cloud(frame, colours, **options).to_json())


def layer(found, name):
    return next((each for each in found["layers"] if each["id"] == name), None)


@pytest.mark.parametrize("axes", [2, 3])
def test_places_keep_their_proportions(axes):
    frame = points(axes=axes)
    given = frame[list("xyz")[:axes]].to_numpy()
    drawn = np.array([each["p"] for each in layer(spec(frame), "points")["data"]])
    assert np.ptp(drawn, axis=0).max() == pytest.approx(EXTENT, abs=0.01)
    apart = [np.linalg.norm(each[0] - each[1:], axis=1) for each in (given, drawn)]
    np.testing.assert_allclose(apart[1], apart[0] * apart[1][0] / apart[0][0], atol=0.01)


def test_the_second_axis_of_a_plane_points_up_as_in_the_chart():
    frame = points(axes=2)
    drawn = np.array([each["p"] for each in layer(spec(frame), "points")["data"]])
    assert np.corrcoef(frame["y"], drawn[:, 1])[0, 1] == pytest.approx(-1, abs=1e-5)


def test_space_turns_and_a_plane_moves():
    kinds = [spec(points(axes=axes))["views"][0]["@@type"] for axes in (2, 3)]
    assert kinds == ["OrthographicView", "OrbitView"]
    assert layer(spec(points(axes=2)), "box") is None
    assert len(layer(spec(points()), "box")["data"]) == 12


def test_lines_run_from_the_picked_point_to_its_neighbours():
    frame = points()
    found = spec(frame, picked=4, near=(7, 9, 999))
    place = {row: each["p"] for row, each in enumerate(layer(found, "points")["data"])}
    ends = layer(found, "near")["data"]
    assert ends == [{"a": place[4], "b": place[7]}, {"a": place[4], "b": place[9]}]
    assert layer(found, "rings9")["data"] == [{"p": place[4]}]
    assert layer(spec(frame), "near") is None


def test_what_was_searched_for_is_ringed_and_labels_stand_at_their_points():
    frame = points()
    frame.loc[3, "found"] = True
    labels = frame.loc[[5], ["x", "y", "z"]].assign(label=HOSTILE)
    found = spec(frame, labels=labels)
    data = layer(found, "points")["data"]
    assert layer(found, "rings6")["data"] == [{"p": data[3]["p"]}]
    assert layer(found, "labels")["data"] == [{"p": data[5]["p"], "s": HOSTILE}]


def test_the_tooltip_is_text_and_never_markup():
    frame = points().assign(tip=HOSTILE)
    found = json.loads(cloud(frame, np.zeros((20, 3), dtype=int)).to_json())
    assert layer(found, "points")["data"][0]["t"] == HOSTILE
    deck = cloud(frame, np.zeros((20, 3), dtype=int))
    assert deck._tooltip == {"text": "{t}"}


def test_thirty_thousand_points_with_their_texts_are_less_than_three_megabytes(encoder):
    import interp_core as ic

    vectors = ic.vocabulary_vectors(encoder)
    drawn = ic.project(vectors, method="pca", dimensions=3, quality=False)
    frame = pd.DataFrame(drawn.coordinates, columns=list("xyz"))
    frame.insert(0, "row", np.arange(len(frame)))
    frame["tip"], frame["found"] = vectors.frame["text"], False
    assert len(frame) == 30_522
    inks = np.random.default_rng(0).integers(0, 256, (len(frame), 3))
    assert len(cloud(frame, inks).to_json().encode()) < 3_000_000


def test_groups_get_the_colours_in_order_and_amounts_a_ramp():
    names = ["#000000", "#ff0000", "#0000ff"]
    groups = shades(pd.Series(["b", "a", "other", "b"]), "nominal", names)
    assert groups.tolist() == [[255, 0, 0], [0, 0, 0], [0, 0, 255], [255, 0, 0]]
    ramp = shades(pd.Series([0.0, 1.0, 2.0, np.nan, np.inf]), "quantitative", names)
    assert ramp.tolist() == [[0, 0, 0], [255, 0, 0], [0, 0, 255], [0, 0, 0], [0, 0, 0]]
    assert shades(pd.Series([5.0, 5.0]), "quantitative", names).tolist() == [[0, 0, 0]] * 2


def test_equal_places_are_drawn():
    frame = points().assign(x=1.0, y=1.0, z=1.0)
    assert layer(spec(frame), "points")["data"][0]["p"] == [0, 0, 0]
