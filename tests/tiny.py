"""Tiny random models of every family, saved the way a user would save them.

`FAMILIES` maps a name to the tokenizer and the model that go together; `build(name, folder)` writes
both. Tests take the fixture `tiny` (the folder of a name, built once in a session) or `tiny_model`
(the loaded model). Weights are far larger than a fresh initialisation and biases are not zero, so
that attention is uneven and a forgotten bias shows.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
import transformers as tf
from transformers.utils import logging

from tests.tiny_tokenizers import (
    albert_unigram,
    byte_fallback,
    byte_level,
    roberta_bytes,
    unigram,
    wordpiece,
)

TEXT = "The unhappiest actors didn't know what the strange model was doing there again."
SEED = 4  # with this one the tiny BART writes several words before it ends
POSITIONS = 64

LENGTH = {"max_position_embeddings": POSITIONS}
SIZE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
SMALL = {**SIZE, **LENGTH, "intermediate_size": 48}
GROUPED = {**SMALL, "num_key_value_heads": 2, "bos_token_id": 1, "eos_token_id": 2}
GPT_ENDS = {"bos_token_id": 0, "eos_token_id": 0}
ROBERTA_ENDS = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
THREE = {"num_hidden_layers": 3}
ALTERNATING = ["sliding_attention", "full_attention", "sliding_attention"]


def _model(kind: str, config: str, *settings: dict, **options) -> Callable:
    merged = {name: value for part in (*settings, options) for name, value in part.items()}
    return lambda vocabulary: getattr(tf, kind)(
        getattr(tf, config)(vocab_size=vocabulary, **merged)
    )


def _bert(kind: str, labels: int = 0) -> Callable:
    names = {"id2label": {number: f"class {number}" for number in range(labels)}}
    return _model(f"Bert{kind}", "BertConfig", SMALL, names if labels else {})


def _decoder(kind: str, **options) -> Callable:
    return _model(f"{kind}ForCausalLM", f"{kind}Config", GROUPED, **options)


DISTILBERT = {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 48, **LENGTH}
DEBERTA = {
    **{"relative_attention": True, "pos_att_type": ["c2p", "p2c"], "position_buckets": 8},
    **{"share_att_key": True, "norm_rel_ebd": "layer_norm", "position_biased_input": False},
    "type_vocab_size": 0,
}
MODERN = {
    **{"local_attention": 6, "layer_types": ["full_attention", *ALTERNATING[::2]]},
    **{"cls_token_id": 0, "sep_token_id": 2},
}
GPT2 = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": POSITIONS}
GPT_NEO = {
    **{"hidden_size": 32, "num_layers": 2, "num_heads": 4, "window_size": 4},
    "attention_types": [[["global", "local"], 1]],
}
OPT = {"ffn_dim": 48, "word_embed_proj_dim": 32}
GEMMA3 = {
    **{"num_key_value_heads": 1, "head_dim": 8, "sliding_window": 5, "layer_types": ALTERNATING},
    **{"query_pre_attn_scalar": 8, "pad_token_id": 3},
}
JAMBA = {
    **{"num_hidden_layers": 6, "attn_layer_period": 3, "attn_layer_offset": 1, "pad_token_id": 3},
    **{"expert_layer_period": 2, "expert_layer_offset": 1, "num_experts": 2},
    **{"mamba_d_state": 4, "mamba_dt_rank": 4},
}
T5 = {
    **{"d_model": 32, "d_kv": 6, "d_ff": 48, "num_heads": 4},
    **{"num_layers": 2, "num_decoder_layers": 3},
    **{"decoder_start_token_id": 0, "pad_token_id": 0, "eos_token_id": 2},
}
BART = {
    **{"d_model": 32, "encoder_ffn_dim": 48, "decoder_ffn_dim": 48, **LENGTH},
    **{"encoder_layers": 2, "decoder_layers": 3},
    **{"encoder_attention_heads": 2, "decoder_attention_heads": 4},
    **{"decoder_start_token_id": 0, "forced_eos_token_id": 2},
}
VIT = {**SIZE, "intermediate_size": 48, "image_size": 12, "patch_size": 4, "num_labels": 3}
SWIN = {
    **{"image_size": 16, "patch_size": 2, "embed_dim": 8, "window_size": 2},
    **{"depths": [1, 1], "num_heads": [2, 4]},
}


def _roberta(kind: str, config: str, *settings: dict, **options) -> Callable:
    return _model(kind, config, SMALL, ROBERTA_ENDS, *settings, **options)


# Name: (tokenizer, the model for a vocabulary of that size).
FAMILIES: dict[str, tuple[Callable | None, Callable]] = {
    "bert": (wordpiece, _bert("Model")),
    "bert-2-labels": (wordpiece, _bert("ForSequenceClassification", labels=2)),
    "bert-5-labels": (wordpiece, _bert("ForSequenceClassification", labels=5)),
    "bert-token-labels": (wordpiece, _bert("ForTokenClassification", labels=3)),
    "bert-masked-lm": (wordpiece, _bert("ForMaskedLM")),
    "distilbert": (
        wordpiece,
        _model("DistilBertForSequenceClassification", "DistilBertConfig", DISTILBERT),
    ),
    "roberta": (
        roberta_bytes,
        _roberta(
            "RobertaForMaskedLM",
            "RobertaConfig",
            max_position_embeddings=POSITIONS + 2,
            type_vocab_size=1,
        ),
    ),
    "albert": (
        albert_unigram,
        _model("AlbertModel", "AlbertConfig", SMALL, THREE, embedding_size=16),
    ),
    "electra": (
        wordpiece,
        _model("ElectraForSequenceClassification", "ElectraConfig", SMALL, embedding_size=16),
    ),
    "deberta-v2": (
        albert_unigram,
        _model("DebertaV2ForTokenClassification", "DebertaV2Config", SMALL, DEBERTA),
    ),
    "modernbert": (
        roberta_bytes,
        _roberta("ModernBertForMaskedLM", "ModernBertConfig", THREE, MODERN),
    ),
    "gpt2": (byte_level, _model("GPT2LMHeadModel", "GPT2Config", GPT2, GPT_ENDS)),
    "gpt-neox": (byte_level, _model("GPTNeoXForCausalLM", "GPTNeoXConfig", SMALL, GPT_ENDS)),
    "gpt-neo": (
        byte_level,
        _model("GPTNeoForCausalLM", "GPTNeoConfig", GPT_NEO, GPT_ENDS, LENGTH),
    ),
    "opt": (
        roberta_bytes,
        _model("OPTForCausalLM", "OPTConfig", SIZE, LENGTH, OPT, ROBERTA_ENDS),
    ),
    "llama": (byte_fallback, _decoder("Llama")),
    "qwen2": (
        byte_level,
        _decoder("Qwen2", use_sliding_window=True, sliding_window=3, max_window_layers=1),
    ),
    "qwen3": (byte_level, _decoder("Qwen3", head_dim=12)),
    "mistral": (byte_fallback, _decoder("Mistral", sliding_window=4)),
    "gemma": (byte_fallback, _decoder("Gemma", head_dim=8)),
    "gemma2": (
        byte_fallback,
        _decoder("Gemma2", head_dim=8, sliding_window=4, query_pre_attn_scalar=8),
    ),
    "gemma3": (
        byte_fallback,
        _model("Gemma3ForCausalLM", "Gemma3TextConfig", GROUPED, THREE, GEMMA3),
    ),
    "gpt-oss": (
        byte_level,
        _decoder(
            "GptOss",
            head_dim=8,
            sliding_window=4,
            num_local_experts=2,
            num_experts_per_tok=1,
            layer_types=ALTERNATING[:2],
        ),
    ),
    "t5": (unigram, _model("T5ForConditionalGeneration", "T5Config", T5)),
    "bart": (
        roberta_bytes,
        _model("BartForConditionalGeneration", "BartConfig", ROBERTA_ENDS, BART),
    ),
    "vit": (None, lambda _: tf.ViTForImageClassification(tf.ViTConfig(**VIT))),
    "swin": (None, lambda _: tf.SwinForImageClassification(tf.SwinConfig(**SWIN))),
    "jamba": (byte_fallback, _decoder("Jamba", **JAMBA)),
    "mamba": (
        byte_level,
        _model("MambaForCausalLM", "MambaConfig", SIZE, GPT_ENDS, state_size=4, pad_token_id=0),
    ),
    "longformer": (
        roberta_bytes,
        _roberta("LongformerForMaskedLM", "LongformerConfig", attention_window=4),
    ),
}
WITHOUT_MAPS = ("mamba", "longformer", "swin")


def build(name: str, folder: Path) -> Path:
    """Write the family's model and tokenizer (or image processor) to `folder`."""
    logging.disable_progress_bar()
    make_tokenizer, make_model = FAMILIES[name]
    if make_tokenizer is None:
        side = 16 if name == "swin" else 12
        tools, vocabulary = tf.ViTImageProcessorPil(size={"height": side, "width": side}), 0
    else:
        tools = make_tokenizer()
        vocabulary = len(tools)
    return write(lambda: make_model(vocabulary), tools, folder)


def write(make_model: Callable, tools, folder: Path, seed: int = SEED) -> Path:
    """Write a random model, and its tokenizer or image processor, to `folder`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = make_model()
        _liven(model)
    model.save_pretrained(folder)
    tools.save_pretrained(folder)
    return Path(folder)


def _liven(model: torch.nn.Module) -> None:
    """Weights of a size that a trained model has, and biases and norms that are not 0 and 1."""
    with torch.no_grad():
        for name, value in model.named_parameters():
            if value.ndim == 1:
                value.add_(0.2 * torch.randn_like(value))
            elif "A_log" not in name:
                value.copy_(0.15 * torch.randn_like(value))
