"""An audit's predictions and attention lifts, done in blocks, are those of one pass."""

from dataclasses import fields, replace

import numpy as np
import pytest

import interp_core as ic
from interp_core.audit import __main__ as command
from interp_core.distributed import audit, engines
from interp_core.distributed.audit import AuditPasses
from tests.distributed.engines import Here


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(audit, "CHUNK", 7)


@pytest.fixture(scope="module")
def data(sentiment):
    """Thirty texts, of which one cannot be read, one is empty and one is cut."""
    chosen = ic.audit_set(sentiment).take(np.arange(30))
    texts = list(chosen.texts)
    texts[3], texts[10], texts[20] = "a\ud800", "good " * 600, " "
    return replace(chosen, texts=tuple(texts), rows=np.arange(5, 35))


def check(found, truth):
    """Equal in all that is not rounding."""
    for name in (field.name for field in fields(truth)):
        one, two = getattr(found, name), getattr(truth, name)
        if name == "refused":
            assert one.counts == two.counts
            order = sorted(two.rows, key=lambda row: row.number)
            assert one.rows == order
        elif (isinstance(two, np.ndarray) and two.dtype == float) or name in ("logits", "vectors"):
            assert (one is None) == (two is None)
            if two is not None:
                np.testing.assert_allclose(one, two, atol=1e-4)
        elif name == "predicted" and two.dtype == object:
            assert all(np.array_equal(a, b) for a, b in zip(one, two))
        elif name == "probabilities":
            assert (one is None) == (two is None)
            if two is not None:
                np.testing.assert_allclose(one, two, atol=1e-4)
        else:
            assert np.array_equal(one, two), name


def test_predictions_are_those_of_one_pass_also_after_it_was_killed(sentiment, data, tmp_path):
    truth = ic.predict_labelled(sentiment, data)
    with pytest.raises(KeyboardInterrupt):
        AuditPasses(Here(sentiment, lives=3, workers=1), tmp_path / "kept").predictions(data)
    again, seen = Here(sentiment), []
    passes = AuditPasses(again, tmp_path / "kept")
    found = passes.predictions(data, lambda done, n: seen.append((done, n)))
    check(found, truth)
    assert 0 < len(again.submitted) < 5
    assert seen[-1] == (30, 30)
    check(passes.predictions(data), truth)  # all of it from what is kept
    passes.clear()
    assert not (tmp_path / "kept").exists()


def test_labels_of_words_come_back_as_they_were(tmp_path):
    model = ic.load_model("slots")
    data = ic.audit_set(model).take(np.arange(20))
    truth = ic.predict_labelled(model, data)
    passes = AuditPasses(Here(model), tmp_path / "kept")
    check(passes.predictions(data), truth)
    check(passes.predictions(data), truth)


def test_attention_lifts_are_those_of_one_pass(sentiment, data, tmp_path):
    texts, spans = data.texts, list(ic.group_spans(data.texts))
    rng, lengths = np.random.default_rng(0), ic.predict_labelled(sentiment, data).lengths
    scores = [rng.normal(size=max(length, 1)) for length in lengths]
    for given in (None, scores):
        truth = ic.attention_lift(sentiment, texts, spans, scores=given)
        passes = AuditPasses(Here(sentiment), tmp_path / "kept")
        for _ in range(2):  # the second time from what is kept
            found = passes.lift(sentiment, texts, spans, scores=given)
            np.testing.assert_allclose(found.lift, truth.lift, rtol=1e-3, atol=1e-4)
            np.testing.assert_allclose(found.alignment, truth.alignment, atol=1e-4)
            assert (found.names, found.layers) == (truth.names, truth.layers)
            assert np.array_equal(found.read, truth.read)
            assert sorted(found.problems) == sorted(truth.problems)
    with pytest.raises(ic.BadInput, match="no texts"):
        passes.lift(sentiment, [], [])


def test_the_command_writes_the_same_audit(sentiment, tmp_path, monkeypatch):
    from contextlib import contextmanager

    @contextmanager
    def here(asked, *, shared):
        assert not shared
        yield Here(sentiment) if asked.engine else None

    monkeypatch.setattr(engines, "chosen", here)
    frame = ic.audit_set(sentiment).take(np.arange(40)).frame()[["text", "label"]]
    path = tmp_path / "texts.csv"
    frame.to_csv(path, index=False)
    for name, more in (("one", []), ("many", ["--engine", "ray"])):
        arguments = ["sentiment", str(path), "--label", "label", "--quiet"]
        assert command.main([*arguments, "--out", str(tmp_path / name), *more]) == 0
    one, many = ((tmp_path / name / "errors.csv").read_text() for name in ("one", "many"))
    assert one.count("\n") == many.count("\n")
    assert not (tmp_path / "many" / "unfinished").exists()
