"""Fit low-rank updates of the upper layers and a whole head: the recipe the text models share."""

import argparse
import itertools
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from interp_core.models.adapter import FILE_NAME, merge_adapter, save_adapter
from training.backbone import build_model
from training.lora import low_rank_pairs, wrap_linear_layers
from training.upper_layers import frozen_outputs, logits, shuffled_batches, slope

HEAD = ("bert.pooler.", "classifier.")
WEIGHT_DECAY = 0.01
LARGEST_GRADIENT = 1.0


def recipe(description: str, out: Path, **defaults: float) -> argparse.ArgumentParser:
    """The command line of a training script; `defaults` are the recipe of the bundled file."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--out", type=Path, default=out)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--epochs", type=float)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--first-layer", type=int, default=1, help="lowest layer that learns")
    parser.add_argument("--rank", type=int)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--rate", type=float, help="peak rate of the updates")
    parser.add_argument("--head-rate", type=float, help="of the head")
    parser.add_argument("--limit", type=int, help="use only this many texts (for a quick trial)")
    parser.add_argument("--float32", action="store_true", help="products in float32")
    parser.set_defaults(**defaults)
    return parser


def start(args: argparse.Namespace) -> None:
    """Seed, and keep to the threads asked for."""
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)


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


def head_of(model: PreTrainedModel) -> dict[str, nn.Parameter]:
    """The parameters that are learned in full, by name: the classifier, and a pooler under it."""
    return {name: p for name, p in model.named_parameters() if name.startswith(HEAD)}


def adapt(model: PreTrainedModel, args: argparse.Namespace) -> list[dict]:
    """Freeze the model, add the low-rank updates, return the optimiser's parameter groups."""
    model.requires_grad_(False)
    dtype = torch.float32 if args.float32 else torch.bfloat16
    for layer in model.bert.encoder.layer[args.first_layer :]:
        wrap_linear_layers(layer, args.rank, args.scale, dtype)
        # Dropout on attention weights would force the slow attention kernel.
        layer.attention.self.dropout.p = 0.0
    updates = [parameter for parameter in model.parameters() if parameter.requires_grad]
    head = [parameter.requires_grad_() for parameter in head_of(model).values()]
    return [{"params": updates, "lr": args.rate}, {"params": head, "lr": args.head_rate}]


def fit(
    model: PreTrainedModel,
    ids: Sequence[Sequence[int]],
    loss_of: Callable[[Tensor, list[int]], Tensor],
    args: argparse.Namespace,
) -> None:
    """Train in place. `loss_of(logits, batch)` is the loss of the texts numbered in `batch`."""
    states = frozen_outputs(model, ids, args.first_layer)
    optimiser = torch.optim.AdamW(adapt(model, args), weight_decay=WEIGHT_DECAY)
    steps = int(args.epochs * len(ids) / args.batch)
    batches = shuffled_batches([len(row) for row in ids], args.batch, args.seed)
    model.train()

    def loss(batch: list[int]) -> Tensor:
        return loss_of(logits(model, [states[i] for i in batch], args.first_layer), batch)

    descend(optimiser, loss, itertools.islice(batches, steps), steps)


def descend(
    optimiser: torch.optim.Optimizer, loss_of: Callable, batches: Sequence, steps: int
) -> None:
    """One step a batch on the slope of the rate, with clipped gradients; prints the loss."""
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: slope(step, steps))
    parameters = [p for group in optimiser.param_groups for p in group["params"]]
    tell = Progress(steps)
    for batch in batches:
        loss = loss_of(batch)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, LARGEST_GRADIENT)
        optimiser.step()
        schedule.step()
        tell(loss.item())


def write(model: PreTrainedModel, args: argparse.Namespace) -> None:
    """Write the adapter file into the folder `args.out`."""
    args.out.mkdir(parents=True, exist_ok=True)
    save_adapter(args.out / FILE_NAME, low_rank_pairs(model), head_of(model), args.scale)


def written(task: str, labels: Sequence[str], folder: Path) -> PreTrainedModel:
    """The model as the app will build it: a fresh backbone with the written file merged in."""
    model = build_model(task, labels)
    merge_adapter(model, folder)
    return model
