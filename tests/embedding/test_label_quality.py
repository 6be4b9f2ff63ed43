"""How often neighbours carry the same label: certain, impossible, and by chance."""

import numpy as np
import pandas as pd
import pytest

import interp_core as ic
from interp_core.embedding.label_quality import label_agreement


def two_heaps(each=20):
    rng = np.random.default_rng(0)
    middle = np.repeat(np.eye(2) * 50, each, axis=0)
    return ic.make_vectors(middle + rng.normal(size=(2 * each, 2)))


def test_groups_that_lie_apart_agree_fully_and_chance_counts_the_pairs():
    share, chance = label_agreement(two_heaps(), pd.Series(["a"] * 20 + ["b"] * 20))
    assert share == 1
    assert chance == pytest.approx(19 / 39)


def test_labels_dealt_at_random_agree_as_often_as_chance():
    vectors = ic.make_vectors(np.random.default_rng(0).normal(size=(2_000, 5)))
    labels = pd.Series(np.random.default_rng(1).choice(list("abcd"), 2_000, p=[0.4, 0.3, 0.2, 0.1]))
    share, chance = label_agreement(vectors, labels)
    assert chance == pytest.approx(0.3, abs=0.02)
    assert share == pytest.approx(chance, abs=0.02)


def test_partners_of_another_label_never_agree():
    points = np.repeat(np.random.default_rng(0).normal(size=(30, 3)) * 9, 2, axis=0)
    points[1::2] += 1e-3
    share, _ = label_agreement(ic.make_vectors(points), pd.Series(["a", "b"] * 30), k=1)
    assert share == 0


def test_senses_part_as_layers_go_up(encoder):
    table = ic.sample_table("ambiguous_words")
    table = table[table["word"] == "bank"].reset_index(drop=True)
    vectors = ic.word_vectors(encoder, list(table["text"]), "bank", layer="all")
    shares = [label_agreement(ic.at_layer(vectors, at), table["sense"])[0] for at in (0, 6)]
    assert shares[1] > shares[0] + 0.1
