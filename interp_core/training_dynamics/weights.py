"""How far the weights of each layer have moved from the first checkpoint."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from interp_core.errors import BadInput
from interp_core.progress import report

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel
    from interp_core.training_dynamics.checkpoints import Checkpoint, CheckpointSeries

NUMBER = re.compile(r"^(.*?)\.(\d+)\.")
EMBEDDINGS = re.compile(r"embed|\bwte\b|\bwpe\b|shared\.weight")
STACKS = ("encoder", "decoder")


def part_of(name: str) -> str:
    """The part of a network that a parameter belongs to: "embeddings", "layer 3", "classifier".

    Layers of an encoder or decoder are called "encoder layer 3" and "decoder layer 3".
    """
    match = NUMBER.match(name)
    if match:
        stack = next((each for each in STACKS if each in match.group(1).split(".")), "")
        return f"{stack} layer {match.group(2)}".strip()
    if EMBEDDINGS.search(name):
        return "embeddings"
    owner = name.split(".")[:-1]
    known = [each for each in owner if each not in ("dense", "out_proj", "model", "transformer")]
    return known[-1] if known else "other"


def parts(names: list[str]) -> dict[str, str]:
    """Parameter name to part; "encoder" is left out where there is one stack alone."""
    found = {name: part_of(name) for name in names}
    stacks = {each.split(" layer ")[0] for each in found.values() if " layer " in each}
    if len(stacks) == 1:
        stack = next(iter(stacks))
        found = {name: each.removeprefix(f"{stack} ") for name, each in found.items()}
    return found


def checkpoint_drift(
    series: CheckpointSeries, *, progress: Callable[[int, int], object] | None = None
) -> pd.DataFrame:
    """‖W_t − W_0‖ / ‖W_0‖ of every part of the network, W_0 being the first readable checkpoint.

    Columns step, checkpoint, part ("embeddings", "layer 0", …), drift (Frobenius norm over all
    parameters of the part; NaN where W_0 is zero), norm (‖W_t‖), parameters. The start is kept in a
    temporary file and read matrix by matrix, so one model is in memory at a time. Raises `BadInput`
    where fewer than two checkpoints can be read.
    """
    with tempfile.TemporaryDirectory(prefix="clearhead-weights-") as folder:
        start = _Start(Path(folder) / "start.safetensors", progress, len(series.checkpoints))
        read, found, _ = series.compared(start.compare)
        rows = [(each.step, each.name, *row) for each, its in zip(read, found) for row in its]
    return pd.DataFrame(rows, columns=["step", "checkpoint", "part", "drift", "norm", "parameters"])


class _Start:
    """The weights of the first checkpoint, on disk."""

    def __init__(
        self, path: Path, progress: Callable[[int, int], object] | None, count: int
    ) -> None:
        self.path, self.progress, self.count, self.done = path, progress, count, 0

    def compare(self, checkpoint: Checkpoint, model: LoadedModel) -> list[tuple]:
        """Rows part, drift, norm, parameters of one checkpoint."""
        from safetensors import safe_open

        named = dict(model.model.named_parameters())
        if not self.path.exists():
            self._write(named)
        with safe_open(self.path, framework="pt") as start:
            known = set(start.keys())
            if known != set(named):
                raise BadInput(
                    f"{checkpoint.name!r} has other parameters than the first checkpoint, so their "
                    "weights cannot be compared."
                )
            sums: dict[str, np.ndarray] = {}
            for name, part in parts(list(named)).items():
                sums[part] = sums.get(part, np.zeros(4)) + _sums(
                    named[name], start.get_tensor(name), name, checkpoint.name
                )
        self.done += 1
        report(self.progress, self.done, self.count)
        return [
            (part, float(np.sqrt(moved / first)) if first else np.nan, float(np.sqrt(now)), int(n))
            for part, (moved, first, now, n) in sums.items()
        ]

    def _write(self, named: dict) -> None:
        from safetensors.torch import save_file

        save_file(
            {name: value.detach().cpu().contiguous().clone() for name, value in named.items()},
            self.path,
        )


def _sums(now: Any, start: Any, name: str, checkpoint: str) -> np.ndarray:
    """Σ (W_t − W_0)², Σ W_0², Σ W_t², count, in float64."""
    if now.shape != start.shape:
        raise BadInput(
            f"{name!r} of {checkpoint!r} has another shape than in the first checkpoint, so their "
            "weights cannot be compared."
        )
    now = now.detach().cpu()
    if now.dtype == start.dtype and now.equal(start):  # most of a model, where adapters are trained
        first = _square(start.double())
        return np.array([0.0, first, first, now.numel()])
    now, start = now.double(), start.double()
    return np.array([*map(_square, (now - start, start, now)), now.numel()])


def _square(values: Any) -> float:
    """Σ x²."""
    flat = values.flatten()
    return float(flat.dot(flat))
