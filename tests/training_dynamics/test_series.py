"""Folders of checkpoints: read in order, measured one by one, broken ones listed."""

from __future__ import annotations

import gc
import json
import weakref
from dataclasses import replace
from shutil import copytree

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification

import interp_core as ic
from interp_core.training_dynamics import __main__ as command
from interp_core.training_dynamics import checkpoints as reading
from interp_core.training_dynamics.checkpoints import Checkpoint
from interp_core.training_dynamics.curves import HELD_OUT, TRAIN
from interp_core.training_dynamics.weights import parts
from tests.training_dynamics.conftest import STEPS, TEXTS

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def curves(training, texts):
    return ic.score_checkpoints(ic.checkpoint_series(training), *texts)


def test_checkpoints_stand_in_the_order_of_their_steps(training):
    series = ic.checkpoint_series(str(training))
    frame = series.frame()
    assert frame["step"].tolist() == list(STEPS)
    assert frame["epoch"].tolist() == [step / 500 for step in STEPS]
    assert series.logged["step"].tolist() == list(STEPS)
    assert not series.notes


def test_a_list_of_folders_is_a_series_too(training):
    folders = [training / f"checkpoint-{step}" for step in (500, 0)]
    assert ic.checkpoint_series(folders).frame()["step"].tolist() == [0, 500]
    with pytest.raises(ic.BadInput, match="step 500"):
        ic.checkpoint_series([folders[0], folders[0]])


def test_of_many_checkpoints_evenly_spaced_ones_are_read(training):
    series = ic.checkpoint_series(training, limit=2)
    assert series.frame()["step"].tolist() == [0, 1000]
    assert "evenly spaced" in series.notes[0]


def test_a_folder_without_checkpoints_says_what_is_expected(tmp_path):
    with pytest.raises(ic.ModelNotFound, match="checkpoint-"):
        ic.checkpoint_series(tmp_path)
    with pytest.raises(ic.ModelNotFound, match="no folder"):
        ic.checkpoint_series("nowhere/at/all")


def test_a_state_that_is_damaged_or_huge_is_passed_over(training, tmp_path, monkeypatch):
    top = tmp_path / "out"
    copytree(training, top)
    (top / "checkpoint-0/trainer_state.json").write_text('{"global_step": "x", "log_history": 3}')
    (top / "checkpoint-100/trainer_state.json").write_text("[" * 10_000)
    monkeypatch.setattr(reading, "MOST_BYTES", 10)
    series = ic.checkpoint_series(top)
    assert series.frame()["step"].tolist() == list(STEPS)
    assert series.logged.empty


def test_a_broken_checkpoint_is_listed_and_the_others_measured(training, texts, tmp_path):
    top = tmp_path / "out"
    copytree(training, top)
    (top / "checkpoint-100/config.json").unlink()
    (top / "checkpoint-500/model.safetensors").write_bytes(b"not a model")
    series = ic.checkpoint_series(top)
    assert [bool(each.problem) for each in series.checkpoints] == [False, True, False, False]
    found = ic.score_checkpoints(series, *texts)
    assert found.steps == [0, 1000]
    assert [each.step for each in found.broken] == [100, 500]
    assert all(each.problem for each in found.broken)


def test_losses_are_those_of_plain_transformers(curves, training, texts):
    from transformers import AutoTokenizer

    for place, step in ((0, 0), (3, 1000)):
        folder = training / f"checkpoint-{step}"
        tokenizer = AutoTokenizer.from_pretrained(folder)
        model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
        for which, table in zip((TRAIN, HELD_OUT), texts):
            for row, (text, label) in enumerate(zip(table["text"], table["label"])):
                with torch.no_grad():
                    wanted = torch.tensor([int(label[-1])])
                    output = model(**tokenizer(text, return_tensors="pt"), labels=wanted)
                found = curves.answers[which]
                assert found.loss[place, row] == pytest.approx(float(output.loss), abs=1e-4)
                assert found.right[place, row] == (int(output.logits.argmax()) == int(wanted))


def test_texts_in_both_sets_are_told(training, texts):
    found = ic.score_checkpoints(ic.checkpoint_series(training).take([0, 100]), texts[0], texts[0])
    assert any("stand in both sets" in note for note in found.notes)


def test_rows_that_are_left_out_and_texts_that_are_cut_are_told(training, texts):
    series = ic.checkpoint_series(training).take([0, 100])
    train = texts[0].assign(label=["class 0", "class 1", "another", "class 1"])
    held_out = texts[1].assign(text=[*texts[1]["text"][:3], " ".join(["strange"] * 90)])
    notes = " ".join(ic.score_checkpoints(series, train, held_out).notes)
    assert "training sample: 1 row was left out" in notes
    assert "held out: of 1 longer texts only the beginning" in notes


def test_drift_is_the_relative_change_of_each_part(training):
    drift = ic.checkpoint_drift(ic.checkpoint_series(training))
    table = drift.pivot(index="part", columns="step", values="drift")
    for part in ("layer 1", "classifier"):
        np.testing.assert_allclose(table.loc[part], np.array(STEPS) / 10_000, atol=1e-6)
    assert table.drop(["layer 1", "classifier"]).to_numpy().max() == 0
    assert set(ic.unchanged_layers(drift)) == {"embeddings", "layer 0", "pooler"}
    model = AutoModelForSequenceClassification.from_pretrained(training / "checkpoint-0")
    total = sum(each.numel() for each in model.parameters())
    assert drift[drift["step"] == 0]["parameters"].sum() == total


def test_why_weights_cannot_be_compared_is_said(training, tiny):
    folders = [training / "checkpoint-0", tiny("bert-5-labels")]
    with pytest.raises(ic.BadInput, match="another shape than in the first checkpoint"):
        ic.checkpoint_drift(ic.checkpoint_series(folders))


def test_parts_have_the_names_of_layers_in_every_kind_of_network():
    names = {
        "transformer.h.3.attn.c_attn.weight": "layer 3",
        "model.layers.11.mlp.up_proj.weight": "layer 11",
        "bert.embeddings.word_embeddings.weight": "embeddings",
        "transformer.wte.weight": "embeddings",
        "lm_head.weight": "lm_head",
        "bert.pooler.dense.bias": "pooler",
    }
    assert parts(list(names)) == names
    two = ["model.encoder.layers.0.fc1.weight", "model.decoder.layers.0.fc1.weight"]
    assert list(parts(two).values()) == ["encoder layer 0", "decoder layer 0"]


def test_one_model_is_in_memory_at_a_time(training):
    kept: list[weakref.ref] = []

    def measure(checkpoint, model):
        gc.collect()
        assert not any(each() for each in kept)
        kept.append(weakref.ref(model.model))
        return checkpoint.step

    series = ic.checkpoint_series(training)
    assert [found for _, found in series.measured(measure)] == list(STEPS)


def test_heads_are_those_of_each_checkpoint_alone(training):
    series = ic.checkpoint_series(training).take([0, 1000])
    found = ic.checkpoint_heads(series, list(TEXTS))
    alone = ic.head_statistics(ic.load_model(str(training / "checkpoint-1000")), list(TEXTS))
    frame = found.frame().query("step == 1000")
    np.testing.assert_allclose(frame["entropy"], alone.frame["entropy"], atol=1e-5)
    changes = found.changes("entropy")
    assert (changes["difference"][changes["layer"] == 0] == 0).all()
    assert not changes["real"].all()
    assert found.roles().groupby("step")["heads"].sum().tolist() == [8, 8]


def test_attributions_of_the_same_model_do_not_move(training, texts):
    series = ic.checkpoint_series([training / "checkpoint-0", training / "checkpoint-1000"])
    found = ic.checkpoint_attributions(series, texts[1], method="saliency", evaluations=None)
    moved = found.movement().set_index("measure")
    assert (moved["n"] > 0).all()
    assert (moved["value"] >= 0).all()
    same = found.__class__(found.checkpoints, (found.shares[0],) * 2, found.texts)
    np.testing.assert_allclose(same.movement()["value"], 0, atol=1e-9)
    assert set(found.frame()["step"]) == {0, 1000}
    first, last = (replace(each, scores=[*each.scores] * 2) for each in found.shares)
    points = tuple(Checkpoint(str(step), "", step) for step in (0, 1, 2))
    for shares, told in (((first, first, last), "more"), ((first, last, last), "less")):
        moving = found.__class__(points, shares, found.texts).settling()
        assert moving.startswith(f"Attributions move {told} from step 1 to 2 than from 0 to 1")
    few = (found.shares[0], *found.shares)
    assert found.__class__(points, few, found.texts).settling() == ""  # four texts are too few


def test_it_can_be_stopped(training, texts):
    series = ic.checkpoint_series(training)
    with pytest.raises(ic.Stopped):
        ic.score_checkpoints(series, *texts, progress=lambda done, _all: done < 5)


def test_the_command_writes_tables_and_sentences(training, texts, tmp_path, capsys):
    for name, table in zip(("train", "held"), texts):
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    given = ["--train", str(tmp_path / "train.csv"), "--held-out", str(tmp_path / "held.csv")]
    out = tmp_path / "out"
    assert command.main([str(training), *given, "--out", str(out), "--heads", "--quiet"]) == 0
    written = {path.name for path in out.iterdir()}
    assert {"curves.csv", "drift.csv", "verdicts.csv", "findings.txt", "curves.svg"} <= written
    assert "heads.csv" in written
    assert capsys.readouterr().out == (out / "findings.txt").read_text()
    assert command.main([str(training), *given, "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert "".join(f"{each}\n" for each in told["findings"]) == (out / "findings.txt").read_text()
    assert {"curves", "drift", "verdicts", "gap", "changes"} <= set(told)
    assert command.main([str(tmp_path / "no"), *given, "--out", str(out)]) == 2
    assert command.main([str(tmp_path / "no"), "--out", str(out), "--json"]) == 2
    assert "There is no folder" in json.loads(capsys.readouterr().out)["message"]
    assert command.main([str(training), "--out", str(out), "--json"]) == 2
    assert "--train and --held-out" in json.loads(capsys.readouterr().out)["message"]


def test_a_fault_of_the_texts_is_said_before_checkpoints_are_loaded(training, texts, monkeypatch):
    series, loads = ic.checkpoint_series(training), []
    load = reading.load_model
    monkeypatch.setattr(
        reading, "load_model", lambda *given, **more: loads.append(given) or load(*given, **more)
    )
    with pytest.raises(ic.BadInput, match="cannot be read"):
        ic.score_checkpoints(series, texts[0], "no-such-file.csv")
    with pytest.raises(ic.BadInput, match="no column 'mood'"):
        ic.score_checkpoints(series, *texts, options={"label": "mood"})
    with pytest.raises(ic.BadInput, match="no column 'mood'"):
        ic.checkpoint_heads(series, texts[0], options={"label": "mood"})
    with pytest.raises(ic.BadInput, match="no column 'mood'"):
        ic.checkpoint_attributions(series, texts[0], options={"label": "mood"})
    assert not loads
    with pytest.raises(ic.BadInput, match="No label in “label”"):
        ic.score_checkpoints(series, texts[0], texts[1].assign(label=list("wxyz")))
    assert len(loads) == 1  # what labels mean is known with a model, and one tells it
