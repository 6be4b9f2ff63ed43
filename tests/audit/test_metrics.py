"""Figures and intervals are those of scikit-learn, statsmodels and SciPy."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn import metrics
from statsmodels.stats import proportion
from statsmodels.stats.multitest import multipletests

import interp_core as ic
from interp_core.audit.figures import adjusted, difference_interval, f1_interval, wilson
from interp_core.audit.labels import LabelMatch
from interp_core.audit.predictions import Predictions
from interp_core.audit.record import MULTI, REGRESSION, SINGLE, TOKENS, AuditData

SEQEVAL = Path(__file__).with_name("seqeval.json")  # made by benchmarks/entities_peer.py
RNG = np.random.default_rng(0)
COUNT = 300


def made(kind, targets, labels, predicted, probabilities=None, confidence=None):
    """Data and predictions without a model."""
    count = len(predicted)
    nothing = np.zeros(count)
    data = AuditData(
        "made", kind, ("x",) * count, targets, tuple(labels), rows=np.arange(1, count + 1)
    )
    data = replace(data, metadata=pd.DataFrame(index=range(count)), match=LabelMatch({}, "name"))
    confidence = nothing if confidence is None else confidence
    done, cut = np.ones(count, dtype=bool), np.zeros(count, dtype=bool)
    lengths = np.full(count, 5)
    return data, Predictions(
        kind, probabilities, probabilities, predicted, confidence, lengths, cut, done, ~done
    )


def two_classes(count=COUNT, calibrated=False):
    chance = np.round(RNG.random(count), 2)  # with ties
    true = (RNG.random(count) < (chance if calibrated else 0.4 + 0.2 * chance)).astype(int)
    both = np.stack([1 - chance, chance], 1)
    return made(SINGLE, true, "ab", both.argmax(1), both, both.max(1))


def values(score):
    return {each.key: each for each in score.figures}


def test_intervals_and_adjusted_p_are_those_of_statsmodels():
    count, total = np.array([0, 1, 7, 50, 99]), np.array([5, 1, 20, 60, 100])
    others, rest = np.array([3, 0, 9, 10, 20]), np.array([9, 4, 12, 30, 40])
    low, high = wilson(count, total)
    for place in range(5):
        wanted = proportion.proportion_confint(count[place], total[place], 0.05, "wilson")
        assert (low[place], high[place]) == pytest.approx(wanted, abs=1e-12)
    below, above = difference_interval(count, total, others, rest)
    for place in range(5):
        given = (count[place], total[place], others[place], rest[place])
        wanted = proportion.confint_proportions_2indep(*given, method="newcomb", compare="diff")
        assert (below[place], above[place]) == pytest.approx(wanted, abs=1e-9)
    assert np.isnan(wilson(0, 0)).all()
    p = np.array([0.01, 0.5, np.nan, 0.02, 0.9, 0.03])
    known = multipletests(p[np.isfinite(p)], method="fdr_bh")[1]
    assert adjusted(p)[np.isfinite(p)] == pytest.approx(known)
    assert np.isnan(adjusted(p)[2])
    assert f1_interval(8, 4)[0] == pytest.approx(2 / (1 + 1 / wilson(8, 12)[0]))


def test_one_label_is_scored_as_scikit_learn_scores_it():
    labels = ("a", "b", "c", "never")
    true = RNG.integers(0, 3, COUNT)
    found = np.where(RNG.random(COUNT) < 0.7, true, RNG.integers(0, 3, COUNT))
    chances = RNG.dirichlet(np.ones(4), COUNT)
    score = ic.score(*made(SINGLE, true, labels, found, chances, chances.max(1)))
    figures = values(score)
    assert figures["accuracy"].value == pytest.approx(metrics.accuracy_score(true, found))
    balanced = metrics.balanced_accuracy_score(true, found)
    assert figures["balanced_accuracy"].value == pytest.approx(balanced)
    assert figures["macro_f1"].value == pytest.approx(
        metrics.f1_score(true, found, average="macro")
    )
    told = metrics.precision_recall_fscore_support(true, found)
    for name, wanted in zip(("precision", "recall", "f1", "support"), told):
        assert score.classes[name].to_numpy() == pytest.approx(wanted)
    counts = score.confusion["count"].to_numpy().reshape(3, 3)
    assert (counts == metrics.confusion_matrix(true, found)).all()
    for each in score.figures:
        assert each.low < each.value < each.high or each.key == "calibration_error"
        assert each.n == COUNT
    assert "recall.b" in set(score.table()["key"])


def test_bootstrap_intervals_have_the_width_of_the_standard_error():
    data, predictions = two_classes(2000)
    accuracy = ic.score(data, predictions)
    of = values(accuracy)["balanced_accuracy"]
    shares = [(predictions.predicted == data.targets)[data.targets == k] for k in (0, 1)]
    error = 0.5 * np.sqrt(sum(each.mean() * (1 - each.mean()) / len(each) for each in shares))
    assert (of.high - of.low) / 2 == pytest.approx(1.96 * error, rel=0.1)


def test_curves_and_areas_are_those_of_scikit_learn():
    data, predictions = two_classes()
    chance = predictions.probabilities[:, 1]
    figures = values(ic.score(data, predictions))
    assert figures["roc_auc"].value == metrics.roc_auc_score(data.targets, chance)
    assert figures["average_precision"].value == metrics.average_precision_score(
        data.targets, chance
    )
    for key in ("roc_auc", "average_precision"):
        assert figures[key].low < figures[key].value < figures[key].high
        assert figures[key].high - figures[key].low < 0.2
    found = ic.threshold_curves(data, predictions)
    false, true, cut = metrics.roc_curve(data.targets, chance, drop_intermediate=False)
    assert found["false positive rate"].to_numpy() == pytest.approx(false[1:])
    assert found["true positive rate"].to_numpy() == pytest.approx(true[1:])
    assert found["threshold"].to_numpy() == pytest.approx(cut[1:])
    precision, _, cut = metrics.precision_recall_curve(data.targets, chance)
    ours = found.set_index("threshold")["precision"].sort_index()
    assert ours.to_numpy()[-len(cut) :] == pytest.approx(precision[:-1])
    moved = ic.at_threshold(data, predictions, 0.8)
    assert (moved.predicted == (chance >= 0.8)).all()
    recall = ic.score(data, moved).classes["recall"].to_numpy()
    assert recall[1] == pytest.approx(metrics.recall_score(data.targets, chance >= 0.8))
    with pytest.raises(ic.BadInput):
        ic.at_threshold(data, predictions, 1.5)


def test_calibration_is_tested_against_a_calibrated_model():
    off = values(ic.score(*two_classes()))["calibration_error"]
    assert off.significant
    data, predictions = two_classes(calibrated=True)
    error = values(ic.score(data, predictions))["calibration_error"]
    assert not error.significant
    bins = ic.reliability(data, predictions)
    gap = (bins["n"] / bins["n"].sum() * (bins["accuracy"] - bins["confidence"]).abs()).sum()
    assert error.value == pytest.approx(gap)
    assert bins["n"].sum() == COUNT
    p = [ic.calibration_error(*two_classes(60, True), resamples=99).p for _ in range(200)]
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_exchanged_labels_are_noticed():
    data, predictions = two_classes(100)
    swapped = replace(data, targets=1 - predictions.predicted)
    (note,) = ic.score(swapped, predictions).notes
    assert "100.0% instead of 0.0%" in note
    assert ic.score(data, predictions).notes == ()


def test_several_labels_and_numbers():
    true = RNG.random((COUNT, 4)) < 0.4
    true[:, 3] = False
    found = true ^ (RNG.random((COUNT, 4)) < 0.2)
    found[:, 3] = False
    score = ic.score(*made(MULTI, true, "abcd", found))
    figures = values(score)
    assert figures["exact_match"].value == metrics.accuracy_score(true, found)
    assert figures["hamming_loss"].value == pytest.approx(metrics.hamming_loss(true, found))
    for average in ("micro", "macro"):
        wanted = metrics.f1_score(true[:, :3], found[:, :3], average=average)
        assert figures[f"{average}_f1"].value == pytest.approx(wanted)
    assert list(score.classes["class"]) == ["a", "b", "c"]
    number = RNG.normal(size=COUNT)
    guess = number + RNG.normal(size=COUNT) / 2
    figures = values(ic.score(*made(REGRESSION, number, ("score",), guess)))
    assert figures["r2"].value == pytest.approx(metrics.r2_score(number, guess))
    assert figures["pearson"].value == pytest.approx(stats.pearsonr(number, guess)[0])
    assert figures["spearman"].value == pytest.approx(stats.spearmanr(number, guess)[0])
    known = stats.pearsonr(number, guess).confidence_interval()
    assert (figures["pearson"].low, figures["pearson"].high) == pytest.approx(known, abs=0.03)
    assert figures["mean_error"].low < 0 < figures["mean_error"].high


def of_words(gold, found, labels):
    targets, predicted = np.empty(len(gold), dtype=object), np.empty(len(gold), dtype=object)
    for place, (one, two) in enumerate(zip(gold, found)):
        targets[place] = np.array([labels.index(each) for each in one])
        predicted[place] = np.array([labels.index(each) for each in two])
    return made(TOKENS, targets, labels, predicted)


def test_the_score_of_entities_is_that_of_seqeval_with_intervals_around_it():
    case = next(each for each in json.loads(SEQEVAL.read_text()) if each["scheme"] == "IOB")
    gold, found = (case[name] for name in ("gold", "found"))
    score = ic.score(*of_words(gold, found, ("O", "B-x", "I-x", "B-y", "I-y")))
    figures, known = values(score), case["scores"]
    assert figures["entity_f1"].value == pytest.approx(known["f1"])
    assert figures["entity_macro_f1"].value == pytest.approx(known["macro_f1"])
    classes = score.classes.set_index("class")
    for kind, by_kind in known["kinds"].items():
        for name in ("recall", "f1"):
            assert classes.loc[kind, name] == pytest.approx(by_kind[name])
    for each in score.figures:
        assert each.low < each.value < each.high
    right = np.mean([a == b for one, two in zip(gold, found) for a, b in zip(one, two)])
    assert figures["word_accuracy"].value == pytest.approx(right)


def test_labels_without_signs_are_counted_by_words():
    gold, found = [["NOUN", "VERB"], ["NOUN"]], [["NOUN", "NOUN"], ["NOUN"]]
    score = ic.score(*of_words(gold, found, ("NOUN", "VERB")))
    assert [each.key for each in score.figures] == ["sentences", "word_accuracy"]
    assert score.classes["recall"].tolist() == [1.0, 0.0]
    assert "not entities" in score.notes[0]


def test_what_was_not_predicted_is_left_out():
    data, predictions = two_classes(10)
    predictions.done[4:] = False
    assert ic.score(data, predictions).figures[0].n == 4
    predictions.done[:] = False
    with pytest.raises(ic.BadInput, match="No text was predicted"):
        ic.score(data, predictions)


def test_a_p_value_is_never_nought():
    from interp_core.audit.figures import p_value

    said = [p_value(each) for each in (1.0, 0.0156, 0.001, 0.00099, 1e-300, 0.0, float("nan"))]
    small = "p < 0.001"
    assert said == ["p = 1.000", "p = 0.016", "p = 0.001", small, small, small, "p undefined"]
