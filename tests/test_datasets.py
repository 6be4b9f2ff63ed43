"""The example data are whole, labelled and licensed."""

import re

import pandas as pd
import pytest

import interp_core as ic
from interp_core.datasets import DATA, SAMPLES


@pytest.mark.parametrize("name", SAMPLES)
def test_every_row_has_a_text_and_a_label(name):
    table = ic.sample_table(name)
    assert not table.isna().any().any()
    assert (table != "").all().all()
    assert table[SAMPLES[name].label].nunique() >= 7
    assert f"`{SAMPLES[name].file}`" in (DATA / "README.md").read_text(encoding="utf-8")


def test_the_sentences_hold_their_word_in_every_sense():
    table = ic.sample_table("ambiguous_words")
    assert len(table) == 200
    assert table["text"].is_unique
    assert set(table["word"]) == {"bank", "spring", "bass", "java"}
    for text, word in zip(table["text"], table["word"]):
        assert re.search(rf"\b{word}\b", text, re.IGNORECASE), text
    assert table.groupby(["word", "sense"]).size().min() >= 16


def test_the_requests_hold_the_whole_validation_set():
    table = ic.sample_table("requests")
    assert len(table) == 2000
    assert set(table[table["split"] == "validation"].groupby("intent").size()) == {100}


def test_a_table_may_be_changed_without_changing_the_next_one():
    mine = ic.sample_table("word_groups")
    mine.loc[:, "group"] = ""
    assert ic.sample_table("word_groups")["group"].nunique() == 7
    with pytest.raises(ic.BadInput, match="word_groups, ambiguous_words, requests"):
        ic.sample_table("poems")


def test_the_sentiment_sentences_are_those_of_their_script_and_even_in_each_kind():
    from tools.sentiment_sentences import COLUMNS, sentences

    table = ic.labelled_sample("sentiment")
    assert table.equals(pd.DataFrame(sentences(), columns=COLUMNS, dtype=object))
    assert len(table) >= 400
    assert table["text"].is_unique
    assert (table.groupby(["kind", "label"]).size() == 21).all()


def test_labelled_requests_are_the_validation_set_twice():
    intents = ic.labelled_sample("intents")
    blocks = ic.labelled_sample("slots").read_text(encoding="utf-8").strip().split("\n\n")
    assert len(intents) == len(blocks) == 700
    words = ["".join(line.split("\t")[0] for line in block.splitlines()) for block in blocks]
    plain = {re.sub(r"\s", "", text) for text in intents["text"]}
    assert sum(word in plain for word in words) >= 695  # white space was normalised in one
    with pytest.raises(ic.BadInput, match="sentiment, intents, slots"):
        ic.labelled_sample("pos")
