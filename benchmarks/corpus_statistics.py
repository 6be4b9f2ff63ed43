"""All head statistics of a corpus beside the bare forward pass and the obvious way.

    python -m benchmarks.corpus_statistics --data DIR [--sentences 2000] [--obvious 300]

DIR holds `sst2_glue/dev.tsv` (a `sentence` column) and `sst2_glue/test_labelled.tsv` (`content`).
Nothing of it is printed. The model is the built-in `sentiment` in float32.

- bare: the eager forward pass of the stack over the same batches, already tokenized.
- ours: `ic.stream_statistics` from raw text to the finished table, tokenization included.
- obvious: one text at a time, `output_attentions=True`, the same statistics in NumPy on the kept
  maps, all heads at once: entropies, confidence, distance, shares, profile, quantiles; then the
  distances of all pairs of heads. Measured on fewer texts, since its cost grows in step with them.
  Distances are most of it, and the statistics take them from a sample of texts, so the ratio is
  told three ways: distances of every text, of the same sample, and none.

Time is CPU seconds of one thread, measured in turns (bare, ours, bare, ours, …) so that a busy
machine disturbs both; the ratio is that of the medians. Memory is the peak resident size above the
loaded model, each in a process of its own.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from statistics import median

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

import interp_core as ic
from interp_core.heads.similarity import SAMPLE
from interp_core.heads.statistics import CHUNK
from interp_core.inputs.batching import PaddedBatch, TokenizedText, collate, plan_batches, tokenize

ROUNDS = 3
GOALS = {"time": 1.25, "memory": 300.0}
KINDS = ("bare", "ours", "obvious")


def sentences(folder: Path, count: int) -> list[str]:
    """A seeded choice of the whole sentences of the development and the test set."""
    texts: list[str] = []
    for name, column in (("dev.tsv", "sentence"), ("test_labelled.tsv", "content")):
        with (folder / "sst2_glue" / name).open(encoding="utf-8") as file:
            rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            texts += [row[column].strip() for row in rows]
    return [texts[number] for number in np.random.default_rng(0).permutation(len(texts))[:count]]


def batches(model: ic.LoadedModel, texts: list[str]) -> list[PaddedBatch]:
    """The batches that the statistics form."""
    found = []
    for start in range(0, len(texts), CHUNK):
        read = tokenize(model, texts[start : start + CHUNK])
        assert all(isinstance(each, TokenizedText) for each in read)
        found += [collate(model, read, rows) for rows in plan_batches([len(each) for each in read])]
    return found


def bare(model: ic.LoadedModel, prepared: list[PaddedBatch]) -> None:
    """Forward passes and nothing else."""
    body = model.model.base_model
    with torch.inference_mode():
        for batch in prepared:
            body(**batch.inputs)


def ours(model: ic.LoadedModel, texts: list[str]) -> ic.CorpusState:
    """Everything, to the table."""
    (state,) = deque(ic.stream_statistics(model, texts), maxlen=1)
    _ = state.statistics.frame
    return state


# ------------------------------------------------------------------------------ the obvious way


def obvious(model: ic.LoadedModel, texts: list[str], *, compare: bool) -> list[dict]:
    """One text at a time; maps kept, then looked at with NumPy."""
    kinds, found = model.tokenizer, []
    for text in texts:
        read = kinds(text, return_tensors="pt", return_special_tokens_mask=True)
        special = read.pop("special_tokens_mask")[0].numpy().astype(bool)
        with torch.inference_mode():
            maps = model.model.base_model(**read, output_attentions=True).attentions
        a = torch.cat(maps).numpy().astype(np.float64)
        ids = read["input_ids"][0].numpy()
        tokens = kinds.convert_ids_to_tokens(ids.tolist())
        found.append(look(a, ids, tokens, special, compare=compare))
    return found


def look(
    a: np.ndarray, ids: np.ndarray, tokens: list[str], special: np.ndarray, *, compare: bool
) -> dict[str, np.ndarray]:
    """The statistics of one text's maps (layers, heads, n, n)."""
    n = a.shape[-1]
    offset = np.arange(n) - np.arange(n)[:, None]
    marks = np.array([not any(c.isalnum() for c in token) for token in tokens]) & ~special
    same = (ids[:, None] == ids) & (offset != 0)
    rows = same.any(1)
    entropy = -np.where(a > 0, a * np.log(np.where(a > 0, a, 1)), 0).sum(-1)
    numbers = {
        "entropy": entropy.mean(-1),
        "normalised": entropy.mean(-1) / np.log(n),
        "effective": np.exp(entropy).mean(-1),
        "confidence": a.max(-1).mean(-1),
        "distance": (a * np.abs(offset)).sum(-1).mean(-1),
        "offset": (a * offset).sum(-1).mean(-1),
        "local": (a * (np.abs(offset) <= 3)).sum(-1).mean(-1),
        "self": np.diagonal(a, 0, -2, -1).mean(-1),
        "previous": np.diagonal(a, -1, -2, -1).mean(-1),
        "next": np.diagonal(a, 1, -2, -1).mean(-1),
        "first": a[..., 0].mean(-1),
        "separator": a[..., -1].mean(-1),
        "punctuation": a[..., marks].sum(-1).mean(-1),
        "repeated": (a * same).sum((-1, -2)) / max(rows.sum(), 1),
        "profile": np.stack([(a * (offset == step)).sum((-1, -2)) / n for step in range(-9, 10)]),
        "received": a.mean(-2),
        "quantiles": np.quantile(entropy, (0.05, 0.25, 0.5, 0.75, 0.95), axis=-1),
    }
    if compare:
        numbers["distances"] = distances(a.reshape(-1, n, n))
    return numbers


def distances(heads: np.ndarray) -> np.ndarray:
    """Jensen-Shannon distance of each pair of heads."""
    found, own = np.zeros((len(heads), len(heads))), entropy(heads).mean(-1)
    for one in range(len(heads)):
        for two in range(one):
            middle = entropy((heads[one] + heads[two]) / 2).mean()
            found[one, two] = middle - (own[one] + own[two]) / 2
    return found


def entropy(rows: np.ndarray) -> np.ndarray:
    """Entropy of each row in nats."""
    return -(rows * np.log(np.where(rows > 0, rows, 1))).sum(-1)


# ------------------------------------------------------------------------------------ measures


def cpu(run: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    start = time.process_time()
    run()
    return time.process_time() - start


def report_time(model: ic.LoadedModel, texts: list[str]) -> float:
    """Print the ratio to the bare pass; give our seconds for one text."""
    prepared, states, pairs = batches(model, texts), [], []
    bare(model, prepared[:5])
    ours(model, texts[:100])
    for _ in range(ROUNDS):
        floor = cpu(lambda: bare(model, prepared))
        pairs.append((floor, cpu(lambda: states.append(ours(model, texts)))))
    state = states[-1]
    floor, spent = (median(each) for each in zip(*pairs))
    print(f"\n{len(texts):,} sentences, {state.tokens:,} tokens, padding {state.padding:.1%}")
    print(f"bare forward {floor:.2f} s, all statistics {spent:.2f} s of CPU")
    print(
        f"ratio all statistics : bare forward {spent / floor:.2f} (goal: at most {GOALS['time']})"
    )
    rounds = " ".join(f"{b / a:.2f}" for a, b in pairs)
    print(f"  each round: {rounds}")
    return spent / len(texts)


def report_obvious(model: ic.LoadedModel, texts: list[str], each: float, whole: int) -> None:
    """Print the ratios to the obvious way; `each` are our seconds for one of `whole` texts."""
    obvious(model, texts[:3], compare=False)
    plain = cpu(lambda: obvious(model, texts, compare=False)) / len(texts)
    compared = cpu(lambda: obvious(model, texts, compare=True)) / len(texts)
    sampled = plain + (compared - plain) * min(1.0, SAMPLE / whole)
    print(f"\nobvious way {compared * whole:.0f} s for {whole:,} sentences (from {len(texts)})")
    print(f"ratio obvious way : all statistics {compared / each:.1f} (goal: at least 5)")
    print(f"  head distances of the same sample of texts: {sampled / each:.1f}")
    print(f"  without head distances: {plain / each:.1f}")


def peak_megabytes(kind: str, folder: Path, count: int) -> float:
    """Peak resident size above the loaded and warmed-up model, in this process (Linux)."""
    model, texts = ic.load_model("sentiment"), sentences(folder, count)
    prepared = batches(model, texts) if kind == "bare" else []
    run = (lambda: bare(model, prepared)) if kind == "bare" else (lambda: ours(model, texts))
    ours(model, texts[:5])
    Path("/proc/self/clear_refs").write_text("5")
    before = _status("VmRSS")
    run()
    return _status("VmHWM") - before


def _status(field: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def report_memory(folder: Path, count: int) -> None:
    """Print how much more memory the statistics take than the bare pass."""
    found = {}
    for kind in KINDS[:2]:
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.corpus_statistics"]
        command += ["--data", str(folder), "--sentences", str(count), "--measure", kind]
        root = Path(__file__).parents[1]
        done = subprocess.run(command, capture_output=True, text=True, cwd=root, check=True)
        found[kind] = json.loads(done.stdout.splitlines()[-1])
    more = found["ours"] - found["bare"]
    print(
        f"\npeak above the loaded model: bare {found['bare']:.0f} MB, ours {found['ours']:.0f} MB"
    )
    print(f"difference {more:.0f} MB (goal: at most {GOALS['memory']:.0f} MB)")


def main() -> None:
    """Print the three figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sentences", type=int, default=2000)
    parser.add_argument("--obvious", type=int, default=100)
    parser.add_argument("--measure", choices=KINDS[:2], help=argparse.SUPPRESS)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.measure:
        print(json.dumps(peak_megabytes(asked.measure, asked.data, asked.sentences)))
        return
    model, texts = ic.load_model("sentiment"), sentences(asked.data, asked.sentences)
    each = report_time(model, texts)
    report_obvious(model, texts[: asked.obvious], each, len(texts))
    report_memory(asked.data, asked.sentences)


if __name__ == "__main__":
    main()
