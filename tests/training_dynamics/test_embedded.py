"""The built-in series: small, as it was shipped, under- and overfitted where it was made to be."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest

import interp_core as ic
from interp_core.training_dynamics import bundled
from interp_core.training_dynamics.checkpoints import Checkpoint
from interp_core.training_dynamics.curves import HELD_OUT, SETS, TRAIN, Answers, LearningCurves
from interp_core.training_dynamics.findings import (
    BEST,
    OVERFITTED,
    OVERFITTING,
    UNDERFITTED,
    phases,
    verdicts,
)

# The log odds of the true class, (checkpoints, texts) for each set: what the shipped files answer.
RECORDED = json.loads((Path(__file__).parent / "embedded_answers.json").read_text())
STEPS = RECORDED["steps"]
SHARES = (0, 0.02, 0.1, 0.3, 1, None)  # of the recipe; the last goes on over a small sample
MOST_BYTES = 6 * 10**6


def recorded(checkpoints: int) -> LearningCurves:
    """The curves of the first checkpoints."""
    answers = {}
    for which in SETS:
        odds = np.array(RECORDED[which])[:checkpoints]
        answers[which] = Answers(np.log1p(np.exp(-odds)), odds > 0, 1 / (1 + np.exp(-np.abs(odds))))
    points = tuple(Checkpoint(f"checkpoint-{step}", "", step) for step in STEPS[:checkpoints])
    return LearningCurves(points, answers)


def test_the_series_is_small_and_says_how_it_was_made():
    folder = bundled.BUNDLED_SERIES / "sentiment"
    facts = json.loads((folder / bundled.SERIES_FILE).read_text())
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < MOST_BYTES
    assert [each["step"] for each in facts["checkpoints"]] == STEPS
    assert tuple(each["share of the recipe"] for each in facts["checkpoints"]) == SHARES
    assert set(facts["sha256"]) == {
        path.relative_to(folder).as_posix() for path in folder.glob("checkpoint-*/*")
    }


def test_a_changed_file_is_refused_before_it_is_loaded(tmp_path, monkeypatch):
    copytree(bundled.BUNDLED_SERIES, tmp_path / "series")
    monkeypatch.setattr(bundled, "BUNDLED_SERIES", tmp_path / "series")
    path = tmp_path / "series/sentiment/checkpoint-15/adapter_model.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(ic.UnsafeModel, match="checkpoint-15"):
        ic.checkpoint_series("sentiment")


def test_under_and_overfitting_are_found_at_the_checkpoints_that_were_made_so():
    found = verdicts(recorded(6)).set_index("step")["verdict"]
    assert found[750] == BEST  # the end of the recipe
    assert found[950] == OVERFITTED
    assert (found[[0, 15, 75]] == UNDERFITTED).all()  # a tenth of the recipe at most
    assert phases(recorded(6))["phase"].tolist()[-1] == OVERFITTING
    kinds = {each.kind for each in ic.learning_findings(recorded(6))}
    assert {UNDERFITTED, OVERFITTED, OVERFITTING, "gap", "calibration"} <= kinds


def test_the_recipe_alone_is_not_accused():
    found = recorded(5)
    assert OVERFITTED not in set(verdicts(found)["verdict"])
    assert OVERFITTING not in set(phases(found)["phase"])
    kinds = {each.kind for each in ic.learning_findings(found)}
    assert not {OVERFITTED, OVERFITTING, "gap", "calibration"} & kinds


def test_the_files_answer_as_recorded():
    series = ic.checkpoint_series("sentiment").take([750, 950])
    train, held_out = (ic.opinions(each).head(8) for each in ("train", "held out"))
    found = ic.score_checkpoints(series, train, held_out)
    for which in (TRAIN, HELD_OUT):
        odds = np.array(RECORDED[which])[4:, :8]
        # Processors round differently, and the last checkpoint is steep.
        np.testing.assert_allclose(found.answers[which].loss, np.log1p(np.exp(-odds)), atol=0.02)
    drift = ic.checkpoint_drift(series).query("step == 950").set_index("part")["drift"]
    assert (drift[["embeddings", "layer 0"]] == 0).all()
    assert (drift[[f"layer {number}" for number in range(1, 6)]] > 0.001).all()
