"""A pass over a corpus that may be killed at any moment and resumes where it stopped.

What has been counted is written beside the result as `<name>.partial`, all or nothing, and only at
points where every row read has been counted. Such points lie at fixed rows, so a run that was
interrupted forms the same batches as one that was not, and gives the same table.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from interp_core.errors import BadInput
from interp_core.files.rows import Row, Skipped, SkippedRows
from interp_core.heads.record import read_with_extra, write_statistics
from interp_core.heads.room import batch_room
from interp_core.heads.statistics import CHUNK, DEFAULT, CorpusState, stream_statistics

if TYPE_CHECKING:
    from interp_core.files.corpus import Corpus
    from interp_core.heads.record import HeadStatistics
    from interp_core.heads.shards import Shard
    from interp_core.models.record import LoadedModel

EVERY = 5.0  # seconds between two savings


@dataclass(frozen=True)
class UnfinishedPass:
    """Where a pass over a corpus is kept until it is complete, and what it belongs to.

    `source` holds what must be the same for a pass to go on: model, file, column, limit, part.
    """

    out: Path
    source: dict[str, Any]

    @property
    def path(self) -> Path:
        """The file of an unfinished pass."""
        return partial_path(self.out)

    def earlier(self, *, restart: bool) -> CorpusState:
        """What an earlier run has counted. Raises `BadInput` where it belongs to something else."""
        if restart or not self.path.exists():
            return CorpusState()
        statistics, extra = read_with_extra(self.path)
        if extra.get("source") != self.source:
            raise BadInput(
                f"{self.path.name} belongs to another model, file, column or limit. Use another "
                "--out, or --restart to begin again."
            )
        return unpacked_state(statistics, extra)

    def save(self, state: CorpusState) -> None:
        """Keep a settled state, all or nothing."""
        write_statistics(state.statistics, self.path, packed_state(state, self.source))

    def finish(self, state: CorpusState, name: str) -> None:
        """Write the table. Raises `BadInput` for a corpus, unlike for a part, without any text."""
        if state.statistics is None and not self.source["shard"]:
            raise BadInput(f"No row of {name} could be read. {skipped_report(state.skipped)}")
        write_statistics(state.statistics, self.out, packed_state(state, self.source))
        self.path.unlink(missing_ok=True)


def corpus_source(
    model: ModelIdentity, corpus: Corpus, limit: int | None, shard: Shard | None
) -> dict[str, Any]:
    """What a pass belongs to, as JSON can hold it."""
    return {
        "fingerprint": corpus.fingerprint,
        "model": model.name,
        "revision": model.revision,
        # None for what is usual, so that it is what it was before number formats could be chosen.
        "dtype": None if model.dtype == "float32" else model.dtype,
        "limit": limit,
        "chunk": CHUNK,
        "shard": str(shard) if shard else None,
    }


class ModelIdentity(Protocol):
    """What tells one model from another: a `LoadedModel`, or what a distant one is known by."""

    @property
    def name(self) -> str: ...
    @property
    def revision(self) -> str: ...
    @property
    def dtype(self) -> str: ...


def run_corpus(
    model: LoadedModel,
    corpus: Corpus,
    out: str | Path,
    *,
    limit: int | None = None,
    restart: bool = False,
    every: float = EVERY,
    shard: Shard | None = None,
) -> Iterator[CorpusState]:
    """States of the pass, the last one complete and written to `out`.

    Goes on from `<out>.partial` where that is there and belongs to the same model, file, column,
    limit and part; otherwise raises `BadInput`, unless `restart` says to begin again.
    """
    kept = UnfinishedPass(Path(out).expanduser(), corpus_source(model, corpus, limit, shard))
    state = kept.earlier(restart=restart)
    yield state
    rows = islice(chosen_rows(corpus, limit, shard), state.rows, None)
    saved = time.monotonic()
    states = stream_statistics(model, rows, quantities=DEFAULT, start=state, room=batch_room(model))
    for state in states:
        if state.settled and time.monotonic() - saved >= every:
            kept.save(state)
            saved = time.monotonic()
        yield state
    kept.finish(state, corpus.name)


def chosen_rows(corpus: Corpus, limit: int | None, shard: Shard | None) -> Iterator[Row | Skipped]:
    """The first `limit` rows of the corpus, of these the ones of the part. Raises `BadInput`."""
    if limit is not None and limit < 1:
        raise BadInput(f"A limit is at least 1 row, not {limit:,}.")
    rows = corpus.rows(limit)
    return shard.rows(rows, CHUNK) if shard else rows


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


def unpacked_state(statistics: HeadStatistics | None, extra: dict[str, Any]) -> CorpusState:
    """The state that `packed_state` was made of."""
    skipped = SkippedRows(
        Counter(extra["skipped_counts"]), [Skipped(**row) for row in extra["skipped_rows"]]
    )
    return CorpusState(statistics, extra["rows"], extra["computed"], extra["seconds"], skipped)


def packed_state(state: CorpusState, source: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a state beside its statistics, as JSON can hold it."""
    return {
        "source": source,
        "rows": state.rows,
        "computed": state.computed,
        "seconds": state.seconds,
        "skipped_counts": dict(state.skipped.counts),
        "skipped_rows": [asdict(row) for row in state.skipped.rows],
    }
