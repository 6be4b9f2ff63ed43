"""Tiny models by family, with two inputs of as many tokens, and where plain transformers keeps
what is changed: named here by hand, apart from the product's own tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import transformers

from interp_core.inputs.tokens import encode

CLEAN = "The unhappiest actors didn't know what the strange model was doing there again."
CHANGES = [(old, new) for old in ("model", "actors", "was", "there") for new in ("there", "know")]


@dataclass(frozen=True)
class Family:
    """Paths of a block, of the output projection and of the MLP inside it; {} is the layer."""

    block: str
    projection: str
    mlp: str
    values: str = ""


FAMILIES = {
    "bert-2-labels": Family(
        "bert.encoder.layer.{}", "attention.output.dense", "output.dense", "attention.self.value"
    ),
    "distilbert": Family("distilbert.transformer.layer.{}", "attention.out_lin", "ffn"),
    "deberta-v2": Family(
        "deberta.encoder.layer.{}",
        "attention.output.dense",
        "output.dense",
        "attention.self.value_proj",
    ),
    "gpt2": Family("transformer.h.{}", "attn.c_proj", "mlp"),
    "llama": Family("model.layers.{}", "self_attn.o_proj", "mlp", "self_attn.v_proj"),
    "gemma": Family("model.layers.{}", "self_attn.o_proj", "mlp"),
    "t5": Family("encoder.block.{}", "layer.0.SelfAttention.o", "layer.1.DenseReluDense"),
    "vit": Family("vit.layers.{}", "attention.o_proj", "mlp"),
}


def inputs_of(model) -> tuple:
    """Two inputs of as many tokens."""
    if model.tokenizer is None:
        rng = np.random.default_rng(0)
        return tuple(rng.integers(0, 255, (12, 12, 3), dtype=np.uint8) for _ in range(2))
    size = len(encode(model, CLEAN).sequence)
    changed = (CLEAN.replace(old, new, 1) for old, new in CHANGES)
    return CLEAN, next(t for t in changed if len(encode(model, t).sequence) == size)


def plain(folder):
    """The model as a transformers user loads it."""
    config = transformers.AutoConfig.from_pretrained(folder)
    kind = getattr(transformers, config.architectures[0])
    return kind.from_pretrained(folder, attn_implementation="eager").eval()


def part(network, family: str, layer: int, name: str):
    """A module of a plain network: "block", "projection", "mlp" or "values" of a layer."""
    told = FAMILIES[family]
    block = network.get_submodule(told.block.format(layer))
    return block if name == "block" else block.get_submodule(getattr(told, name))


@torch.no_grad()
def without_head(network, family: str, layer: int, head: int, heads: int = 4) -> None:
    """Take a head away for good: its slice of the output projection's matrix is zero."""
    projection = part(network, family, layer, "projection")
    weight = projection.weight if family == "gpt2" else projection.weight.T
    width = weight.shape[0] // heads
    weight[head * width : (head + 1) * width] = 0
