"""Train the bundled sentiment model: low-rank fine-tuning of MiniLM-L6 on the Sentiment Treebank.

    python -m training.train_sentiment --data DIR

DIR holds `sst5/train_trees.txt`, the trees whose two-way reduction is SST-2, and
`sst2_glue/dev.tsv`. The lowest layers stay frozen, so their outputs are computed once; the upper
layers learn low-rank updates, the pooler and the classifier are learned in full. Dev accuracy is
printed once, after the last step, for the file as written; test data is not read here.
"""

import argparse
import itertools
import time
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional
from transformers import BertForSequenceClassification

from interp_core.models.adapter import FILE_NAME, merge_adapter, save_adapter
from training.backbone import build_classifier, encode, predict
from training.lora import low_rank_pairs, wrap_linear_layers
from training.sst2 import read_split
from training.treebank import read_targets
from training.upper_layers import frozen_outputs, logits, shuffled_batches, slope

BUNDLED = Path(__file__).parents[1] / "interp_core/models/bundled/sentiment"
WEIGHT_DECAY = 0.01
LARGEST_GRADIENT = 1.0


def options() -> argparse.Namespace:
    """The command line; the defaults are the recipe of the bundled file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that holds sst2_glue/")
    parser.add_argument("--out", type=Path, default=BUNDLED)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--epochs", type=float, default=1.5)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--first-layer", type=int, default=1, help="lowest layer that learns")
    parser.add_argument("--rank", type=int, default=32)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--rate", type=float, default=7e-4, help="peak rate of the updates")
    parser.add_argument("--head-rate", type=float, default=5e-4, help="of pooler and classifier")
    parser.add_argument("--length-power", type=float, default=0.0, help="weight texts by length")
    parser.add_argument("--limit", type=int, help="use only this many texts (for a quick trial)")
    parser.add_argument("--float32", action="store_true", help="products in float32")
    return parser.parse_args()


class Progress:
    """Prints the running loss and the time left, every `EVERY` steps."""

    EVERY = 200

    def __init__(self, steps: int) -> None:
        self.steps, self.step, self.loss, self.start = steps, 0, 0.0, time.time()

    def __call__(self, loss: float) -> None:
        self.step += 1
        self.loss += (loss - self.loss) / min(self.step, self.EVERY)
        if self.step % self.EVERY == 0:
            left = (time.time() - self.start) / self.step * (self.steps - self.step) / 60
            text = f"step {self.step}/{self.steps}  loss {self.loss:.4f}  {left:.1f} min left"
            print(text, flush=True)


def adapt(model: BertForSequenceClassification, args: argparse.Namespace) -> list[dict]:
    """Freeze the model, add the low-rank updates, return the optimiser's parameter groups."""
    model.requires_grad_(False)
    dtype = torch.float32 if args.float32 else torch.bfloat16
    for layer in model.bert.encoder.layer[args.first_layer :]:
        wrap_linear_layers(layer, args.rank, args.scale, dtype)
        # Dropout on attention weights would force the slow attention kernel.
        layer.attention.self.dropout.p = 0.0
    head = nn.ModuleList([model.bert.pooler, model.classifier]).requires_grad_(True)
    known = {id(parameter) for parameter in head.parameters()}
    updates = [p for p in model.parameters() if p.requires_grad and id(p) not in known]
    return [
        {"params": updates, "lr": args.rate},
        {"params": list(head.parameters()), "lr": args.head_rate},
    ]


def train(model: BertForSequenceClassification, args: argparse.Namespace) -> None:
    """Fit the adapted model; prints the running loss and the time left."""
    targets = read_targets(args.data / "sst5")[: args.limit]
    ids = encode([target.text for target in targets])
    positive = torch.tensor([target.positive for target in targets])
    wanted = torch.stack([1 - positive, positive], dim=1)
    # Phrases outnumber sentences tenfold; sentences are what the model will be asked about.
    weights = torch.tensor([len(row) for row in ids]) ** args.length_power
    weights /= weights.mean()
    states = frozen_outputs(model, ids, args.first_layer)
    optimiser = torch.optim.AdamW(adapt(model, args), weight_decay=WEIGHT_DECAY)
    steps = int(args.epochs * len(ids) / args.batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: slope(step, steps))
    batches = shuffled_batches([len(row) for row in ids], args.batch, args.seed)
    model.train()
    tell = Progress(steps)
    for batch in itertools.islice(batches, steps):
        scores = logits(model, [states[i] for i in batch], args.first_layer)
        losses = functional.cross_entropy(scores, wanted[batch], reduction="none")
        loss = (losses * weights[batch]).mean()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), LARGEST_GRADIENT)
        optimiser.step()
        schedule.step()
        tell(loss.item())


def main() -> None:
    """Train, write the adapter, measure the written file on dev."""
    args = options()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    model = build_classifier()
    train(model, args)
    args.out.mkdir(parents=True, exist_ok=True)
    head = ("bert.pooler.", "classifier.")
    full = {name: p for name, p in model.named_parameters() if name.startswith(head)}
    save_adapter(args.out / FILE_NAME, low_rank_pairs(model), full, args.scale)
    merged = build_classifier()
    merge_adapter(merged, args.out)
    dev = read_split(args.data / "sst2_glue", "dev")
    found = predict(merged, [example.text for example in dev]).argmax(-1)
    correct = sum(int(f) == example.label for f, example in zip(found, dev, strict=True))
    print(f"dev accuracy {correct / len(dev):.4f}, {time.process_time() / 60:.1f} CPU minutes")


if __name__ == "__main__":
    main()
