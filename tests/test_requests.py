"""Sentence vectors of real requests: intents part, and flipped labels are found."""

import numpy as np
import pytest

import interp_core as ic

FLIPPED = 50


@pytest.fixture(scope="module")
def requests(encoder):
    table = ic.sample_table("requests").query("split == 'validation'").reset_index(drop=True)
    return table, ic.token_vectors(encoder, list(table["text"]), pooling="model")


def test_neighbours_name_the_intent_of_at_least_92_in_100_requests(requests):
    table, vectors = requests
    assert len(table) == 700
    assert table["intent"].nunique() == 7
    names, intent = np.unique(table["intent"], return_inverse=True)
    near = intent[ic.find_neighbours(vectors, k=5).indices]
    votes = np.stack([(near == number).sum(axis=1) for number in range(len(names))], axis=1)
    assert (votes.argmax(axis=1) == intent).mean() >= 0.92


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_flipped_labels_stand_in_the_first_hundred_conflicts(requests, seed):
    table, vectors = requests
    rng = np.random.default_rng(seed)
    labels = table["intent"].to_numpy().copy()
    rows = rng.choice(len(labels), FLIPPED, replace=False)
    for row in rows:
        labels[row] = rng.choice([name for name in set(table["intent"]) if name != labels[row]])
    found = ic.label_conflicts(vectors, labels)
    assert np.isin(rows, found["index"].head(100)).mean() >= 0.9


@pytest.mark.parametrize("method", ["pca", "umap"])
def test_the_picture_shows_the_seven_groups(requests, method):
    table, vectors = requests
    drawn = ic.project(vectors, method=method)
    intent = table["intent"].to_numpy()
    near = intent[ic.find_neighbours(drawn.coordinates, k=10, metric="euclidean").indices]
    share = (near == intent[:, None]).mean()
    assert share > {"pca": 0.4, "umap": 0.85}[method]  # one seventh by chance
