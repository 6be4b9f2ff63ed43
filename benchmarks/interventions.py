"""What interventions cost, in forward passes of the same text.

    python -m benchmarks.interventions [--language-model]

- `sentiment`, a pair of 16 tokens: all layers × positions of the residual stream, all heads and
  all MLPs (174 patches) from one recording, at most 40 passes' time; the same with the MLPs by
  position (264 patches); and the live switches.
- `language-model`, a pair of 14 tokens: the residual stream, against the naive loop that makes one
  whole pass for each patch. The loop is measured on a sample of its passes; at most a third of it.

CPU seconds of one thread, the least of several turns; everything takes turns in
one run, so that the ratios hold on a busy machine too.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial

import torch

import interp_core as ic
from interp_core.inputs.tokens import encode
from interp_core.models.forward import forward

CLEAN = "The plot of this film is not bad at all, I say."
CORRUPT = CLEAN.replace("not", "so")
SITES = {
    "patching": ("stream", "heads", "mlps"),
    "patching, MLPs by position": ("stream", "heads", "mlp"),
}
STORE = "When Mary and John went to the store, John gave a drink to"
NAMES = {"target": " Mary", "contrast": " John"}


def measured(jobs: dict[str, Callable], turns: int) -> dict[str, float]:
    """Least seconds of each job; the jobs take turns."""
    best: dict[str, float] = {}
    for turn in range(turns + 1):
        for name, job in jobs.items():
            begun = time.process_time()
            job()
            spent = time.process_time() - begun
            if turn:  # the first is for warming up
                best[name] = min(spent, best.get(name, spent))
    return best


def classifier(turns: int) -> None:
    """The pair on `sentiment`."""
    model = ic.load_model("sentiment")
    inputs = encode(model, CLEAN).inputs
    jobs = {
        "one pass": lambda: forward(model, inputs),
        **{
            name: partial(ic.patch_sites, model, CLEAN, CORRUPT, each)
            for name, each in SITES.items()
        },
        "switch": lambda: ic.switch(model, CLEAN, heads={(3, 2): 0}),
        "ranking": lambda: ic.head_removals(model, CLEAN),
    }
    found = measured(jobs, turns)
    print(f"sentiment, {inputs['input_ids'].shape[1]} tokens, {torch.get_num_threads()} threads")
    print(f"  one pass {1000 * found['one pass']:.1f} ms")
    for name in (*SITES, "switch", "ranking"):
        print(f"  {name}: {found[name] / found['one pass']:.1f} passes", end="")
        patches = name in SITES and sum(each.effects.size for each in jobs[name]().values())
        print(f" for {patches} patches" if patches else "")


def language_model(turns: int) -> None:
    """The pair on `language-model`, against one whole pass for each patch."""
    model = ic.load_model("language-model")
    changed = STORE.replace("John gave", "Mary gave")
    inputs = encode(model, STORE).inputs
    block = model.model.model.layers[15]
    kept: list[torch.Tensor] = []

    def hook(_module: torch.nn.Module, _given: tuple, output: torch.Tensor) -> torch.Tensor:
        output = output.clone()
        output[:, 5] = kept[0] if kept else output[:, 5]
        return output

    def naive() -> None:
        handle = block.register_forward_hook(hook)
        forward(model, inputs)
        handle.remove()

    jobs = {
        "one patch of the loop": naive,
        "ours": lambda: ic.patch(model, STORE, changed, **NAMES),
    }
    found = measured(jobs, turns)
    patches = jobs["ours"]().effects.size
    loop = patches * found["one patch of the loop"]
    print(f"language-model, {inputs['input_ids'].shape[1]} tokens, {patches} patches")
    print(f"  ours {found['ours']:.1f} s, the loop {loop:.1f} s: {found['ours'] / loop:.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--language-model", action="store_true")
    parser.add_argument("--turns", type=int, default=6)
    asked = parser.parse_args()
    classifier(asked.turns)
    if asked.language_model:
        language_model(2)
