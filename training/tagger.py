"""Training a token classifier: the part that slots and parts of speech share."""

import argparse
import time
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel

from training import fit
from training.backbone import build_model
from training.cards import update_card
from training.tagged import IGNORED, Sentence, cut, piece_labels

TASK = "token-classification"


def train_tagger(
    sentences: Sequence[Sentence], labels: Sequence[str], args: argparse.Namespace
) -> PreTrainedModel:
    """Fit, write the adapter and the labels into `args.out`, and return what the app will load."""
    sentences = sentences[: args.limit]
    model = build_model(TASK, labels)
    cuts = cut(sentences)
    wanted = [
        torch.tensor(piece_labels(sentence, pieces, labels))
        for sentence, pieces in zip(sentences, cuts, strict=True)
    ]

    def loss(scores: Tensor, batch: list[int]) -> Tensor:
        rows = [wanted[i] for i in batch]
        gold = nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=IGNORED)
        return functional.cross_entropy(scores.flatten(0, 1), gold.flatten(), ignore_index=IGNORED)

    fit.fit(model, [pieces.ids for pieces in cuts], loss, args)
    fit.write(model, args)
    update_card(args.out, labels=labels)
    print(f"trained in {time.process_time() / 60:.1f} CPU minutes")
    return fit.written(TASK, labels, args.out)
