"""Adapters are merged into their base exactly as the library peft does it, or refused in words."""

import json
import pickle
import shutil

import peft
import pytest
import torch
import transformers as tf
from peft import LoraConfig
from safetensors.torch import load_file, save_file

import interp_core as ic
from interp_core.errors import MissingBase
from interp_core.models import extras, peft_merge
from interp_core.training_dynamics.bundled import bundled_folder

QUERY = ["query", "value"]
HEADS = {
    "SEQ_CLS": "SequenceClassification",
    "TOKEN_CLS": "TokenClassification",
    "QUESTION_ANS": "QuestionAnswering",
    "CAUSAL_LM": "CausalLM",
    "SEQ_2_SEQ_LM": "Seq2SeqLM",
}


def seq(kind=LoraConfig, targets=QUERY, **settings):
    return kind(task_type="SEQ_CLS", target_modules=targets, **settings)


def lm(kind=LoraConfig, **settings):
    return kind(task_type="CAUSAL_LM", **settings)


def train(tiny, family, settings, folder, labels=3, head=None, resize=0):
    """Write an adapter with weights that are not zero; gives the model with its base."""
    torch.manual_seed(0)
    kind = head or HEADS.get(settings.task_type)
    more = {"num_labels": labels, "ignore_mismatched_sizes": True}
    plain = kind in (None, "CausalLM", "Seq2SeqLM", "MaskedLM", "QuestionAnswering")
    auto = getattr(tf, f"AutoModelFor{kind}" if kind else "AutoModel")
    base = auto.from_pretrained(tiny(family), **({} if plain else more))
    if resize:
        base.resize_token_embeddings(base.config.vocab_size + resize)
    model = peft.get_peft_model(base, settings).eval()
    with torch.no_grad():
        for value in model.parameters():
            if value.requires_grad:
                value.add_(0.1 * torch.randn_like(value))
    model.save_pretrained(folder)
    return model


def answer(model, config):
    if getattr(config, "image_size", None):
        inputs = {"pixel_values": torch.rand(1, 3, 12, 12, generator=torch.Generator())}
    else:
        inputs = {"input_ids": torch.tensor([[3, 5, 6, 7, 8, 9, 2]])}
        if config.is_encoder_decoder:
            inputs["decoder_input_ids"] = torch.tensor([[0, 4, 5]])
    with torch.no_grad():
        output = model(**inputs)
    return next(
        output[name] for name in ("logits", "start_logits", "last_hidden_state") if name in output
    )


CASES = {
    "lora": ("bert", seq()),
    "bias of all": ("bert-2-labels", seq(bias="all")),
    "bias of the adapted": ("bert", seq(bias="lora_only")),
    "patterns": (
        "bert",
        seq(rank_pattern={"layer.1.attention.self.query": 7}, alpha_pattern={"0.*value": 3}),
    ),
    "a regular expression": ("bert", seq(targets=r".*\.1\..*query")),
    "some layers": ("bert", seq(layers_to_transform=[1])),
    "rank-stabilised": ("bert", seq(use_rslora=True)),
    "bias of the update": ("bert", seq(lora_bias=True)),
    "weight decomposition": (
        "bert",
        LoraConfig(task_type="TOKEN_CLS", use_dora=True, target_modules=QUERY),
    ),
    "question answering": ("bert", LoraConfig(task_type="QUESTION_ANS", target_modules=QUERY)),
    "no head": ("bert", LoraConfig(task_type="FEATURE_EXTRACTION", target_modules=QUERY)),
    "a head of two layers": ("roberta", seq()),
    "a saved pooler": (
        "distilbert",
        seq(targets=["q_lin"], modules_to_save=["pre_classifier", "classifier"]),
    ),
    "transposed weights": ("gpt2", lm(target_modules=["c_attn", "c_proj"], fan_in_fan_out=True)),
    "all linear layers": ("llama", lm(target_modules="all-linear")),
    "embeddings": ("llama", lm(target_modules=["embed_tokens", "q_proj"])),
    "some tokens": ("llama", lm(target_modules=["q_proj"], trainable_token_indices=[5, 6])),
    "a decoder with a classifier": ("llama", seq(targets=["q_proj"])),
    "parameters": ("llama", lm(target_modules=[], target_parameters=["q_proj.weight"])),
    "principal components": ("llama", lm(init_lora_weights="pissa", target_modules=["q_proj"])),
    "encoder-decoder": ("t5", LoraConfig(task_type="SEQ_2_SEQ_LM", target_modules=["q", "v"])),
    "ia3": (
        "bert",
        seq(peft.IA3Config, ["key", "output.dense"], feedforward_modules=["output.dense"]),
    ),
    "loha": ("bert", seq(peft.LoHaConfig)),
    "lokr": ("bert", seq(peft.LoKrConfig)),
    "lokr of whole matrices": ("bert", seq(peft.LoKrConfig, r=10_000)),
    "adalora": ("bert", seq(peft.AdaLoraConfig, init_r=6, target_r=4, total_step=10)),
    "vera": ("bert", seq(peft.VeraConfig, r=16)),
    "vera from its seed": ("bert", seq(peft.VeraConfig, r=16, save_projection=False)),
    "oft": ("bert", seq(peft.OFTConfig, r=4, oft_block_size=0)),
    "vector bank": ("bert", seq(peft.VBLoRAConfig, num_vectors=16, vector_length=8)),
    "layer norms": ("bert", seq(peft.LNTuningConfig, ["LayerNorm"])),
    "fourier": ("bert", seq(peft.FourierFTConfig, n_frequency=50)),
}


@pytest.mark.parametrize("name", CASES)
def test_the_merged_model_is_that_of_peft(tiny, tmp_path, name):
    family, settings = CASES[name]
    theirs = train(tiny, family, settings, tmp_path / "adapter")
    beside = answer(theirs, theirs.config)
    right = answer(theirs.merge_and_unload(), theirs.config)
    model = ic.load_model(str(tmp_path / "adapter"))
    assert (answer(model.model, model.model.config) - right).abs().max() < 1e-5
    plain = tf.AutoModel.from_pretrained(tiny(family))
    ours = dict(model.model.base_model.named_parameters())
    shared = [name for name, _ in plain.named_parameters() if name in ours]
    assert any(not torch.equal(plain.get_parameter(name), ours[name]) for name in shared)
    assert (beside - right).abs().max() < 1e-4
    assert not [m for m in model.model.modules() if type(m).__module__.startswith("peft")]
    assert model.base == str(tiny(family))
    if settings.task_type in ("SEQ_CLS", "TOKEN_CLS"):
        assert len(model.labels) == 3 == right.shape[-1]
    assert ic.attention_maps(model, "A model looks.").weights.ndim == 4


def test_a_vision_transformer_with_a_head_of_its_own(tiny, tmp_path):
    settings = LoraConfig(target_modules="all-linear", modules_to_save=["classifier"])
    theirs = train(tiny, "vit", settings, tmp_path / "a", labels=7, head="ImageClassification")
    right = answer(theirs.merge_and_unload(), theirs.config)
    model = ic.load_model(str(tmp_path / "a"))
    assert (answer(model.model, model.model.config) - right).abs().max() < 1e-5
    assert (model.task, len(model.labels)) == ("image-classification", 7)


OLD_NAMES = (  # of ViT before transformers 5
    ("vit.layers.", "vit.encoder.layer."),
    ("attention.q_proj", "attention.attention.query"),
    ("attention.v_proj", "attention.attention.value"),
    ("attention.o_proj", "attention.output.dense"),
    ("mlp.fc2", "output.dense"),
)


@pytest.mark.parametrize("kind", [LoraConfig, peft.LoHaConfig])
def test_an_adapter_with_the_module_names_of_earlier_versions(tiny, tmp_path, kind):
    scales = {r"layers\.1\.attention\.q_proj": 3, "v_proj": 5}
    settings = kind(
        target_modules=["q_proj", "v_proj", "o_proj", "fc2"],
        modules_to_save=["classifier"],
        alpha_pattern=scales,
        rank_pattern={"o_proj": 2},
    )
    new, old = tmp_path / "new", tmp_path / "old"
    theirs = train(tiny, "vit", settings, new, labels=7, head="ImageClassification")
    right = answer(theirs.merge_and_unload(), theirs.config)
    shutil.copytree(new, old)
    tensors = load_file(old / "adapter_model.safetensors")
    for name in list(tensors):
        before = name
        for today, then in OLD_NAMES:
            before = before.replace(today, then)
        tensors[before] = tensors.pop(name)
    save_file(tensors, old / "adapter_model.safetensors")
    named = ["query", "value", "attention.output.dense", "output.dense"]
    change(
        old,
        target_modules=named,
        alpha_pattern={r"layer\.1\.attention\.attention\.query": 3, "value": 5},
        rank_pattern={"attention.output.dense": 2},
    )
    model = ic.load_model(str(old))
    assert (answer(model.model, model.model.config) - right).abs().max() < 1e-5
    assert any("earlier versions" in note for note in model.notes)
    assert not any("earlier versions" in note for note in ic.load_model(str(new)).notes)


def test_a_masked_language_model_whose_task_stands_in_its_class(tiny, tmp_path):
    settings = LoraConfig(target_modules=QUERY, modules_to_save=["cls"])
    theirs = train(tiny, "bert-masked-lm", settings, tmp_path / "a", head="MaskedLM")
    right = answer(theirs.merge_and_unload(), theirs.config)
    model = ic.load_model(str(tmp_path / "a"))
    assert model.task == "masked-lm"
    assert (answer(model.model, model.model.config) - right).abs().max() < 1e-5


@pytest.mark.parametrize("family", ["llama", "bert-masked-lm"])
def test_new_tokens_come_with_the_adapter(tiny, tmp_path, family):
    targets, kind = (["q_proj"], "CausalLM") if family == "llama" else (QUERY, "MaskedLM")
    task = "CAUSAL_LM" if family == "llama" else None
    settings = LoraConfig(task_type=task, target_modules=targets)
    theirs = train(tiny, family, settings, tmp_path / "a", head=kind, resize=3)
    theirs.save_pretrained(tmp_path / "a", save_embedding_layers=True)
    tokenizer = tf.AutoTokenizer.from_pretrained(tiny(family))
    tokenizer.add_tokens(["<one>", "<two>", "<three>"])
    tokenizer.save_pretrained(tmp_path / "a")
    right = answer(theirs.merge_and_unload(), theirs.config)
    model = ic.load_model(str(tmp_path / "a"))
    ours = answer(model.model, model.model.config)
    assert ours.shape == right.shape
    assert (ours - right).abs().max() < 1e-5
    assert any("<two>" in token for token in ic.attention_maps(model, "A <two> model").tokens)


@pytest.fixture
def adapter(tiny, tmp_path):
    """The folder of a classifier's adapter, to be spoilt."""
    train(tiny, "bert", seq(), tmp_path / "adapter")
    return tmp_path / "adapter"


def change(folder, **settings):
    path = folder / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))


# ------------------------------------------------------------------------------------- the base


def test_a_base_is_named_by_the_user_or_lies_beside_the_adapter(adapter, tiny, tmp_path):
    whole = ic.load_model(str(adapter)).model.state_dict()
    shutil.copytree(tiny("bert"), tmp_path / "moved")
    shutil.copytree(tiny("bert"), adapter / "inside")
    for named, typed in (
        ("../moved", None),
        ("inside", None),
        ("gone/away", str(tiny("bert"))),
        (None, "../moved"),
        ("", str(tiny("bert"))),
    ):
        change(adapter, base_model_name_or_path=named)
        model = ic.load_model(str(adapter), base=typed)
        assert model.base == (typed or named)
        assert all(torch.equal(value, whole[n]) for n, value in model.model.state_dict().items())


@pytest.mark.parametrize("named", [None, "", "  ", "somebody/base", "/not/here", "x" * 5000, "\0"])
def test_the_sentence_for_a_missing_base_says_what_to_type(adapter, named):
    change(adapter, base_model_name_or_path=named)
    with pytest.raises(MissingBase, match=r"“Base model”.*load_model\(\.\.\., base=\.\.\.\)") as e:
        ic.load_model(str(adapter))
    assert len(str(e.value)) < 500
    if named == "somebody/base":
        assert "'somebody/base'" in str(e.value)


def test_an_embedded_model_is_a_base(tmp_path, encoder):
    from interp_core.models import bundled_models as backbone

    base = tf.AutoModelForSequenceClassification.from_pretrained(
        backbone.backbone_folder(), num_labels=4
    )
    theirs = peft.get_peft_model(base, seq(r=2)).eval()
    theirs.save_pretrained(tmp_path)
    model = ic.load_model(str(tmp_path), base="encoder")
    right = answer(theirs.merge_and_unload(), theirs.config)
    assert (answer(model.model, model.model.config) - right).abs().max() < 1e-5
    assert (model.base, len(model.labels)) == ("encoder", 4)
    with pytest.raises(ic.UnsupportedModel, match="not a transformer"):
        ic.load_model(str(tmp_path), base="sentiment-lstm")


def test_a_base_is_left_out_for_whole_models(tiny):
    for name in ("encoder", str(tiny("bert"))):
        with pytest.raises(ic.BadInput, match="Leave the base model out"):
            ic.load_model(name, base="encoder")


@pytest.mark.parametrize("other", ["llama", "albert", "gpt2"])
def test_an_adapter_of_another_base_is_refused_with_both_shapes(adapter, tiny, other):
    with pytest.raises(ic.UnsupportedModel, match=r"base model|merged into"):
        ic.load_model(str(adapter), base=str(tiny(other)))


def test_a_base_of_another_size_is_refused_with_both_sizes(adapter, tmp_path):
    config = tf.BertConfig(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=8,
        vocab_size=100,
    )
    tf.BertModel(config).save_pretrained(tmp_path / "small")
    with pytest.raises(ic.UnsupportedModel, match=r"does not fit.*\[\d+, 32\].*\[\d+, 16\]"):
        ic.load_model(str(adapter), base=str(tmp_path / "small"))


def test_an_adapter_stands_on_another(adapter, tiny, tmp_path):
    first = train(tiny, "bert", seq(), tmp_path / "first").merge_and_unload()
    torch.manual_seed(1)
    second = peft.get_peft_model(first, seq(targets=["key"])).eval()
    with torch.no_grad():
        for value in second.parameters():
            if value.requires_grad:
                value.add_(0.1 * torch.randn_like(value))
    second.save_pretrained(tmp_path / "second")
    change(tmp_path / "second", base_model_name_or_path="../first")
    right = answer(second.merge_and_unload(), first.config)
    model = ic.load_model(str(tmp_path / "second"))
    assert (answer(model.model, model.model.config) - right).abs().max() < 1e-5
    change(tmp_path / "first", base_model_name_or_path="../second")
    with pytest.raises(ic.UnsupportedModel, match="itself or is built on it"):
        ic.load_model(str(tmp_path / "second"))
    change(tmp_path / "first", base_model_name_or_path=".")
    with pytest.raises(ic.UnsupportedModel, match="itself or is built on it"):
        ic.load_model(str(tmp_path / "first"))


# ------------------------------------------------------------------------------- heads and labels


def test_labels_have_the_names_beside_the_adapter_or_of_its_base_or_numbers(adapter, tiny):
    assert ic.load_model(str(adapter)).labels == ("LABEL_0", "LABEL_1", "LABEL_2")
    names = {"0": "bad", "1": "fair", "2": "good"}
    (adapter / "config.json").write_text(json.dumps({"id2label": names}))
    assert ic.load_model(str(adapter)).labels == ("bad", "fair", "good")
    (adapter / "config.json").write_text(json.dumps({"id2label": {"0": "a", "1": "b"}}))
    assert ic.load_model(str(adapter)).labels == ("LABEL_0", "LABEL_1", "LABEL_2")


def test_a_head_that_neither_holds_is_refused(adapter):
    weights = load_file(adapter / "adapter_model.safetensors")
    kept = {name: value for name, value in weights.items() if "classifier" not in name}
    save_file(kept, adapter / "adapter_model.safetensors")
    with pytest.raises(ic.UnsupportedModel, match=r"'classifier.bias', so it would be random"):
        ic.load_model(str(adapter))


def test_a_pooler_that_neither_holds_is_refused(adapter, tiny, tmp_path):
    path = shutil.copytree(tiny("bert"), tmp_path / "bare")
    weights = load_file(path / "model.safetensors")
    kept = {name: value for name, value in weights.items() if "pooler" not in name}
    save_file(kept, path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ic.UnsupportedModel, match=r"pooler.dense.bias', so it would be random"):
        ic.load_model(str(adapter), base=str(path))


@pytest.mark.parametrize("part", ["lora_A", "more"])
def test_tensors_without_a_place_and_places_without_a_tensor_are_refused(adapter, part):
    weights = load_file(adapter / "adapter_model.safetensors")
    if part == "more":
        weights["base_model.model.bert.encoder.layer.9.x.lora_A.weight"] = torch.ones(2, 2)
    else:
        del weights[next(name for name in weights if part in name)]
    save_file(weights, adapter / "adapter_model.safetensors")
    with pytest.raises(ic.UnsupportedModel, match="has no place" if part == "more" else "lacks"):
        ic.load_model(str(adapter))


def test_an_unknown_task_is_read_by_the_class_of_the_base_and_said(adapter):
    named = {
        "base_model_class": "BertForSequenceClassification",
        "parent_library": "transformers.models.bert.modeling_bert",
    }
    change(adapter, task_type="SENTIMENT", auto_mapping=named)
    model = ic.load_model(str(adapter))
    assert (model.task, len(model.labels)) == ("sequence-classification", 3)
    assert any("'SENTIMENT'" in note for note in model.notes)


def test_a_task_can_be_asked_for(adapter):
    assert ic.load_model(str(adapter), task="encoder").task == "encoder"
    with pytest.raises(ic.UnsupportedModel, match="made for sequence-classification"):
        ic.load_model(str(adapter), task="causal-lm")


def test_the_tokenizer_beside_the_adapter_wins(adapter, tiny):
    tokenizer = tf.AutoTokenizer.from_pretrained(tiny("bert"))
    tokenizer.model_max_length = 17
    tokenizer.save_pretrained(adapter)
    assert ic.load_model(str(adapter)).max_tokens == 17


# ----------------------------------------------------------------------------- refused, and safety


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (peft.PromptTuningConfig(task_type="SEQ_CLS", num_virtual_tokens=4), "prompt tuning"),
        (peft.PrefixTuningConfig(task_type="SEQ_CLS", num_virtual_tokens=4), "prefix tuning"),
        (peft.PromptEncoderConfig(task_type="SEQ_CLS", num_virtual_tokens=4), "P-tuning"),
    ],
)
def test_what_cannot_be_merged_is_refused_by_name(tmp_path, settings, says):
    settings.save_pretrained(tmp_path)
    save_file({"prompt_embeddings": torch.ones(4, 32)}, tmp_path / "adapter_model.safetensors")
    with pytest.raises(ic.UnsupportedModel, match=f"{says}, which cannot be merged"):
        ic.load_model(str(tmp_path))


def test_a_merge_that_is_not_the_adapter_is_refused(tiny, tmp_path):
    """Repeated layers share their weights: merging one of them changes the others."""
    settings = lm(layer_replication=[[0, 2], [1, 2]], target_modules=["q_proj"])
    train(tiny, "llama", settings, tmp_path)
    with pytest.raises(ic.UnsupportedModel, match="another output than"):
        ic.load_model(str(tmp_path))


def test_a_pickled_adapter_is_refused_and_not_opened(adapter, monkeypatch):
    opened = []
    monkeypatch.setattr(torch, "load", lambda *args, **_options: opened.append(args))
    (adapter / "adapter_model.safetensors").unlink()
    (adapter / "adapter_model.bin").write_bytes(pickle.dumps({}))
    with pytest.raises(ic.UnsafeModel, match="pickled weights only"):
        ic.load_model(str(adapter))
    assert not opened


@pytest.mark.parametrize(
    ("settings", "error", "says"),
    [
        (
            {"auto_mapping": {"base_model_class": "X", "parent_library": "evil.code"}},
            ic.UnsafeModel,
            "never runs",
        ),
        ({"megatron_config": {"a": 1}, "megatron_core": "evil"}, ic.UnsafeModel, "never runs"),
        ({"r": 10**9}, ic.UnsafeModel, "rank 1,000,000,000"),
        ({"rank_pattern": {"query": 10**9}}, ic.UnsafeModel, "rank"),
        ({"layer_replication": [[0, 10**9]]}, ic.UnsafeModel, "repeats more layers"),
        ({"layer_replication": [["a", {}]]}, ic.UnsafeModel, "repeats more layers"),
        ({"target_modules": 7}, ic.UnsupportedModel, "cannot be merged"),
        ({"peft_type": None}, ic.ModelNotFound, "kind of adapter"),
        ({"peft_type": "NEWEST"}, ic.UnsupportedModel, "NEWEST"),
        ({"target_modules": ["nowhere"]}, ic.UnsupportedModel, "cannot be merged"),
        ({"r": "many"}, ic.UnsupportedModel, "cannot be merged"),
        ({"r": -1}, ic.UnsupportedModel, "cannot be merged"),
    ],
)
def test_broken_or_hostile_settings_are_refused_in_words(adapter, settings, error, says):
    change(adapter, **settings)
    with pytest.raises(error, match=says) as caught:
        ic.load_model(str(adapter))
    assert len(str(caught.value)) < 600


def test_settings_of_a_newer_peft_are_told(adapter):
    change(adapter, brand_new_setting=True)
    assert any("brand_new_setting" in note for note in ic.load_model(str(adapter)).notes)


def test_an_adapter_of_a_quantized_base_says_what_to_give(adapter, tiny, tmp_path):
    path = shutil.copytree(tiny("bert"), tmp_path / "four-bit")
    config = json.loads((path / "config.json").read_text())
    config["quantization_config"] = {"quant_method": "bitsandbytes"}
    (path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ic.UnsupportedModel, match=r"base model .*four-bit.*quantized"):
        ic.load_model(str(adapter), base=str(path))


@pytest.mark.parametrize("named", ["the folder itself", ".", "nobody/nowhere", "/gone"])
def test_an_adapter_may_lie_in_the_folder_of_its_own_base(adapter, tiny, tmp_path, named):
    own = tmp_path / "both"
    beside = train(tiny, "bert-5-labels", seq(), own, labels=5)
    for path in tiny("bert-5-labels").iterdir():
        shutil.copy(path, own / path.name)
    change(own, base_model_name_or_path=str(own) if named == "the folder itself" else named)
    model = ic.load_model(str(own))
    truth = beside.merge_and_unload()
    torch.testing.assert_close(answer(model.model, model.model.config), answer(truth, truth.config))
    assert model.base == str(own)


def test_the_encoder_of_an_adapter_for_both_stacks(tiny, tmp_path):
    for task in ("SEQ_2_SEQ_LM", None):
        own = tmp_path / str(task)
        beside = train(
            tiny,
            "t5",
            LoraConfig(task_type=task, target_modules=["q", "v"]),
            own,
            head="Seq2SeqLM",
        )
        assert ic.load_model(str(own)).task == "encoder-decoder"
        model = ic.load_model(str(own), task="encoder")
        assert not model.model.config.is_encoder_decoder
        ids = torch.tensor([[3, 5, 6, 2]])
        truth = beside.merge_and_unload().get_encoder()(ids).last_hidden_state
        torch.testing.assert_close(model.model(ids).last_hidden_state, truth)
        assert ic.token_vectors(model, ["the model"], pooling="mean").values.shape == (1, 32)


@pytest.mark.parametrize(
    "slow", [{"target_modules": ".*" * 10 + "x"}, {"alpha_pattern": {r"(\w+\.?)+!": 1}}]
)
def test_a_regular_expression_that_takes_for_ever_is_stopped(adapter, monkeypatch, slow):
    monkeypatch.setattr("interp_core.models.peft_merge.MOST_SECONDS", 0.5)
    change(adapter, **slow)
    with pytest.raises(ic.UnsafeModel, match="for ever"):
        ic.load_model(str(adapter))


def test_a_regular_expression_that_repeats_a_group_may_be_quick(adapter):
    change(adapter, target_modules=r"(?:\w+\.)*(?:query|value)")
    assert ic.load_model(str(adapter)).task == "sequence-classification"


def test_without_the_library_the_plainest_form_is_merged_as_the_library_does(tiny, tmp_path):
    """The built-in series is of that form: it works in every installation."""
    folder = bundled_folder("sentiment") / "checkpoint-75"
    usual = ic.load_model(str(folder)).model.state_dict()
    train(tiny, "bert", seq(), tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        for module in (peft_merge, extras):
            patch.setattr(module, "find_spec", lambda name: None)
        plain = ic.load_model(str(folder)).model.state_dict()
        with pytest.raises(ic.ModelNotFound, match=r"clearhead\[adapters\]"):
            ic.load_model(str(tmp_path), base=str(tiny("bert")))
    assert plain.keys() == usual.keys()
    for name, value in plain.items():
        torch.testing.assert_close(value, usual[name], rtol=0, atol=1e-6)
