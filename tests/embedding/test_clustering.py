"""Clusters, their words, and the geometry of a space, on closed forms and scikit-learn."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score, silhouette_samples

import interp_core as ic
from interp_core.embedding import quality
from interp_core.embedding.clustering import common_words, distinctive_words
from interp_core.embedding.quality import silhouettes
from interp_core.embedding.space_geometry import anisotropy, spread_dimension, two_nn_dimension


def groups(sizes=(60, 40, 20), dim=12, seed=0):
    rng = np.random.default_rng(seed)
    number = np.repeat(np.arange(len(sizes)), sizes)
    centres = rng.normal(size=(len(sizes), dim)) * 6
    return centres[number] + rng.normal(size=(len(number), dim)), number


@pytest.mark.parametrize("options", [{}, {"count": 3}, {"method": "hdbscan"}])
@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_clusters_are_the_groups_numbered_from_the_largest(options, metric):
    values, number = groups()
    found = ic.clusters(ic.make_vectors(values), metric=metric, **options)
    assert adjusted_rand_score(number, found["cluster"]) > 0.95
    sizes = found.loc[found["cluster"] >= 0, "cluster"].value_counts()
    assert list(sizes.index) == [0, 1, 2]
    again = ic.clusters(ic.make_vectors(values), metric=metric, **options)
    pd.testing.assert_frame_equal(found, again)


def test_noise_has_no_cluster_and_no_silhouette():
    values, _ = groups()
    noise = np.random.default_rng(3).normal(size=(15, 12)) * 30
    vectors = ic.make_vectors(np.concatenate([values, noise]))
    found = ic.clusters(vectors, method="hdbscan", metric="euclidean")
    assert (found["cluster"].iloc[-15:] == -1).mean() > 0.8
    assert found.loc[found["cluster"] == -1, "silhouette"].isna().all()


def test_silhouettes_equal_scikit_learns():
    values, number = groups()
    expected = silhouette_samples(values, number)
    np.testing.assert_allclose(silhouettes(values, number), expected, atol=1e-9)


def test_silhouettes_of_large_sets_are_given_for_a_sample(monkeypatch):
    values, number = groups((1500, 1000, 600))
    monkeypatch.setattr(quality, "EXACT_POINTS", 3000)
    found = silhouettes(values, number)
    known = np.isfinite(found)
    assert known.sum() == 2000
    np.testing.assert_allclose(found[known], silhouette_samples(values, number)[known], atol=1e-9)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"method": "spectral"}, "kmeans, hdbscan"),
        ({"count": 1}, "2 to"),
        ({"count": 120}, "2 to"),
        ({"method": "hdbscan", "min_size": 1}, "at least"),
    ],
)
def test_what_cannot_be_clustered_is_refused(options, says):
    with pytest.raises(ic.BadInput, match=says):
        ic.clusters(ic.make_vectors(groups()[0]), **options)
    with pytest.raises(ic.BadInput, match="too few"):
        ic.clusters(ic.make_vectors(groups()[0][:2]))


def test_the_words_of_a_group_are_those_the_others_lack():
    texts = ["the red apple"] * 5 + ["the green pear"] * 5 + ["the green plum, the GREEN plum"] * 2
    found = distinctive_words(texts, [0] * 5 + [1] * 5 + [2] * 2, top=2)
    words = found.groupby("group")["word"].agg(list)
    assert set(words[0]) == {"red", "apple"}
    assert words[1][0] == "pear"
    assert words[2][0] == "plum"
    assert "the" not in set(found["word"])
    row = found[(found["group"] == 1) & (found["word"] == "green")].iloc[0]
    assert (row["inside"], row["outside"]) == (5, 2)
    assert common_words(texts, top=1).to_dict("records") == [
        {"word": "the", "texts": 12, "share": 1.0}
    ]


def test_the_summary_names_each_cluster_by_its_words():
    values, number = groups()
    texts = [["apple", "pear", "plum"][n] + f" number {i}" for i, n in enumerate(number)]
    vectors = ic.make_vectors(values, pd.DataFrame({"text": texts}))
    rows = ic.cluster_summary(ic.clusters(vectors, count=3), top=1)
    assert list(rows["size"]) == [60, 40, 20]
    assert list(rows["words"]) == ["apple", "pear", "plum"]
    assert (rows["silhouette"] > 0.5).all()


def test_anisotropy_is_the_mean_cosine_of_all_pairs():
    values = np.random.default_rng(0).normal(size=(40, 6)) + 0.7
    directions = values / np.linalg.norm(values, axis=1, keepdims=True)
    pairs = (directions @ directions.T)[~np.eye(40, dtype=bool)]
    assert anisotropy(values) == pytest.approx(pairs.mean(), abs=1e-6)
    assert anisotropy(np.ones((5, 3))) == pytest.approx(1)
    assert anisotropy(np.concatenate([np.eye(3), -np.eye(3)])) == pytest.approx(-1 / 5)


@pytest.mark.parametrize("true", [1, 2, 5])
def test_the_intrinsic_dimension_is_that_of_the_sheet_not_of_the_space(true):
    rng = np.random.default_rng(0)
    sheet = rng.uniform(size=(3000, true)) @ rng.normal(size=(true, 30))
    knn = ic.find_neighbours(sheet, k=2, metric="euclidean")
    assert two_nn_dimension(knn) == pytest.approx(true, rel=0.1)


def test_repeated_points_do_not_spoil_the_intrinsic_dimension():
    sheet = np.random.default_rng(0).uniform(size=(2000, 2))
    knn = ic.find_neighbours(np.concatenate([sheet, sheet[:50]]), k=2, metric="euclidean")
    assert two_nn_dimension(knn) == pytest.approx(2, rel=0.1)
    heap = ic.find_neighbours(np.ones((20, 3)), k=2, metric="euclidean")
    assert np.isnan(two_nn_dimension(heap))


def test_equal_variances_spread_over_all_directions_and_a_line_over_one():
    assert spread_dimension(np.concatenate([np.eye(4), -np.eye(4)])) == pytest.approx(4)
    assert spread_dimension(np.outer(np.arange(9), [1, 2, 3])) == pytest.approx(1)
    assert np.isnan(spread_dimension(np.ones((4, 2))))


def test_geometry_has_a_row_for_each_layer(encoder):
    texts = list(ic.sample_table("ambiguous_words")["text"][::10])
    found = ic.geometry(ic.token_vectors(encoder, texts, layer="all"))
    assert list(found["layer"]) == list(range(7))
    assert found["anisotropy"].between(0, 1).all()
    assert (found["intrinsic"] > 1).all()
    vocabulary = ic.geometry(ic.vocabulary_vectors(encoder, limit=3000))
    assert -1 <= vocabulary.loc[0, "norm_rank"] <= 1
