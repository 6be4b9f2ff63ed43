"""Tiny random models of further families, for tests that go through all of them once.

As in `tests/tiny.py`: a tokenizer and the model that goes with it; `build_more(name, folder)`.
"""

from __future__ import annotations

from pathlib import Path

import torch
import transformers as tf
from transformers.utils import logging

from tests.tiny import GPT_ENDS, GROUPED, LENGTH, SIZE, SMALL, _liven, _model
from tests.tiny_tokenizers import albert_unigram, byte_fallback, byte_level, unigram, wordpiece

ENDS = {"pad_token_id": 0, "eos_token_id": 2, "decoder_start_token_id": 0, "bos_token_id": 2}
BOTH = {
    **{"d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_ffn_dim": 48},
    **{"decoder_ffn_dim": 48, "encoder_attention_heads": 4, "decoder_attention_heads": 4},
    **{**LENGTH, **ENDS, "forced_eos_token_id": 2},
}
XLM = {"emb_dim": 32, "n_layers": 2, "n_heads": 4, **LENGTH, "pad_index": 0, "pad_token_id": 0}
T5 = {"d_model": 32, "d_kv": 8, "d_ff": 48, "num_heads": 4, "num_layers": 2}
XLNET = {"d_model": 32, "n_layer": 2, "n_head": 4, "d_inner": 48}
GPT = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64, "n_inner": 48}
VISION = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "image_size": 16,
    "patch_size": 4,
}
PLAIN = {**SMALL, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 3}


def _seeing(kind: str, **options):
    """A model of pictures and text around a small Llama or Gemma."""

    def make(vocabulary: int):
        text = {"vocab_size": vocabulary, **GROUPED, "head_dim": 8, **options.pop("text", {})}
        part = getattr(tf, options.get("of", "LlamaConfig"))(**text)
        seen = getattr(tf, options.get("sees", "CLIPVisionConfig"))(**VISION)
        more = {key: value for key, value in options.items() if key not in ("of", "sees")}
        config = getattr(tf, f"{kind}Config")(text_config=part, vision_config=seen, **more)
        return getattr(tf, f"{kind}ForConditionalGeneration")(config)

    return make


def _two_berts(vocabulary: int):
    parts = [tf.BertConfig(vocab_size=vocabulary, **SMALL) for _ in range(2)]
    config = tf.EncoderDecoderConfig.from_encoder_decoder_configs(*parts)
    config.decoder_start_token_id, config.pad_token_id, config.eos_token_id = 2, 0, 3
    return tf.EncoderDecoderModel(config)


# Name: (tokenizer, model for a vocabulary of that size, task, whether no token looks ahead).
MORE = {
    "bert-pretraining": (
        wordpiece,
        _model("BertForPreTraining", "BertConfig", SMALL),
        "masked-lm",
        False,
    ),
    "albert-pretraining": (
        albert_unigram,
        _model("AlbertForPreTraining", "AlbertConfig", SMALL, embedding_size=16),
        "masked-lm",
        False,
    ),
    "xlm": (wordpiece, _model("XLMWithLMHeadModel", "XLMConfig", XLM), "masked-lm", False),
    "xlm-causal": (
        byte_level,
        _model("XLMWithLMHeadModel", "XLMConfig", XLM, causal=True),
        "causal-lm",
        True,
    ),
    "flaubert": (
        wordpiece,
        _model("FlaubertWithLMHeadModel", "FlaubertConfig", XLM),
        "masked-lm",
        False,
    ),
    "mpnet": (wordpiece, _model("MPNetForMaskedLM", "MPNetConfig", SMALL), "masked-lm", False),
    "roformer": (
        wordpiece,
        _model("RoFormerForMaskedLM", "RoFormerConfig", SMALL),
        "masked-lm",
        False,
    ),
    "rembert": (
        wordpiece,
        _model("RemBertForMaskedLM", "RemBertConfig", SMALL),
        "masked-lm",
        False,
    ),
    "nystromformer": (
        wordpiece,
        _model("NystromformerForTokenClassification", "NystromformerConfig", SMALL),
        "token-classification",
        False,
    ),
    "xlnet": (
        albert_unigram,
        _model("XLNetForSequenceClassification", "XLNetConfig", XLNET),
        "sequence-classification",
        False,
    ),
    "t5-encoder": (unigram, _model("T5EncoderModel", "T5Config", T5), "encoder", False),
    "mt5-encoder": (unigram, _model("MT5EncoderModel", "MT5Config", T5), "encoder", False),
    "umt5-tokens": (
        unigram,
        _model("UMT5ForTokenClassification", "UMT5Config", T5),
        "token-classification",
        False,
    ),
    "openai-gpt": (
        byte_level,
        _model("OpenAIGPTLMHeadModel", "OpenAIGPTConfig", GPT),
        "causal-lm",
        True,
    ),
    "gpt-bigcode": (
        byte_level,
        _model("GPTBigCodeForCausalLM", "GPTBigCodeConfig", GPT, GPT_ENDS),
        "causal-lm",
        True,
    ),
    "bloom": (
        byte_level,
        _model("BloomForCausalLM", "BloomConfig", SIZE, GPT_ENDS),
        "causal-lm",
        True,
    ),
    "falcon": (
        byte_level,
        _model("FalconForCausalLM", "FalconConfig", SMALL, GPT_ENDS),
        "causal-lm",
        True,
    ),
    "mpt": (
        byte_level,
        _model("MptForCausalLM", "MptConfig", d_model=32, n_heads=4, n_layers=2, max_seq_len=64),
        "causal-lm",
        True,
    ),
    "ctrl": (byte_level, _model("CTRLLMHeadModel", "CTRLConfig", GPT, dff=48), "causal-lm", True),
    "gptj": (
        byte_level,
        _model("GPTJForCausalLM", "GPTJConfig", GPT, GPT_ENDS, rotary_dim=4),
        "causal-lm",
        True,
    ),
    "phi": (byte_fallback, _model("PhiForCausalLM", "PhiConfig", PLAIN), "causal-lm", True),
    "starcoder2": (
        byte_fallback,
        _model("Starcoder2ForCausalLM", "Starcoder2Config", GROUPED),
        "causal-lm",
        True,
    ),
    "olmo": (byte_fallback, _model("OlmoForCausalLM", "OlmoConfig", PLAIN), "causal-lm", True),
    "codegen": (
        byte_level,
        _model("CodeGenForCausalLM", "CodeGenConfig", GPT, GPT_ENDS, rotary_dim=4),
        "causal-lm",
        True,
    ),
    "bart-decoder": (
        byte_fallback,
        _model("BartForCausalLM", "BartConfig", BOTH),
        "causal-lm",
        True,
    ),
    "ibert": (wordpiece, _model("IBertForMaskedLM", "IBertConfig", SMALL), "masked-lm", False),
    "olmo2": (byte_fallback, _model("Olmo2ForCausalLM", "Olmo2Config", PLAIN), "causal-lm", True),
    "mixtral": (
        byte_fallback,
        _model("MixtralForCausalLM", "MixtralConfig", GROUPED, num_local_experts=2),
        "causal-lm",
        True,
    ),
    "gemma3-seeing": (
        byte_fallback,
        _seeing(
            "Gemma3",
            of="Gemma3TextConfig",
            sees="SiglipVisionConfig",
            mm_tokens_per_image=4,
            text={"sliding_window": 5, "query_pre_attn_scalar": 8},
        ),
        "causal-lm",
        True,
    ),
    "llava": (byte_fallback, _seeing("Llava", image_token_index=3), "causal-lm", True),
    "paligemma": (
        byte_fallback,
        _seeing("PaliGemma", of="GemmaConfig", sees="SiglipVisionConfig", projection_dim=32),
        "causal-lm",
        True,
    ),
    "marian": (unigram, _model("MarianMTModel", "MarianConfig", BOTH), "encoder-decoder", False),
    "pegasus": (
        unigram,
        _model("PegasusForConditionalGeneration", "PegasusConfig", BOTH),
        "encoder-decoder",
        False,
    ),
    "blenderbot-small": (
        unigram,
        _model("BlenderbotSmallForConditionalGeneration", "BlenderbotSmallConfig", BOTH),
        "encoder-decoder",
        False,
    ),
    "m2m-100": (
        unigram,
        _model("M2M100ForConditionalGeneration", "M2M100Config", BOTH),
        "encoder-decoder",
        False,
    ),
    "bert2bert": (wordpiece, _two_berts, "encoder-decoder", False),
}


def build_more(name: str, folder: Path) -> Path:
    """Write the family's model and tokenizer to `folder`."""
    logging.disable_progress_bar()
    make_tokenizer, make_model, *_ = MORE[name]
    tokenizer = make_tokenizer()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        model = make_model(len(tokenizer))
        _liven(model)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return Path(folder)
