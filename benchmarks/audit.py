"""What score and slices cost beside the bare predictions of the same texts.

    python -m benchmarks.audit [--texts 10000]

The texts are made from the built-in requests: each is one of them with another one's second half,
so that nearly all differ. The model is `intents`; labels are its own answers, every tenth replaced.
CPU seconds of one thread, all in this process: bare predictions (tokenizer and forward passes of
texts of one length in batches of 2,048 tokens, logits kept, nothing else), the audit's predictions,
the score, and both searches for slices. The peak of memory is that of the process after loading.
"""

from __future__ import annotations

import argparse
import os
import resource
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import torch

import interp_core as ic

TOKENS = 2_048  # of a bare batch


def texts(count: int) -> list[str]:
    """Requests whose halves are exchanged at random, seeded."""
    rng = np.random.default_rng(0)
    words = [text.split() for text in ic.sample_table("requests")["text"]]
    pairs = rng.integers(0, len(words), size=(count, 2))
    halves = [(words[a][: len(words[a]) // 2], words[b][len(words[b]) // 2 :]) for a, b in pairs]
    return [" ".join([*one, *two]) for one, two in halves]


def bare(model: ic.LoadedModel, given: list[str]) -> np.ndarray:
    """The logits, by the shortest way."""
    ids = model.tokenizer(given)["input_ids"]
    logits = np.empty((len(given), len(model.labels)), dtype=np.float32)
    by_length: dict[int, list[int]] = {}
    for place, each in enumerate(ids):
        by_length.setdefault(len(each), []).append(place)
    with torch.inference_mode():
        for length, places in by_length.items():
            size = max(1, TOKENS // length)
            for start in range(0, len(places), size):
                part = places[start : start + size]
                batch = torch.tensor([ids[place] for place in part])
                logits[part] = model.model(input_ids=batch).logits.numpy()
    return logits


def timed(call, *given):  # noqa: ANN001, ANN201
    """What the call gives, and its CPU seconds."""
    begun = time.process_time()
    found = call(*given)
    return found, time.process_time() - begun


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=int, default=10_000)
    count = parser.parse_args().texts
    torch.set_num_threads(1)
    model = ic.load_model("intents")
    given = texts(count)
    bare(model, given[:200])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    logits, floor = timed(bare, model, given)
    labels = logits.argmax(1)
    labels[::10] = (labels[::10] + 1) % len(model.labels)
    data, read = timed(ic.labelled_data, pd.DataFrame({"text": given, "label": labels}), model)
    predictions, predicting = timed(ic.predict_labelled, model, data)
    worst = float(np.abs(predictions.logits - logits).max())
    _, scoring = timed(ic.score, data, predictions)
    _, grouping = timed(ic.group_slices, data, predictions)
    slices, searching = timed(ic.word_slices, data, predictions)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    whole = read + predicting + scoring + grouping + searching
    print(f"{count:,} texts, {predictions.lengths.mean():.1f} tokens each")
    print(f"bare predictions {floor:.1f} s")
    for name, seconds in (
        ("labelled data", read),
        ("predictions", predicting),
        ("score", scoring),
        ("slices by group", grouping),
        (f"slices by words ({slices.tested:,} tested)", searching),
        ("all", whole),
    ):
        print(f"{name}: {seconds:.1f} s, {seconds / floor:.3f} x")
    print(f"largest difference of a logit {worst:.1e}")
    print(f"memory: {(after - before) / 1024:.0f} MB above the loaded model")


if __name__ == "__main__":
    main()
