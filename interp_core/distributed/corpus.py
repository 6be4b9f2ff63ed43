"""Head statistics of a corpus, counted by the workers of an engine."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interp_core.distributed.blocks import Engine, KeptBlocks, in_order
from interp_core.heads.record import packed_statistics, unpacked_statistics
from interp_core.heads.resume import (
    CHUNK,
    EVERY,
    UnfinishedPass,
    chosen_rows,
    corpus_source,
    packed_state,
    unpacked_state,
)
from interp_core.heads.room import batch_room
from interp_core.heads.statistics import DEFAULT, CorpusState, stream_statistics

if TYPE_CHECKING:
    from interp_core.files.corpus import Corpus
    from interp_core.files.rows import Row, Skipped
    from interp_core.heads.shards import Shard
    from interp_core.models.record import LoadedModel


def count_block(model: LoadedModel, rows: list[Row | Skipped]) -> CorpusState:
    """What a worker does: the statistics of one block of rows."""
    states = stream_statistics(model, rows, quantities=DEFAULT, room=batch_room(model))
    (state,) = deque(states, maxlen=1)
    return state


def run_corpus_on(
    engine: Engine,
    corpus: Corpus,
    out: str | Path,
    *,
    limit: int | None = None,
    restart: bool = False,
    every: float = EVERY,
    shard: Shard | None = None,
) -> Iterator[CorpusState]:
    """As `run_corpus`, by the workers of `engine`: states of what is counted without a gap.

    Results are added in the order of their blocks, so the table does not depend on which worker
    was quick. Unfinished, the pass is kept in `<out>.partial`, and in `<out>.blocks` what came
    back before an earlier block.
    """
    unfinished = UnfinishedPass(
        Path(out).expanduser(), corpus_source(engine.model, corpus, limit, shard)
    )
    kept = KeptBlocks(
        unfinished.out.with_name(f"{unfinished.out.name}.blocks"),
        unfinished.source,
        _packed,
        _unpacked,
    )
    if restart:
        kept.clear()
    state = unfinished.earlier(restart=restart)
    first = state.rows // CHUNK
    kept.drop_before(first)
    yield state
    rows = islice(chosen_rows(corpus, limit, shard), state.rows, None)
    added: list[int] = []
    begun, earlier, saved = time.monotonic(), state.seconds, time.monotonic()
    for step in in_order(engine, count_block, _blocks(rows, first), kept):
        now = time.monotonic()
        if step is not None:
            added.append(step[0])
            state = replace(state.merge(step[1]), seconds=earlier + now - begun)
        if now - saved >= every:
            if added or not unfinished.path.exists():  # then it says whose the kept blocks are
                unfinished.save(state)
            kept.save()
            for number in added:
                kept.drop(number)
            added, saved = [], now
        yield state
    unfinished.finish(state, corpus.name)
    kept.clear()


def _blocks(rows: Iterable[Any], first: int) -> Iterator[tuple[int, tuple]]:
    source, number = iter(rows), first
    while block := list(islice(source, CHUNK)):
        yield number, (block,)
        number += 1


def _packed(state: CorpusState) -> dict[str, Any]:
    return {"statistics": packed_statistics(state.statistics), **packed_state(state, {})}


def _unpacked(kept: dict[str, Any]) -> CorpusState:
    kept = dict(kept)
    return unpacked_state(unpacked_statistics(kept.pop("statistics")), kept)
