"""Pictures: equal to their peers, equal on every run, refused when they would mislead."""

import io
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.decomposition import PCA
from tqdm.auto import tqdm

import interp_core as ic
from interp_core.embedding import linear_reduction, neighbour_embedding, projection
from interp_core.embedding.neighbour_embedding import UMAP_LOCK
from interp_core.embedding.projection import refuse_collapsed

ROOT = Path(__file__).resolve().parents[2]


def groups(count=120, dim=12, seed=0):
    """Four separate groups of points, and the number of each point's group."""
    rng = np.random.default_rng(seed)
    number = np.arange(count) % 4
    return (rng.normal(size=(4, dim)) * 6)[number] + rng.normal(size=(count, dim)), number


@pytest.mark.parametrize("shape", [(200, 30), (20, 50), (400, 5)])
@pytest.mark.parametrize("dimensions", [2, 3])
def test_pca_equals_scikit_learns(shape, dimensions):
    values = np.random.default_rng(0).normal(size=shape) @ np.diag(np.linspace(3, 1, shape[1]))
    vectors = ic.make_vectors(values)
    drawn = ic.project(vectors, method="pca", dimensions=dimensions)
    peer = PCA(dimensions, svd_solver="full")
    expected = peer.fit_transform(vectors.values.astype(np.float64))
    np.testing.assert_allclose(drawn.coordinates, expected, atol=1e-5)
    np.testing.assert_allclose(drawn.explained, peer.explained_variance_ratio_, atol=1e-6)


def test_pca_of_the_vocabulary_equals_scikit_learns_on_float32(encoder):
    vectors = ic.vocabulary_vectors(encoder, limit=8000)
    drawn = ic.project(vectors, method="pca", quality=False)
    expected = PCA(2, svd_solver="full").fit_transform(vectors.values)
    np.testing.assert_allclose(drawn.coordinates, expected, atol=1e-5)
    assert np.isnan(drawn.trustworthiness)
    assert drawn.quality is None


def test_pca_of_scaled_vectors_is_pca_of_unit_vectors():
    values = groups()[0]
    scaled = values / np.linalg.norm(values, axis=1, keepdims=True)
    drawn = ic.project(values, method="pca", normalise=True)
    np.testing.assert_allclose(drawn.coordinates, PCA(2).fit_transform(scaled), atol=1e-5)
    assert drawn.notes[-1] == "vectors scaled to norm 1"


def test_pca_of_fewer_axes_than_asked_leaves_the_rest_zero():
    drawn = ic.project(np.array([[1.0, 2.0], [3.0, 6.0]]), method="pca", dimensions=3)
    np.testing.assert_allclose(np.abs(drawn.coordinates), [[np.sqrt(5), 0, 0]] * 2, atol=1e-6)
    np.testing.assert_allclose(drawn.explained, [1, 0, 0])
    assert drawn.quality is None


@pytest.mark.parametrize("method", ["umap", "tsne"])
@pytest.mark.parametrize("dimensions", [2, 3])
def test_a_picture_is_the_same_on_every_run_and_shows_the_groups(method, dimensions):
    values, number = groups()
    first = ic.project(values, method=method, dimensions=dimensions, seed=3)
    again = ic.project(values, method=method, dimensions=dimensions, seed=3)
    np.testing.assert_allclose(first.coordinates, again.coordinates, atol=1e-5)
    other = ic.project(values, method=method, dimensions=dimensions, seed=4)
    assert not np.allclose(first.coordinates, other.coordinates)
    near = ic.find_neighbours(first.coordinates, k=5, metric="euclidean").indices
    assert (number[near] == number[:, None]).mean() > 0.95
    assert first.coordinates.shape == (120, dimensions)
    assert first.trustworthiness > 0.8
    assert first.seconds > 0


@pytest.mark.parametrize("method", ["umap", "tsne"])
def test_length_matters_under_euclidean_alone(method):
    values, _ = groups()
    longer = values * np.random.default_rng(1).choice([0.5, 1, 2, 4], size=(len(values), 1))
    plain = ic.project(values, method=method, quality=False)
    stretched = ic.project(longer, method=method, quality=False)
    np.testing.assert_allclose(plain.coordinates, stretched.coordinates, atol=1e-5)
    assert "vectors scaled to norm 1" in plain.notes
    raw = ic.project(values, method=method, quality=False, metric="euclidean")
    assert "vectors scaled to norm 1" not in raw.notes
    assert not np.allclose(raw.coordinates, plain.coordinates)


@pytest.mark.parametrize("method", ["umap", "tsne"])
def test_one_search_serves_and_gives_the_same_picture(method, monkeypatch):
    values, _ = groups()
    alone = ic.project(values, method=method)
    knn = ic.find_neighbours(values, k=100)
    monkeypatch.setattr(linear_reduction, "find_neighbours", None)
    given = ic.project(values, method=method, knn=knn)
    np.testing.assert_allclose(alone.coordinates, given.coordinates, atol=1e-5)
    assert given.knn is knn
    with pytest.raises(ic.BadInput, match="other vectors or another metric"):
        ic.project(values, method=method, knn=knn, metric="euclidean")


def test_the_neighbours_of_a_search_are_not_changed_by_umap():
    values, _ = groups()
    knn = ic.find_neighbours(values, k=20)
    kept = knn.indices.copy(), knn.distances.copy()
    ic.project(values, knn=knn)
    np.testing.assert_array_equal(knn.indices, kept[0])
    np.testing.assert_array_equal(knn.distances, kept[1])


def test_umap_compiles_what_a_fit_needs_and_keeps_it_for_the_next_process():
    ic.project(groups()[0], quality=False)
    import numba
    from pynndescent import rp_trees
    from umap import layouts, umap_

    assert not numba.config.DISABLE_JIT
    assert not hasattr(rp_trees.make_euclidean_tree, "signatures")  # UMAP is given the neighbours
    fit = layouts._nb_optimize_layout_euclidean_single_epoch
    for compiled in (umap_.smooth_knn_dist, umap_.compute_membership_strengths, fit):
        assert compiled.signatures
        assert Path(compiled.stats.cache_path).is_relative_to(os.environ["NUMBA_CACHE_DIR"])


def test_umap_on_given_neighbours_is_umap_itself(monkeypatch):
    values, number = groups(200)
    mine = ic.project(values, init="spectral", metric="euclidean").coordinates
    from umap import UMAP, umap_

    # Not worth compiling for 200 points.
    monkeypatch.setattr(umap_, "fast_knn_indices", umap_.fast_knn_indices.py_func)
    peer = UMAP(random_state=0, n_jobs=1).fit_transform(ic.make_vectors(values).values)
    near = {
        name: ic.find_neighbours(xy, k=10, metric="euclidean")
        for name, xy in (("mine", mine), ("peer", peer))
    }
    for each in near.values():
        assert (number[each.indices] == number[:, None]).mean() > 0.95
    alike = ic.compare_pictures({"mine": mine, "peer": peer}, k=10)
    assert alike.loc[0, "shared"] > 0.45 > 2 * 10 / 49  # neighbours drawn from the group at random


def test_umap_leaves_torch_its_threads(monkeypatch):
    """numba asks OpenMP for all cores at the first fit of a process."""
    before = torch.get_num_threads()
    assert groups_by_umap() == before  # the real one, whether or not it is the first here

    class Launches:
        def __init__(self, **_):
            torch.set_num_threads(before + 1)

        def fit_transform(self, values):
            return np.random.default_rng(0).normal(size=(len(values), 2))

    monkeypatch.setattr(neighbour_embedding, "_umap", lambda: Launches)
    assert groups_by_umap() == before


def groups_by_umap() -> int:
    """The threads that torch has after a fit."""
    ic.project(groups()[0], method="umap", epochs=20)
    return torch.get_num_threads()


def test_own_axes_run_from_one_half_below_to_one_half_above():
    words = ["man", "woman", "boy", "poor", "rich", "house"]
    values = np.array([[0, 0, 1], [2, 0, 1], [1, 0, 1], [0, 0, 0], [0, 4, 0], [1, 2, 0]], float)
    vectors = ic.make_vectors(values, pd.DataFrame({"text": words}))
    axes = [("man", "woman"), (["poor"], ["Rich"])]
    drawn = ic.project(vectors, method="axis", axes=axes)
    np.testing.assert_allclose(drawn.coordinates[:3, 0], [-0.5, 0.5, 0], atol=1e-6)
    np.testing.assert_allclose(drawn.coordinates[3:, 1], [-0.5, 0.5, 0], atol=1e-6)
    assert drawn.notes == ("axes 1 and 2 form an angle of 90° in the original space",)
    for wrong, says in (
        ([("man", "unicorn"), axes[1]], "unicorn"),
        ([("man", "man"), axes[1]], "same mean"),
        ([axes[0]], "2 dimensions need 2 axes"),
        ([("man", []), axes[1]], "no words"),
    ):
        with pytest.raises(ic.BadInput, match=says):
            ic.project(vectors, method="axis", axes=wrong)
    with pytest.raises(ic.BadInput, match="no column 'size'"):
        ic.project(vectors, method="axis", axes=axes, by="size")


def test_own_axes_of_the_encoder_point_from_country_to_capital(encoder):
    table = ic.sample_table("word_groups")
    vectors = ic.token_vectors(encoder, list(table["text"]), pooling="mean")
    kind = table["group"]
    ends = [list(table["text"][kind == g][:15]) for g in ("country", "capital")]
    tenses = [list(table["text"][kind == g][:15]) for g in ("verb, present", "verb, past")]
    drawn = ic.project(vectors, method="axis", axes=[ends, tenses], by="text")
    held_out = pd.Series(drawn.coordinates[:, 0]).groupby(kind).apply(lambda x: x[15:].mean())
    assert held_out["country"] < -0.1
    assert held_out["capital"] > 0.1


@pytest.mark.parametrize(
    ("values", "options", "says"),
    [
        (np.ones((1, 4)), {"method": "pca"}, "needs at least 2 points; there is 1"),
        (np.eye(2), {}, "needs at least 5 points.*use PCA"),
        (np.ones((9, 4)), {"method": "pca"}, "equal"),
        (groups()[0], {"method": "mds"}, "pca, umap, tsne, axis"),
        (groups()[0], {"dimensions": 4}, "2 or 3"),
        (groups()[0], {"perplexity": 3}, "no option 'perplexity'"),
        (groups()[0], {"metric": "l1"}, "cosine or euclidean"),
        (groups()[0], {"neighbours": 1}, "2 to 200"),
        (groups()[0], {"init": "circle"}, "Unknown initialisation"),
        (groups()[0], {"init": np.zeros((3, 2))}, "shape"),
        (groups()[0], {"method": "tsne", "perplexity": 1}, "perplexity"),
        (np.zeros((50_001, 2)), {"method": "pca"}, "sample"),
        (np.array([[1.0, np.nan]] * 3), {}, "NaN"),
        (np.array([["a", "b"]]), {}, "numbers"),
        ([[1.0, 2.0], [1.0]], {}, "differ in length"),
    ],
)
def test_what_has_no_picture_is_refused_with_a_sentence(values, options, says):
    with pytest.raises(ic.BadInput, match=says):
        ic.project(values, **options)


@pytest.mark.parametrize("method", ["pca", "umap", "tsne"])
def test_duplicates_small_sets_and_one_column_have_pictures(method):
    twins = np.repeat(groups(20)[0], 3, axis=0)
    for values in (twins, groups(6)[0], np.arange(12.0)[:, None] + 1):
        drawn = ic.project(values, method=method, metric="euclidean")
        assert np.isfinite(drawn.coordinates).all()
        assert drawn.coordinates.shape == (len(values), 2)


def test_a_collapsed_picture_is_refused(monkeypatch):
    flung = np.random.default_rng(0).normal(size=(500, 2)) * 1e-3
    flung[7] = 100
    with pytest.raises(ic.BadInput, match=r"not converge.*another seed"):
        refuse_collapsed(flung)
    with pytest.raises(ic.BadInput, match="not numbers"):
        refuse_collapsed(np.full((3, 2), np.nan))
    with pytest.raises(ic.BadInput, match="not converge"):
        refuse_collapsed(np.zeros((5, 2)))
    refuse_collapsed(np.random.default_rng(0).standard_t(3, size=(2000, 2)))  # heavy tails are fine
    broken = projection.Reducer(lambda job: flung[: len(job.values)], "UMAP", "", False, 5)
    monkeypatch.setattr(projection, "find_reducer", lambda *_: broken)
    with pytest.raises(ic.BadInput, match="UMAP did not converge"):
        ic.project(groups(120)[0])


@pytest.mark.parametrize("method", ["pca", "umap", "tsne"])
def test_progress_grows_to_100_and_can_stop(method):
    told = []
    ic.project(groups()[0], method=method, progress=lambda done, whole: told.append((done, whole)))
    assert told[-1] == (100, 100)
    assert [done for done, _ in told] == sorted(d for d, _ in told)
    with pytest.raises(ic.Stopped):
        ic.project(groups()[0], method=method, progress=lambda done, whole: done < 60)
    ic.project(groups()[0], method=method)  # a stopped fit leaves no lock behind


def test_a_stopped_fit_keeps_no_lock_from_others():
    """A progress bar that is stopped while it draws would keep tqdm's from the whole process."""
    told = []

    def progress(done: int, whole: int) -> bool:
        told.append(done)
        return not 30 < done < 90  # while points move

    with pytest.raises(ic.Stopped):
        ic.project(groups()[0], method="umap", epochs=20_000, progress=progress)
    assert 30 < told[-1] < 90
    bar = threading.Thread(target=lambda: list(tqdm(range(3), file=io.StringIO())), daemon=True)
    bar.start()
    bar.join(60)
    assert not bar.is_alive()


def test_who_waits_for_anothers_fit_can_be_stopped():
    """Two fits at once would kill the process, so the second waits."""
    held, free = threading.Event(), threading.Event()

    def hold() -> None:
        with UMAP_LOCK:
            held.set()
            free.wait(30)

    other = threading.Thread(target=hold)
    other.start()
    held.wait(5)
    told = []

    def progress(done: int, whole: int) -> bool:
        told.append(done)
        return told[-2:] != [30, 30]  # nothing moves: it waits

    with pytest.raises(ic.Stopped):
        ic.project(groups()[0], method="umap", progress=progress)
    assert other.is_alive()
    free.set()
    other.join()


FOUR = """
import threading, numpy as np, interp_core as ic
values = np.random.default_rng(0).normal(size=(1500, 20)).astype("float32")
alone = [ic.project(values, seed=seed, epochs=60, quality=False).coordinates for seed in range(4)]
found = [None] * 4
start = threading.Barrier(4)
def session(seed):
    start.wait()
    found[seed] = ic.project(values, seed=seed, epochs=60, quality=False).coordinates
threads = [threading.Thread(target=session, args=(seed,)) for seed in range(4)]
[each.start() for each in threads]; [each.join() for each in threads]
import numba
print(numba.threading_layer(), all(np.array_equal(a, b) for a, b in zip(alone, found)))
"""


def test_four_sessions_at_once_get_what_each_gets_alone_and_the_process_lives():
    fragile = {**os.environ, "NUMBA_THREADING_LAYER": "workqueue", "NUMBA_NUM_THREADS": "2"}
    run = subprocess.run(
        [sys.executable, "-c", FOUR], cwd=ROOT, env=fragile, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr[-2000:]
    assert run.stdout.split() == ["workqueue", "True"]
