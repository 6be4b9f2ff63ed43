"""The tables behind pictures of heads, of two classifiers and of language models."""

from __future__ import annotations

import numpy as np
import pytest

import interp_core as ic
from tests.tiny import TEXT

TEXTS = ["A good film.", "  ", "word " * 50_000, 7, "A bad film, and long.", "I slept."]
TWICE = "look at the words look at the words"


@pytest.fixture(scope="module")
def statistics(sentiment):
    return ic.corpus_statistics(sentiment, TEXTS)


def test_rows_that_cannot_be_read_are_left_out(sentiment, statistics):
    readable = [TEXTS[0], *TEXTS[4:]]
    assert ic.readable_texts(sentiment, TEXTS, 10) == readable
    assert ic.readable_texts(sentiment, TEXTS, 2) == readable[:2]
    direct = ic.head_statistics(sentiment, readable)
    assert np.allclose(statistics.frame["entropy"], direct.frame["entropy"], rtol=1e-5)
    with pytest.raises(ic.BadInput, match="None of the rows"):
        ic.corpus_statistics(sentiment, ["", " "])


def test_a_pass_can_end_where_one_was_stopped(sentiment):
    rows = ic.sentences()[:80]
    first = next(ic.stream_statistics(sentiment, rows)).statistics
    found = ic.corpus_statistics(sentiment, rows, until=first.texts)
    assert found.texts == first.texts < 80
    assert np.allclose(found.frame["entropy"], first.frame["entropy"], rtol=1e-6)


def test_a_table_of_statistics_has_their_errors_and_base_rates(statistics):
    table = ic.statistic_table(statistics.frame, "share_first", "consistency")
    ends = ("", "_se", "_std", "_base")
    assert list(table) == [
        "layer",
        "head",
        "role",
        *(f"share_first{each}" for each in ends),
        "consistency",
    ]
    with pytest.raises(ic.BadInput, match="no statistic 'nothing'"):
        ic.statistic_table(statistics.frame, "nothing")


def test_the_nearest_head_is_the_one_of_the_smallest_distance(statistics):
    places, pairs = ic.head_likeness(statistics), ic.head_distances(statistics)
    assert len(pairs) == 72 * 71 / 2
    of_first = pairs[pairs["one"] == "0.0"]
    assert places["distance"].iloc[0] == pytest.approx(of_first["distance"].min())
    assert places["nearest"].iloc[0] == of_first.loc[of_first["distance"].idxmin(), "two"]


@pytest.mark.parametrize(("place", "marked"), [(3, True), (0, False), (99, False)])
def test_the_token_of_the_text_is_marked_among_the_expected(tiny_model, place, marked):
    model = tiny_model("gpt2")
    read = ic.surprisal(model, TEXT)
    table = ic.with_own_token(ic.next_tokens(model, TEXT, position=2, k=5), read, place)
    own = table[table["in_text"]]
    assert len(own) == marked
    assert list(own["id"]) == list(read["id"].iloc[place : place + 1])[: len(own)]


def test_only_a_text_that_is_written_twice_has_copies(tiny_model):
    model = tiny_model("llama")
    assert list(ic.copy_surprisal(model, TWICE)["place"]) == [1, 2, 3, 4] * 2
    assert ic.written_twice(model, TEXT) is None
    with pytest.raises(ic.BadInput, match="not a repeated sequence"):
        ic.copy_surprisal(model, TEXT)


def test_what_a_head_read_sums_to_one_and_fits_the_map_of_heads(tiny_model):
    found = ic.generate(tiny_model("gpt2"), TEXT, tokens=3)
    read = ic.tokens_read(found, 1, 1, 0)
    beyond = ic.reading_heads(found, 1).query("layer == 1 and head == 0")["beyond"].item()
    assert read["weight"].sum() == pytest.approx(1, abs=1e-5)
    assert 1 - read["weight"].iloc[0] == pytest.approx(beyond, abs=1e-6)
    assert len(read) == found.prompt + 1


def test_the_written_token_is_in_the_table_of_its_step(tiny_model):
    found = ic.generate(tiny_model("gpt2"), TEXT, tokens=6, temperature=5.0, seed=1)
    for step, number in enumerate(found.ids):
        assert ic.step_table(found, step).query("chosen")["id"].tolist() == [number]


def test_shares_of_sensitivity_sum_to_one_in_each_model(sentiment):
    models = {"one": sentiment, "two": ic.load_model("sentiment-lstm")}
    text = "Not a bad film."
    methods = ("leave_one_out", "saliency")
    scores, slopes = (
        {name: ic.attribute(each, text, method=method) for name, each in models.items()}
        for method in methods
    )
    table = ic.compare_words(scores, slopes)
    assert list(table["model"].unique()) == ["one", "two"]
    assert np.allclose(table.groupby("model")["sensitivity"].sum(), 1)
