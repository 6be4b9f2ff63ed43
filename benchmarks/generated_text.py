"""What the attribution of an answer costs, in forward passes of the same prompt and answer.

    python -m benchmarks.generated_text

`language-model`, a prompt of 20 sentences and an answer of 40 tokens: by removal (20 passes, one
for the whole, and those of the answer's own sentences) at most 25 bare passes' time. A bare pass
reads prompt and answer once and gives all its logits. Input × gradient beside it.

CPU seconds of one thread, the least of several turns; everything takes turns in one run, so that
the ratios hold on a busy machine too.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

import interp_core as ic
from interp_core.models.forward import forward

PLACES = ("Oslo", "Lima", "Cairo", "Quito", "Paris", "Rome", "Delhi", "Accra", "Hanoi", "Riga")
PROMPT = " ".join(
    f"The museum in {place} opens at {hour}. Its tickets cost {2 * hour} euros."
    for hour, place in enumerate(PLACES, 5)
)
LIMIT = 25.0  # bare passes


def measured(jobs: dict[str, Callable], turns: int) -> dict[str, float]:
    """Least CPU seconds of each job; the jobs take turns."""
    best: dict[str, float] = {}
    for _ in range(turns):
        for name, job in jobs.items():
            begun = time.process_time()
            job()
            spent = time.process_time() - begun
            best[name] = min(spent, best.get(name, spent))
    return best


def main() -> None:
    """Print the seconds and the ratios; exit with 1 beyond the limit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--gradients", action="store_true", help="input × gradient as well")
    given, _ = parser.parse_known_args()
    torch.set_num_threads(1)
    model = ic.load_model("language-model")
    prompt = ic.read_prompt(model, PROMPT)
    answer = ic.write_answer(model, prompt, tokens=40)
    ids = np.concatenate([prompt.sequence.ids, answer.sequence.ids])
    inputs = {"input_ids": torch.tensor(ids)[None]}
    jobs: dict[str, Callable] = {
        "bare pass": lambda: forward(model, inputs),
        "removal": lambda: ic.attribute_generation(model, prompt, answer, units="sentence"),
    }
    if given.gradients:
        jobs["input x gradient"] = lambda: ic.attribute_generation(
            model, prompt, answer, units="sentence", method="input_x_gradient"
        )
    units = len(ic.prompt_units(prompt, "sentence"))
    print(f"{units} units, {len(prompt)} prompt tokens, {len(answer)} answer tokens")
    best = measured(jobs, given.turns)
    for name, seconds in best.items():
        print(f"{name}: {seconds:.2f} s, {seconds / best['bare pass']:.1f} bare passes")
    if best["removal"] > LIMIT * best["bare pass"]:
        raise SystemExit(f"Removal takes more than {LIMIT:g} bare passes.")


if __name__ == "__main__":
    main()
