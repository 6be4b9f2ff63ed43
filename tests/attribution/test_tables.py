"""Several explanations as one table."""

from __future__ import annotations

import pytest

import interp_core as ic

TEXT = "The script is not good."


def explained(model, text=TEXT, method="saliency"):
    return ic.attribute(model, text, method=method, target="positive")


def test_methods_stand_side_by_side_without_special_tokens(sentiment):
    found = [explained(sentiment, method=name) for name in ("saliency", "input_x_gradient")]
    table = ic.method_table(found)
    assert list(table) == ["word", "Gradient norm", "Input × gradient"]
    assert list(table["word"]) == ["The", "script", "is", "not", "good", "."]
    words = found[1].by_word()
    assert list(table["Input × gradient"]) == list(words.scores[~words.special])


def test_methods_of_different_texts_or_one_method_twice_are_refused(sentiment):
    one, other = explained(sentiment), explained(sentiment, "Another.", "input_x_gradient")
    for wrong in ([], [one, one], [one, other]):
        with pytest.raises(ic.BadInput, match="explanation"):
            ic.method_table(wrong)


def test_an_edit_keeps_the_order_and_counts_a_missing_word_as_zero(sentiment):
    first, second = explained(sentiment), explained(sentiment, "The script is very good.")
    table = ic.edit_table(first, second).set_index("word")
    words = "[CLS] The script is not very good . [SEP]"
    assert list(table.index) == words.split()
    assert table.loc["not", "edited"] == 0
    assert table.loc["very", "original"] == 0
    assert table["difference"].sum() == pytest.approx(second.scores.sum() - first.scores.sum())


def test_a_text_beside_itself_does_not_differ(sentiment):
    found = explained(sentiment)
    assert not ic.edit_table(found, found)["difference"].any()


def test_the_first_texts_of_a_file_leave_out_empty_rows():
    corpus = ic.open_corpus(b'text,n\n"a, b",1\n,2\nc,3\nd,4\n', name="mine.csv")
    assert ic.first_texts(corpus, 3) == ["a, b", "c"]
