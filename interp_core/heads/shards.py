"""Parts of a corpus that are counted apart, by hand or by a batch scheduler, and merged.

Part i of n takes every n-th block of CHUNK rows, from the i-th on. Blocks are those of a pass over
the whole, so the same texts share a batch, and the merged table is that pass's table but for the
order in which numbers are added.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from interp_core.errors import BadInput
from interp_core.heads.record import read_with_extra, write_statistics
from interp_core.heads.resume import packed_state, skipped_report, unpacked_state
from interp_core.heads.statistics import CorpusState

T = TypeVar("T")
WRITTEN = re.compile(r"\s*([0-9]{1,6})\s*/\s*([0-9]{1,6})\s*")
SHOWN = 10  # numbers of missing parts in a message


@dataclass(frozen=True)
class Shard:
    """Part `number` (from 1) of `count` parts."""

    number: int
    count: int

    @classmethod
    def read(cls, written: str) -> Shard:
        """The part that "2/5" stands for. Raises `BadInput`."""
        found = WRITTEN.fullmatch(str(written))
        number, count = map(int, found.groups()) if found else (0, 0)
        if not 1 <= number <= count:
            raise BadInput(f"{written!r} is no part. Write 1/8 for the first of eight, up to 8/8.")
        return cls(number, count)

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def rows(self, rows: Iterable[T], size: int) -> Iterator[T]:
        """The rows of this part; all rows of the whole pass by, `size` in a block."""
        source, block = iter(rows), 0
        while chunk := list(islice(source, size)):
            if block % self.count == self.number - 1:
                yield from chunk
            block += 1


def merge_shards(paths: Sequence[str | Path], out: str | Path) -> CorpusState:
    """The parts in these files as one table, written to `out`, in whatever order they are given.

    Raises `BadInput` for files that are no parts of one pass over one corpus by one model, for a
    part that is missing or given twice, and where no part has a text.
    """
    if not paths:
        raise BadInput("There is nothing to merge. Give the file of every part.")
    parts: dict[int, CorpusState] = {}
    source, first = None, ""
    for path in paths:
        statistics, extra = read_with_extra(path)
        shard, name = _shard(extra, Path(path).name), Path(path).name
        kept = {key: value for key, value in extra["source"].items() if key != "shard"}
        kept["count"] = shard.count
        if source is None:
            source, first = kept, name
        if kept != source:
            raise BadInput(
                f"{name!r} belongs to another {_difference(kept, source)} than {first!r}."
            )
        if shard.number in parts:
            raise BadInput(f"Part {shard} is given twice; {name!r} is the second. Give each once.")
        parts[shard.number] = unpacked_state(statistics, extra)
    _complete(parts, source["count"])
    state = reduce(CorpusState.merge, (parts[number] for number in sorted(parts)))
    if state.statistics is None:
        raise BadInput(f"No part has a text. {skipped_report(state.skipped)}")
    whole = {key: value for key, value in source.items() if key != "count"} | {"shard": None}
    write_statistics(state.statistics, out, packed_state(state, whole))
    return state


def _shard(extra: dict[str, Any], name: str) -> Shard:
    written = (extra.get("source") or {}).get("shard")
    if not written:
        raise BadInput(
            f"{name!r} is no part of a corpus. Parts are written by the corpus command with "
            "--shard i/n."
        )
    return Shard.read(written)


NAMES = {
    "fingerprint": "file or column",
    "model": "model",
    "revision": "version of the model",
    "limit": "limit",
    "dtype": "number format",
    "chunk": "size of blocks",
    "count": "number of parts",
}


def _difference(one: dict[str, Any], other: dict[str, Any]) -> str:
    return next((told for key, told in NAMES.items() if one.get(key) != other.get(key)), "pass")


def _complete(parts: dict[int, Any], count: int) -> None:
    missing = [str(number) for number in range(1, count + 1) if number not in parts]
    if missing:
        more = f" and {len(missing) - SHOWN:,} more" if len(missing) > SHOWN else ""
        raise BadInput(
            f"Of {count:,} parts these are missing: {', '.join(missing[:SHOWN])}{more}. "
            "A part that was stopped is finished by its own command."
        )
