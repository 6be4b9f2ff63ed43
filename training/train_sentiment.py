"""Train the bundled sentiment model: low-rank fine-tuning of MiniLM-L6 on the Sentiment Treebank.

    python -m training.train_sentiment --data DIR

DIR holds `sst5/train_trees.txt`, the trees whose two-way reduction is SST-2, and
`sst2_glue/dev.tsv`. The lowest layers stay frozen, so their outputs are computed once; the upper
layers learn low-rank updates, the pooler and the classifier are learned in full. Dev accuracy is
printed once, after the last step, for the file as written; test data is not read here.
"""

import argparse
import time

import torch
from torch import Tensor
from torch.nn import functional
from transformers import PreTrainedModel

from interp_core.models.registry import BUNDLED
from training import fit
from training.backbone import build_model, encode, predict
from training.sst2 import LABELS, read_split
from training.treebank import read_soft

TASK = "sequence-classification"


def options() -> argparse.Namespace:
    """The command line; the defaults are the recipe of the bundled file."""
    parser = fit.recipe(
        __doc__.splitlines()[0],
        BUNDLED / "sentiment",
        epochs=1.5,
        rank=32,
        rate=7e-4,
        head_rate=5e-4,
    )
    parser.add_argument("--length-power", type=float, default=0.0, help="weight texts by length")
    return parser.parse_args()


def train(model: PreTrainedModel, args: argparse.Namespace) -> None:
    """Fit the adapted model; prints the running loss and the time left."""
    texts, wanted = read_soft(args.data / "sst5")
    ids = encode(texts[: args.limit])
    # Phrases outnumber sentences tenfold; sentences are what the model will be asked about.
    weights = torch.tensor([len(row) for row in ids]) ** args.length_power
    weights /= weights.mean()

    def loss(scores: Tensor, batch: list[int]) -> Tensor:
        losses = functional.cross_entropy(scores, wanted[batch], reduction="none")
        return (losses * weights[batch]).mean()

    fit.fit(model, ids, loss, args)


def main() -> None:
    """Train, write the adapter, measure the written file on dev."""
    args = options()
    fit.start(args)
    model = build_model(TASK, LABELS)
    train(model, args)
    fit.write(model, args)
    dev = read_split(args.data / "sst2_glue", "dev")
    merged = fit.written(TASK, LABELS, args.out)
    found = predict(merged, [example.text for example in dev]).argmax(-1)
    correct = sum(int(f) == example.label for f, example in zip(found, dev, strict=True))
    print(f"dev accuracy {correct / len(dev):.4f}, {time.process_time() / 60:.1f} CPU minutes")


if __name__ == "__main__":
    main()
