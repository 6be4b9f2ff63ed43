"""Do the words that a method names move the prediction? Measured on SST-2 dev with `sentiment`.

    python -m benchmarks.faithfulness --data DIR [--sentences 100] [--methods NAME ...]

DIR holds `sst2_glue/dev.tsv`. Nothing of it is printed. For each method, averaged over sentences:
comprehensiveness, sufficiency and the area over the deletion curve, each beside random rankings
of the same sentences; and the share of predictions that flip when the top word is deleted, beside
the share over all words (a random word, exactly).
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

import interp_core as ic
from benchmarks.attributions import sentences
from interp_core.attribution.edits import attribution_scores, evaluate, word_deletions

METHODS = ("integrated_gradients", "saliency", "input_x_gradient", "occlusion", "leave_one_out")
MEASURES = ("comprehensiveness", "sufficiency", "aopc")


def flips(model: ic.LoadedModel, attribution: ic.Attribution) -> tuple[float, float]:
    """Whether the prediction flips without the top word, and the share over all words."""
    trial = word_deletions(model, attribution, "delete")
    edits = [trial.edit([word]) for word in range(len(trial.groups))]
    labels = evaluate(model, edits, lambda goal, output: output.logits.argmax(-1))
    flipped = labels != attribution.goal.terms[0].index
    scores = [attribution_scores(attribution)[group].sum() for group in trial.groups]
    return float(flipped[int(np.argmax(scores))]), float(flipped.mean())


def measure(model: ic.LoadedModel, text: str, method: str) -> list[float]:
    """Value and random mean of each measure, then both flips."""
    attribution = ic.attribute(model, text, method=method)
    result = ic.faithfulness(model, attribution)
    pairs = [
        (getattr(result, name), float(getattr(result, f"random_{name}").mean()))
        for name in MEASURES
    ]
    return [value for pair in (*pairs, flips(model, attribution)) for value in pair]


def main() -> None:
    """Print one line for each method."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sentences", type=int, default=100)
    parser.add_argument("--methods", nargs="*", default=METHODS)
    asked = parser.parse_args()
    model = ic.load_model("sentiment")
    texts = sentences(asked.data, asked.sentences)
    print(f"{len(texts)} sentences; each pair: the method, a random ranking or word")
    print(f"{'method':22}" + "".join(f"{name:>20}" for name in (*MEASURES, "flips")))
    for method in asked.methods:
        means = np.mean([measure(model, text, method) for text in texts], 0).reshape(-1, 2)
        cells = [f"{mine:.3f} {chance:.3f}" for mine, chance in means]
        print(f"{method:22}" + "".join(f"{cell:>20}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
