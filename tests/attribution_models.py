"""Models to explain: formulas whose attributions are known, and tiny models with every head."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import torch
import transformers as tf
from torch import nn
from transformers.modeling_outputs import SequenceClassifierOutput
from transformers.utils import logging

import interp_core as ic
from interp_core.attribution.forward_function import TextFunction, text_function
from interp_core.attribution.targets import TargetRequest
from interp_core.attribution.task_targets import resolve_target
from interp_core.inputs.tokens import encode
from interp_core.models.record import Layout, LoadedModel
from tests import tiny
from tests.tiny_tokenizers import albert_unigram, byte_level, roberta_bytes, unigram, wordpiece

WIDTH = 6
Formula = Callable[[torch.Tensor], torch.Tensor]


class FormulaNetwork(nn.Module):
    """Logits are [F, −F] with F = formula(embeddings), in double precision."""

    def __init__(self, formula: Formula, vocabulary: int) -> None:
        super().__init__()
        self.table = nn.Embedding(vocabulary, WIDTH, dtype=torch.float64)
        self.config = SimpleNamespace(
            is_encoder_decoder=False, model_type="formula", pad_token_id=0
        )
        self.formula = formula

    def get_input_embeddings(self) -> nn.Module:
        return self.table

    def forward(self, input_ids, attention_mask=None, token_type_ids=None, return_dict=True):
        value = self.formula(self.table(input_ids))
        return SequenceClassifierOutput(logits=torch.stack([value, -value], -1))


def formula_model(formula: Formula) -> LoadedModel:
    tokenizer = wordpiece()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        network = FormulaNetwork(formula, len(tokenizer)).eval().requires_grad_(False)
    layout = Layout(0, 0, (), 0, (), causal=False)
    return LoadedModel(
        "formula",
        "sequence-classification",
        ("plus", "minus"),
        network,
        tokenizer,
        torch.device("cpu"),
        64,
        layout,
    )


def vectors(model: LoadedModel, attribution, baseline: str = "pad"):
    """Embeddings (n, d) of the text and of its baseline, written out by hand."""
    ids = torch.as_tensor(attribution.sequence.ids)
    keep = torch.as_tensor(attribution.sequence.special)[:, None]
    table = model.model.get_input_embeddings()
    text = table(ids)
    number = getattr(model.tokenizer, f"{baseline}_token_id", None)
    words = torch.zeros_like(text) if baseline == "zero" else table(torch.full_like(ids, number))
    return text, torch.where(keep, text, words)


def _labels(*names: str) -> dict:
    return {"id2label": dict(enumerate(names)), "label2id": {n: i for i, n in enumerate(names)}}


TWO = _labels("bad", "good")
ROBERTA = {**tiny.SMALL, "max_position_embeddings": 66, "type_vocab_size": 1, **tiny.ROBERTA_ENDS}
GPT2 = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64, **tiny.GPT_ENDS}
BART = {
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 32,
    "decoder_ffn_dim": 32,
    "max_position_embeddings": 64,
    "decoder_start_token_id": 2,
    **tiny.ROBERTA_ENDS,
    "scale_embedding": True,
}
T5 = {
    "d_model": 32,
    "d_kv": 8,
    "d_ff": 32,
    "num_layers": 2,
    "num_heads": 4,
    "pad_token_id": 0,
    "decoder_start_token_id": 0,
    "eos_token_id": 2,
}
HEADED: dict[str, tuple] = {
    "bert-multi-label": (
        wordpiece,
        "BertForSequenceClassification",
        "BertConfig",
        {**tiny.SMALL, **_labels("a", "b", "c"), "problem_type": "multi_label_classification"},
    ),
    "bert-regression": (
        wordpiece,
        "BertForSequenceClassification",
        "BertConfig",
        {**tiny.SMALL, "num_labels": 1, "problem_type": "regression"},
    ),
    "bert-inference": (
        wordpiece,
        "BertForSequenceClassification",
        "BertConfig",
        {**tiny.SMALL, **_labels("contradiction", "neutral", "entailment")},
    ),
    "bert-answers": (wordpiece, "BertForQuestionAnswering", "BertConfig", tiny.SMALL),
    "bert-causal": (wordpiece, "BertLMHeadModel", "BertConfig", {**tiny.SMALL, "is_decoder": True}),
    "roberta-2-labels": (
        roberta_bytes,
        "RobertaForSequenceClassification",
        "RobertaConfig",
        {**ROBERTA, **TWO},
    ),
    "roberta-token-labels": (
        roberta_bytes,
        "RobertaForTokenClassification",
        "RobertaConfig",
        {**ROBERTA, **TWO},
    ),
    "roberta-answers": (roberta_bytes, "RobertaForQuestionAnswering", "RobertaConfig", ROBERTA),
    "roberta-causal": (
        roberta_bytes,
        "RobertaForCausalLM",
        "RobertaConfig",
        {**ROBERTA, "is_decoder": True},
    ),
    "deberta-2-labels": (
        albert_unigram,
        "DebertaV2ForSequenceClassification",
        "DebertaV2Config",
        {**tiny.SMALL, **tiny.DEBERTA, **TWO},
    ),
    "modernbert-mean": (
        roberta_bytes,
        "ModernBertForSequenceClassification",
        "ModernBertConfig",
        {**ROBERTA, **tiny.THREE, **tiny.MODERN, **TWO, "classifier_pooling": "mean"},
    ),
    "gpt2-2-labels": (
        byte_level,
        "GPT2ForSequenceClassification",
        "GPT2Config",
        {**GPT2, **TWO, "pad_token_id": 0},
    ),
    "gpt2-2-labels-without-padding": (
        byte_level,
        "GPT2ForSequenceClassification",
        "GPT2Config",
        {**GPT2, **TWO},
    ),
    "gpt2-token-labels": (byte_level, "GPT2ForTokenClassification", "GPT2Config", {**GPT2, **TWO}),
    "gpt2-answers": (byte_level, "GPT2ForQuestionAnswering", "GPT2Config", GPT2),
    "bart-2-labels": (
        roberta_bytes,
        "BartForSequenceClassification",
        "BartConfig",
        {**BART, **TWO},
    ),
    "t5-2-labels": (unigram, "T5ForSequenceClassification", "T5Config", {**T5, **TWO}),
}
# For what is not asked of every model of `HEADED`: XLNet has tokens before texts.
UPRIGHT: dict[str, tuple] = {
    "electra-2-labels": (
        wordpiece,
        "ElectraForSequenceClassification",
        "ElectraConfig",
        {**tiny.SMALL, "embedding_size": 16, **TWO},
    ),
    "xlnet-2-labels": (
        albert_unigram,
        "XLNetForSequenceClassification",
        "XLNetConfig",
        {"d_model": 32, "n_layer": 2, "n_head": 4, "d_inner": 48, **TWO},
    ),
}


@cache
def headed(name: str) -> LoadedModel:
    """A tiny random model with a head that `tests.tiny` does not build."""
    model, tokenizer = _made(name)
    logging.disable_progress_bar()
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return ic.load_model(str(Path(folder)))


@cache
def two_readers(name: str) -> LoadedModel:
    """A classifier whose encoder and decoder both read the text, put together by hand."""
    model, tokenizer = _made(name)
    model.set_attn_implementation("eager")
    layout = Layout(2, 2, (0, 1), 2, (None, None), causal=False, decoder_layers=2, decoder_heads=2)
    labels = tuple(model.config.id2label.values())
    return LoadedModel(
        name,
        "sequence-classification",
        labels,
        model.eval().requires_grad_(False),
        tokenizer,
        torch.device("cpu"),
        60,
        layout,
    )


def _made(name: str) -> tuple[tf.PreTrainedModel, tf.PreTrainedTokenizerFast]:
    make_tokenizer, kind, config, settings = {**HEADED, **UPRIGHT}[name]
    tokenizer = make_tokenizer()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(11)
        model = getattr(tf, kind)(getattr(tf, config)(vocab_size=len(tokenizer), **settings))
        with torch.no_grad():
            for value in model.parameters():
                noise = torch.randn_like(value)
                value.add_(0.2 * noise) if value.ndim == 1 else value.copy_(0.2 * noise)
    return model, tokenizer


def function_of(model: LoadedModel, text: str = "a b c d") -> TextFunction:
    """F of a text, for what the model answers."""
    encoded = encode(model, text)
    request = TargetRequest()
    return text_function(
        model, encoded, lambda output: resolve_target(model, encoded, output, request)[0]
    )
