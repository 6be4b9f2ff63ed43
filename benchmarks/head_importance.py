"""Ablation of every head beside the loop that takes one away at a time.

    python -m benchmarks.head_importance --data DIR [--sentences 200]

DIR holds `sst2_glue/dev.tsv` (a `sentence` and a `label` column). Nothing of it is printed. The
model is the built-in `sentiment`, all of its 72 heads are taken away in turn.

- loop: for each head and each sentence one forward pass, with a hook that zeroes the head's slice
  of the output projection's input. The plain model, tokenized beforehand.
- batched loop: the same, 16 sentences of about one length in a pass.
- ours: `ic.head_importance(..., method="ablation")`, tokenization included.

CPU seconds of one thread; loop and ours take turns, fifty sentences at a time. The numbers of both
are compared for every head.
"""

from __future__ import annotations

import argparse
import csv
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

import interp_core as ic
from interp_core.heads.objective import input_batches

PART = 50  # sentences in a turn
BATCH = 16


def sentences(folder: Path, count: int) -> tuple[list[str], list[int]]:
    """A seeded choice of sentences and their labels."""
    with (folder / "sst2_glue" / "dev.tsv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    chosen = np.random.default_rng(0).permutation(len(rows))[:count]
    texts = [rows[number]["sentence"].strip() for number in chosen]
    return texts, [int(rows[number]["label"]) for number in chosen]


@contextmanager
def without(model: ic.LoadedModel, layer: int, head: int) -> Iterator[None]:
    """The plain model with one head's slice set to zero."""
    width = model.model.config.hidden_size // model.n_heads

    def close(_module: torch.nn.Module, inputs: tuple) -> tuple:
        changed = inputs[0].clone()
        changed[..., head * width : (head + 1) * width] = 0
        return (changed,)

    output = model.model.base_model.encoder.layer[layer].attention.output.dense
    hook = output.register_forward_pre_hook(close)
    try:
        yield
    finally:
        hook.remove()


def loop(model: ic.LoadedModel, texts: list[str], labels: list[int], most: int) -> np.ndarray:
    """Loss without each head, (layers, heads), a mean over the sentences."""
    batches = [
        (b.tensors, torch.tensor([labels[r] for r in b.rows]))
        for b in input_batches(model, texts, most)
    ]
    found = np.zeros((model.n_layers, model.n_heads))
    with torch.inference_mode():
        for layer in range(model.n_layers):
            for head in range(model.n_heads):
                with without(model, layer, head):
                    for inputs, right in batches:
                        logits = model.model(**inputs).logits
                        losses = torch.nn.functional.cross_entropy(logits, right, reduction="sum")
                        found[layer, head] += float(losses)
    return found / len(texts)


def whole(model: ic.LoadedModel, texts: list[str], labels: list[int]) -> float:
    """Mean loss of the whole model."""
    total = 0.0
    with torch.inference_mode():
        for batch in input_batches(model, texts, BATCH):
            right = torch.tensor([labels[row] for row in batch.rows])
            logits = model.model(**batch.tensors).logits
            total += float(torch.nn.functional.cross_entropy(logits, right, reduction="sum"))
    return total / len(texts)


def main() -> None:
    """Print the ratios and the largest difference."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sentences", type=int, default=200)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    model = ic.load_model("sentiment")
    texts, labels = sentences(asked.data, asked.sentences)
    ic.head_importance(model, texts[:1], labels[:1], method="ablation")
    spent = {"loop": 0.0, "batched loop": 0.0, "ours": 0.0, "gradient": 0.0}
    worst, pairs = 0.0, []
    for start in range(0, len(texts), PART):
        part, right = texts[start : start + PART], labels[start : start + PART]
        times, results = [], []
        for run in (
            lambda part=part, right=right: loop(model, part, right, 1),
            lambda part=part, right=right: loop(model, part, right, BATCH),
            lambda part=part, right=right: ic.head_importance(
                model, part, right, method="ablation"
            ),
            lambda part=part, right=right: ic.head_importance(model, part, right),
        ):
            begun = time.process_time()
            results.append(run())
            times.append(time.process_time() - begun)
        for name, seconds in zip(spent, times):
            spent[name] += seconds
        changes = results[0].ravel() - whole(model, part, right)
        worst = max(worst, float(np.abs(changes - results[2]["loss_change"]).max()))
        pairs.append((results[2]["loss_change"], results[3]["loss_change"]))
    print(f"{model.n_layers * model.n_heads} heads, {len(texts)} sentences, CPU seconds")
    for name, seconds in spent.items():
        print(f"  {name:14}{seconds:9.1f} s")
    print(f"ratio loop : ours {spent['loop'] / spent['ours']:.2f} (goal: at least 3)")
    print(f"ratio batched loop : ours {spent['batched loop'] / spent['ours']:.2f}")
    print(f"ratio ours : gradient {spent['ours'] / spent['gradient']:.0f}")
    print(f"largest difference of a loss change {worst:.1e} (goal: below 1e-5)")
    true, guess = (np.mean(each, 0) for each in zip(*pairs))
    print(f"gradient against ablation: correlation {np.corrcoef(true, guess)[0, 1]:.3f}")


if __name__ == "__main__":
    main()
