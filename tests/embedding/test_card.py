"""The card of a point: true, false and torn neighbours, by brute force."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist

import interp_core as ic
from interp_core.embedding.tables import false_neighbours, picture_ranks, true_neighbours

METRICS = ["cosine", "euclidean"]


def some(count=80, dim=7, seed=0):
    values = np.random.default_rng(seed).normal(size=(count, dim))
    frame = pd.DataFrame({"text": [f"w{i}" for i in range(count)], "label": ["a", "b"] * 40})
    return ic.make_vectors(values, frame)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("point", [0, 41, 79])
def test_true_neighbours_are_the_nearest_by_brute_force(metric, point):
    vectors = some()
    drawn = ic.project(vectors, method="pca", metric=metric)
    apart = cdist(vectors.values, vectors.values, metric)[point]
    order = [row for row in np.argsort(apart) if row != point]
    shown = np.linalg.norm(drawn.coordinates - drawn.coordinates[point], axis=1)
    in_picture = [row for row in np.argsort(shown) if row != point]
    found = true_neighbours(vectors, drawn, point, k=10)
    assert list(found["index"]) == order[:10]
    assert list(found["rank"]) == list(range(1, 11))
    near = vectors.values[found["index"]].astype(float)
    one = vectors.values[[point]].astype(float)
    np.testing.assert_allclose(found["cosine"], cdist(one, near, "cosine")[0], atol=1e-6)
    np.testing.assert_allclose(found["euclidean"], cdist(one, near)[0], rtol=1e-6)
    assert list(found["place"]) == [in_picture.index(row) + 1 for row in found["index"]]
    assert list(found["torn"]) == [row not in in_picture[:10] for row in found["index"]]
    assert list(found["label"]) == [vectors.frame["label"][row] for row in found["index"]]


@pytest.mark.parametrize("metric", METRICS)
def test_false_neighbours_are_near_in_the_picture_alone(metric):
    vectors = some()
    drawn = ic.project(vectors, method="pca", metric=metric)
    apart = cdist(vectors.values, vectors.values, metric)[7]
    truly = [row for row in np.argsort(apart) if row != 7]
    shown = np.linalg.norm(drawn.coordinates - drawn.coordinates[7], axis=1)
    in_picture = [row for row in np.argsort(shown) if row != 7][:10]
    expected = [row for row in in_picture if row not in truly[:10]]
    found = false_neighbours(vectors, drawn, 7, k=10)
    assert list(found["index"]) == expected
    assert list(found["rank"]) == [truly.index(row) + 1 for row in expected]
    assert list(found["place"]) == [in_picture.index(row) + 1 for row in expected]


def test_a_picture_of_the_vectors_themselves_tears_nothing_away():
    vectors = ic.make_vectors(np.random.default_rng(0).normal(size=(40, 2)))
    drawn = ic.project(vectors, method="pca", metric="euclidean")
    for point in range(40):
        assert not true_neighbours(vectors, drawn, point)["torn"].any()
        assert false_neighbours(vectors, drawn, point).empty


def test_torn_and_false_neighbours_are_equally_many():
    vectors = some()
    drawn = ic.project(vectors, method="pca")
    for point in range(80):
        torn = true_neighbours(vectors, drawn, point)["torn"].sum()
        assert torn == len(false_neighbours(vectors, drawn, point))


def test_a_point_has_rank_zero_among_points_in_its_very_place():
    ranks = picture_ranks(np.zeros((5, 2)), 3)
    assert ranks[3] == 0
    assert sorted(ranks) == [0, 1, 2, 3, 4]


def test_a_vector_of_zeros_has_a_card():
    vectors = ic.make_vectors(np.vstack([np.zeros(3), np.eye(3)]))
    drawn = ic.project(vectors, method="pca", metric="euclidean")
    found = true_neighbours(vectors, drawn, 0, k=3)
    assert list(found["cosine"]) == [1, 1, 1]
    assert list(found["euclidean"]) == [1, 1, 1]


def test_two_points_have_one_neighbour_each():
    vectors = ic.make_vectors([[0.0, 1.0], [1.0, 0.0]])
    drawn = ic.project(vectors, method="pca")
    assert list(true_neighbours(vectors, drawn, 1)["index"]) == [0]
    assert false_neighbours(vectors, drawn, 1).empty
