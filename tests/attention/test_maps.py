"""The ways to look at maps, on a record small enough to work out by hand."""

import numpy as np
import pytest

import interp_core as ic
from interp_core.inputs.tokens import TokenSequence

# [CLS] un ##do it [SEP]: the second and third token are one word.
SEQUENCE = TokenSequence(
    tokens=("[CLS]", "un", "##do", "it", "[SEP]"),
    ids=np.array([2, 10, 11, 12, 3]),
    special=np.array([True, False, False, False, True]),
    word_ids=(None, 0, 0, 1, None),
    segments=(None, 0, 0, 0, None),
    offsets=(None, (0, 2), (2, 4), (5, 7), None),
    texts=("undo it",),
)
HEAD = np.array(
    [
        [0.2, 0.2, 0.2, 0.2, 0.2],
        [0.5, 0.1, 0.1, 0.2, 0.1],
        [0.1, 0.3, 0.1, 0.1, 0.4],
        [0.4, 0.2, 0.1, 0.2, 0.1],
        [1.0, 0.0, 0.0, 0.0, 0.0],
    ],
    dtype=np.float32,
)


def record(*heads, layer_numbers=(0,), sequence=SEQUENCE):
    return ic.AttentionMaps(np.stack(heads or [HEAD])[None], sequence, sequence, layer_numbers)


def test_hiding_special_tokens_drops_their_rows_and_columns_and_renormalises():
    maps = record().without_special()
    expected = [[0.25, 0.25, 0.5], [0.6, 0.2, 0.2], [0.4, 0.2, 0.4]]
    np.testing.assert_allclose(maps.weights[0, 0], expected, rtol=1e-6)
    assert maps.tokens == maps.key_tokens == ["un", "##do", "it"]
    assert maps.word_ids == [0, 0, 1]
    assert not maps.special.any()


def test_hiding_special_tokens_without_renormalising_keeps_the_weights():
    maps = record().without_special(renormalize=False)
    np.testing.assert_array_equal(maps.weights[0, 0], HEAD[1:4, 1:4])


def test_a_row_with_nothing_left_becomes_zero_and_not_nan():
    head = HEAD.copy()
    head[1] = [0.5, 0, 0, 0, 0.5]
    maps = record(head).without_special()
    np.testing.assert_array_equal(maps.weights[0, 0, 0], [0, 0, 0])


def test_every_view_says_what_was_changed():
    maps = record().without_special().by_word()
    assert maps.changes == (
        "special tokens hidden, rows renormalised",
        "subword tokens merged into words",
    )
    assert record().without_special(renormalize=False).changes == (
        "special tokens hidden, rows not renormalised",
    )


def test_the_record_itself_is_never_changed():
    maps = record()
    maps.without_special()
    maps.by_word()
    np.testing.assert_array_equal(maps.weights[0, 0], HEAD)
    assert maps.changes == ()


def test_words_sum_over_key_pieces_and_average_over_query_pieces():
    maps = record().by_word()
    # Columns: [CLS], un + ##do, it, [SEP]; the second row is the mean of `un` and `##do`.
    expected = [
        [0.2, 0.4, 0.2, 0.2],
        [(0.5 + 0.1) / 2, (0.2 + 0.4) / 2, (0.2 + 0.1) / 2, (0.1 + 0.4) / 2],
        [0.4, 0.3, 0.2, 0.1],
        [1.0, 0.0, 0.0, 0.0],
    ]
    np.testing.assert_allclose(maps.weights[0, 0], expected, rtol=1e-6)
    np.testing.assert_allclose(maps.weights.sum(-1), 1, rtol=1e-6)
    assert maps.tokens == ["[CLS]", "undo", "it", "[SEP]"]
    assert maps.queries.offsets == (None, (0, 4), (5, 7), None)
    assert maps.special.tolist() == [True, False, False, True]


def test_pieces_of_a_word_need_not_stand_together():
    sequence = TokenSequence(
        ("a", "b", "c"),
        np.arange(3),
        np.zeros(3, bool),
        (0, 1, 0),
        (0,) * 3,
        ((0, 1), (1, 2), (2, 3)),
        ("abc",),
    )
    head = np.array([[0.5, 0.2, 0.3], [0.1, 0.8, 0.1], [0.3, 0.6, 0.1]], np.float32)
    maps = record(head, sequence=sequence).by_word()
    np.testing.assert_allclose(maps.weights[0, 0], [[0.6, 0.4], [0.2, 0.8]], rtol=1e-6)


def test_by_word_merges_each_side_of_cross_attention_by_its_own_words():
    query = TokenSequence(
        ("x", "y"), np.arange(2), np.array([True, False]), (None, 0), (None, None), (None,) * 2, ()
    )
    weights = np.array([[[[0.1, 0.2, 0.3, 0.3, 0.1], [0.2, 0.2, 0.2, 0.2, 0.2]]]], np.float32)
    maps = ic.AttentionMaps(weights, query, SEQUENCE, (0,)).by_word()
    np.testing.assert_allclose(maps.weights[0, 0], [[0.1, 0.5, 0.3, 0.1], [0.2, 0.4, 0.2, 0.2]])
    assert (maps.tokens, maps.key_tokens) == (["x", "y"], ["[CLS]", "undo", "it", "[SEP]"])


def test_to_frame_has_one_row_for_each_query_and_key():
    frame = record(HEAD, HEAD.T, layer_numbers=(4,)).to_frame(4, 1)
    assert list(frame.columns) == [
        "layer",
        "head",
        "query_index",
        "query",
        "key_index",
        "key",
        "weight",
    ]
    assert len(frame) == 25
    row = frame[(frame.query_index == 3) & (frame.key_index == 1)].iloc[0]
    assert (row.layer, row["head"], row["query"], row.key) == (4, 1, "it", "un")
    assert row.weight == HEAD[1, 3]


def test_head_goes_by_the_true_layer_number():
    maps = ic.AttentionMaps(np.stack([[HEAD], [HEAD.T]]), SEQUENCE, SEQUENCE, (1, 4))
    np.testing.assert_array_equal(maps.head(4, 0), HEAD.T)


@pytest.mark.parametrize(
    ("layer", "head", "says"),
    [
        (0, 0, "Layers with maps: 1, 4"),
        (-1, 0, "Layers with maps: 1, 4"),
        (1, 1, "heads go from 0 to 0"),
        (1, -1, "heads go from 0 to 0"),
    ],
)
def test_layers_and_heads_that_do_not_exist_are_refused_with_those_that_do(layer, head, says):
    maps = ic.AttentionMaps(np.stack([[HEAD], [HEAD.T]]), SEQUENCE, SEQUENCE, (1, 4))
    with pytest.raises(ic.BadInput, match=says):
        maps.head(layer, head)


def test_hiding_all_tokens_is_refused():
    alone = TokenSequence(
        ("[CLS]",), np.array([2]), np.array([True]), (None,), (None,), (None,), ("",)
    )
    with pytest.raises(ic.BadInput, match="Enter a longer text"):
        record(np.ones((1, 1), np.float32), sequence=alone).without_special()


def test_views_of_the_encoder_keep_rows_summing_to_one(encoder):
    maps = ic.attention_maps(encoder, "Unhappiness isn't unbelievable.")
    for view in (maps, maps.without_special(), maps.by_word(), maps.without_special().by_word()):
        np.testing.assert_allclose(view.weights.sum(-1), 1, atol=1e-5)
    words = maps.without_special().by_word().tokens
    assert [word.lower() for word in words] == ["unhappiness", "isn't", "unbelievable", "."]
