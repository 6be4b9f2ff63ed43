"""Bad input gets a sentence that names the cure; long work can be watched and stopped."""

import numpy as np
import pytest

import interp_core as ic
from tests.attribution_models import headed

TEXT = "The plot is not bad at all."


@pytest.fixture
def model(tiny_model):
    return tiny_model("bert-2-labels")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"target": "splendid"}, "Unknown label 'splendid'.*class 0, class 1"),
        ({"target": 2}, "Unknown label"),
        ({"target": -1}, "Unknown label"),
        ({"target": True}, "Unknown label"),
        ({"target": 0.5}, "Unknown label"),
        ({"target": 1, "contrast": 1}, "names the target itself"),
        ({"contrast": "nothing"}, "Unknown label"),
        ({"position": 1}, "leave `position` out"),
        ({"method": "magic"}, "Unknown method 'magic'.*integrated_gradients"),
        ({"method": "saliency", "seed": 1}, "no option 'seed'.*none"),
        ({"rule": "simpson"}, "Unknown rule 'simpson'.*adaptive"),
        ({"evaluations": 1}, "at least 2"),
        ({"baseline": "cat"}, "Unknown baseline 'cat'.*pad"),
        ({"method": "lime", "evaluations": 5}, "too few for 8 words"),
        ({"method": "gradient_shap", "evaluations": 1}, "at least 2"),
        ({"method": "gradient_shap", "noise": -1}, "noise is a standard deviation"),
    ],
)
def test_impossible_requests_get_a_sentence(model, options, sentence):
    with pytest.raises(ic.BadInput, match=sentence):
        ic.attribute(model, TEXT, **options)


@pytest.mark.parametrize("text", ["", "   ", "\n\t", None, 7])
def test_nothing_to_read_gets_a_sentence(model, text):
    with pytest.raises(ic.BadInput):
        ic.attribute(model, text)


def test_five_thousand_words_get_a_sentence(model):
    with pytest.raises(ic.InputTooLong, match="Shorten"):
        ic.attribute(model, "word " * 5000)


@pytest.mark.parametrize("text", ["plot", "?", "😀", "日本語", "a"])
def test_one_word_is_enough(model, text):
    for method in ic.attribution_methods(model):
        if method == "lime":
            continue
        scores = ic.attribute(model, text, method=method).scores
        assert np.isfinite(scores).all()


@pytest.mark.parametrize("position", [99, -99, "last", 1.5, True])
def test_positions_out_of_range_get_a_sentence(tiny_model, position):
    for name in ("bert-token-labels", "gpt2"):
        with pytest.raises(ic.BadInput, match="tokens 0 to"):
            ic.attribute(tiny_model(name), TEXT, position=position)


def test_words_that_are_no_single_token_get_a_sentence(tiny_model):
    with pytest.raises(ic.BadInput, match="is not one token of this model"):
        ic.attribute(tiny_model("gpt2"), TEXT, target="extraordinary")
    with pytest.raises(ic.BadInput, match="is not a token"):
        ic.attribute(tiny_model("gpt2"), TEXT, target=10**9)


def test_masked_models_ask_for_a_mask(tiny_model):
    with pytest.raises(ic.BadInput, match=r"\[MASK\].*position"):
        ic.attribute(tiny_model("bert-masked-lm"), TEXT)
    result = ic.attribute(tiny_model("bert-masked-lm"), TEXT, position=2, evaluations=4)
    assert result.goal.terms[0].position == 2


def test_questions_need_a_context():
    model = headed("bert-answers")
    with pytest.raises(ic.BadInput, match="text_pair"):
        ic.attribute(model, "Who looks?")
    for options, sentence in (
        ({"target": "penguin"}, "does not contain 'penguin'"),
        ({"position": 1}, "not in the second text"),
        ({"position": 60}, "does not exist"),
        ({"position": (12, 8)}, "would end"),
        ({"target": "look", "contrast": "look"}, "names the target itself"),
    ):
        with pytest.raises(ic.BadInput, match=sentence):
            ic.attribute(model, "Who looks?", text_pair="The actors look at words.", **options)


def test_models_without_a_decision_say_so(tiny_model, encoder):
    with pytest.raises(ic.UnsupportedModel, match="zero_shot"):
        ic.attribute(encoder, TEXT)
    with pytest.raises(ic.UnsupportedModel, match="reads images"):
        ic.attribute(tiny_model("vit"), TEXT)


def test_methods_that_cannot_work_are_not_offered_and_say_so(tiny_model):
    methods = ic.attribution_methods(tiny_model("t5"))
    assert "rollout" not in methods
    assert "integrated_gradients" in methods
    with pytest.raises(ic.UnsupportedModel, match="does not work with this model"):
        ic.attribute(tiny_model("t5"), TEXT, method="rollout")
    assert "deeplift" not in ic.attribution_methods(headed("gpt2-2-labels-without-padding"))


def test_missing_baseline_token_says_what_there_is(tiny_model):
    with pytest.raises(ic.BadInput, match=r"no mask token.*pad, unk, zero, average"):
        ic.attribute(tiny_model("gpt2"), TEXT, baseline="mask")


def test_leaving_out_the_only_token_says_what_to_do():
    model = headed("gpt2-2-labels")
    assert ic.attribute(model, "plot", method="leave_one_out").units == "tokens"
    with pytest.raises(ic.BadInput, match="only token"):
        ic.attribute(model, "p", method="leave_one_out")


@pytest.mark.parametrize(
    "method",
    [
        "integrated_gradients",
        "gradient_shap",
        "shapley_sampling",
        "kernel_shap",
        "lime",
        "occlusion",
        "leave_one_out",
    ],
)
def test_progress_counts_up_and_can_stop(model, method):
    seen = []
    text = "The plot is not bad at all. " * 6
    result = ic.attribute(model, text, method=method, progress=lambda *now: seen.append(now))
    done = [each for each, _ in seen]
    assert done == sorted(done)
    assert done[-1] == result.evaluations
    assert all(each <= expected for each, expected in seen)
    if method != "integrated_gradients":  # which ends as soon as it is good enough
        assert seen[-1][1] == result.evaluations
    with pytest.raises(ic.Stopped, match="Stopped"):
        ic.attribute(model, text, method=method, progress=lambda done, _: done < 3)
    with pytest.raises(KeyboardInterrupt):
        ic.attribute(model, text, method=method, progress=interrupt)


def interrupt(_done, _expected):
    raise KeyboardInterrupt


@pytest.mark.parametrize("method", ["gradient_shap", "shapley_sampling", "kernel_shap", "lime"])
def test_seeds_repeat_and_leave_the_global_generators_alone(model, method):
    np.random.seed(3)
    first = ic.attribute(model, TEXT, method=method, seed=5)
    draw = np.random.random()
    again = ic.attribute(model, TEXT, method=method, seed=5)
    other = ic.attribute(model, TEXT, method=method, seed=6)
    np.testing.assert_allclose(first.scores, again.scores, atol=1e-6)
    assert not np.allclose(first.scores, other.scores, atol=1e-5)
    np.random.seed(3)
    assert np.random.random() == draw


def test_budget_is_spent_exactly(model):
    for budget in (2, 7, 40):
        result = ic.attribute(model, TEXT, evaluations=budget)
        assert result.evaluations == budget + 1  # the baseline
