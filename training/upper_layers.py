"""Training above frozen layers: their cached outputs, the forward from there, batches, schedule."""

import random
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from training.backbone import by_length, pad

POOL = 64  # batches sorted together: enough for little padding, few enough to stay mixed
WARM_UP = 0.06  # share of the steps


@torch.inference_mode()
def frozen_outputs(
    model: PreTrainedModel, ids: Sequence[Sequence[int]], layers: int
) -> list[Tensor]:
    """Per text the hidden states (tokens, dim) above the lowest `layers` layers, as float16."""
    result: list[Tensor] = [torch.empty(0)] * len(ids)
    for batch in by_length([len(row) for row in ids], 256):
        padded, mask = pad([ids[i] for i in batch])
        states = model.bert.embeddings(padded)
        for layer in model.bert.encoder.layer[:layers]:
            states = layer(states, mask[:, None, None, :])
        for row, index in enumerate(batch):
            result[index] = states[row, : len(ids[index])].half().clone()
    return result


def shuffled_batches(lengths: Sequence[int], size: int, seed: int) -> Iterator[list[int]]:
    """Endless batches: each epoch shuffles, sorts within pools by length, shuffles the batches."""
    generator = random.Random(seed)
    while True:
        order = generator.sample(range(len(lengths)), len(lengths))
        batches = []
        for start in range(0, len(order), size * POOL):
            pool = order[start : start + size * POOL]
            for batch in by_length([lengths[i] for i in pool], size):
                batches.append([pool[i] for i in batch])
        yield from generator.sample(batches, len(batches))


def logits(model: PreTrainedModel, states: Sequence[Tensor], first: int) -> Tensor:
    """Logits (texts, labels) from the frozen layers' outputs, each (tokens, dim).

    A token classifier has no pooler and gives (texts, longest, labels).
    """
    hidden = nn.utils.rnn.pad_sequence(states, batch_first=True).float()
    lengths = torch.tensor([len(state) for state in states])
    mask = (torch.arange(hidden.shape[1]) < lengths[:, None])[:, None, None, :]
    hidden = model.dropout(hidden)
    for layer in model.bert.encoder.layer[first:]:
        hidden = layer(hidden, mask)
    pooler = model.bert.pooler or nn.Identity()
    return model.classifier(model.dropout(pooler(hidden)))


def slope(step: int, steps: int) -> float:
    """Factor on the peak rate: linear warm-up, then linear decay to zero."""
    warm = max(1, int(WARM_UP * steps))
    return min((step + 1) / warm, max(0.0, (steps - step) / (steps - warm)))
