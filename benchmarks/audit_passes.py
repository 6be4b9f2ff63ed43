"""What an audit adds to bare passes: attention lifts, and attributions that share passes.

    python -m benchmarks.audit_passes [--texts 512] [--attributed 200]

Prints ratios within one run, each the median of three:
- attention lifts of all heads for five groups of words, over the bare eager pass of the same
  texts in the same batches, tokenizing included in both;
- attributions of 200 texts of about 16 tokens in shared passes, over one after another; and the
  matrix products of the same points alone, at full speed, over the same: no way of sharing passes
  takes less, since every point of every text has to go through every layer (of the last one, only
  the token that the classifier reads).

Times are those of the processor; `--threads 2 --wall` takes two threads and the clock instead.
With `--threads-alone 1` besides, one after another takes one: so do the pages of a single user,
which give all cores to long computations alone.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

import interp_core as ic
from interp_core.attribution.shared_passes import attribute_block
from interp_core.attribution.short_pass import last_maps
from interp_core.heads.attention_hook import attention_hook
from interp_core.inputs.batching import collate, plan_batches, tokenize
from interp_core.models.architecture import stack_parts

OWN = {"domain": ["house", "letter", "sister", "letters", "father"]}
TOKENS = range(13, 20)  # of texts of about 16 tokens
BLOCK = 64


CLOCK = time.process_time
SHARED_TOKENS = 1024  # of a pass in which the products run at full speed


def seconds(run: Callable[[], object]) -> float:
    """Seconds of one run."""
    begun = CLOCK()
    run()
    return CLOCK() - begun


def bare_pass(model: ic.LoadedModel, texts: list[str]) -> None:
    """All texts through the eager stack, with nothing measured."""
    read = tokenize(model, texts)
    padding = attention_hook(model).padding
    for rows in plan_batches([len(each) for each in read], padding=padding):
        with torch.inference_mode():
            model.model.base_model(**collate(model, read, rows).inputs)


def lift_ratio(model: ic.LoadedModel, texts: list[str]) -> float:
    """Attention lifts over the bare pass, side by side so that both meet the same machine."""
    spans = list(ic.group_spans(texts, OWN))
    ic.attention_lift(model, texts[:32], spans[:32])
    pairs = [
        (
            seconds(lambda: ic.attention_lift(model, texts, spans)),
            seconds(lambda: bare_pass(model, texts)),
        )
        for _ in range(3)
    ]
    return statistics.median(one / two for one, two in pairs)


def products(model: ic.LoadedModel) -> tuple[float, float]:
    """Seconds for a token's products with the weights of all layers: forward, and backward.

    The queries of the last layer and the maps behind its attention are left out: they take one
    token of a text.
    """
    query = stack_parts(model).attention[-1].inputs[0]
    apart = {
        id(each) for each in [*last_maps(model, model.model), model.model.get_submodule(query)]
    }
    layers = [
        each
        for name, each in model.model.base_model.named_modules()
        if isinstance(each, torch.nn.Linear) and ".layer" in f".{name}" and id(each) not in apart
    ]
    given = [torch.randn(SHARED_TOKENS, each.in_features) for each in layers]
    slopes = [torch.randn(SHARED_TOKENS, each.out_features) for each in layers]

    def forward() -> None:
        for each, x in zip(layers, given):
            torch.nn.functional.linear(x, each.weight, each.bias)

    def backward() -> None:
        for each, x in zip(layers, slopes):
            torch.mm(x, each.weight)

    with torch.no_grad():
        forward(), backward()
        return tuple(
            min(seconds(each) for _ in range(3)) / SHARED_TOKENS for each in (forward, backward)
        )


def shared_ratio(
    model: ic.LoadedModel, texts: list[str], threads: tuple[int, int]
) -> tuple[float, float, np.ndarray]:
    """Shared passes, and their matrix products alone, over one after another; and the largest
    difference of a score in each text. `threads`: of one after another, and of the others."""
    ic.attribute(model, texts[0])
    ratios, floors, gaps = [], [], []
    for begin in range(0, len(texts), BLOCK):
        part, alone, together = texts[begin : begin + BLOCK], [], []
        torch.set_num_threads(threads[0])
        one = seconds(lambda: alone.extend(ic.attribute(model, text) for text in part))  # noqa: B023
        torch.set_num_threads(threads[1])
        two = seconds(lambda: together.extend(attribute_block(model, part)))  # noqa: B023
        forward, backward = products(model)
        # The text and the baseline take one evaluation each without a gradient.
        tokens = [(len(each.tokens), each.evaluations + 1) for each in together]
        least = sum(n * (rows * forward + (rows - 2) * backward) for n, rows in tokens)
        ratios.append(two / one)
        floors.append(least / one)
        gaps += [np.abs(a.scores - b.scores).max() for a, b in zip(alone, together)]
    return statistics.median(ratios), statistics.median(floors), np.array(gaps)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=512)
    parser.add_argument("--attributed", type=int, default=200)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--threads-alone", type=int, default=None)
    parser.add_argument("--wall", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    if asked.wall:
        global CLOCK
        CLOCK = time.perf_counter
    model = ic.load_model("sentiment")
    every = list(ic.sentences())
    if asked.texts:
        ratio = lift_ratio(model, every[: asked.texts])
        print(f"attention lifts / bare eager pass, {asked.texts} texts: {ratio:.2f}")
    sized = [text for text in every if len(model.tokenizer(text)["input_ids"]) in TOKENS]
    chosen = sized[: asked.attributed]
    ratio, floor, gaps = shared_ratio(
        model, chosen, (asked.threads_alone or asked.threads, asked.threads)
    )
    print(f"shared passes / one by one, {len(chosen)} texts: {ratio:.2f}")
    print(
        f"largest difference of a score: median {np.median(gaps):.1e}, at most {gaps.max():.1e}; "
        f"above 1e-5 in {(gaps > 1e-5).sum()} texts"
    )
    print(f"matrix products of the same points alone / one by one: {floor:.2f}")


if __name__ == "__main__":
    main()
