"""The explained function is the model itself, and scores add up, for every task and family."""

import copy
import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers.modeling_outputs import SequenceClassifierOutput

import interp_core as ic
from interp_core.attribution.baselines import baseline_embeddings
from interp_core.attribution.forward_function import text_function
from interp_core.attribution.integrated_gradients import CAP
from interp_core.attribution.targets import TargetRequest
from interp_core.attribution.task_targets import resolve_target
from interp_core.inputs.encode import encode_with_decoder
from tests.attribution_models import HEADED, FormulaNetwork, formula_model, headed, two_readers
from tests.needs import needs_language_model

TEXT = "What does a strange model look at?"
PAIR = "The actors look at words near the café."
LABELS = ["river", "film"]
TWO_READERS = ("bart-2-labels", "t5-2-labels")
TINY = (
    "bert",
    "bert-2-labels",
    "bert-5-labels",
    "bert-token-labels",
    "bert-masked-lm",
    "distilbert",
    "roberta",
    "albert",
    "electra",
    "deberta-v2",
    "modernbert",
    "gpt2",
    "gpt-neox",
    "opt",
    "llama",
    "qwen2",
    "mistral",
    "gemma2",
    "gemma3",
    "t5",
    "bart",
)
OWN = tuple(name for name in HEADED if name not in TWO_READERS)
EVERY = (*TINY, *OWN)


@pytest.fixture
def model_of(tiny_model):
    return lambda name: headed(name) if name in HEADED else tiny_model(name)


def ask(model, **options):
    text = TEXT
    if model.task == "masked-lm":
        text = f"What does a {model.tokenizer.mask_token} model look at?"
    if model.task == "encoder":
        return ic.zero_shot(model, text, LABELS, **options)
    if model.task == "question-answering":
        options.setdefault("text_pair", PAIR)
    return ic.attribute(model, text, **options)


def own_value(model, result):
    """The explained logit from a plain call of the model, written out task by task."""
    texts = result.sequence.texts
    inputs = model.tokenizer(*texts, return_tensors="pt")
    if model.task == "encoder-decoder":
        inputs["decoder_input_ids"] = torch.tensor([result.goal.decoder_ids])
    with torch.no_grad():
        output = model.model(**inputs)
    if model.task == "encoder":
        mean = torch.nn.functional.normalize(output.last_hidden_state[0].mean(0), dim=0)
        return max(float(mean @ torch.as_tensor(each)) for each in result.goal.vectors)
    if model.task == "question-answering":
        start, end = result.goal.terms
        return float(output.start_logits[0, start.index] + output.end_logits[0, end.index])
    place = result.goal.terms[0].position
    line = output.logits[0] if place is None else output.logits[0, place]
    return float(line.max())


def missed(result):
    """The share of the largest score that the sum may miss; more where the cap ended the search."""
    return 0.021 if result.evaluations <= CAP else 0.021 + 2 * result.token_error


@pytest.mark.parametrize("name", EVERY)
def test_value_is_the_models_own_output_and_scores_add_up(model_of, name):
    model = model_of(name)
    result = ask(model)
    assert result.value == pytest.approx(own_value(model, result), abs=1e-5)
    whole = result.value - result.baseline_value
    assert result.convergence_delta == pytest.approx(result.scores.sum() - whole, abs=1e-9)
    assert result.relative_delta == pytest.approx(abs(result.convergence_delta / whole))
    assert abs(result.convergence_delta) < missed(result) * np.abs(result.scores).max()
    assert np.all(result.scores[result.special] == 0)


@pytest.mark.parametrize("name", ["bert-2-labels", "roberta", "gpt2", "gemma2", "electra"])
def test_adaptive_points_keep_the_error_they_promise(model_of, name):
    model = model_of(name)
    result = ask(model)
    reference = ask(model, rule="gausslegendre", evaluations=300)
    worst = np.abs(result.scores - reference.scores).max() / np.abs(reference.scores).max()
    assert worst < 0.01
    assert worst <= result.token_error + 1e-4


@pytest.mark.parametrize("name", EVERY)
def test_every_listed_method_works(model_of, name):
    model = model_of(name)
    for method, entry in ic.attribution_methods(model).items():
        if method in ("kernel_shap", "lime", "shapley_sampling"):
            result = ask(model, method=method, evaluations=20)
        else:
            result = ask(model, method=method)
        assert result.scores.shape == (len(result.tokens),)
        assert np.isfinite(result.scores).all()
        assert (result.convergence_delta is not None) == entry.complete
        assert entry.signed or (result.scores >= 0).all()


def explained_by(model, *texts):
    encoded = encode_with_decoder(model, *texts)
    return text_function(
        model, encoded, lambda out: resolve_target(model, encoded, out, TargetRequest())[0]
    )


@pytest.mark.parametrize("name", ["gpt2", "llama", "gemma2", "opt", "mistral"])
@pytest.mark.parametrize("position", [None, 3])
def test_passes_of_causal_models_give_the_one_line_that_is_read(tiny_model, name, position):
    model = tiny_model(name)
    encoded = encode_with_decoder(model, TEXT, None)
    request = TargetRequest(position=position)
    explained = text_function(
        model, encoded, lambda out: resolve_target(model, encoded, out, request)[0]
    )
    assert explained.run(explained.embeddings).logits.shape[1] == 1
    value, slopes = explained.gradients(explained.embeddings)
    point = explained.embeddings.clone().requires_grad_()
    explained.port.give(point)
    with torch.enable_grad():
        whole = explained.target.score(explained.network(**encoded.inputs, use_cache=False))
        (truth,) = torch.autograd.grad(whole.sum(), point)
    explained.port.given = None
    assert float(value) == pytest.approx(explained.value, abs=1e-5)
    torch.testing.assert_close(slopes, truth, rtol=1e-4, atol=1e-6)


def test_baseline_of_a_pair_keeps_segments_positions_and_special_tokens(tiny_model):
    model = tiny_model("bert-2-labels")
    explained = explained_by(model, TEXT, PAIR)
    start = baseline_embeddings(explained, "mask")
    inputs = model.tokenizer(TEXT, PAIR, return_tensors="pt")
    ids = inputs["input_ids"].clone()
    words = ~explained.encoded.sequence.special
    ids[0, words] = model.tokenizer.mask_token_id
    assert inputs["token_type_ids"].sum() > 0
    with torch.no_grad():
        own = model.model(
            input_ids=ids,
            token_type_ids=inputs["token_type_ids"],
            attention_mask=inputs["attention_mask"],
            position_ids=torch.arange(ids.shape[1])[None],
        )
        value = float(explained(start))
    assert value == pytest.approx(float(explained.target.score(own)), abs=1e-6)


@pytest.mark.parametrize("name", ["roberta-2-labels", "gpt2-2-labels"])
def test_padding_baseline_moves_no_position(name):
    model = headed(name)
    explained = explained_by(model, TEXT)
    start = baseline_embeddings(explained, "pad")
    count = len(explained)
    first = 2 if "roberta" in name else 0  # RoBERTa counts from padding index + 1
    with torch.no_grad():
        own = model.model(
            inputs_embeds=start,
            attention_mask=torch.ones(1, count),
            position_ids=torch.arange(first, first + count)[None],
        )
        value = float(explained(start))
    assert value == pytest.approx(float(explained.target.score(own)), abs=1e-6)
    assert value != pytest.approx(explained.value, abs=1e-3)


def test_typed_mask_stays_in_the_baseline_and_scores_nothing(tiny_model):
    result = ask(tiny_model("bert-masked-lm"))
    place = result.tokens.index("[MASK]")
    assert result.goal.terms[0].position == place
    assert result.scores[place] == 0


def test_an_unknown_word_gives_way_to_the_baseline_like_any_other(tiny_model):
    result = ic.attribute(tiny_model("bert-2-labels"), "The Ωmega actors look", baseline="pad")
    place = result.tokens.index("[UNK]")
    assert result.scores[place] != 0
    explained = explained_by(tiny_model("bert-2-labels"), "The Ωmega actors look")
    moved = (baseline_embeddings(explained, "pad") != explained.embeddings)[0].any(-1).numpy()
    np.testing.assert_array_equal(moved, ~result.special)


def test_causal_attribution_never_reaches_behind_its_position(tiny_model):
    result = ic.attribute(tiny_model("gpt2"), TEXT, position=2)
    assert np.all(result.scores[3:] == 0)
    assert result.scores[1] != 0


def test_path_leaves_a_causal_model_the_first_token_that_its_heads_lean_on(tiny_model):
    model = tiny_model("gpt2")
    explained = explained_by(model, TEXT)
    moved = baseline_embeddings(explained, "pad", path=True) != explained.embeddings
    assert moved[0].any(-1).tolist() == [False] + [True] * (len(explained) - 1)
    for method in ("integrated_gradients", "gradient_shap"):
        result = ic.attribute(model, TEXT, method=method, evaluations=20)
        assert result.first_kept
        assert result.scores[0] == 0
        assert not np.any(result.scores[1:] == 0)
    assert ic.layer_conductance(model, TEXT, evaluations=5).scores[0, 0] == 0
    # Where words are taken away one by one, and where nothing else is seen, it goes as any other.
    assert ic.attribute(model, TEXT, method="occlusion").scores[0] != 0
    alone = ic.attribute(model, TEXT, position=0)
    assert not alone.first_kept
    assert alone.scores[0] != 0
    assert not ask(tiny_model("bert-2-labels")).first_kept


@needs_language_model
def test_integrated_gradients_of_the_language_model_add_up():
    result = ic.attribute(ic.load_model("language-model"), "The capital of France is")
    assert result.first_kept
    assert result.sum_error < 0.01
    assert result.token_error < 0.01


@pytest.mark.parametrize("name", TWO_READERS)
def test_decoder_that_reads_the_text_too_is_explained_with_it(name):
    model = two_readers(name)
    result = ask(model)
    assert result.value == pytest.approx(own_value(model, result), abs=1e-5)
    assert abs(result.convergence_delta) < missed(result) * np.abs(result.scores).max()
    inputs = model.tokenizer(TEXT, return_tensors="pt")
    ids = inputs["input_ids"].clone()
    words = ~result.special
    ids[0, words] = model.tokenizer.unk_token_id
    with torch.no_grad():
        own = model.model(input_ids=ids, attention_mask=inputs["attention_mask"])
    unknown = ask(model, baseline="unk", evaluations=4)
    assert unknown.baseline_value == pytest.approx(float(unknown.goal.score(own)), abs=1e-5)
    ic.faithfulness(model, result, rankings=2)


def test_segments_read_from_the_word_table_stay_in_place():
    """GPT-2 looks its segment ids up in the table of words, in a second call."""
    model = headed("gpt2-2-labels")
    tokenizer = copy.deepcopy(model.tokenizer)
    tokenizer.model_input_names = ["input_ids", "token_type_ids", "attention_mask"]
    model = replace(model, tokenizer=tokenizer, model=copy.deepcopy(model.model))
    result = ask(model)
    plain = ask(headed("gpt2-2-labels"))
    assert result.value == pytest.approx(own_value(model, result), abs=1e-5)
    assert result.value != pytest.approx(plain.value, abs=1e-3)
    assert abs(result.convergence_delta) < missed(result) * np.abs(result.scores).max()


class Bypass(FormulaNetwork):
    """Reads its table without calling it."""

    def forward(self, input_ids, **_):
        value = self.table.weight[input_ids].sum((1, 2))
        return SequenceClassifierOutput(logits=torch.stack([value, -value], -1))


class Restless(FormulaNetwork):
    """Says something else in every pass."""

    passes = 0

    def forward(self, input_ids, **options):
        self.passes += 1
        output = super().forward(input_ids, **options)
        return SequenceClassifierOutput(logits=output.logits + self.passes)


@pytest.mark.parametrize("kind", [Bypass, Restless])
def test_models_that_embeddings_do_not_determine_are_refused(kind):
    model = formula_model(lambda embeddings: embeddings.sum((1, 2)))
    network = kind(model.model.formula, len(model.tokenizer)).eval().requires_grad_(False)
    with pytest.raises(ic.UnsupportedModel, match="would explain another function"):
        ic.attribute(replace(model, model=network), TEXT)


def hooks(model):
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return [list(getattr(each, kind)) for each in model.model.modules() for kind in kinds]


def test_shared_model_is_left_as_it_was(tiny_model):
    model = tiny_model("bert-2-labels")
    before = {name: value.clone() for name, value in model.model.state_dict().items()}
    known = hooks(model)
    for method in ic.attribution_methods(model):
        ask(model, method=method)
    assert hooks(model) == known
    assert all(value.grad is None for value in model.model.parameters())
    after = model.model.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())


def test_threads_that_share_a_model_do_not_disturb_each_other(tiny_model):
    model = tiny_model("bert-2-labels")
    texts = [TEXT, PAIR, "Nobody expected the ending of this film."]
    methods = ["integrated_gradients", "deeplift", "attention_relevance", "occlusion"]
    alone = {(t, m): ic.attribute(model, t, method=m).scores for t in texts for m in methods}
    together, errors = {}, []

    def work(key):
        try:
            for _ in range(3):
                together[key] = ic.attribute(model, key[0], method=key[1]).scores
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(key,)) for key in alone]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    for key, scores in alone.items():
        np.testing.assert_allclose(together[key], scores, atol=1e-6)
