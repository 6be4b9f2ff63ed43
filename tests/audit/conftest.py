"""A classifier that adds up the weights of words: whatever is measured of it is known by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace

import pytest
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from torch import nn
from transformers import PreTrainedTokenizerFast
from transformers.modeling_outputs import SequenceClassifierOutput

from interp_core.models.record import Layout, LoadedModel

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
LABELS = ("negative", "positive")
MAX_TOKENS = 64


class WordWeights(nn.Module):
    """Logits are [−F, F], where F is the sum of the words' weights, in double precision.

    With `negates`, a weight after "not" counts with the other sign. `flipped` is a token in whose
    texts F has the other sign: the fault of a model that learnt wrong labels for them. For
    "regression" the one logit is F.
    """

    def __init__(self, weights: torch.Tensor, negation: int | None, flipped: int | None) -> None:
        super().__init__()
        self.table = nn.Embedding(*weights.shape, dtype=torch.float64)
        with torch.no_grad():
            self.table.weight.copy_(weights)
        self.negation, self.flipped = negation, flipped
        self.config = SimpleNamespace(
            is_encoder_decoder=False, model_type="words", pad_token_id=0, problem_type=None
        )

    def get_input_embeddings(self) -> nn.Module:
        return self.table

    def forward(self, input_ids, attention_mask=None, return_dict=True):
        values = self.table(input_ids)[..., 0]
        if attention_mask is not None:
            values = values * attention_mask
        if self.negation is not None:
            before = torch.roll(input_ids, 1, -1) == self.negation
            values = torch.where(before, -values, values)
        total = values.sum(-1)
        if self.flipped is not None:
            total = torch.where((input_ids == self.flipped).any(-1), -total, total)
        both = torch.stack([-total, total], -1)
        number = self.config.problem_type == "regression"
        return SequenceClassifierOutput(logits=both[:, 1:] if number else both)


def word_weights(
    weights: Mapping[str, float], *, negates: bool = False, flipped: str | None = None
) -> LoadedModel:
    """The classifier whose words have these weights; every other word is unknown and weighs 0."""
    words = [*SPECIAL, *dict.fromkeys([*weights, *(["not"] if negates else [])])]
    words += [flipped] if flipped and flipped not in words else []
    numbers = {word: number for number, word in enumerate(words)}
    core = Tokenizer(models.WordLevel(numbers, unk_token="[UNK]"))
    core.normalizer = normalizers.Lowercase()
    core.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    core.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[("[CLS]", numbers["[CLS]"]), ("[SEP]", numbers["[SEP]"])],
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_input_names=["input_ids", "attention_mask"],
    )
    table = torch.zeros(len(words), 2, dtype=torch.float64)
    for word, weight in weights.items():
        table[numbers[word], 0] = weight
    network = WordWeights(
        table, numbers["not"] if negates else None, numbers[flipped] if flipped else None
    )
    return LoadedModel(
        "words",
        "sequence-classification",
        LABELS,
        network.eval().requires_grad_(False),
        tokenizer,
        torch.device("cpu"),
        MAX_TOKENS,
        Layout(0, 0, (), 0, (), causal=False),
    )


@pytest.fixture(scope="session")
def words_model() -> Callable[..., LoadedModel]:
    """`words_model({"good": 2.0}, negates=True, flipped="river")`, see `word_weights`."""
    return word_weights
