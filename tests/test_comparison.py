"""How far a word reaches, probes, and a test for two models on the same texts."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import interp_core as ic
from interp_core.comparison import (
    FILLER,
    logits_of,
    mcnemar,
    negation_probes,
    probe,
    time_per_text,
    word_reach,
)

TEXT = "The film was not bad."
NOT = (13, 16)


def logit(model, text, label):
    given = model.tokenizer(text, return_tensors="pt")
    with torch.no_grad():
        return float(model.model(**given).logits[0, label])


def test_the_effect_is_the_difference_of_two_plain_calls(sentiment):
    found = word_reach(sentiment, TEXT, NOT, target=1, distances=(0, 3))
    filler = " ".join(FILLER[:3])
    for distance, tail in ((0, ""), (3, f" {filler}")):
        one = logit(sentiment, f"The film was not bad.{tail}", 1)
        two = logit(sentiment, f"The film was bad.{tail}", 1)
        effect = found.frame.set_index("distance").loc[distance, "effect"]
        assert effect == pytest.approx(one - two, abs=1e-4)
    assert found.frame["share"].iloc[0] == pytest.approx(1)


def test_filler_may_stand_in_front(sentiment):
    found = word_reach(sentiment, TEXT, NOT, target=0, before=True, distances=(2,))
    one = logit(sentiment, f"It was {TEXT}", 0) - logit(sentiment, "It was The film was bad.", 0)
    assert found.frame["effect"].iloc[0] == pytest.approx(one, abs=1e-4)


def test_half_is_the_first_distance_with_less_than_half_left(sentiment):
    found = word_reach(sentiment, TEXT, NOT, target=1)
    below = found.frame[found.frame["share"] < 0.5]
    assert found.half == (None if below.empty else below["distance"].iloc[0])


def test_distances_beyond_what_the_model_reads_are_left_out(tiny_model):
    model = tiny_model("bert-2-labels")
    found = word_reach(model, "the cat sat", (4, 7), target=0, distances=(0, 2, 5_000))
    assert list(found.frame["distance"]) == [0, 2]


@pytest.mark.parametrize("span", [(5, 3), (0, 99), (-1, 2)])
def test_a_span_outside_of_the_text_is_refused(sentiment, span):
    with pytest.raises(ic.BadInput, match="no characters"):
        word_reach(sentiment, TEXT, span, target=0)


def test_a_text_of_one_word_has_nothing_left_without_it(sentiment):
    with pytest.raises(ic.BadInput, match="empty"):
        word_reach(sentiment, "Bad", (0, 3), target=0)


def test_probes_are_balanced_in_every_kind():
    probes = negation_probes()
    assert len(probes) >= 40
    assert not probes["text"].duplicated().any()
    for _, part in probes.groupby("kind"):
        assert (part["meant"] == "positive").mean() == 0.5


def test_probing_says_what_single_calls_say(sentiment):
    found = probe(sentiment)
    for row in found.sample(6, random_state=1).itertuples():
        line = logits_of(sentiment, [row.text])[0]
        assert row.prediction == sentiment.labels[int(line.argmax())]
        assert row.right == (row.prediction == row.meant)


def test_a_model_with_other_labels_fits_no_probe(tiny_model):
    with pytest.raises(ic.BadInput, match="positive and negative"):
        probe(tiny_model("bert-2-labels"))


def test_mcnemar_counts_only_where_the_models_differ():
    one, two = np.array([1] * 10 + [0] * 5, bool), np.array([1] * 2 + [0] * 13, bool)
    assert mcnemar(one, two) == pytest.approx(2 * 0.5**8)
    assert mcnemar(one, one) == 1
    assert mcnemar(one, two) == mcnemar(two, one)


def test_size_and_time_are_measured(sentiment):
    assert sentiment.n_parameters == sum(p.numel() for p in sentiment.model.parameters())
    assert time_per_text(sentiment, TEXT, repeats=2) > 0
