"""Slices: planted faults are found and named, on shuffled errors nothing is, and p has its size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import interp_core as ic
from interp_core.audit.predictions import is_right
from tests.audit.test_metrics import made

GOOD, BAD = ("good", "fine", "lovely"), ("bad", "poor", "dull")
PLAIN = ("the", "film", "plot", "cast", "river", "house", "song", "story", "scene", "music")
WEIGHTS = {**dict.fromkeys(GOOD, 1.0), **dict.fromkeys(BAD, -1.0)}


def opinions(count=600, negated=0.3, seed=0):
    """Texts such as "the film song is not good", with their true label and a column."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(count):
        positive, turned = rng.random() < 0.5, rng.random() < negated
        word = rng.choice(GOOD if positive != turned else BAD)
        nouns = " ".join(rng.choice(PLAIN, 3, replace=False))
        label = "positive" if positive else "negative"
        source = str(rng.choice(["a", "b", "c"]))
        rows.append((f"{nouns} is {'not ' if turned else ''}{word}", label, source))
    return pd.DataFrame(rows, columns=["text", "label", "source"])


def audited(model, frame):
    data = ic.labelled_data(frame, model)
    return data, ic.predict_labelled(model, data)


def test_a_model_that_ignores_not_is_found_and_a_sound_one_is_not(words_model):
    frame = opinions()
    deaf = audited(words_model(WEIGHTS), frame)
    found = ic.word_slices(*deaf).found()
    assert found.loc[0, "slice"] == "not"
    assert found.loc[0, "rate"] == 1.0
    groups = ic.group_slices(*deaf).found()
    assert ("contains", "negation") in set(zip(groups["kind"], groups["slice"]))
    sound = audited(words_model(WEIGHTS, negates=True), frame)
    assert ic.word_slices(*sound).found().empty
    assert ic.group_slices(*sound).found().empty


def test_a_slice_with_flipped_labels_is_found_by_its_word_and_its_column(words_model):
    frame = opinions(negated=0)
    frame.loc[frame["text"].str.contains("river"), "source"] = "b"
    model = words_model(WEIGHTS, flipped="river")
    data, predictions = audited(model, frame)
    slices = ic.word_slices(data, predictions)
    found = slices.found()
    assert found["slice"].tolist() == ["river"]  # no pair says more, no other word
    river = frame["text"].str.contains("river")
    row = found.iloc[0]
    assert (row["n"], row["errors"]) == (river.sum(), river.sum())
    assert row["p"] == pytest.approx(
        stats.fisher_exact([[river.sum(), 0], [0, (~river).sum()]], alternative="greater").pvalue
    )
    assert (ic.slice_rows(data, predictions, "word", "river") == river.to_numpy()).all()
    columns = ic.group_slices(data, predictions).found()
    assert ("column source", "b") in set(zip(columns["kind"], columns["slice"]))
    rows = ic.slice_rows(data, predictions, "column source", "b")
    assert (rows == (frame["source"] == "b").to_numpy()).all()


def test_a_fault_of_two_words_together_is_found_as_a_pair(words_model):
    frame = opinions(2000, negated=0)
    both = frame["text"].str.contains("river") & frame["text"].str.contains("song")
    frame.loc[both, "label"] = frame.loc[both, "label"].map(
        {"positive": "negative", "negative": "positive"}
    )
    found = ic.word_slices(*audited(words_model(WEIGHTS), frame)).found()
    kind, words = found.loc[0, ["kind", "slice"]]
    assert (kind, set(words.split(" + "))) == ("pair of words", {"river", "song"})


def test_on_shuffled_errors_nothing_is_found_and_p_has_its_size(words_model):
    data, predictions = audited(words_model(WEIGHTS), opinions(300))
    wrong = ~is_right(data, predictions)
    rng = np.random.default_rng(1)
    p, any_found = [], 0
    for _ in range(60):
        shuffled = replace(predictions, predicted=data.targets ^ rng.permutation(wrong))
        table = ic.word_slices(data, shuffled).table
        p.append(table.loc[table["slice"] == "film", "p"].iloc[0])
        any_found += table["significant"].any()
    assert ic.group_slices(data, shuffled).found().empty
    assert any_found <= 60 * 0.05 + 3 * np.sqrt(60 * 0.05 * 0.95)
    for level in (0.1, 0.25, 0.5, 0.75):
        share = np.mean(np.array(p) <= level)
        assert abs(share - level) <= 3.3 * np.sqrt(level * (1 - level) / 60) + 0.03


def test_sizes_of_errors_are_compared_for_numbers():
    rng = np.random.default_rng(0)
    true, noise = rng.normal(size=400), rng.normal(size=400)
    wide = np.arange(400) % 4 == 0
    data, predictions = made("regression", true, ("score",), true + noise * np.where(wide, 3, 1))
    texts = tuple("wide x" if each else "plain x" for each in wide)
    data = replace(data, texts=texts)
    predictions = replace(predictions, confidence=np.full(400, np.nan))
    table = ic.word_slices(data, predictions, pairs=False).table.set_index("slice")
    errors = np.abs(predictions.predicted - true)
    known = stats.ttest_ind(errors[wide], errors[~wide], equal_var=False, alternative="greater")
    assert table.loc["wide", "p"] == pytest.approx(known.pvalue)
    both = stats.ttest_ind(errors[wide], errors[~wide], equal_var=False).confidence_interval()
    ends = table.loc["wide", ["difference_low", "difference_high"]].astype(float)
    assert tuple(ends) == pytest.approx((both.low, both.high))
    assert list(table.index[table["significant"]]) == ["wide"]


def test_small_groups_are_listed_and_not_tested(words_model):
    frame = opinions(60)
    frame["source"] = ["rare"] * 5 + ["often"] * 55
    frame["year"] = np.arange(60.0)
    slices = ic.group_slices(*audited(words_model(WEIGHTS), frame))
    rare = slices.table.query("slice == 'rare'").iloc[0]
    assert rare["n"] == 5
    assert np.isnan(rare["p"])
    assert slices.tested == int(slices.table["p"].notna().sum())
    years = slices.table.query("kind == 'column year'")
    assert years["n"].tolist() == [15, 15, 15, 15]
    with pytest.raises(ic.BadInput, match="no slice 'x'"):
        ic.slice_rows(*audited(words_model(WEIGHTS), frame), "column source", "x")
