"""Train a sentiment adapter and keep it at six points of its training, the last one overfitted.

    python -m training.train_sentiment_checkpoints --data DIR

The recipe is that of `training.train_sentiment`, reduced: fewer phrases, one epoch, a lower rank
and the pooler's update of low rank too, so that six files stay small. The phrases come from
`sst5/train_trees.txt` of DIR; with them stand the training sentences of
`interp_core/data/opinions.tsv`, so that a training sample can be given out. After the recipe the
model goes on with these few sentences alone, for many epochs at a constant peak rate.

Each point becomes a folder `checkpoint-STEP` as transformers' Trainer and peft write it, with the
files' SHA-256 in `series.json` beside them.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import random
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor
from torch.nn import functional
from transformers import PreTrainedModel

from interp_core.datasets import opinions
from interp_core.training_dynamics.bundled import BUNDLED_SERIES, SERIES_FILE
from training import fit
from training.backbone import build_model, encode
from training.lora import low_rank_pairs, wrap_linear_layers
from training.sst2 import LABELS
from training.train_sentiment import TASK
from training.treebank import TARGETS, read_soft
from training.upper_layers import frozen_outputs, logits, shuffled_batches

SHARES = (0, 0.02, 0.1, 0.3, 1)
TARGET_MODULES = r".*(encoder\.layer\.[1-5]\..*|pooler)\.(query|key|value|dense)"


def options() -> argparse.Namespace:
    """The command line; the defaults are the recipe of the files in the package."""
    parser = fit.recipe(
        __doc__.splitlines()[0],
        BUNDLED_SERIES / "sentiment",
        epochs=1,
        rank=8,
        rate=7e-4,
        head_rate=5e-4,
        limit=24_000,
    )
    parser.add_argument("--overfit-epochs", type=int, default=100)
    parser.add_argument("--overfit-rate", type=float, default=1e-3)
    return parser.parse_args()


def training_texts(args: argparse.Namespace) -> tuple[list[str], Tensor, int]:
    """Texts, what to aim at (n, 2), and how many of them, the first, may be given out."""
    own = opinions("train")
    positive = torch.where(torch.tensor(own["label"] == "positive"), TARGETS[-1], TARGETS[0])
    texts, wanted = read_soft(args.data / "sst5")
    drawn = random.Random(args.seed).sample(range(len(texts)), args.limit - len(own))
    targets = torch.cat([torch.stack([1 - positive, positive], dim=1), wanted[drawn]])
    return [*own["text"], *(texts[place] for place in drawn)], targets, len(own)


class Writer:
    """Writes checkpoints as the Trainer and peft do, and remembers their hashes."""

    def __init__(self, model: PreTrainedModel, args: argparse.Namespace) -> None:
        self.model, self.args, self.files = model, args, {}
        self.checkpoints: list[dict] = []

    def __call__(self, step: int, share: float | None, **state: float) -> None:
        """Write `checkpoint-STEP`; `share` is the part of the recipe, None after it."""
        folder = self.args.out / f"checkpoint-{step}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "adapter_model.safetensors").write_bytes(save(self._tensors()))
        _json(folder / "adapter_config.json", self._settings())
        _json(folder / "config.json", _config(self.model))
        _json(folder / "trainer_state.json", {"global_step": step, **state})
        for path in sorted(folder.iterdir()):
            name = path.relative_to(self.args.out).as_posix()
            self.files[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        self.checkpoints.append({"step": step, "share of the recipe": share})
        self.model.train()

    def _tensors(self) -> dict[str, Tensor]:
        prefix, found = "base_model.model.", {}
        for module, (down, up) in low_rank_pairs(self.model).items():
            found[f"{prefix}{module}.lora_A.weight"] = down
            found[f"{prefix}{module}.lora_B.weight"] = up
        for name, value in self.model.classifier.named_parameters():
            found[f"{prefix}classifier.{name}"] = value
        return {name: value.detach().half().contiguous() for name, value in found.items()}

    def _settings(self) -> dict:
        return {
            "peft_type": "LORA",
            "task_type": "SEQ_CLS",
            "base_model_name_or_path": "encoder",
            "r": self.args.rank,
            "lora_alpha": self.args.rank * self.args.scale,
            "target_modules": TARGET_MODULES,
            "modules_to_save": ["classifier"],
            "inference_mode": True,
        }


def _config(model: PreTrainedModel) -> dict:
    names = dict(enumerate(LABELS))
    return {"model_type": model.config.model_type, "id2label": names, "num_labels": len(names)}


def _json(path: Path, value: dict) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


def marked(batches: Iterator[list[int]], marks: dict[int, float], write: Writer) -> Iterator:
    """The batches as they are; before the update with a number in `marks` a checkpoint."""
    for step, batch in enumerate(batches):
        if step in marks:
            write(step, marks[step], epoch=marks[step] * write.args.epochs)
        yield batch


def main() -> None:
    """Train by the recipe, then on the small sample alone; write six checkpoints."""
    args = options()
    fit.start(args)
    model = build_model(TASK, LABELS)
    texts, wanted, small = training_texts(args)
    ids = encode(texts)
    states = frozen_outputs(model, ids, args.first_layer)
    wrap_linear_layers(model.bert.pooler, args.rank, args.scale)
    pooler = [each for name, each in model.named_parameters() if "pooler.dense.lora" in name]
    groups = fit.adapt(model, args)
    head = list(model.classifier.parameters())
    groups = [{"params": [*groups[0]["params"], *pooler], "lr": args.rate}]
    groups.append({"params": head, "lr": args.head_rate})
    for parameter in pooler:
        parameter.requires_grad_()
    write = Writer(model, args)

    def loss(batch: list[int]) -> Tensor:
        scores = logits(model, [states[i] for i in batch], args.first_layer)
        return functional.cross_entropy(scores, wanted[batch])

    model.train()
    steps = int(args.epochs * len(ids) / args.batch)
    marks = {round(share * steps): share for share in SHARES[:-1]}
    batches = itertools.islice(
        shuffled_batches([len(row) for row in ids], args.batch, args.seed), steps
    )
    optimiser = torch.optim.AdamW(groups, weight_decay=fit.WEIGHT_DECAY)
    fit.descend(optimiser, loss, marked(batches, marks, write), steps)
    write(steps, 1, epoch=args.epochs)

    # Hard labels now: what the classes are, not how sure a reader would be.
    wanted[:small] = wanted[:small].round()
    again = int(args.overfit_epochs * small / args.batch)
    few = shuffled_batches([len(row) for row in ids[:small]], args.batch, args.seed)
    for group in groups:
        group["lr"] = args.overfit_rate
    optimiser = torch.optim.AdamW(groups, weight_decay=0.0)
    fit.descend(optimiser, loss, itertools.islice(few, again), again)
    write(steps + again, None, epochs_on_the_small_sample=args.overfit_epochs)

    facts = {"checkpoints": write.checkpoints, "seed": args.seed, "sha256": write.files}
    _json(args.out / SERIES_FILE, facts)


if __name__ == "__main__":
    main()
