"""The embedded models of text and of photographs with an eighth of their width and random weights.

Names, labels, tokenizers, layers, heads and lengths are those of the real ones; only what the
networks answer differs, and what a pass costs. For tests that read no number of a trained model.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import torch
import transformers as tf

from interp_core.models import bundled_models
from interp_core.models.registry import ModelCard
from tests.tiny import SEED, _liven

HEAD, BETWEEN = 4, 64  # numbers of a head, and of the layer between
LIVELY = 2  # times the weights of tiny models: heads attend to few tokens, answers differ
build, whole_folder = bundled_models.build, bundled_models.whole_folder
HEADED = {"encoder": "BertModel", **bundled_models.HEADED}


def thin(config: tf.PretrainedConfig) -> tf.PretrainedConfig:
    """The same with a few numbers for each head."""
    config.hidden_size, config.intermediate_size = HEAD * config.num_attention_heads, BETWEEN
    if getattr(config, "head_dim", None):
        config.head_dim = HEAD
    if hasattr(config, "mlp_ratio"):
        config.mlp_ratio = 2
    config._attn_implementation = "eager"
    return config


def network(kind: str, config: tf.PretrainedConfig) -> tf.PreTrainedModel:
    """A model of a class of transformers, always with the same weights."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(SEED)
        model = getattr(tf, kind)(thin(config)).eval()
        _liven(model)
        for name, value in model.named_parameters():
            if value.ndim == 2 and "embed" not in name:
                value.mul_(LIVELY)
        if hasattr(model, "classifier"):  # no label is what it says of every text
            texts = torch.randint(config.vocab_size, (64, 12))
            model.classifier.bias -= model(texts).logits.flatten(0, -2).mean(0)
    return model


@contextmanager
def embedded(place: Path) -> Iterator[None]:
    """While it lasts, names of embedded models stand for thin ones; `place` keeps their files."""

    def thin_build(card: ModelCard) -> tuple[tf.PreTrainedModel, Path]:
        if card.form == "recurrent":  # one layer, quick as it is
            return build(card)
        folder = bundled_models.backbone_folder()
        config = tf.AutoConfig.from_pretrained(folder)
        if card.labels:
            config.id2label = dict(enumerate(card.labels))
            config.label2id = {label: number for number, label in enumerate(card.labels)}
        return network(HEADED[card.task], config), folder

    def thin_folder(card: ModelCard) -> Path | None:
        real, target = whole_folder(card), place / card.name
        if real is None or card.form == "folder":  # made for this app, and small
            return real
        if not target.is_dir():
            shutil.copytree(real, target, ignore=shutil.ignore_patterns("*.safetensors"))
            config = tf.AutoConfig.from_pretrained(real)
            (kind,) = json.loads((real / "config.json").read_text())["architectures"]
            network(kind, config).save_pretrained(target)
        return target

    with (
        patch.object(bundled_models, "build", thin_build),
        patch.object(bundled_models, "whole_folder", thin_folder),
    ):
        yield


@contextmanager
def real() -> Iterator[None]:
    """While it lasts, names of embedded models stand for the trained ones again."""
    with (
        patch.object(bundled_models, "build", build),
        patch.object(bundled_models, "whole_folder", whole_folder),
    ):
        yield
