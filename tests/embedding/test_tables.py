"""Tables of points: which rows they have, in which order, and what their columns are called."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import interp_core as ic
from interp_core.embedding.label_quality import label_agreement


def made(count: int = 12, **columns) -> ic.Vectors:
    values = np.random.default_rng(0).normal(size=(count, 4)).astype(np.float32)
    frame = pd.DataFrame({"text": [f"w{place}" for place in range(count)], **columns})
    return ic.make_vectors(values, frame)


def test_lines_without_words_are_left_out_and_counted_from_one():
    table = ic.line_table("one\n\n  \ntwo")
    assert table.to_dict("list") == {"text": ["one", "two"], "line": [1, 2]}
    with pytest.raises(ic.BadInput, match="empty"):
        ic.line_table(" \n")


def test_rows_without_a_text_are_left_out_and_a_column_text_gives_way():
    table = pd.DataFrame({"text": ["x", "y", "z"], "review": [" good ", None, "bad"]})
    found = ic.text_rows(table, "review")
    assert found.to_dict("list") == {"text": ["good", "bad"], "text (of the file)": ["x", "z"]}
    with pytest.raises(ic.BadInput, match="no column 'other'"):
        ic.text_rows(table, "other")
    with pytest.raises(ic.BadInput, match="contains no text"):
        ic.text_rows(table.assign(review=" "), "review")


def test_columns_follow_the_row_of_each_vector():
    vectors = made(3, row=[1, 1, 0], word=["b", "b", "a"], layer=[0, 0, 0])
    table = pd.DataFrame({"text": ["x", "y"], "word": ["a", "b"], "layer": ["p", "q"], "n": [1, 2]})
    frame = ic.with_columns(vectors, table).frame
    assert list(frame["n"]) == [2, 2, 1]
    assert list(frame["layer (of the file)"]) == ["q", "q", "p"]
    assert list(frame.columns) == ["text", "row", "word", "layer", "layer (of the file)", "n"]


def test_a_part_of_the_vocabulary_has_its_kind_its_ranks_and_its_letters(encoder):
    entries = ic.vocabulary_vectors(encoder, limit=4000)
    words = ic.vocabulary_part(entries, kind="words", contains="EA", ranks=(1000, 2000)).frame
    assert words["rank"].between(1000, 1999).all()
    assert words["text"].str.contains("ea").all()
    assert (words["whole_word"] & words["letters"]).all()
    everything = ic.vocabulary_part(entries, kind="everything", ranks=(0, 10)).frame
    assert (everything["rank"] < 10).all()
    assert (everything["rank"] < 0).any()
    with pytest.raises(ic.BadInput, match="Relax"):
        ic.vocabulary_part(entries, contains="qqqqq", ranks=(0, 10))
    with pytest.raises(ic.BadInput, match="kind"):
        ic.vocabulary_part(entries, kind="verbs", ranks=(0, 10))


def test_a_point_has_its_coordinates_and_what_is_known_of_it():
    vectors = made(x=["own"] * 12, kind=["a", "b"] * 6)
    picture = ic.project(vectors, method="pca", dimensions=3)
    table = ic.point_table(vectors, picture)
    assert list(table) == ["x", "y", "z", "neighbours kept", "text", "kind"]
    np.testing.assert_array_equal(table[["x", "y", "z"]], picture.coordinates)
    unjudged = ic.project(vectors, method="pca", quality=False)
    assert list(ic.point_table(vectors, unjudged)) == ["x", "y", "text", "kind"]


def test_two_pictures_of_the_same_points_are_laid_over_one_another():
    vectors = made()
    left = ic.project(vectors, method="pca", quality=False).coordinates
    near = ic.find_neighbours(vectors, k=3)
    table = ic.pair_table(vectors, [left, 5 - 2 * left], [near, near])
    np.testing.assert_allclose(table[["u", "v"]], left, atol=1e-9)
    assert (table["same neighbours"] == 1).all()
    assert list(table["point"]) == list(range(12))


def test_the_layers_follow_one_another():
    layers = [made(layer=[number] * 12) for number in range(3)]
    table = ic.points_by_layer(layers, ic.project_layers(layers, method="pca", quality=False))
    assert list(table) == ["layer", "x", "y", "text"]
    assert list(table["layer"]) == [0] * 12 + [1] * 12 + [2] * 12


def test_doubtful_points_come_first_and_keep_their_number():
    vectors = made(index=["own"] * 12)
    found = ic.clusters(vectors, count=2)
    table = ic.point_list(vectors, ic.doubtful(found), ["cluster", "silhouette", "missing"])
    assert list(table) == ["point", "text", "cluster", "silhouette"]
    assert list(table["text"]) == [f"w{place}" for place in table["point"]]
    assert table["silhouette"].is_monotonic_increasing
    assert set(table["cluster"]) == {"1", "2"}
    assert ic.doubtful(found.assign(cluster=-1))["cluster"].unique() == ["noise"]


def test_lengths_are_those_of_ranked_entries(encoder):
    entries = ic.vocabulary_vectors(encoder, limit=2000)
    table = ic.length_table(entries, limit=500)
    assert list(table) == ["text", "rank", "norm"]
    assert len(table) <= 500
    assert table["rank"].min() >= 1
    with pytest.raises(ic.BadInput, match="vocabulary"):
        ic.length_table(made())


def test_labels_are_texts_without_the_point_of_whole_numbers():
    assert list(ic.label_names(pd.Series([1.0, None, 2.5]))) == ["1", "", "2.5"]
    assert list(ic.label_names(pd.Series(["a", None]))) == ["a", ""]


def test_agreement_by_layer_is_that_of_each_layer():
    layers = [made(kind=["a", "b"] * 6), made(kind=["a"] * 6 + ["b"] * 6)]
    table = ic.agreement_by_layer(layers, "kind", k=3)
    wanted = [label_agreement(each, each.frame["kind"], k=3) for each in layers]
    np.testing.assert_allclose(table[["among neighbours", "by chance"]], wanted)
    assert list(table["layer"]) == [0, 1]


def test_digits_say_what_they_are_and_whether_the_model_knows_them():
    model, table = ic.load_model("digits"), ic.digit_table()
    assert len(table) == 360
    some = table.iloc[[5, 200]]
    frame = ic.digit_vectors(model, some).frame
    assert list(frame["digit"]) == list(some["digit"])
    assert list(frame["text"]) == list(some["text"])
    assert set(frame["answer"]) <= {"right", "wrong"}
    patches = ic.digit_vectors(model, some, pooling="patch").frame
    assert patches["text"].str.contains(", patch ").all()
    assert patches["row"].nunique() == 2
