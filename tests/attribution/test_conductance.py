"""Layer conductance: every layer's sum is the whole difference."""

import numpy as np
import pytest

import interp_core as ic

TEXT = "The unhappiest actors know what a strange café does."


@pytest.mark.parametrize("name", ["bert-2-labels", "gpt2", "llama", "distilbert", "t5"])
def test_every_layer_adds_up_to_the_difference(tiny_model, name):
    model = tiny_model(name)
    # The kinks of T5's ReLU leave an error that falls only with the number of points.
    evaluations = 1600 if name == "t5" else 200
    result = ic.layer_conductance(model, TEXT, evaluations=evaluations)
    whole = result.value - result.baseline_value
    assert result.scores.shape == (model.n_layers + 1, len(result.tokens))
    assert result.layer_numbers == list(range(-1, model.n_layers))
    np.testing.assert_allclose(result.convergence_delta, result.scores.sum(1) - whole, atol=1e-9)
    scale = np.abs(result.scores).max()
    assert np.abs(result.convergence_delta).max() < 0.01 * max(abs(whole), scale)


def test_embedding_layer_agrees_with_integrated_gradients(tiny_model):
    model = tiny_model("gpt2")  # its first state is the embeddings plus fixed positions
    layers = ic.layer_conductance(model, TEXT, evaluations=300)
    words = ic.attribute(model, TEXT, rule="gausslegendre", evaluations=100)
    np.testing.assert_allclose(layers.scores[0], words.scores, atol=2e-3)


def test_error_falls_with_the_square_of_the_points(tiny_model):
    model = tiny_model("bert-2-labels")
    few, more = (
        np.abs(ic.layer_conductance(model, TEXT, evaluations=count).convergence_delta).max()
        for count in (25, 97)
    )
    assert more < few / 6


def test_the_walk_starts_at_the_baseline_asked_for(tiny_model):
    model = tiny_model("bert-2-labels")
    values = {}
    for name in ("pad", "mask", "zero"):
        result = ic.layer_conductance(model, TEXT, baseline=name, evaluations=4)
        same = ic.attribute(model, TEXT, baseline=name, evaluations=2)
        assert result.baseline == name
        assert result.baseline_value == pytest.approx(same.baseline_value, abs=1e-5)
        values[name] = result.baseline_value
    assert len({round(each, 4) for each in values.values()}) == 3


def test_words_and_table(tiny_model):
    result = ic.layer_conductance(tiny_model("bert-2-labels"), TEXT, evaluations=6)
    words = result.by_word()
    np.testing.assert_allclose(words.scores.sum(1), result.scores.sum(1), atol=1e-9)
    assert "unhappiest" in words.tokens
    frame = words.to_frame()
    assert list(frame.columns) == ["layer", "index", "token", "special", "score"]
    assert len(frame) == words.scores.size
    assert frame["layer"].min() == -1


def test_bad_options_get_a_sentence(tiny_model):
    model = tiny_model("bert-2-labels")
    with pytest.raises(ic.BadInput, match="at least 3"):
        ic.layer_conductance(model, TEXT, evaluations=2)
    with pytest.raises(ic.BadInput, match="one baseline at a time"):
        ic.layer_conductance(model, TEXT, baseline="average")
    with pytest.raises(ic.Stopped):
        ic.layer_conductance(model, TEXT * 4, progress=lambda done, _: done < 20)
