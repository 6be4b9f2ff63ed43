"""What attention maps cost above the forward pass that they come from.

    python -m benchmarks.attention_cost [--model encoder] [--tokens 128] [--rounds 25]

Both are timed in turn, so that what slows the machine for a while slows both; the ratio of the
medians is the figure (the goal is 1.1).
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import time
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch

import interp_core as ic


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="encoder")
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=25)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    model = ic.load_model(asked.model)
    text = "the " * (asked.tokens - 2)
    batch = model.tokenizer(text, return_tensors="pt")

    @torch.inference_mode()
    def bare() -> None:
        model.model(**batch, output_attentions=True)

    def ours() -> None:
        ic.attention_maps(model, text)

    ours(), bare()
    gc.collect()
    pairs = [(seconds(ours), seconds(bare)) for _ in range(asked.rounds)]
    mine, theirs = (statistics.median(column) for column in zip(*pairs))
    tokens = batch["input_ids"].shape[1]
    print(f"{tokens} tokens: maps / bare pass = {mine / theirs:.2f} (bare: {1000 * theirs:.1f} ms)")


if __name__ == "__main__":
    main()
