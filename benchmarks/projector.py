"""The projector's computing beside the plain libraries, on the input word vectors of `encoder`.

    python -m benchmarks.projector [--points 30522] [--only pca neighbours umap tsne click page]

Every line is measured in a process of its own, so that first fits compile afresh: no first fit
profits from another. t-SNE by scikit-learn takes minutes at 30,000 points. `page` measures the
page in a browser beside its goals.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

from benchmarks.projecting import page

Row = tuple[str, float]


def vectors(points: int) -> object:
    import interp_core as ic

    return ic.vocabulary_vectors(ic.load_model("encoder")).sample(points)


def timed(call: Callable[[], object]) -> tuple[float, object]:
    start = time.perf_counter()
    found = call()
    return time.perf_counter() - start, found


def unit(values: np.ndarray) -> np.ndarray:
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def pca_ours(points: int) -> list[Row]:
    import interp_core as ic

    given = vectors(points)
    return [("PCA", timed(lambda: ic.project(given, method="pca", quality=False))[0])]


def pca_plain(points: int) -> list[Row]:
    from sklearn.decomposition import PCA

    values = vectors(points).values
    full = timed(lambda: PCA(2, svd_solver="full").fit_transform(values))[0]
    return [("sklearn PCA, full", full), ("sklearn PCA", timed(lambda: PCA(2).fit(values))[0])]


def neighbours_ours(points: int) -> list[Row]:
    import interp_core as ic

    given = vectors(points)
    seconds, knn = timed(lambda: ic.find_neighbours(given, k=15))
    shown = ic.project(given, method="pca", quality=False, knn=knn)
    judged = timed(lambda: ic.judged(shown, given))[0]
    print(f"  quality of a picture, the search at hand {judged:9.3f}", file=sys.stderr)
    return [("neighbour search, k = 15", seconds)]


def neighbours_plain(points: int) -> list[Row]:
    from sklearn.neighbors import NearestNeighbors

    values = vectors(points).values
    search = NearestNeighbors(n_neighbors=15, metric="cosine", algorithm="brute").fit(values)
    return [("sklearn, brute force", timed(search.kneighbors)[0])]


def umap_ours(points: int) -> list[Row]:
    import interp_core as ic

    given = vectors(points)
    search, knn = timed(lambda: ic.find_neighbours(given, k=15))
    first, shown = timed(lambda: ic.project(given, knn=knn, quality=False))
    later = timed(lambda: ic.project(given, knn=knn, quality=False, seed=1))[0]
    shown = ic.judged(shown, given)
    print(_scores("UMAP", shown), file=sys.stderr)
    return [
        ("UMAP first fit", first),
        ("UMAP first fit, search included", first + search),
        ("UMAP later fit", later),
    ]


def umap_plain(points: int) -> list[Row]:
    from umap import UMAP

    values = vectors(points).values
    first = timed(lambda: UMAP(metric="cosine", random_state=0).fit(values))[0]
    later = timed(lambda: UMAP(metric="cosine", random_state=1).fit(values))[0]
    return [("umap.UMAP().fit, first", first), ("umap.UMAP().fit, later", later)]


def tsne_ours(points: int) -> list[Row]:
    import interp_core as ic

    given = vectors(points)
    search, knn = timed(lambda: ic.find_neighbours(given, k=90))
    seconds, shown = timed(lambda: ic.project(given, method="tsne", knn=knn, quality=False))
    print(_scores("t-SNE", ic.judged(shown, given)), file=sys.stderr)
    return [("t-SNE", seconds), ("t-SNE, search included", seconds + search)]


def tsne_plain(points: int) -> list[Row]:
    from sklearn.manifold import TSNE

    values = unit(vectors(points).values)
    model = TSNE(random_state=0, max_iter=750)  # as many iterations as ours
    return [("sklearn TSNE", timed(lambda: model.fit(values))[0])]


def click_ours(points: int) -> list[Row]:
    import interp_core as ic

    given = vectors(points)
    times = [timed(lambda i=i: ic.nearest_neighbours(given, i))[0] for i in range(20)]
    return [("neighbours of a clicked point", float(np.median(times)))]


def click_plain(points: int) -> list[Row]:
    from sklearn.metrics import pairwise_distances

    values = vectors(points).values

    def near(i: int) -> np.ndarray:
        return np.argsort(pairwise_distances(values[i : i + 1], values, metric="cosine")[0])[:11]

    times = [timed(lambda i=i: near(i))[0] for i in range(20)]
    return [("sklearn pairwise_distances", float(np.median(times)))]


PAIRS: dict[str, tuple[Callable, Callable]] = {
    "pca": (pca_ours, pca_plain),
    "neighbours": (neighbours_ours, neighbours_plain),
    "umap": (umap_ours, umap_plain),
    "tsne": (tsne_ours, tsne_plain),
    "click": (click_ours, click_plain),
}


def _scores(name: str, shown: object) -> str:
    return (
        f"  {name}: trustworthiness {shown.trustworthiness:.3f}, continuity "
        f"{shown.continuity:.3f}, neighbours kept {shown.kept:.1%}, none kept {shown.none_kept:.1%}"
    )


def _apart(name: str, side: int, points: int) -> list[Row]:
    """Run one measurement in a process of its own."""
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "benchmarks.projector",
        "--measure",
        name,
        str(side),
    ]
    run = subprocess.run(
        [*command, "--points", str(points)], stdout=subprocess.PIPE, text=True, check=True
    )
    return [tuple(row) for row in json.loads(run.stdout.strip().splitlines()[-1])]


def compare(names: list[str], points: int) -> None:
    print(f"Input word vectors of `encoder`: {points:,} × 384, seconds on this machine\n")
    for name in names:
        if name == "page":
            page.report()
            continue
        ours, plain = (_apart(name, side, points) for side in (0, 1))
        for title, seconds in ours:
            print(f"  {title:<40} {seconds:9.3f}")
        for title, seconds in plain:
            ratios = ", ".join(f"{seconds / own:.1f} × {name}" for name, own in ours)
            print(f"  {title:<40} {seconds:9.3f}   {ratios}")
        print(flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=30_522)
    parser.add_argument("--only", nargs="+", choices=[*PAIRS, "page"])
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        name, side = asked.measure
        print(json.dumps(PAIRS[name][int(side)](asked.points)))
    else:
        compare(asked.only or [*PAIRS, "page"], asked.points)


if __name__ == "__main__":
    main()
