"""Points and their pictures as tables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from interp_core.embedding.alignment import Aligned, align
from interp_core.embedding.neighbours import Neighbours, nearest_neighbours
from interp_core.embedding.projection import Projection
from interp_core.embedding.quality import neighbour_overlap
from interp_core.embedding.vectors import Vectors, point_labels
from interp_core.errors import BadInput
from interp_core.validation import renamed

LETTERS = 300  # of a text in a table of pairs
LISTED_LETTERS = 160
LENGTHS = 4_000  # entries in a table of lengths
KEPT = "same neighbours"


def point_table(vectors: Vectors, picture: Projection) -> pd.DataFrame:
    """One row for each point: x, y (and z), neighbours kept (where it was measured), the frame."""
    axes = ["x", "y", "z"][: picture.dimensions]
    table = pd.DataFrame(picture.coordinates, columns=axes)
    if picture.reliability is not None:
        table["neighbours kept"] = picture.reliability
    return _beside(table, vectors.frame)


def points_by_layer(
    layers: Sequence[Vectors], pictures: Sequence[tuple[Projection, Aligned]]
) -> pd.DataFrame:
    """Every point at every layer, as `project_layers` drew it: layer, x, y, the frame."""
    tables = []
    for number, (vectors, (_, aligned)) in enumerate(zip(layers, pictures)):
        table = pd.DataFrame(aligned.coordinates, columns=["x", "y"])
        table.insert(0, "layer", number)
        tables.append(_beside(table, vectors.frame))
    return pd.concat(tables, ignore_index=True)


def pair_table(
    vectors: Vectors, pictures: Sequence[np.ndarray], near: Sequence[Neighbours]
) -> pd.DataFrame:
    """The same points in two pictures (n, 2), with the true neighbours `near` of both sides.

    Columns point, text, x, y (of the first), u, v (of the second, laid over the first), and
    same neighbours, the share of its neighbours that a point has on both sides.
    """
    first, second = pictures
    table = pd.DataFrame(
        np.hstack([first, align(second, first).coordinates]), columns=["x", "y", "u", "v"]
    )
    table.insert(0, "point", range(len(table)))
    table.insert(1, "text", point_labels(vectors, LETTERS))
    return table.assign(**{KEPT: neighbour_overlap(near[0].indices, near[1].indices).round(2)})


def point_list(vectors: Vectors, found: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """A list of points that deserve a look, as it reads: point, text, then these columns.

    `found` comes from `label_conflicts`, `outliers`, `hubs` or `doubtful`; columns that it does
    not have are left out.
    """
    called = point_labels(vectors, LISTED_LETTERS)
    shown = pd.DataFrame({"point": found["index"], "text": [called[row] for row in found["index"]]})
    kept = [name for name in columns if name in found and name not in shown]
    return pd.concat([shown, found[kept].reset_index(drop=True)], axis=1)


def doubtful(found: pd.DataFrame) -> pd.DataFrame:
    """What `clusters` found, the points first that lie nearest to another cluster.

    Columns index, cluster ("1" the largest, or "noise"), silhouette, and those of the frame.
    """
    table = found.drop(columns="index", errors="ignore")
    table.insert(0, "index", range(len(found)))
    table["cluster"] = table["cluster"].map(cluster_name)
    return table.sort_values("silhouette", kind="stable", ignore_index=True)


def cluster_name(number: int) -> str:
    """ "1" for the largest cluster; "noise" for points of none."""
    return "noise" if number < 0 else str(number + 1)


@renamed(most="limit")
def length_table(vectors: Vectors, *, limit: int = LENGTHS) -> pd.DataFrame:
    """Lengths of vocabulary entries against their rank: text, rank (1 the first), norm.

    Entries without a rank are left out; of more than `limit` a random sample is drawn. Raises
    `BadInput` for vectors of something else.
    """
    if not {"text", "rank", "norm"} <= set(vectors.frame):
        raise BadInput("Only vectors of a vocabulary have a rank: see `ic.vocabulary_vectors`.")
    frame = vectors.sample(limit).frame[["text", "rank", "norm"]].query("rank >= 0")
    return frame.assign(rank=frame["rank"] + 1).reset_index(drop=True)


def _beside(table: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """The table, then the columns of the frame that it does not have."""
    return pd.concat([table, frame.drop(columns=[each for each in table if each in frame])], axis=1)


def true_neighbours(
    vectors: Vectors, projection: Projection, point: int, *, k: int = 10
) -> pd.DataFrame:
    """The k nearest points in the original space, under the projection's metric.

    Columns: rank, index, cosine (1 − cosine), euclidean, place (the rank in the picture, 1 the
    nearest), torn (not among the k nearest in the picture), then those of the frame. Raises
    `BadInput`.
    """
    found = nearest_neighbours(vectors, point, k=k, metric=projection.metric)
    index = found["index"].to_numpy()
    places = picture_ranks(projection.coordinates, point)[index]
    both = pd.DataFrame(
        {
            "rank": found["rank"],
            "index": index,
            "cosine": _cosine(vectors.values, point, index),
            "euclidean": np.linalg.norm(
                vectors.values[index].astype(np.float64) - vectors.values[point], axis=1
            ),
            "place": places,
            "torn": places > len(index),
        }
    )
    return pd.concat([both, _rest(vectors.frame.iloc[index], both)], axis=1)


def false_neighbours(
    vectors: Vectors, projection: Projection, point: int, *, k: int = 10
) -> pd.DataFrame:
    """Those of the k nearest in the picture that are not near: place, index, rank, and the frame.

    `rank` is the true rank in the original space.
    """
    shown = np.argsort(picture_ranks(projection.coordinates, point), kind="stable")[1 : k + 1]
    count = len(vectors)
    true = nearest_neighbours(vectors, point, k=count - 1, metric=projection.metric)
    rank = np.zeros(count, dtype=np.int64)
    rank[true["index"].to_numpy()] = true["rank"].to_numpy()
    far = np.flatnonzero(rank[shown] > k)
    both = pd.DataFrame({"place": far + 1, "index": shown[far], "rank": rank[shown[far]]})
    return pd.concat([both, _rest(vectors.frame.iloc[shown[far]], both)], axis=1)


def picture_ranks(coordinates: np.ndarray, point: int) -> np.ndarray:
    """(n,) the rank of every point by its distance from one point in the picture; itself 0."""
    apart = np.linalg.norm(coordinates - coordinates[point], axis=1)
    apart[point] = -1.0
    ranks = np.empty(len(apart), dtype=np.int64)
    ranks[np.argsort(apart, kind="stable")] = np.arange(len(apart))
    return ranks


def _cosine(values: np.ndarray, point: int, index: np.ndarray) -> np.ndarray:
    """1 − cosine; a vector of zeros has cosine 0 with all."""
    one, others = values[point].astype(np.float64), values[index].astype(np.float64)
    lengths = np.linalg.norm(others, axis=1) * np.linalg.norm(one)
    return 1 - np.divide(others @ one, lengths, out=np.zeros(len(index)), where=lengths > 0)


def _rest(frame: pd.DataFrame, taken: pd.DataFrame) -> pd.DataFrame:
    kept = [name for name in frame if name not in taken]
    return frame[kept].reset_index(drop=True)
