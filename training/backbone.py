"""The packaged MiniLM-L6 backbone under a new head, and batches for it."""

from collections.abc import Iterator, Sequence
from functools import cache

import torch
from torch import Tensor
from transformers import AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from interp_core.models.bundled_models import backbone_folder, build_with_head

MAX_TOKENS = 256


def build_model(task: str, labels: Sequence[str]) -> PreTrainedModel:
    """Backbone weights, checked by hash, under a new random head for `task`."""
    return build_with_head(task, labels, backbone_folder()).eval()


@cache
def tokenizer() -> PreTrainedTokenizerBase:
    """The backbone's word pieces."""
    return AutoTokenizer.from_pretrained(backbone_folder())


def encode(texts: Sequence[str]) -> list[list[int]]:
    """Token ids of each text with [CLS] and [SEP], unpadded."""
    encoded = tokenizer()(list(texts), padding=False, truncation=True, max_length=MAX_TOKENS)
    return encoded["input_ids"]


def pad(ids: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Ids (texts, longest) filled up with [PAD] = 0, and the mask (texts, longest) of real ones."""
    longest = max(map(len, ids))
    padded = torch.tensor([[*row, *[0] * (longest - len(row))] for row in ids])
    lengths = torch.tensor([len(row) for row in ids])
    return padded, torch.arange(longest) < lengths[:, None]


def by_length(lengths: Sequence[int], size: int) -> Iterator[list[int]]:
    """Indices in batches of texts of similar length, shortest first: little padding."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    yield from (order[start : start + size] for start in range(0, len(order), size))


@torch.inference_mode()
def logits_of(model: torch.nn.Module, ids: Sequence[Sequence[int]], size: int = 64) -> list[Tensor]:
    """Logits of each text, in order: (labels,), or (tokens, labels) from a token classifier."""
    result: list[Tensor] = [torch.empty(0)] * len(ids)
    for batch in by_length([len(row) for row in ids], size):
        padded, mask = pad([ids[i] for i in batch])
        scores = model(input_ids=padded, attention_mask=mask).logits
        for row, index in enumerate(batch):
            result[index] = scores[row] if scores.ndim == 2 else scores[row, : len(ids[index])]
    return result


def predict(model: torch.nn.Module, texts: Sequence[str]) -> Tensor:
    """Class probabilities (texts, labels), in the order of the texts."""
    return torch.stack(logits_of(model, encode(texts))).softmax(-1)
