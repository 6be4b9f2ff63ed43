"""A GPT-2 of one layer whose every number was chosen, so that its logits are known by hand."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

WORDS = ("<end>", "a", "b", "c", "d", "e")
WIDTH = 4


def write(folder: Path, **values: torch.Tensor) -> Path:
    """Save the model. All weights are zero, all norms have gain one, apart from `values`.

    Names of parameters have `__` for a dot: `transformer__wte__weight`.
    """
    words = {word: number for number, word in enumerate(WORDS)}
    core = Tokenizer(models.WordLevel(words, unk_token="<end>"))
    core.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, eos_token="<end>", unk_token="<end>")
    model = GPT2LMHeadModel(
        GPT2Config(
            vocab_size=len(WORDS),
            n_embd=WIDTH,
            n_layer=1,
            n_head=2,
            n_positions=16,
            bos_token_id=0,
            eos_token_id=0,
        )
    )
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for name, value in parameters.items():
            norm_gain = ".ln_" in name and name.endswith("weight")
            value.fill_(1.0 if norm_gain else 0.0)
        for name, value in values.items():
            parameters[name.replace("__", ".")].copy_(value)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
