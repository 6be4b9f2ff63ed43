"""Integrated gradients beside Captum's default and transformers-interpret: error, time, memory.

    python -m benchmarks.attributions --data DIR [--sentences 200] [--only error|time|memory|peer]

DIR holds `sst2_glue/dev.tsv` (a `sentence` and a `label` column). Nothing of it is printed. The
model is the built-in `sentiment`, the baseline the padding token. transformers-interpret is
installed into a throw-away environment that borrows torch and transformers from this one.

- error: the worst token's, in shares of the largest score, against 300 Gauss-Legendre points.
- time: CPU seconds of one thread, best of several, so that other work does not count. The floor
  is a bare loop: forward and backward in chunks of 512 tokens, nothing else.
- memory: peak resident size above the loaded and warmed-up model, each in a process of its own.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

import interp_core as ic
from benchmarks.attention.passages import passage

CAPTUM_STEPS, REFERENCE_POINTS, CHUNK_TOKENS = 50, 300, 512
LENGTHS = (16, 64, 256)
MEMORY_LENGTHS = (256, 512)
CAPTUM_TOKENS = 256  # the most that all of Captum's points are held in memory for
REPEATS = 5
PEER = "transformers-interpret==0.10.0"


def sentences(folder: Path, count: int) -> list[str]:
    """A seeded choice of sentences, of at least three words."""
    with (folder / "sst2_glue" / "dev.tsv").open(encoding="utf-8") as file:
        texts = [row["sentence"].strip() for row in csv.DictReader(file, delimiter="\t")]
    texts = [text for text in texts if len(text.split()) > 2]
    chosen = np.random.default_rng(0).permutation(len(texts))[:count]
    return [texts[number] for number in chosen]


def cut(model: ic.LoadedModel, tokens: int) -> str:
    """Own text of exactly this many tokens, special ones included."""
    return passage(lambda text: len(model.tokenizer(text)["input_ids"]), tokens)


# ---------------------------------------------------------------------------------- contestants


def embedded(model: ic.LoadedModel, text: str) -> tuple[torch.Tensor, torch.Tensor, dict, int]:
    """Embeddings of text and pad baseline, the other inputs, and the predicted class."""
    batch = model.tokenizer(text, return_tensors="pt", return_special_tokens_mask=True)
    keep = batch.pop("special_tokens_mask").bool()
    ids = batch.pop("input_ids")
    table = model.model.get_input_embeddings()
    pad = torch.where(keep, ids, torch.full_like(ids, model.tokenizer.pad_token_id))
    with torch.no_grad():
        label = int(model.model(input_ids=ids, **batch).logits.argmax())
    return table(ids).detach(), table(pad).detach(), dict(batch), label


def floor(model: ic.LoadedModel, text: str, evaluations: int) -> None:
    """Forward and backward of that many points, in chunks, and a sum: the least there is to do."""
    words, pad, rest, label = embedded(model, text)
    total, rows = 0.0, max(1, CHUNK_TOKENS // words.shape[1])
    for alphas in torch.linspace(0, 1, evaluations).split(rows):
        point = (pad + alphas[:, None, None] * (words - pad)).requires_grad_()
        inputs = {name: value.expand(len(alphas), -1) for name, value in rest.items()}
        logits = model.model(inputs_embeds=point, **inputs).logits
        (slope,) = torch.autograd.grad(logits[:, label].sum(), point)
        total = total + slope.sum(0)


def ours(model: ic.LoadedModel, text: str, evaluations: int | None = None) -> ic.Attribution:
    """`ic.attribute` with all that it checks; refines by itself without `evaluations`."""
    return ic.attribute(model, text, baseline="pad", evaluations=evaluations)


def captum(model: ic.LoadedModel, text: str, evaluations: int) -> np.ndarray:
    """Captum's integrated gradients as its documentation calls them: all points in one batch."""
    from captum.attr import IntegratedGradients

    words, pad, rest, label = embedded(model, text)

    def forward(point: torch.Tensor) -> torch.Tensor:
        inputs = {name: value.expand(len(point), -1) for name, value in rest.items()}
        return model.model(inputs_embeds=point, **inputs).logits

    scores = IntegratedGradients(forward).attribute(words, pad, target=label, n_steps=evaluations)
    return scores[0].sum(-1).detach().double().numpy()


def interpret(model: ic.LoadedModel, text: str, evaluations: int) -> dict[str, float]:
    """transformers-interpret, which explains the probability; its own and its true delta."""
    from transformers_interpret import SequenceClassificationExplainer

    explainer = SequenceClassificationExplainer(model.model, model.tokenizer)
    explainer(text, n_steps=evaluations)
    result = explainer.attributions
    words, pad, rest, label = embedded(model, text)
    with torch.no_grad():
        ends = [
            float(model.model(inputs_embeds=each, **rest).logits.softmax(-1)[0, label])
            for each in (words, pad)
        ]
    scores = result._attributions[0].sum(-1).detach().double()
    return {
        "told": float(result.delta),
        "true": abs(float(scores.sum()) - (ends[0] - ends[1])) / abs(ends[0] - ends[1]),
    }


# ------------------------------------------------------------------------------------- measures


def report_error(model: ic.LoadedModel, texts: list[str]) -> None:
    """Per-token error of the adaptive rule and of Captum's 50 points."""
    mine, theirs, spent, told, deltas = [], [], [], [], []
    for text in texts:
        reference = ic.attribute(
            model, text, baseline="pad", rule="gausslegendre", evaluations=REFERENCE_POINTS
        ).scores
        largest = np.abs(reference).max()
        result = ours(model, text)
        mine.append(np.abs(result.scores - reference).max() / largest)
        theirs.append(np.abs(captum(model, text, CAPTUM_STEPS) - reference).max() / largest)
        spent.append(result.evaluations - 1)
        told.append(result.token_error)
        deltas.append(result.relative_delta)
    mine, theirs, told, deltas = map(np.array, (mine, theirs, told, deltas))
    print(f"\nError against {REFERENCE_POINTS} points, {len(texts)} sentences")
    print(f"{'':24}{'evaluations':>12}{'median':>10}{'95 %':>10}{'worst':>10}{'over 1 %':>10}")
    _errors("Clearhead, adaptive", float(np.mean(spent)), mine)
    _errors("Captum, 50 points", CAPTUM_STEPS, theirs)
    print(f"evaluations: from {min(spent)} to {max(spent)}, median {np.median(spent):.0f}")
    print(f"ratio of evaluations, Clearhead : Captum {np.mean(spent) / CAPTUM_STEPS:.2f}")
    print(f"the reported token error bounds the true one in {np.mean(mine <= told):.1%}")
    print(f"relative delta: median {np.median(deltas):.2e}, worst {deltas.max():.2e}")


def _errors(name: str, evaluations: float, errors: np.ndarray) -> None:
    print(
        f"{name:24}{evaluations:12.1f}{np.median(errors):10.2e}{np.quantile(errors, 0.95):10.2e}"
        f"{errors.max():10.2e}{np.mean(errors > 0.01):10.1%}"
    )


def seconds(run: Callable[[], object], repeats: int = REPEATS) -> float:
    """Least CPU seconds of several runs."""
    spent = []
    for _ in range(repeats):
        start = time.process_time()
        run()
        spent.append(time.process_time() - start)
    return min(spent)


def report_time(model: ic.LoadedModel) -> None:
    """CPU seconds at 50 evaluations, and of the adaptive rule at its own number."""
    print("\nCPU seconds of one thread, as a multiple of the floor at the same evaluations")
    print(
        f"{'tokens':>8}{'floor, 50':>12}{'Clearhead, 50':>16}{'Captum, 50':>13}"
        f"{'adaptive':>12}{'its number':>12}{'its floor':>12}"
    )
    for tokens in LENGTHS:
        text = cut(model, tokens)
        ours(model, text)
        count = ours(model, text).evaluations - 1
        least = seconds(lambda text=text: floor(model, text, CAPTUM_STEPS))
        own = seconds(lambda text=text, count=count: floor(model, text, count))
        fixed = seconds(lambda text=text: ours(model, text, CAPTUM_STEPS))
        peer = seconds(lambda text=text: captum(model, text, CAPTUM_STEPS), 3)
        free = seconds(lambda text=text: ours(model, text))
        print(
            f"{tokens:8}{least:11.2f}s{fixed / least:16.2f}{peer / least:13.2f}"
            f"{free:11.2f}s{count:12}{free / own:12.2f}"
        )


CONTESTANTS: dict[str, Callable[[ic.LoadedModel, str], object]] = {
    "floor": lambda model, text: floor(model, text, CAPTUM_STEPS),
    "clearhead": lambda model, text: ours(model, text, CAPTUM_STEPS),
    "captum": lambda model, text: captum(model, text, CAPTUM_STEPS),
    "interpret": lambda model, text: interpret(model, text, CAPTUM_STEPS),
}


def peak_megabytes(name: str, tokens: int) -> dict[str, float]:
    """Peak resident size above the loaded model, and CPU seconds, in this process (Linux)."""
    model = ic.load_model("sentiment")
    text = cut(model, tokens)
    CONTESTANTS[name](model, cut(model, 16))
    Path("/proc/self/clear_refs").write_text("5")
    before = _status("VmRSS")
    start = time.process_time()
    result = CONTESTANTS[name](model, text)
    spent = time.process_time() - start
    extra = result if name == "interpret" else {}
    return {"megabytes": _status("VmHWM") - before, "seconds": spent, **extra}


def _status(field: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def _measured(python: str, name: str, tokens: int) -> dict[str, float]:
    command = [python, "-W", "ignore", "-m", "benchmarks.attributions"]
    command += ["--measure", name, "--tokens", str(tokens)]
    root = Path(__file__).parents[1]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root, check=False)
    if done.returncode:
        raise SystemExit(f"{name} at {tokens} tokens failed:\n{done.stderr[-800:]}")
    return json.loads(done.stdout.splitlines()[-1])


def report_memory() -> None:
    """Peak memory at 50 evaluations; not of Captum where its one batch could fill a machine."""
    names = ("floor", "clearhead", "captum")
    print("\nPeak memory above the loaded model at 50 evaluations, MB")
    print(f"{'tokens':>8}" + "".join(f"{name:>12}" for name in names))
    for tokens in MEMORY_LENGTHS:
        tried = names if tokens <= CAPTUM_TOKENS else names[:2]
        sizes = [_measured(sys.executable, name, tokens)["megabytes"] for name in tried]
        line = f"{tokens:8}" + "".join(f"{size:12.0f}" for size in sizes)
        print(line + (f"   Captum : Clearhead {sizes[2] / sizes[1]:.1f}" if len(sizes) > 2 else ""))


def report_peer() -> None:
    """transformers-interpret in a throw-away environment."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = str(Path(folder) / "bin" / "python")
        site = Path(folder) / "lib" / f"python{sysconfig.get_python_version()}" / "site-packages"
        (site / "borrowed.pth").write_text(sysconfig.get_paths()["purelib"])
        install = [python, "-m", "pip", "install", "-q", "--no-deps", PEER]
        subprocess.run(install, check=True, capture_output=True)
        print(f"\n{PEER} (explains the probability), 50 evaluations")
        for tokens in (*LENGTHS[:2], MEMORY_LENGTHS[0]):
            theirs = _measured(python, "interpret", tokens)
            mine = _measured(sys.executable, "clearhead", tokens)
            print(
                f"{tokens:4} tokens: {theirs['seconds'] / mine['seconds']:.2f} times the CPU time, "
                f"{theirs['megabytes'] / max(mine['megabytes'], 1):.1f} times the memory "
                f"({theirs['megabytes']:.0f} MB); true relative delta {theirs['true']:.1%}"
            )


def main() -> None:
    """Print what was asked for, or everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--sentences", type=int, default=200)
    parser.add_argument("--only", choices=("error", "time", "memory", "peer"))
    parser.add_argument("--measure", choices=tuple(CONTESTANTS), help=argparse.SUPPRESS)
    parser.add_argument("--tokens", type=int, default=64, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        print(json.dumps(peak_megabytes(asked.measure, asked.tokens)))
        return
    if asked.only in (None, "error") and asked.data is None:
        parser.error("give --data DIR, the folder that holds sst2_glue/dev.tsv")
    model = ic.load_model("sentiment")
    if asked.only in (None, "time"):
        report_time(model)
    if asked.only in (None, "memory"):
        report_memory()
    if asked.only in (None, "peer"):
        report_peer()
    if asked.only in (None, "error"):
        report_error(model, sentences(asked.data, asked.sentences))


if __name__ == "__main__":
    main()
