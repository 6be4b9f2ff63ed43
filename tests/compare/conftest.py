"""A tiny classifier, a fine-tuned copy of it, and a copy whose heads stand in another order."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch

ORDER = (2, 0, 1, 3)  # of the heads of layer 1
HEADS, SIZE = 4, 8


@pytest.fixture(scope="session")
def base(tiny_model):
    return tiny_model("bert-2-labels")


@pytest.fixture(scope="session")
def tuned(base):
    """One direction added to the queries of layer 1, and another classifier."""
    network = copy.deepcopy(base.model)
    with torch.no_grad():
        one = torch.linspace(-1, 1, 32)
        layer = network.bert.encoder.layer[1]
        layer.attention.self.query.weight += 0.3 * torch.outer(one, one.flip(0) ** 2)
        network.classifier.weight *= -1
        network.classifier.bias *= -1
    return replace(base, name="tuned", model=network)


@pytest.fixture(scope="session")
def reordered(base):
    network = copy.deepcopy(base.model)
    rows = torch.cat([torch.arange(head * SIZE, (head + 1) * SIZE) for head in ORDER])
    attention = network.bert.encoder.layer[1].attention
    with torch.no_grad():
        for name in ("query", "key", "value"):
            part = getattr(attention.self, name)
            part.weight.copy_(part.weight[rows].clone())
            part.bias.copy_(part.bias[rows].clone())
        output = attention.output.dense
        output.weight.copy_(output.weight[:, rows].clone())
    return replace(base, name="reordered", model=network)


@pytest.fixture(scope="session")
def texts():
    import interp_core as ic

    return [text for text in ic.sentences() if len(text) < 60][:24]
