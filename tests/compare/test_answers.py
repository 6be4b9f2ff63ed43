"""Answers of two classifiers, with and without labels, and one text in both."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

import interp_core as ic


@pytest.fixture(scope="module")
def data(base, texts):
    labels = [base.labels[place % 2] for place in range(len(texts))]
    return ic.labelled_data(pd.DataFrame({"text": texts, "label": labels}), base)


@pytest.fixture(scope="module")
def found(base, tuned, data):
    return ic.compare_answers(base, tuned, data)


def test_a_model_against_itself_has_no_churn(base, data):
    found = ic.compare_answers(base, base, data)
    assert (found.churn, found.p, len(found.changed())) == (0, 1, 0)
    plain = ic.compare_answers(base, base, data.texts)
    assert (plain.churn, plain.labelled) == (0, False)
    assert np.isnan(plain.p)


def test_changes_are_counted_as_direct_predictions_say(base, tuned, data, found):
    one, two = (ic.predict_texts(each, data.texts)["prediction"] for each in (base, tuned))
    truth = np.array(data.target_names())
    won = ((one != truth) & (two == truth)).sum()
    lost = ((one == truth) & (two != truth)).sum()
    assert found.figure("wrong_to_right").value == pytest.approx(won / len(truth))
    assert found.figure("right_to_wrong").value == pytest.approx(lost / len(truth))
    assert found.churn == pytest.approx((one != two).mean())
    assert found.churn > 0
    assert found.figure("accuracy_second").value == pytest.approx((two == truth).mean())
    assert found.p == pytest.approx(binomtest(int(won), int(won + lost)).pvalue)
    changed = found.changed()
    assert len(changed) == (one != two).sum()
    assert list(changed["change"]) == sorted(changed["change"])  # those that became wrong first


def test_calibration_is_that_of_the_audit(base, data, found):
    predictions = ic.predict_labelled(base, data)
    truth = ic.calibration_error(data, predictions)
    assert found.figure("calibration_error_first").value == pytest.approx(truth.value)
    bins = found.calibration[found.calibration["model"] == base.name]
    pd.testing.assert_frame_equal(
        bins.drop(columns="model").reset_index(drop=True), ic.reliability(data, predictions)
    )


def test_classes_in_another_order_are_matched_by_their_names(base, tuned, data, found):
    import copy

    import torch

    network = copy.deepcopy(tuned.model)
    with torch.no_grad():
        network.classifier.weight.copy_(network.classifier.weight.flip(0).clone())
        network.classifier.bias.copy_(network.classifier.bias.flip(0).clone())
    turned = replace(tuned, model=network, labels=tuned.labels[::-1])
    other = ic.compare_answers(base, turned, data)
    assert list(other.table["second"]) == list(found.table["second"])
    assert list(other.table["change"]) == list(found.table["change"])


def test_placeholders_of_classes_are_taken_by_their_number_and_that_is_said(
    base, tuned, data, found
):
    unnamed = replace(tuned, labels=tuple(f"LABEL_{place}" for place in range(2)))
    other = ic.compare_answers(base, unnamed, data)
    assert list(other.table["change"]) == list(found.table["change"])
    assert any("same order" in note for note in other.notes)
    turned = ic.compare_answers(unnamed, base, list(data.texts))
    assert turned.churn == other.churn
    assert any("same order" in note for note in turned.notes)
    lens = ic.compare_lens(base, unnamed, data.texts[0])
    pd.testing.assert_frame_equal(lens, ic.compare_lens(base, tuned, data.texts[0]))
    assert "same order" in lens.attrs["notes"][0]


def test_what_was_assumed_and_left_out_is_said(base, tuned, data):
    import pandas as pd

    long = " ".join(["a strange model"] * 60)
    table = pd.DataFrame({"text": [*data.texts[:3], long], "label": [0, 1, "x", 1]})
    renamed = replace(tuned, labels=(tuned.labels[0], "another"))
    found = ic.compare_answers(base, renamed, ic.labelled_data(table, base, mapping={"x": None}))
    said = " ".join(found.notes)
    assert "Numbers were taken as" in said
    assert "1 row was left out" in said
    assert "1 text is longer than a model reads" in said
    assert "Only 'tuned' has the classes another" in said
    assert f"has the classes {base.labels[1]}: the other never" in said


def test_models_without_common_classes_and_without_classes_are_refused(base, data, tiny_model):
    with pytest.raises(ic.BadInput, match="no class in common"):
        ic.compare_answers(base, ic.load_model("sentiment-lstm"), data)
    with pytest.raises(ic.BadInput, match="no class in common"):
        ic.compare_lens(base, replace(base, labels=("x", "y")), data.texts[0])
    with pytest.raises(ic.UnsupportedModel, match="does not classify"):
        ic.compare_answers(base, tiny_model("bert"), data)


def test_maps_of_one_text_have_a_signed_difference(base, tuned, texts):
    maps = [ic.attention_maps(each, texts[0]) for each in (base, tuned)]
    found = ic.compare_maps(*maps)
    table = found.table(1, 2)
    truth = (maps[1].weights - maps[0].weights)[1, 2]
    np.testing.assert_allclose(table["difference"], truth.ravel(), atol=1e-7)
    heads = found.heads()
    assert not heads.query("layer == 0")["difference"].any()
    assert heads.query("layer == 1")["difference"].between(0.001, 1).all()
    with pytest.raises(ic.BadInput, match="different tokens"):
        ic.compare_maps(maps[0], ic.attention_maps(tuned, texts[1]))


def test_attributions_and_lens_of_one_text_have_a_signed_difference(base, tuned, texts):
    scores = [ic.attribute(each, texts[0], target=0, method="saliency") for each in (base, tuned)]
    table = ic.attribution_difference(*scores)
    np.testing.assert_allclose(table["difference"], table["second"] - table["first"])
    lens = ic.compare_lens(base, tuned, texts[0])
    sides = [ic.classifier_lens(each, texts[0]) for each in (base, tuned)]
    truth = sides[1]["probability"] - sides[0]["probability"]
    shown = lens[lens["model"] == "tuned"]
    np.testing.assert_allclose(shown["difference"], truth, atol=1e-9)
    same = ic.compare_lens(base, base, texts[0])
    assert not same["difference"].dropna().any()
    assert same["model"].nunique() == 2
