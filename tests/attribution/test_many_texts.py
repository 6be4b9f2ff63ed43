"""Tables over many texts, from attributions written by hand."""

from __future__ import annotations

import numpy as np
import pytest

from interp_core.attribution.tables import (
    attribute_many,
    disagreements,
    heavy_fillers,
    is_filler,
    lines,
    method_agreement,
    text_table,
    word_table,
)


@pytest.fixture
def results(sentiment):
    texts = ["The acting is wonderful.", "   ", "The ending is dull."]
    return list(attribute_many(sentiment, texts, method="leave_one_out"))


def test_a_text_that_cannot_be_read_is_listed_with_the_reason(results):
    table = text_table(results)
    assert len(table) == 3
    assert "empty" in table["problem"][1]
    assert table["prediction"].tolist()[::2] == ["positive", "negative"]
    assert table["strongest words"][0].startswith("wonderful")


def test_shares_of_a_text_average_to_the_even_share(results):
    words = word_table(results[:1])
    assert np.average(words["share"], weights=words["texts"]) == pytest.approx(1)
    assert words["decisive"].sum() == 1
    assert words["word"][0] == "wonderful"


def test_fillers_are_grammar_and_punctuation_but_not_negations():
    assert is_filler("The")
    assert is_filler("...")
    assert not is_filler("not")
    assert not is_filler("film")


def test_a_filler_is_heavy_from_one_and_a_half_times_its_even_share(results):
    words = word_table(results)
    words.loc[words["word"] == "the", "share"] = 1.49
    assert "the" not in set(heavy_fillers(words)["word"])
    words.loc[words["word"] == "the", "share"] = 1.5
    assert "the" in set(heavy_fillers(words)["word"])
    words.loc[words["word"] == "acting", "share"] = 9.0
    assert "acting" not in set(heavy_fillers(words)["word"])


def test_lines_are_bounded_and_not_empty():
    assert lines("a\n\n b \n c", 2) == ["a", "b"]


def test_agreement_of_known_rankings():
    import pandas as pd

    scores = pd.DataFrame(
        {"a": [4.0, 3, 2, 1], "b": [-4.0, 3, -2, 1], "c": [1.0, 2, 3, 4], "d": [1.0, 1, 1, 1]}
    )
    table = method_agreement(scores, top=2).set_index(["first", "second"])
    assert table.loc[("a", "b"), "spearman"] == pytest.approx(1)
    assert table.loc[("a", "c"), "kendall"] == pytest.approx(-1)
    assert table.loc[("a", "c"), "overlap"] == 0
    assert np.isnan(table.loc[("a", "d"), "spearman"])
    far = disagreements(scores["a"], scores["c"])
    assert far["difference"].tolist() == [3, 3, 1]
