"""The record of head statistics: sums over texts that merge, and the tables made of them."""

from __future__ import annotations

import base64
import io
import json
import os
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from interp_core.charted import Charted
from interp_core.errors import BadInput
from interp_core.heads.similarity import (
    REDUNDANT,
    DistanceSample,
    clustered_order,
    head_map,
    redundancy_groups,
)
from interp_core.heads.tables import head_frame

if TYPE_CHECKING:
    import pyarrow


@dataclass(frozen=True)
class HeadStatistics(Charted):
    """What each head does over `texts` texts of `tokens` tokens.

    `moments` over texts have shape (layers, heads + 1, statistics): the last head is uniform
    attention over the allowed keys, the base rate. `histograms` (3, layers, heads, bins) count
    query rows by entropy (up to `ceiling` nats), normalised entropy and confidence. `profiles`
    (layers, heads, offsets) sums each text's standardised position profile, `profiled` (layers,
    heads) counts them. `repeated` (3, layers, heads) holds the scores on repeated random sequences,
    or None for models that see both ways. `layers` are true layer numbers.

    All averages are over texts (each text counts once), special tokens included.
    """

    model: str
    layers: tuple[int, ...]
    heads: int
    names: tuple[str, ...]
    ceiling: float
    texts: int
    tokens: int
    moments: RunningMoments
    histograms: np.ndarray
    profiles: np.ndarray
    profiled: np.ndarray
    sample: DistanceSample
    repeated: np.ndarray | None = None

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row for each layer and head; the columns are described in `head_frame`."""
        return head_frame(self)

    def merge(self, other: HeadStatistics) -> HeadStatistics:
        """The statistics of both sets of texts. Order and grouping make no difference.

        Raises `BadInput` where models or statistics differ.
        """
        if self.identity != other.identity:
            raise BadInput(
                f"Statistics of {self.model!r} and {other.model!r} with their options cannot be "
                "merged: compute both with the same model and the same quantities."
            )
        return replace(
            self,
            texts=self.texts + other.texts,
            tokens=self.tokens + other.tokens,
            moments=self.moments.merge(other.moments),
            histograms=self.histograms + other.histograms,
            profiles=self.profiles + other.profiles,
            profiled=self.profiled + other.profiled,
            sample=self.sample.merge(other.sample),
            repeated=self.repeated if self.repeated is not None else other.repeated,
        )

    @property
    def identity(self) -> tuple:
        """What must be equal for two records to be merged."""
        return self.model, self.layers, self.heads, self.names, self.ceiling

    @cached_property
    def distances(self) -> np.ndarray:
        """Mean Jensen-Shannon distance of all heads, (rows of `frame`, same), in nats."""
        return self.sample.matrix(len(self.layers) * self.heads)

    def groups(self, limit: float = REDUNDANT) -> np.ndarray:
        """Redundancy group of each row of `frame`; −1 where a head is alike to no other."""
        if not len(self.sample.keys):
            return np.full(len(self.distances), -1)
        return redundancy_groups(self.distances, limit)

    def order(self) -> np.ndarray:
        """Rows of `frame` with similar heads side by side."""
        if not len(self.sample.keys):
            return np.arange(len(self.distances))
        return clustered_order(self.distances)

    def map(self) -> tuple[pd.DataFrame, float]:
        """Columns layer, head, x, y (multidimensional scaling of `distances`), and the stress."""
        if not len(self.sample.keys):
            raise BadInput("No text has two tokens, so heads cannot be compared.")
        points, stress = self._drawn
        frame = self.frame[["layer", "head"]].assign(x=points[:, 0], y=points[:, 1])
        return frame, stress

    @cached_property
    def _drawn(self) -> tuple[np.ndarray, float]:
        return head_map(self.distances)

    def save(self, path: str | Path) -> None:
        """Write a Parquet file: the table, with everything needed to go on merging beside it."""
        write_statistics(self, path)

    @staticmethod
    def load(path: str | Path) -> HeadStatistics:
        """Read what `save` wrote. Raises `BadInput`."""
        return read_statistics(path)


@dataclass(frozen=True)
class RunningMoments:
    """`count` int64, `mean` and `m2` (sum of squared deviations) float64, all of one shape."""

    count: np.ndarray
    mean: np.ndarray
    m2: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> RunningMoments:
        """Moments over the first axis; NaN stands for a value that does not exist."""
        known = ~np.isnan(values)
        count = known.sum(0)
        mean = np.divide(
            np.where(known, values, 0.0).sum(0, dtype=np.float64),
            count,
            out=np.zeros(count.shape),
            where=count > 0,
        )
        deviations = np.where(known, values - mean, 0.0)
        return cls(count, mean, np.square(deviations).sum(0))

    def merge(self, other: RunningMoments) -> RunningMoments:
        """Moments of both sets of values together."""
        count = self.count + other.count
        share = np.divide(other.count, count, out=np.zeros(count.shape), where=count > 0)
        step = other.mean - self.mean
        mean = self.mean + step * share
        return RunningMoments(
            count, mean, self.m2 + other.m2 + np.square(step) * self.count * share
        )

    @property
    def means(self) -> np.ndarray:
        """Means, NaN where nothing was counted."""
        return np.where(self.count > 0, self.mean, np.nan)

    @property
    def deviations(self) -> np.ndarray:
        """Sample standard deviations, NaN below two values."""
        spread = np.full(self.m2.shape, np.nan)
        np.divide(self.m2, self.count - 1, out=spread, where=self.count > 1)
        return np.sqrt(spread)

    @property
    def errors(self) -> np.ndarray:
        """Standard errors of the means, NaN below two values."""
        return self.deviations / np.sqrt(np.maximum(self.count, 1))


KEY = b"clearhead_head_statistics"
VERSION = 1
PLAIN = ("model", "layers", "heads", "names", "ceiling", "texts", "tokens")
ARRAYS = ("histograms", "profiles", "profiled")
PARTS = {"moments": ("count", "mean", "m2"), "sample": ("keys", "distances")}


def write_statistics(
    statistics: HeadStatistics | None, path: str | Path, extra: dict[str, Any] | None = None
) -> None:
    """Write the file, all or nothing; `extra` is kept as JSON beside the statistics.

    None stands for a part of a corpus without any text: only its `extra` is kept.
    """
    import pyarrow
    from pyarrow import parquet

    frame = pd.DataFrame() if statistics is None else statistics.frame
    table = pyarrow.Table.from_pandas(frame, preserve_index=False)
    state = json.dumps({**packed_statistics(statistics), "extra": extra or {}}).encode()
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), KEY: state})
    atomic_write(path, lambda target: parquet.write_table(table, target))


def atomic_write(path: str | Path, write: Any) -> None:
    """Let `write` fill a file beside the path, then put it in its place in one step."""
    path = Path(path).expanduser()
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise BadInput(f"The file {path.name!r} cannot be written: {error.strerror}.") from error
    finally:
        beside.unlink(missing_ok=True)


def read_statistics(path: str | Path) -> HeadStatistics:
    """The statistics of a file. Raises `BadInput` for any other file."""
    statistics = read_with_extra(path)[0]
    if statistics is None:
        raise BadInput(
            f"{Path(path).name!r} is a part of a corpus without one text. Merge it with the others."
        )
    return statistics


def read_with_extra(path: str | Path) -> tuple[HeadStatistics | None, dict[str, Any]]:
    """The statistics of a file, None where it has no text, and what was kept beside them."""
    from pyarrow import ArrowException, parquet

    try:
        schema: pyarrow.Schema = parquet.read_schema(Path(path).expanduser())
        state = json.loads((schema.metadata or {})[KEY])
        return unpacked_statistics(state), state["extra"]
    except (ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(
            f"{Path(path).name!r} is not a file of head statistics. Write one with `save`."
        ) from error


def packed_statistics(statistics: HeadStatistics | None) -> dict[str, Any]:
    """Everything of the record as JSON can hold it."""
    if statistics is None:
        return {"version": VERSION}
    arrays = {name: getattr(statistics, name) for name in ARRAYS}
    for part, fields in PARTS.items():
        arrays |= {f"{part}.{name}": getattr(getattr(statistics, part), name) for name in fields}
    if statistics.repeated is not None:
        arrays["repeated"] = statistics.repeated
    plain = {name: getattr(statistics, name) for name in PLAIN}
    return {"version": VERSION, **plain, "arrays": packed_arrays(arrays)}


def unpacked_statistics(state: dict[str, Any]) -> HeadStatistics | None:
    """The record that was packed. Raises `ValueError` and `KeyError` for anything else."""
    if state["version"] != VERSION:
        raise ValueError("another version")
    if "arrays" not in state:
        return None
    arrays = unpacked_arrays(state["arrays"])
    plain = {name: state[name] for name in PLAIN}
    plain |= {"layers": tuple(plain["layers"]), "names": tuple(plain["names"])}
    return HeadStatistics(
        **plain,
        **{name: arrays[name] for name in ARRAYS},
        moments=RunningMoments(*(arrays[f"moments.{name}"] for name in PARTS["moments"])),
        sample=DistanceSample(*(arrays[f"sample.{name}"] for name in PARTS["sample"])),
        repeated=arrays.get("repeated"),
    )


def packed_arrays(arrays: dict[str, np.ndarray]) -> str:
    """Named arrays of numbers as one string."""
    target = io.BytesIO()
    np.savez_compressed(target, **arrays)
    return base64.b64encode(target.getvalue()).decode()


def unpacked_arrays(packed: str) -> dict[str, np.ndarray]:
    """The arrays that were packed; nothing else can be in it."""
    with np.load(io.BytesIO(base64.b64decode(packed)), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}
