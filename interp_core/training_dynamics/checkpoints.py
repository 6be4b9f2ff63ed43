"""A series of checkpoints, as transformers' Trainer writes it: which there are, in which order."""

from __future__ import annotations

import gc
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pandas as pd

from interp_core.errors import BadInput, ClearheadError, ModelNotFound, Stopped
from interp_core.models.folders import ADAPTER_CONFIG
from interp_core.models.load import load_model
from interp_core.training_dynamics.bundled import bundled_folder, bundled_series

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

Result = TypeVar("Result")
STATE = "trainer_state.json"
MOST_BYTES = 32 * 2**20  # of a trainer_state.json, which grows with the logged steps
MOST_CHECKPOINTS = 60
NUMBERED = re.compile(r"(\d+)(?!.*\d)")  # the last number in a name
LOGGED = ("step", "epoch", "loss", "eval_loss", "learning_rate")


class DataFault(BadInput):
    """The texts do not fit, whichever checkpoint reads them."""


@dataclass(frozen=True)
class Checkpoint:
    """One point of a training: its folder, and how far the training was.

    `step` counts updates of the weights; `epoch` is NaN where nothing says it. `problem` says why
    the checkpoint cannot be measured; empty where it can, as far as that is known.
    """

    name: str
    path: str
    step: int
    epoch: float = float("nan")
    problem: str = ""


@dataclass(frozen=True)
class CheckpointSeries:
    """Checkpoints of one training in the order of their steps.

    `logged` is what the training wrote down itself (step, epoch, loss, eval_loss, learning_rate;
    NaN where a line has none), empty without a `trainer_state.json`. `base` is the base model of
    adapters where they are not to be looked up by their own word. `notes` say what was assumed.
    """

    name: str
    checkpoints: tuple[Checkpoint, ...]
    logged: pd.DataFrame
    base: str | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.checkpoints)

    def take(self, steps: Sequence[int]) -> CheckpointSeries:
        """The checkpoints at these steps alone. Raises `BadInput` where there is none."""
        kept = tuple(each for each in self.checkpoints if each.step in set(steps))
        if not kept:
            raise BadInput(f"The series has no checkpoint at {', '.join(map(str, steps))}.")
        return replace(self, checkpoints=kept)

    def digest(self) -> str:
        """SHA-256 over the weight files of all checkpoints, in order; the first 16 digits."""
        whole = hashlib.sha256()
        for each in self.checkpoints:
            for file in sorted(Path(each.path).glob("*.safetensors")):
                with file.open("rb") as content:
                    found = hashlib.file_digest(content, "sha256").hexdigest()
                whole.update(f"{each.step} {file.name} {found}\n".encode())
        return f"sha256:{whole.hexdigest()[:16]}"

    def frame(self) -> pd.DataFrame:
        """One row for each checkpoint: checkpoint, step, epoch, problem."""
        rows = [(each.name, each.step, each.epoch, each.problem) for each in self.checkpoints]
        return pd.DataFrame(rows, columns=["checkpoint", "step", "epoch", "problem"])

    def measured(
        self, measure: Callable[[Checkpoint, LoadedModel], Result]
    ) -> Iterator[tuple[Checkpoint, Result | None]]:
        """What `measure` finds at each checkpoint, in order, with one model in memory at a time.

        A checkpoint that cannot be loaded, or that `measure` refuses, comes with its `problem` and
        None. `Stopped` and `DataFault` end the whole pass.
        """
        for each in self.checkpoints:
            if each.problem:
                yield each, None
                continue
            try:
                found = measure(each, self.load(each))
            except (Stopped, DataFault):
                raise
            except ClearheadError as error:
                yield replace(each, problem=str(error)), None
            else:
                yield each, found
            gc.collect()  # modules with hooks refer to themselves: let go before the next is read

    def compared(
        self, measure: Callable[[Checkpoint, LoadedModel], Result]
    ) -> tuple[tuple[Checkpoint, ...], list[Result], tuple[Checkpoint, ...]]:
        """Checkpoints that were measured, what was found, and those that could not be.

        As `measured`. Raises `BadInput` where fewer than two can be.
        """
        pairs = list(self.measured(measure))
        good = tuple(each for each, found in pairs if found is not None)
        broken = tuple(each for each, found in pairs if found is None)
        if len(good) < 2:
            told = "; ".join(dict.fromkeys(each.problem for each in broken[:3]))
            raise BadInput(f"Fewer than two checkpoints can be measured. {told}".strip())
        return good, [found for _, found in pairs if found is not None], broken

    def load(self, checkpoint: Checkpoint) -> LoadedModel:
        """The model at one checkpoint."""
        adapter = _is_adapter(checkpoint.path)
        return load_model(checkpoint.path, base=self.base if adapter else None)


def checkpoint_series(
    source: str | Path | Sequence[str | Path],
    *,
    base: str | None = None,
    limit: int = MOST_CHECKPOINTS,
) -> CheckpointSeries:
    """The checkpoints of a built-in series, of a folder, or of a list of model folders.

    A folder holds one folder for each checkpoint, such as `checkpoint-500`: whole models or
    adapters (then `base` may name their base model). The step is that of `trainer_state.json`, else
    the last number in the folder's name, else the place in the list. Of more than `limit`
    checkpoints, evenly spaced ones are kept, the first and the last among them. Nothing is loaded
    here; a folder without a model is listed with its problem. Raises `ModelNotFound`, `BadInput` or
    `UnsafeModel`.
    """
    if limit < 2:
        raise BadInput("A series needs at least two checkpoints. Raise `limit`.")
    if isinstance(source, str) and source in bundled_series():
        name, folders = source, _inside(bundled_folder(source))
    elif isinstance(source, str | Path):
        top = _folder(source)
        name, folders = top.name, _inside(top)
    else:
        folders = [_folder(each) for each in source]
        name = "list of folders"
    if len(folders) < 2:
        raise ModelNotFound(
            f"A series needs at least two checkpoints, and {name!r} holds {len(folders)}. Give the "
            "folder in which `checkpoint-…` folders lie (the `output_dir` of the training)."
        )
    found, notes = _ordered(folders)
    if len(found) > limit:
        places = np.unique(np.linspace(0, len(found) - 1, limit).round().astype(int))
        notes += (f"{len(places):,} of {len(found):,} checkpoints, evenly spaced, are read.",)
        found = [found[place] for place in places]
    return CheckpointSeries(name, tuple(found), _logged(found), base or None, notes)


def _folder(path: str | Path) -> Path:
    given = str(path).strip()
    try:
        found = Path(given).expanduser() if given and "\0" not in given else None
        if found is not None and found.is_dir():
            return found.resolve()
    except (OSError, RuntimeError):  # a name too long for a path, `~nobody`
        pass
    raise ModelNotFound(
        f"There is no folder {given[:200]!r} on this computer. Type the folder of the checkpoints."
    )


def _inside(top: Path) -> list[Path]:
    """The folders of checkpoints in a folder: those that are called so, else every model."""
    try:
        folders = sorted(path for path in top.iterdir() if path.is_dir())
    except OSError as error:
        raise ModelNotFound(f"The folder {top.name!r} cannot be read: {error.strerror}.") from error
    called = [path for path in folders if re.fullmatch(r"checkpoint-\d+", path.name)]
    return called or [path for path in folders if not _missing(path)]


def _is_adapter(path: str) -> bool:
    return (Path(path) / ADAPTER_CONFIG).is_file()


def _missing(folder: Path) -> str:
    """Why a folder is no checkpoint at first sight; empty where it looks like one."""
    if not (folder / "config.json").is_file() and not _is_adapter(str(folder)):
        return f"The folder {folder.name!r} holds neither config.json nor {ADAPTER_CONFIG}."
    return ""


def _ordered(folders: Sequence[Path]) -> tuple[list[Checkpoint], tuple[str, ...]]:
    read = [_read(folder) for folder in folders]
    notes: tuple[str, ...] = ()
    steps = [step for step, _ in read]
    if None in steps:
        notes = ("Not every checkpoint says its step, so they are numbered in the given order.",)
        steps = list(range(len(folders)))
    elif len(set(steps)) < len(steps):
        double = next(step for step in steps if steps.count(step) > 1)
        raise BadInput(
            f"Two checkpoints are of step {double:,}. Give the checkpoints of one training."
        )
    found = [
        Checkpoint(folder.name, str(folder), step, epoch, _missing(folder))
        for folder, step, (_, epoch) in zip(folders, steps, read)
    ]
    return sorted(found, key=lambda each: each.step), notes


def _read(folder: Path) -> tuple[int | None, float]:
    """Step and epoch of one folder, as far as they are known."""
    state = _state(folder)
    step, epoch = state.get("global_step"), state.get("epoch")
    if not isinstance(step, int) or isinstance(step, bool) or step < 0:
        match = NUMBERED.search(folder.name)
        step = int(match.group(1)) if match and len(match.group(1)) < 16 else None
    return step, float(epoch) if isinstance(epoch, int | float) else float("nan")


def _state(folder: Path) -> dict:
    """What `trainer_state.json` says; nothing where it is missing, too large or damaged."""
    path = folder / STATE
    try:
        if not path.is_file() or path.stat().st_size > MOST_BYTES:
            return {}
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _logged(checkpoints: Sequence[Checkpoint]) -> pd.DataFrame:
    """The longest history of losses that a checkpoint carries."""
    lines: list[dict] = []
    for each in reversed(checkpoints):  # a later one repeats what the earlier ones say
        found = _state(Path(each.path)).get("log_history")
        if isinstance(found, list):
            lines = [line for line in found if isinstance(line, dict)]
        if lines:
            break
    rows = [{name: _number(line.get(name)) for name in LOGGED} for line in lines]
    return pd.DataFrame(rows, columns=list(LOGGED), dtype=float)


def _number(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return float("nan")
    return float(value)
