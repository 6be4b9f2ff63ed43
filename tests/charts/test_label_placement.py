"""Labels of points: apart at every magnification, and once shown they stay."""

import numpy as np
import pytest

from interp_core.charts.label_placement import (
    CELL,
    IN_VIEW,
    LETTER,
    LINE,
    MAGNIFICATIONS,
    NEVER,
    RADIUS,
    RAISED,
    label_levels,
    names_apart,
)

WIDTH, HEIGHT = 900, 540


def boxes(places, texts, zoom):
    """(n, 4) left, right, top, bottom of each label in px, as the chart draws them."""
    low, span = places.min(axis=0), np.ptp(places, axis=0)
    x, y = ((places - low) / span * (WIDTH, HEIGHT) * zoom).T
    half = np.array([len(text) for text in texts]) * LETTER / 2
    middle = y + RAISED
    return np.stack([x - half, x + half, middle - LINE / 2, middle + LINE / 2], axis=1)


def overlaps(found):
    left, right, top, bottom = found.T
    apart = (right[:, None] <= left) | (right <= left[:, None])
    apart |= (bottom[:, None] <= top) | (bottom <= top[:, None])
    return int((~apart).sum() - len(found)) // 2


@pytest.mark.parametrize("seed", range(4))
def test_no_two_labels_overlap_at_the_magnification_that_shows_them(seed):
    rng = np.random.default_rng(seed)
    places = rng.normal(size=(1_200, 2)) * [1, 9] ** rng.integers(1, 3)
    texts = ["x" * length for length in rng.integers(1, 26, len(places))]
    levels = label_levels(places, texts)
    for level, zoom in enumerate(MAGNIFICATIONS):
        shown = (levels >= 0) & (levels <= level)
        assert shown.any()
        kept = [text for text, each in zip(texts, shown) if each]
        scaled = boxes(places, texts, zoom)[shown]
        assert len(kept) == len(scaled)
        assert overlaps(scaled) == 0, level


def test_the_test_of_overlaps_sees_one():
    assert overlaps(np.array([[0, 10, 0, 10], [9, 20, 9, 20.0]])) == 1


def test_a_single_point_and_points_far_apart_are_labelled_at_once():
    assert list(label_levels(np.array([[3.0, 4.0]]), ["one"])) == [0]
    corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1.0]])
    assert list(label_levels(corners, ["a", "b", "c", "d"])) == [0, 0, 0, 0]


def test_of_points_in_one_place_one_is_labelled_and_the_most_wanted_wins():
    places = np.array([[0, 0], [0, 0], [1, 1.0]])
    assert list(label_levels(places, ["a", "b", "c"])) == [0, NEVER, 0]
    assert list(label_levels(places, ["a", "b", "c"], order=np.array([1, 0, 2]))) == [NEVER, 0, 0]


def test_two_near_points_part_when_the_window_is_magnified():
    places = np.array([[0, 0], [100 / WIDTH, 0], [1, 1.0]])
    texts = ["x" * 20, "y" * 20, "z"]  # 124 px wide, 100 px apart: room from twofold on
    # In the smallest window the first would cover the second point.
    assert list(label_levels(places, texts)) == [1, 2, 0]


def test_no_more_labels_than_asked_for_and_not_too_many_in_one_window():
    grid = np.stack(np.meshgrid(np.arange(40), np.arange(40)), -1).reshape(-1, 2)
    levels = label_levels(grid, ["x"] * len(grid), limit=300)
    assert (levels >= 0).sum() == 300
    many = label_levels(grid, ["x"] * len(grid))
    assert (many == 0).sum() <= IN_VIEW


def test_names_of_groups_in_one_place_are_stacked_and_others_stay():
    places = np.array([[0.5, 0.5], [0.5, 0.5], [0.5, 0.5], [0.1, 0.9]])
    moved = names_apart(places, ["first", "second", "third", "far"], np.ones(2))
    assert (moved[:, 0] == places[:, 0]).all()
    assert (moved[3] == places[3]).all()
    pixels = np.sort(moved[:3, 1] * 500)
    assert (np.diff(pixels) >= 17 - 1e-9).all()
    assert np.abs(pixels - 250).max() <= 17 + 1e-9


@pytest.mark.parametrize("seed", range(4))
def test_among_few_points_no_label_covers_another_point(seed):
    rng = np.random.default_rng(seed)
    places = rng.normal(size=(200, 2))
    texts = ["x" * length for length in rng.integers(1, 12, len(places))]
    levels = label_levels(places, texts)
    size = np.ptp(places, axis=0)
    for level, zoom in enumerate(MAGNIFICATIONS):
        pixels = (places - places.min(axis=0)) / size * (WIDTH, HEIGHT) * zoom
        drawn = boxes(places, texts, zoom)
        for row in np.flatnonzero((levels >= 0) & (levels <= level)):
            left, right, low, high = drawn[row]
            inside = (pixels > (left, low)).all(axis=1) & (pixels < (right, high)).all(axis=1)
            near = (np.abs(pixels - pixels[row]) <= RADIUS + CELL).all(axis=1)
            assert not (inside & ~near).any()
