"""Tiny translation models of many languages, whose decoder begins with the code of one."""

from __future__ import annotations

from pathlib import Path

import torch
import transformers as tf

from tests.tiny import SEED, _liven
from tests.tiny_more import BOTH

PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁the", "▁cat", "▁le", "▁chat"]
VOCABULARY = [(word, -float(number > 3)) for number, word in enumerate(PIECES)]

# Kind, language of the source and of the target, and what stands before the first word written.
TRANSLATORS = [
    ("mbart50", "en_XX", "fr_XX", ["</s>", "fr_XX"]),
    ("mbart", "en_XX", "fr_XX", ["fr_XX"]),
    ("nllb", "eng_Latn", "fra_Latn", ["</s>", "fra_Latn"]),
]


def translator(folder: Path, kind: str, **languages: str) -> tuple:
    """A folder with the model and its tokenizer, and the tokenizer."""
    if kind == "nllb":
        tokenizer = tf.NllbTokenizer(
            vocab={word: number for number, word in enumerate([*PIECES, *"▁thecalh"])},
            merges=[],
            **languages,
        )
    else:
        name = "MBart50Tokenizer" if kind == "mbart50" else "MBartTokenizer"
        tokenizer = getattr(tf, name)(vocab=VOCABULARY, **languages)
    config, family = ("M2M100Config", "M2M100") if kind == "nllb" else ("MBartConfig", "MBart")
    settings = {**BOTH, "pad_token_id": 1, "forced_eos_token_id": None}
    config = getattr(tf, config)(vocab_size=len(tokenizer), **settings)
    config.decoder_start_token_id = 2
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        model = getattr(tf, f"{family}ForConditionalGeneration")(config)
        _liven(model)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder, tokenizer
