"""What a comparison of representations adds to the bare passes of both models.

    python -m benchmarks.compare [--texts 2000] [--rounds 3]

Prints the ratio within one run, the median of the rounds: representations of all texts in all
layers of `encoder` and `sentiment`, compared layer against layer with intervals, over the bare
passes of the same texts in the same batches, tokenizing included in both. Repeats the built-in
sentences with a number behind where they are too few, so that no two texts are alike.
"""

from __future__ import annotations

import argparse
import statistics

import torch

import interp_core as ic
from benchmarks.audit_passes import seconds
from interp_core.heads.attention_hook import attention_hook
from interp_core.inputs.batching import collate, plan_batches, tokenize


def bare_pass(model: ic.LoadedModel, texts: list[str]) -> None:
    """All texts through the stack, with nothing kept."""
    read = tokenize(model, texts)
    for rows in plan_batches([len(each) for each in read], padding=attention_hook(model).padding):
        with torch.inference_mode():
            model.model.base_model(**collate(model, read, rows).inputs)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    pair = [ic.load_model(name) for name in ("encoder", "sentiment")]
    known = list(ic.sentences())
    texts = [*known, *(f"{text} {number}" for number, text in enumerate(known))][: asked.texts]
    ic.compare_representations(*pair, texts[:64])
    ratios = []
    for _ in range(asked.rounds):
        bare = seconds(lambda: [bare_pass(model, texts) for model in pair])
        whole = seconds(lambda: ic.compare_representations(*pair, texts))
        ratios.append(whole / bare)
        print(f"{whole:.1f} s / {bare:.1f} s = {whole / bare:.2f}")
    print(f"comparison of {len(texts):,} texts / bare passes: {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
