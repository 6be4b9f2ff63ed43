"""A pass over a corpus that may be killed at any moment and resumes where it stopped.

What has been counted is written beside the result as `<name>.partial`, all or nothing, and only at
points where every row read has been counted. Such points lie at fixed rows, so a run that was
interrupted forms the same batches as one that was not, and gives the same table.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interp_core.errors import BadInput
from interp_core.files.rows import Skipped, SkippedRows
from interp_core.heads.record import read_with_extra, write_statistics
from interp_core.heads.statistics import CHUNK, DEFAULT, CorpusState, stream_statistics

if TYPE_CHECKING:
    from interp_core.files.corpus import Corpus
    from interp_core.models.record import LoadedModel

EVERY = 5.0  # seconds between two savings


def run_corpus(
    model: LoadedModel,
    corpus: Corpus,
    out: str | Path,
    *,
    limit: int | None = None,
    restart: bool = False,
    every: float = EVERY,
) -> Iterator[CorpusState]:
    """States of the pass, the last one complete and written to `out`.

    Goes on from `<out>.partial` where that is there and belongs to the same model, file, column
    and limit; otherwise raises `BadInput`, unless `restart` says to begin again.
    """
    partial = partial_path(out)
    source = {"fingerprint": corpus.fingerprint, "revision": model.revision, "limit": limit}
    source |= {"model": model.name, "chunk": CHUNK}
    state = CorpusState() if restart else _earlier(partial, source)
    yield state
    rows = islice(corpus.rows(), state.rows, limit)
    saved = time.monotonic()
    states = stream_statistics(model, rows, quantities=DEFAULT, start=state)
    for state in states:
        if state.settled and state.statistics and time.monotonic() - saved >= every:
            write_statistics(state.statistics, partial, {**source, **_packed(state)})
            saved = time.monotonic()
        yield state
    if state.statistics is None:
        raise BadInput(f"No row of {corpus.name} could be read. {skipped_report(state.skipped)}")
    write_statistics(state.statistics, out, {**source, **_packed(state)})
    partial.unlink(missing_ok=True)


def partial_path(out: str | Path) -> Path:
    """Where an unfinished pass is kept."""
    out = Path(out).expanduser()
    return out.with_name(f"{out.name}.partial")


def skipped_report(skipped: SkippedRows, limit: int = 20) -> str:
    """The skipped rows as text, one a line."""
    if not skipped.total:
        return "No row was skipped."
    reasons = ", ".join(f"{count:,} {name}" for name, count in sorted(skipped.counts.items()))
    lines = [f"{skipped.total:,} rows were skipped: {reasons}."]
    lines += [f"  line {row.number}: {row.reason}. {row.message}" for row in skipped.rows[:limit]]
    if skipped.total > limit:
        lines.append(f"  and {skipped.total - limit:,} more")
    return "\n".join(lines)


def _earlier(partial: Path, source: dict[str, Any]) -> CorpusState:
    if not partial.exists():
        return CorpusState()
    statistics, extra = read_with_extra(partial)
    if any(extra.get(name) != value for name, value in source.items()):
        raise BadInput(
            f"{partial.name} belongs to another model, file, column or limit. Use another --out, "
            "or --restart to begin again."
        )
    skipped = SkippedRows(
        Counter(extra["skipped_counts"]), [Skipped(**row) for row in extra["skipped_rows"]]
    )
    return CorpusState(statistics, extra["rows"], extra["computed"], extra["seconds"], skipped)


def _packed(state: CorpusState) -> dict[str, Any]:
    return {
        "rows": state.rows,
        "computed": state.computed,
        "seconds": state.seconds,
        "skipped_counts": dict(state.skipped.counts),
        "skipped_rows": [asdict(row) for row in state.skipped.rows],
    }
