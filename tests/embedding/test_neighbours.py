"""The exact neighbour search, and what is read from it: hubs, outliers, conflicts."""

import numpy as np
import pandas as pd
import pytest
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors

import interp_core as ic
from interp_core.embedding import neighbours
from interp_core.embedding.outlier_scores import hub_counts, hub_skewness, local_outlier_factor


def points(count, dim=20, seed=0, offset=0.5):
    return (np.random.default_rng(seed).normal(size=(count, dim)) + offset).astype(np.float32)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("count", [2, 40, 1500])
def test_the_search_equals_scikit_learns(metric, count, monkeypatch):
    monkeypatch.setattr(neighbours, "TILE", 512)  # several tiles, the last one narrower
    values = points(count)
    found = ic.find_neighbours(values, k=12, metric=metric)
    k = min(12, count - 1)
    peer = NearestNeighbors(n_neighbors=k, metric=metric, algorithm="brute").fit(
        values.astype(np.float64)
    )
    distances, indices = peer.kneighbors()
    np.testing.assert_array_equal(found.indices, indices)
    np.testing.assert_allclose(found.distances, distances, atol=1e-6, rtol=1e-5)


def test_grouping_a_tile_loses_nothing():
    tile = np.random.default_rng(1).normal(size=(50, 2048)).astype(np.float32)
    tile[:, ::64] += 5  # the largest values crowd into the same groups
    found = np.sort(neighbours.largest(tile, 20), axis=1)
    np.testing.assert_array_equal(found, np.sort(np.argsort(-tile, axis=1)[:, :20], axis=1))


def test_duplicates_far_from_the_origin_have_distance_zero():
    values = np.repeat(points(30, offset=1000.0), 2, axis=0)
    found = ic.find_neighbours(values, k=1, metric="euclidean")
    np.testing.assert_array_equal(found.indices[:, 0], np.arange(60) ^ 1)
    np.testing.assert_array_equal(found.distances, 0)


def test_a_vector_of_zeros_is_no_ones_neighbour_by_cosine():
    values = points(20, offset=3.0)
    values[7] = 0
    found = ic.find_neighbours(values, k=5)
    assert not (found.indices == 7).any()
    np.testing.assert_array_equal(found.distances[7], 1)


def test_the_neighbours_of_one_point_are_those_of_the_search(encoder):
    vectors = ic.vocabulary_vectors(encoder, limit=4000)
    for metric in ("cosine", "euclidean"):
        whole = ic.find_neighbours(vectors, k=10, metric=metric)
        for index in (2500, 3999):
            frame = ic.nearest_neighbours(vectors, index, k=10, metric=metric)
            assert list(frame["index"]) == list(whole.indices[index])
            np.testing.assert_allclose(frame["distance"], whole.distances[index], atol=1e-6)
            assert list(frame["rank"]) == list(range(1, 11))
            names = vectors.frame["token"].iloc[frame["index"]]
            assert list(frame["token"]) == list(names)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda v: ic.nearest_neighbours(v, 30), "no point 30"),
        (lambda v: ic.nearest_neighbours(v, -1), "no point -1"),
        (lambda v: ic.find_neighbours(v, metric="manhattan"), "cosine or euclidean"),
        (lambda v: ic.find_neighbours(v, k=0), "at least 1"),
        (lambda v: ic.find_neighbours(v.values[:1]), "too few"),
        (lambda v: ic.find_neighbours(np.zeros((50_001, 1))), "sample"),
        (lambda v: ic.find_neighbours(v, k=3).first(4), "kept 3"),
    ],
)
def test_what_cannot_be_searched_is_refused_with_the_cure(call, says):
    with pytest.raises(ic.BadInput, match=says):
        call(ic.make_vectors(points(30)))


def test_the_search_tells_its_progress_and_stops():
    told = []
    ic.find_neighbours(points(50), progress=lambda done, expected: told.append((done, expected)))
    assert told == [(1, 1)]
    with pytest.raises(ic.Stopped):
        ic.find_neighbours(points(50), progress=lambda done, expected: False)


def test_the_middle_of_a_star_is_the_hub_and_its_tips_are_nobodys():
    angles = np.arange(6) * np.pi / 3
    star = np.concatenate([[[0.0, 0.0]], np.stack([np.cos(angles), np.sin(angles)], 1) * 0.9])
    vectors = ic.make_vectors(np.concatenate([star, [[3.0, 0.0]]]))
    knn = ic.find_neighbours(vectors, k=1, metric="euclidean")
    found = ic.hubs(vectors, knn)
    assert hub_counts(knn).sum() == 8
    assert found.loc[0, "index"] == 0
    assert found.loc[0, "listed"] == 6
    assert found.loc[0, "share"] == pytest.approx(6 / 7)
    assert set(found.loc[found["nobodys"], "index"]) >= {2, 3, 4, 5, 6, 7}
    assert hub_skewness(knn) > 1


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_the_outlier_factor_equals_scikit_learns_and_finds_the_stranger(metric):
    values = points(300, offset=2.0)
    values[123] = -4
    knn = ic.find_neighbours(values, k=10, metric=metric)
    peer = LocalOutlierFactor(10, metric=metric).fit(values.astype(np.float64))
    np.testing.assert_allclose(local_outlier_factor(knn), -peer.negative_outlier_factor_, rtol=1e-4)
    found = ic.outliers(ic.make_vectors(values), k=10, metric=metric)
    assert found.loc[0, "index"] == 123
    assert found.loc[0, "mean_distance"] == pytest.approx(knn.distances[123].mean())


def test_a_flipped_label_in_a_tight_group_heads_the_conflicts():
    values = np.concatenate([points(40, offset=3.0), points(20, seed=1, offset=-3.0)])
    labels = ["a"] * 40 + ["b"] * 20
    labels[5], labels[50], labels[7] = "b", "a", None
    found = ic.label_conflicts(ic.make_vectors(values), labels, k=10)
    assert set(found.loc[:1, "index"]) == {5, 50}
    assert list(found.loc[found["index"] == 5, "suggested"]) == ["a"]
    assert found.loc[2, "conflict"] < 0 < found.loc[1, "conflict"]
    assert 7 not in set(found["index"])
    assert len(found) == 59
    assert (found["same"] <= 10).all()
    with pytest.raises(ic.BadInput, match="two different"):
        ic.label_conflicts(ic.make_vectors(values), ["a"] * 60)


def test_words_that_speak_for_another_label_are_found():
    texts = ["good film"] * 9 + ["bad film"] * 9 + ["a good day"]
    labels = ["+"] * 9 + ["-"] * 10
    found = ic.word_conflicts(texts, labels)
    assert found[["index", "word", "label", "suggested", "texts"]].to_numpy().tolist() == [
        [18, "good", "-", "+", 10]
    ]
    assert found.loc[0, "purity"] == 0.9


def test_unlabelled_points_may_be_missing_in_any_way():
    values = points(12)
    labels = pd.Series(["a", "b"] * 4 + [None, np.nan, "", "  "])
    assert len(ic.label_conflicts(ic.make_vectors(values), labels, k=3)) == 8
