"""Train the bundled sentiment-lstm model: the sentiment data read by a recurrent network.

    python -m training.train_sentiment_lstm --data DIR

DIR holds `sst5/train_trees.txt` and `sst2_glue/dev.tsv`. Texts, targets and word pieces are those
of train_sentiment.py; the word vectors are the backbone's and stay as they are. Dev accuracy is
printed once, after the last step; test data is not read here.
"""

import argparse
import itertools
import time
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from interp_core.models.bundled_models import backbone_folder
from interp_core.models.recurrent import (
    FILE_NAME,
    WORDS,
    RecurrentClassifier,
    load_recurrent,
    new_recurrent,
)
from interp_core.models.registry import BUNDLED
from training import fit
from training.backbone import encode, pad, predict
from training.cards import update_card
from training.sst2 import LABELS, read_split
from training.treebank import read_soft
from training.upper_layers import shuffled_batches


def options() -> argparse.Namespace:
    """The command line; the defaults are the recipe of the bundled file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--out", type=Path, default=BUNDLED / "sentiment-lstm")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--epochs", type=float, default=2.0)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--dropout", type=float, default=0.4)
    return parser.parse_args()


def train(model: RecurrentClassifier, args: argparse.Namespace) -> None:
    """Fit everything but the word vectors."""
    texts, wanted = read_soft(args.data / "sst5")
    ids = encode(texts)
    model.word_embeddings.requires_grad_(False)
    model.dropout.p = args.dropout
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(learned, lr=args.rate, weight_decay=fit.WEIGHT_DECAY)
    steps = int(args.epochs * len(ids) / args.batch)
    batches = shuffled_batches([len(row) for row in ids], args.batch, args.seed)
    model.train()

    def loss(batch: list[int]) -> Tensor:
        padded, mask = pad([ids[i] for i in batch])
        scores = model(input_ids=padded, attention_mask=mask).logits
        return functional.cross_entropy(scores, wanted[batch])

    fit.descend(optimiser, loss, itertools.islice(batches, steps), steps)


def main() -> None:
    """Train, write all but the word vectors, measure the written file on dev."""
    args = options()
    fit.start(args)
    model = new_recurrent(LABELS, backbone_folder())
    train(model, args)
    args.out.mkdir(parents=True, exist_ok=True)
    state = {name: value.half() for name, value in model.state_dict().items() if name != WORDS}
    save_file(state, args.out / FILE_NAME)
    update_card(args.out, labels=LABELS)
    dev = read_split(args.data / "sst2_glue", "dev")
    written = load_recurrent(LABELS, backbone_folder(), args.out)
    found = predict(written, [example.text for example in dev]).argmax(-1)
    correct = sum(int(f) == example.label for f, example in zip(found, dev, strict=True))
    print(f"dev accuracy {correct / len(dev):.4f}, {time.process_time() / 60:.1f} CPU minutes")


if __name__ == "__main__":
    main()
