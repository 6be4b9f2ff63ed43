"""Head statistics as a Parquet file: a table for everybody, and beside it what merging needs."""

from __future__ import annotations

import base64
import io
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from interp_core.analysis.head_moments import Moments
from interp_core.analysis.head_record import HeadStatistics
from interp_core.analysis.head_similarity import Sample
from interp_core.errors import BadInput

if TYPE_CHECKING:
    import pyarrow

KEY = b"clearhead_head_statistics"
VERSION = 1
PLAIN = ("model", "layers", "heads", "names", "ceiling", "texts", "tokens")
ARRAYS = ("histograms", "profiles", "profiled")
PARTS = {"moments": ("count", "mean", "m2"), "sample": ("keys", "distances")}


def write_statistics(
    statistics: HeadStatistics, path: str | Path, extra: dict[str, Any] | None = None
) -> None:
    """Write the file, all or nothing; `extra` is kept as JSON beside the statistics."""
    import pyarrow
    from pyarrow import parquet

    table = pyarrow.Table.from_pandas(statistics.frame, preserve_index=False)
    state = json.dumps({**_packed(statistics), "extra": extra or {}}).encode()
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), KEY: state})
    write_whole(path, lambda target: parquet.write_table(table, target))


def write_whole(path: str | Path, write: Any) -> None:
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
    return read_with_extra(path)[0]


def read_with_extra(path: str | Path) -> tuple[HeadStatistics, dict[str, Any]]:
    """The statistics of a file, and what was kept beside them."""
    from pyarrow import ArrowException, parquet

    try:
        schema: pyarrow.Schema = parquet.read_schema(Path(path).expanduser())
        state = json.loads((schema.metadata or {})[KEY])
        return _unpacked(state), state["extra"]
    except (ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(
            f"{Path(path).name!r} is no file of head statistics. Write one with `save`."
        ) from error


def _packed(statistics: HeadStatistics) -> dict[str, Any]:
    arrays = {name: getattr(statistics, name) for name in ARRAYS}
    for part, fields in PARTS.items():
        arrays |= {f"{part}.{name}": getattr(getattr(statistics, part), name) for name in fields}
    if statistics.repeated is not None:
        arrays["repeated"] = statistics.repeated
    target = io.BytesIO()
    np.savez_compressed(target, **arrays)
    plain = {name: getattr(statistics, name) for name in PLAIN}
    return {"version": VERSION, **plain, "arrays": base64.b64encode(target.getvalue()).decode()}


def _unpacked(state: dict[str, Any]) -> HeadStatistics:
    if state["version"] != VERSION:
        raise ValueError("another version")
    data = io.BytesIO(base64.b64decode(state["arrays"]))
    with np.load(data, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    plain = {name: state[name] for name in PLAIN}
    plain |= {"layers": tuple(plain["layers"]), "names": tuple(plain["names"])}
    return HeadStatistics(
        **plain,
        **{name: arrays[name] for name in ARRAYS},
        moments=Moments(*(arrays[f"moments.{name}"] for name in PARTS["moments"])),
        sample=Sample(*(arrays[f"sample.{name}"] for name in PARTS["sample"])),
        repeated=arrays.get("repeated"),
    )
