"""What it costs to watch a model for numbers that are not finite: ratios of times in one run.

python benchmarks/finite_cost.py
"""

from __future__ import annotations

import time
from collections.abc import Callable

import interp_core as ic
from interp_core.inputs.encode import encode_input
from interp_core.models import finite
from interp_core.models.forward import forward

ROUNDS = 30
TEXTS = {
    "short": "The film was far from boring.",
    "long": "The film was far from boring. " * 40,
}


def seconds(call: Callable[[], object]) -> float:
    """Seconds of one call."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def ratio(call: Callable[[], object]) -> float:
    """Watched ÷ unwatched, in turns; the fastest of many rounds each."""
    watched, plain = [], []
    for _ in range(ROUNDS):
        watched.append(seconds(call))
        finite._BUSY.now = True
        plain.append(seconds(call))
        finite._BUSY.now = False
    return min(watched) / min(plain)


def main() -> None:
    """Print watched ÷ unwatched passes, and the check of the weights ÷ loading."""
    ic.load_model("encoder")  # imports and files are no part of it
    loading = seconds(lambda: ic.load_model("sentiment"))
    model = ic.load_model("sentiment")
    checked = seconds(lambda: finite.weight_notes(model.model))
    print(f"weights checked: {checked / loading:.3f} of loading")
    for name, text in TEXTS.items():
        inputs = encode_input(model, text).inputs
        for options in ({}, {"output_attentions": True, "output_hidden_states": True}):
            forward(model, inputs, **options)
            tokens = inputs["input_ids"].shape[1]
            found = ratio(lambda: forward(model, inputs, **options))  # noqa: B023
            print(f"{name} text, {tokens} tokens, {len(options)} extra outputs: {found:.3f}")


if __name__ == "__main__":
    main()
