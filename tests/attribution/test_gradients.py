"""The same numbers as Captum called directly, with the same baseline, points and seeds."""

import numpy as np
import pytest
import torch
from captum._utils.models.linear_model import SkLearnLinearRegression
from captum.attr import (
    DeepLift,
    FeatureAblation,
    GradientShap,
    InputXGradient,
    IntegratedGradients,
    KernelShap,
    LayerConductance,
    Lime,
    Occlusion,
    Saliency,
    ShapleyValueSampling,
)

import interp_core as ic
from interp_core.attribution.baselines import evaluate_baseline
from interp_core.attribution.conductance import conductance_along
from interp_core.attribution.forward_function import text_function
from interp_core.attribution.integrated_gradients import along_path
from interp_core.attribution.targets import TargetRequest
from interp_core.attribution.task_targets import resolve_target
from interp_core.inputs.encode import encode_with_decoder

TEXT = "The unhappiest actors know what a café does."
SEED = 7


class Bare(torch.nn.Module):
    """A classifier as a function of the output of its word embeddings, written with its parts."""

    def __init__(self, model, target):
        super().__init__()
        self.model, self.target = model, target

    def forward(self, words):
        return self.model(inputs_embeds=words).logits[:, self.target, None]


@pytest.fixture(scope="module")
def setting(tiny_model):
    """Model, function, and the embeddings of text and pad baseline, by hand."""
    model = tiny_model("bert-2-labels")
    batch = model.tokenizer(TEXT, return_tensors="pt", return_special_tokens_mask=True)
    ids, special = batch["input_ids"], batch["special_tokens_mask"].bool()
    table = model.model.get_input_embeddings()
    text = table(ids)
    pad = torch.where(special, ids, torch.full_like(ids, model.tokenizer.pad_token_id))
    return model, Bare(model.model, 1), text.detach(), table(pad).detach()


def ours(setting, method, **options):
    return ic.attribute(
        setting[0],
        TEXT,
        method=method,
        target=1,
        **({"baseline": "pad"} if ic.attribution_methods(setting[0])[method].baseline else {}),
        **options,
    )


def features(result):
    """(1, n, 1): the word's number; special tokens are features after the last word."""
    words = [each for each in result.word_ids if each is not None]
    rest = iter(range(max(words) + 1, 1000))
    numbers = [next(rest) if each is None else each for each in result.word_ids]
    return torch.tensor(numbers)[None, :, None]


def close(mine, theirs, tolerance=1e-5):
    np.testing.assert_allclose(mine, theirs.detach().double().numpy().ravel(), atol=tolerance)


@pytest.mark.parametrize("points", [7, 50])
def test_integrated_gradients(setting, points):
    _, bare, text, pad = setting
    theirs = IntegratedGradients(bare).attribute(text, pad, n_steps=points, target=0)
    mine = ours(setting, "integrated_gradients", rule="gausslegendre", evaluations=points)
    close(mine.scores, theirs.sum(-1))


def test_saliency_and_input_x_gradient(setting):
    _, bare, text, _ = setting
    point = text.clone().requires_grad_()
    theirs = Saliency(bare).attribute(point, target=0, abs=False)
    close(ours(setting, "saliency").scores, theirs.norm(dim=-1))
    theirs = InputXGradient(bare).attribute(point, target=0)
    close(ours(setting, "input_x_gradient").scores, theirs.sum(-1))


def test_deeplift(setting):
    _, bare, text, pad = setting
    theirs = DeepLift(bare).attribute(text, pad, target=0)
    close(ours(setting, "deeplift").scores, theirs.sum(-1))


@pytest.mark.parametrize("samples", [80, 301])  # in one pass, and in several
def test_gradient_shap(setting, samples):
    _, bare, text, pad = setting
    np.random.seed(SEED)
    theirs = GradientShap(bare).attribute(text, pad, n_samples=samples, stdevs=0.0, target=0)
    mine = ours(setting, "gradient_shap", evaluations=samples, seed=SEED)
    assert mine.evaluations >= samples
    close(mine.scores, theirs.sum(-1))


def word_sums(result):
    words = result.by_word()
    return words.scores[~words.special]


def by_word(result, theirs):
    """Captum gives every element of a feature the same value."""
    sums = [
        theirs[0, place, 0]
        for word, place in {w: i for i, w in enumerate(result.word_ids) if w is not None}.items()
    ]
    return torch.stack(sums)


def test_occlusion_by_word(setting):
    _, bare, text, pad = setting
    mine = ours(setting, "occlusion")
    theirs = FeatureAblation(bare).attribute(text, pad, target=0, feature_mask=features(mine))
    close(word_sums(mine), by_word(mine, theirs))


def test_occlusion_of_words_of_one_piece_is_captums_sliding_window(setting):
    _, bare, text, pad = setting
    mine = ours(setting, "occlusion")
    theirs = Occlusion(bare).attribute(text, (1, text.shape[-1]), baselines=pad, target=0)
    single = [
        i
        for i, word in enumerate(mine.word_ids)
        if word is not None and mine.word_ids.count(word) == 1
    ]
    assert len(single) > 2
    close(mine.scores[single], theirs[0, single, 0])


@pytest.mark.parametrize("evaluations", [90, 240])
def test_shapley_sampling(setting, evaluations):
    _, bare, text, pad = setting
    mine = ours(setting, "shapley_sampling", evaluations=evaluations, seed=SEED)
    # The same orders, drawn over words alone: special tokens are the same in both and go last.
    sampler = ShapleyValueSampling(bare)
    mask = features(mine)
    words = len(word_sums(mine))
    others = list(range(words, int(mask.max()) + 1))
    sampler.permutation_generator = lambda _, samples: (
        torch.randperm(words).tolist() + others for _ in range(samples)
    )
    torch.manual_seed(SEED)
    theirs = sampler.attribute(
        text, pad, target=0, feature_mask=mask, n_samples=evaluations // words
    )
    close(word_sums(mine), by_word(mine, theirs))


@pytest.mark.parametrize("method", ["kernel_shap", "lime"])
def test_regression_methods(setting, method):
    _, bare, text, pad = setting
    mine = ours(setting, method, evaluations=200, seed=SEED)
    mask = features(mine)
    words = len(word_sums(mine))

    def game(present):
        rows = [
            pad + torch.where(mask < words, z[mask.clamp(max=words - 1)], 1) * (text - pad)
            for z in present.float()
        ]
        return bare(torch.cat(rows))[:, 0]

    def closeness(original, perturbed, interpretable, **_):
        cosine = torch.nn.functional.cosine_similarity(original, perturbed.float()).clamp(min=0)
        return torch.exp(-((1 - cosine) ** 2) / 0.25**2)

    explainer = (
        KernelShap(game)
        if method == "kernel_shap"
        else Lime(game, interpretable_model=SkLearnLinearRegression(), similarity_func=closeness)
    )
    torch.manual_seed(SEED)
    theirs = explainer.attribute(torch.ones(1, words), 0, n_samples=200, perturbations_per_eval=9)
    close(word_sums(mine), theirs)


def explained_by(model):
    encoded = encode_with_decoder(model, TEXT)
    request = TargetRequest(target=1)
    return text_function(
        model, encoded, lambda out: resolve_target(model, encoded, out, request)[0]
    )


@pytest.mark.parametrize("layer", [0, 1])
def test_layer_conductance_at_captums_points(setting, layer):
    model, bare, text, pad = setting
    explained = explained_by(model)
    points, _ = np.polynomial.legendre.leggauss(21)
    mine = conductance_along(
        explained, evaluate_baseline(explained, "pad"), (points + 1) / 2, slope_at="left"
    )
    block = model.model.bert.encoder.layer[layer]
    theirs = LayerConductance(bare, block).attribute(text, pad, n_steps=20, target=0)
    theirs = theirs[0] if isinstance(theirs, tuple) else theirs
    close(mine[layer + 1], theirs.sum(-1))


def test_path_values_are_the_functions_own(setting):
    _, bare, text, pad = setting
    explained = explained_by(setting[0])
    values, _ = along_path(
        explained, evaluate_baseline(explained, "pad"), np.array([0.0, 0.3, 1.0])
    )
    with torch.no_grad():
        theirs = [float(bare(pad + alpha * (text - pad))) for alpha in (0.0, 0.3, 1.0)]
    np.testing.assert_allclose(values, theirs, atol=1e-6)
