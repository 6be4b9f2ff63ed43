"""Zero-shot classification by similarity and by inference."""

import numpy as np
import pytest
import torch

import interp_core as ic
from tests.attribution_models import headed

TEXT = "The striker scored twice before half time."
LABELS = ["sport", "cooking", "politics"]


def pooled(model, text):
    with torch.no_grad():
        states = model.model(**model.tokenizer(text, return_tensors="pt")).last_hidden_state
    return torch.nn.functional.normalize(states[0].mean(0), dim=0)


def test_similarity_is_the_cosine_of_mean_pooled_vectors(encoder):
    result = ic.zero_shot(encoder, TEXT, LABELS)
    cosines = [float(pooled(encoder, TEXT) @ pooled(encoder, label)) for label in LABELS]
    np.testing.assert_allclose(result.prediction.logits, cosines, atol=1e-5)
    assert result.prediction.label == result.target == "sport"
    assert result.prediction.probabilities is None
    assert result.value == pytest.approx(cosines[0], abs=1e-5)
    assert result.unit == "cosine"
    assert result.relative_delta < 0.01
    words = result.by_word()
    assert words.tokens[int(np.argmax(words.scores))] in {"striker", "scored"}


def test_contrast_of_two_labels_is_the_difference(encoder):
    fixed = {"rule": "gausslegendre", "evaluations": 6}
    one, two = (ic.zero_shot(encoder, TEXT, LABELS, target=name, **fixed) for name in LABELS[:2])
    both = ic.zero_shot(encoder, TEXT, LABELS, target="sport", contrast="cooking", **fixed)
    np.testing.assert_allclose(both.scores, one.scores - two.scores, atol=1e-5)
    assert both.unit == "cosine difference"


def test_template_is_filled_with_each_label(encoder):
    result = ic.zero_shot(encoder, TEXT, LABELS, template="a text about {}", evaluations=4)
    cosine = float(pooled(encoder, TEXT) @ pooled(encoder, "a text about sport"))
    assert result.prediction.logits[0] == pytest.approx(cosine, abs=1e-5)


def test_inference_explains_the_entailment_logit_of_the_pair():
    model = headed("bert-inference")
    result = ic.zero_shot(model, TEXT, LABELS, target="cooking", evaluations=4)
    logits = []
    for label in LABELS:
        batch = model.tokenizer(TEXT, f"This text is about {label}.", return_tensors="pt")
        with torch.no_grad():
            logits.append(float(model.model(**batch).logits[0, 2]))
    np.testing.assert_allclose(result.prediction.logits, logits, atol=1e-5)
    chances = torch.tensor(logits).softmax(0).numpy()
    np.testing.assert_allclose(result.prediction.probabilities, chances, atol=1e-6)
    assert result.target == "cooking"
    assert result.value == pytest.approx(logits[1], abs=1e-5)
    assert result.sequence.texts == (TEXT, "This text is about cooking.")


@pytest.mark.parametrize("labels", [[], "sport", ["sport", "sport"], ["sport", " "]])
def test_useless_labels_get_a_sentence(encoder, labels):
    with pytest.raises(ic.BadInput, match="label"):
        ic.zero_shot(encoder, TEXT, labels)


def test_models_and_options_that_do_not_fit_get_a_sentence(encoder, tiny_model):
    with pytest.raises(ic.UnsupportedModel, match="no label for entailment"):
        ic.zero_shot(tiny_model("bert-2-labels"), TEXT, LABELS)
    with pytest.raises(ic.UnsupportedModel, match="encoder or an inference model"):
        ic.zero_shot(tiny_model("gpt2"), TEXT, LABELS)
    with pytest.raises(ic.BadInput, match="Unknown label"):
        ic.zero_shot(encoder, TEXT, LABELS, target="dancing")
    with pytest.raises(ic.BadInput, match="contain"):
        ic.zero_shot(encoder, TEXT, LABELS, template="no place")
    with pytest.raises(ic.BadInput, match="needs an encoder"):
        ic.zero_shot(headed("bert-inference"), TEXT, LABELS, contrast="sport")
