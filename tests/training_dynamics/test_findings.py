"""Sentences on learning curves, from recorded answers whose course is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import interp_core as ic
from interp_core.training_dynamics.checkpoints import Checkpoint
from interp_core.training_dynamics.curves import HELD_OUT, LOSS, TRAIN, Answers, LearningCurves
from interp_core.training_dynamics.findings import (
    BEST,
    IMPROVING,
    LEAST_CHANGE,
    OVERFITTED,
    OVERFITTING,
    UNDERFITTED,
    phases,
    verdicts,
)


def answers(means, n, seed):
    """Answers with these mean losses; each text is as hard at every checkpoint as it is."""
    rng = np.random.default_rng(seed)
    hard = rng.normal(0, 0.3, n)
    noise = rng.normal(0, 0.1, (len(means), n))
    loss = np.asarray(means)[:, None] + hard - hard.mean() + noise - noise.mean(1, keepdims=True)
    loss = np.maximum(loss, 1e-3)
    right = loss < np.log(2)
    return Answers(loss, right, np.where(right, np.exp(-loss), 1 - np.exp(-loss)))


def curves(train, held_out, n=200):
    points = tuple(Checkpoint(f"checkpoint-{s}", "", s) for s in range(0, 100 * len(train), 100))
    both = {TRAIN: answers(train, n, 1), HELD_OUT: answers(held_out, n, 2)}
    return LearningCurves(points, both)


OVER = curves([1.2, 0.8, 0.6, 0.4], [1.2, 0.85, 0.65, 0.95])
WELL = curves([1.2, 0.9, 0.8, 0.75], [1.2, 0.92, 0.83, 0.78])
STILL = curves([0.9, 0.9], [0.9, 0.9])


def kinds(given):
    return [each.kind for each in ic.learning_findings(given)]


def test_a_training_that_goes_on_too_long_is_called_so_where_it_does():
    assert phases(OVER)["phase"].tolist() == [IMPROVING, IMPROVING, OVERFITTING]
    assert verdicts(OVER)["verdict"].tolist() == [UNDERFITTED, UNDERFITTED, BEST, OVERFITTED]
    assert {OVERFITTING, OVERFITTED, UNDERFITTED, "gap"} <= set(kinds(OVER))
    (told,) = [each for each in ic.learning_findings(OVER) if each.kind == OVERFITTING]
    assert told.steps == (200, 300)
    assert "held-out loss rises while the training loss falls" in told.text


def test_a_training_that_goes_well_is_not_accused():
    assert phases(WELL)["phase"].tolist() == [IMPROVING] * 3
    assert not {OVERFITTING, OVERFITTED, "gap"} & set(kinds(WELL))
    told = next(each for each in ic.learning_findings(WELL) if each.kind == IMPROVING)
    assert "still improving at the last checkpoint" in told.text


def test_nothing_is_claimed_where_nothing_changes():
    assert not {IMPROVING, OVERFITTING, UNDERFITTED, OVERFITTED} & set(kinds(STILL))


@pytest.mark.parametrize("count", [1, 3, 7])
def test_of_few_texts_nothing_is_claimed_and_that_is_said(count):
    given = curves([1.2, 0.8, 0.6, 0.4], [1.2, 0.85, 0.65, 0.95], n=count)
    assert given.fewest == 8  # 2 · 0.5⁸ · 6 comparisons is the first below 5%
    assert phases(given)["phase"].tolist() == ["no change claimed"] * 3
    assert not {UNDERFITTED, OVERFITTED} & set(verdicts(given)["verdict"])
    found = kinds(given)
    assert found[0] == "too few texts"
    assert "gap" not in found


def test_a_loss_that_ran_away_is_written_with_few_digits():
    told = [each.text for each in ic.learning_findings(curves([0.9, 2e20], [0.9, 2e20]))]
    assert "2.00e+20" in told[0]
    assert max(map(len, told)) < 400


def test_a_change_smaller_than_the_threshold_is_not_spoken_of_however_sure_it_is():
    loss = np.repeat([[0.5], [0.5 - LEAST_CHANGE / 2]], 400, axis=1)
    same = Answers(loss, np.ones_like(loss, dtype=bool), np.exp(-loss))
    points = (Checkpoint("a", "", 0), Checkpoint("b", "", 1))
    given = LearningCurves(points, {TRAIN: same, HELD_OUT: same})
    assert phases(given)["phase"].tolist() == ["no change claimed"]


def test_the_intervals_of_changes_are_simultaneous_and_hold_what_noise_gives():
    """With equal checkpoints, hardly any of 60 trainings is said to change."""
    found = 0
    for seed in range(60):
        loss = np.random.default_rng(seed).exponential(0.5, (3, 60))
        right = loss < np.log(2)
        each = Answers(loss, right, np.exp(-np.minimum(loss, 0.6)))
        points = tuple(Checkpoint(str(step), "", step) for step in range(3))
        table = LearningCurves(points, {TRAIN: each, HELD_OUT: each}).changes()
        rows = table[table["measure"] == LOSS]
        found += bool(((rows["low"] > 0) | (rows["high"] < 0)).any())
    assert found <= 9  # of 60 at 5%: 3 expected


def test_values_are_means_with_known_intervals():
    frame = OVER.frame().set_index(["step", "set", "measure"])
    row = frame.loc[(200, HELD_OUT, LOSS)]
    loss = OVER.answers[HELD_OUT].loss[2]
    assert row["value"] == pytest.approx(loss.mean())
    # A bootstrap of a mean agrees with the normal interval.
    half = 1.96 * loss.std() / np.sqrt(len(loss))
    assert row["high"] - row["low"] == pytest.approx(2 * half, rel=0.1)
    gap = OVER.gap().set_index(["step", "measure"]).loc[(200, LOSS), "value"]
    assert gap == pytest.approx(loss.mean() - OVER.answers[TRAIN].loss[2].mean())


def test_layers_that_no_checkpoint_moves_are_named():
    drift = pd.DataFrame(
        {
            "step": [0, 0, 9, 9],
            "part": ["layer 0", "layer 1"] * 2,
            "drift": [0.0, 0.0, 0.0, 0.2],
        }
    )
    assert ic.unchanged_layers(drift) == ["layer 0"]
    (told,) = [e for e in ic.learning_findings(WELL, drift) if e.kind == "unchanged weights"]
    assert "Nothing was learned in layer 0:" in told.text


def test_overconfident_answers_are_told():
    loss = np.full((2, 300), 0.05)
    right = np.arange(300) % 3 > 0
    sure = Answers(loss, np.stack([right, right]), np.full((2, 300), 0.95))
    points = (Checkpoint("a", "", 0), Checkpoint("b", "", 1))
    told = ic.learning_findings(LearningCurves(points, {TRAIN: sure, HELD_OUT: sure}))
    assert any("overconfident" in each.text for each in told if each.kind == "calibration")
