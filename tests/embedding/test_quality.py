"""The scores of a picture, against scikit-learn and closed forms; stability and alignment."""

import numpy as np
import pytest
from scipy.spatial import procrustes
from sklearn import manifold

import interp_core as ic
from interp_core.embedding import quality
from interp_core.embedding.alignment import stable_share
from interp_core.embedding.quality import neighbour_overlap, picture_neighbours, projection_quality


def points(count=400, dim=10, seed=0):
    return np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("k", [1, 5, 15])
def test_trustworthiness_equals_scikit_learns_and_continuity_its_mirror(metric, k):
    values = points()
    flat = values[:, :2].astype(np.float64)
    expected = manifold.trustworthiness(values, flat, n_neighbors=k, metric=metric)
    assert ic.trustworthiness(values, flat, k=k, metric=metric) == pytest.approx(expected, abs=1e-6)
    found = projection_quality(values, flat, k=k, metric=metric)
    assert found.trustworthiness == pytest.approx(expected, abs=1e-6)
    if metric == "euclidean":  # continuity is trustworthiness with the spaces exchanged
        mirror = manifold.trustworthiness(flat, values, n_neighbors=k)
        assert found.continuity == pytest.approx(mirror, abs=1e-6)
        assert ic.continuity(values, flat, k=k, metric=metric) == pytest.approx(mirror, abs=1e-6)


def test_the_picture_of_itself_is_perfect():
    values = points(dim=2)
    found = projection_quality(values, values, metric="euclidean")
    assert found.trustworthiness == found.continuity == found.kept == 1
    assert found.none_kept == 0
    np.testing.assert_array_equal(found.reliability, 1)


def test_a_random_permutation_keeps_what_chance_keeps():
    values = points(2000, dim=2)
    rng = np.random.default_rng(1)
    found = [
        projection_quality(values, values[rng.permutation(2000)], metric="euclidean")
        for _ in range(3)
    ]
    kept = np.mean([each.kept for each in found])
    spread = np.sqrt(15 * 2000 * 3 * found[0].chance) / (15 * 2000 * 3)
    assert found[0].chance == 15 / 1999
    assert abs(kept - found[0].chance) < 5 * spread
    # A uniformly random rank exceeds k on average by (n − 1 − k)(n − k) / 2(n − 1).
    n, k = 2000, 15
    excess = (n - 1 - k) * (n - k) / (2 * (n - 1))
    expected = 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * n * k * excess
    assert np.mean([each.trustworthiness for each in found]) == pytest.approx(expected, abs=0.01)
    assert np.mean([each.continuity for each in found]) == pytest.approx(expected, abs=0.01)


def test_points_whose_neighbourhood_is_torn_are_named():
    values = points(100, dim=2)
    torn = values.copy()
    torn[:10] += np.arange(1, 11)[:, None] * 100  # ten points flung apart, alone
    found = projection_quality(values, torn, k=3, metric="euclidean")
    assert found.reliability[:10].mean() < 0.2 < 0.8 < found.reliability[10:].mean()
    assert found.none_kept == pytest.approx((found.reliability == 0).mean())


def test_a_sample_of_large_sets_comes_close_to_the_whole(monkeypatch):
    values = points(3000)
    whole = projection_quality(values, values[:, :2])
    monkeypatch.setattr(quality, "EXACT_POINTS", 2500)
    part = projection_quality(values, values[:, :2])
    assert (whole.ranked, part.ranked) == (3000, 2000)
    assert part.trustworthiness == pytest.approx(whole.trustworthiness, abs=0.01)
    assert part.continuity == pytest.approx(whole.continuity, abs=0.01)
    assert part.kept == whole.kept  # neighbours kept are counted for every point


def test_small_sets_have_fewer_neighbours_to_compare():
    found = projection_quality(points(7), points(7)[:, :2])
    assert found.k == 3
    assert 0 <= found.kept <= 1
    assert np.isfinite(found.trustworthiness)
    with pytest.raises(ic.BadInput, match="three"):
        projection_quality(points(2), points(2))
    with pytest.raises(ic.BadInput, match="rows of coordinates"):
        projection_quality(points(9), points(8))
    with pytest.raises(ic.BadInput, match="half"):
        ic.trustworthiness(points(20), points(20)[:, :2], k=10)


def test_a_point_is_not_its_own_neighbour_among_many_at_one_place():
    heap = np.zeros((30, 2))
    near = picture_neighbours(heap, 4)
    assert near.shape == (30, 4)
    assert not (near == np.arange(30)[:, None]).any()


def test_shares_are_counted_by_row():
    one = np.array([[1, 2, 3, 4], [5, 6, 7, 8]])
    two = np.array([[4, 3, 9, 9], [1, 2, 3, 4]])
    np.testing.assert_array_equal(neighbour_overlap(one, two), [0.5, 0])


def test_a_turned_mirrored_and_stretched_picture_is_laid_back_exactly():
    picture = points(50, dim=2).astype(np.float64)
    angle = 1.1
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = 3 * picture @ turn @ np.diag([1, -1]) + [10, -4]
    found = ic.align(moved, picture)
    np.testing.assert_allclose(found.coordinates, picture, atol=1e-9)
    assert found.disparity == pytest.approx(0, abs=1e-9)


def test_what_is_left_after_the_overlay_equals_scipys():
    one, two = points(50, dim=3), points(50, dim=3, seed=1)
    assert ic.align(one, two).disparity == pytest.approx(procrustes(two, one)[2])
    with pytest.raises(ic.BadInput, match="cannot be aligned"):
        ic.align(one, two[:, :2])


def test_layers_are_laid_over_one_another_so_that_only_change_moves():
    base = points(60, dim=8) * np.array([6.0, 3, 1, 1, 1, 1, 1, 1])
    turn = np.linalg.qr(points(8, dim=8, seed=3))[0]
    changed = base.copy()
    changed[5, 0] *= -1
    layers = [ic.make_vectors(each) for each in (base, base @ turn, changed @ turn)]
    found = ic.project_layers(layers, method="pca", quality=False)
    pictures = [aligned.coordinates for _, aligned in found]
    np.testing.assert_allclose(pictures[1], pictures[0], atol=1e-4)
    path = ic.path_frame(pictures, 5)
    assert list(path["layer"]) == [0, 1, 2]
    assert path["moved"].iloc[2] > 3
    with pytest.raises(ic.BadInput, match="different numbers"):
        ic.project_layers([layers[0], layers[1].take(np.arange(5))])


@pytest.mark.parametrize("method", ["umap", "tsne"])
def test_following_layers_start_from_the_picture_before(method):
    layers = [ic.make_vectors(points(80) + 8 * points(4, seed=1)[np.arange(80) % 4])] * 2
    options = {"quality": False, "method": method}
    follow = ic.project_layers(layers, **options)
    apart = ic.project_layers(layers, follow=False, **options)
    assert apart[1][1].disparity == pytest.approx(0, abs=1e-9)  # same vectors, same start
    assert 0 < follow[1][1].disparity < 0.5


def test_stability_is_1_for_equal_pictures_and_chance_for_unrelated_ones():
    one, two = points(300, dim=2), points(300, dim=2, seed=1)
    frame = ic.compare_pictures({"a": one, "b": one @ [[0, 1], [-1, 0]], "c": two}, k=10)
    assert list(zip(frame["first"], frame["second"])) == [("a", "b"), ("a", "c"), ("b", "c")]
    assert frame["shared"].iloc[0] == 1
    assert frame["disparity"].iloc[0] == pytest.approx(0, abs=1e-9)
    assert frame["shared"].iloc[1] == pytest.approx(frame["chance"].iloc[1], abs=0.02)
    np.testing.assert_array_equal(stable_share([one, one, one]), 1)


def test_seeds_start_at_random_and_share_one_search():
    drawn, frame = ic.over_seeds(ic.make_vectors(points(100)), seeds=(0, 1), epochs=50)
    assert drawn[1].knn is drawn[0].knn
    assert 0 < frame.loc[0, "shared"] < 1
