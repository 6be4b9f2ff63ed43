"""The two passes of an audit that read every text, done by the workers of an engine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from interp_core.audit.head_lift import HeadLift, attention_lift, check_lifts, group_names
from interp_core.audit.predictions import (
    CHUNK,
    MOST_NUMBERS,
    Predictions,
    no_predictions,
    predict_labelled,
)
from interp_core.audit.record import TOKENS, AuditData
from interp_core.distributed.blocks import Engine, KeptBlocks, in_order
from interp_core.errors import BadInput
from interp_core.files.rows import Skipped, SkippedRows
from interp_core.heads.record import packed_arrays, unpacked_arrays
from interp_core.progress import report

if TYPE_CHECKING:
    from interp_core.audit.word_groups import Spans
    from interp_core.models.record import LoadedModel

Progress = Callable[[int, int], object]
IDENTITY = ("name", "revision", "dtype", "weights")


@dataclass(frozen=True)
class AuditPasses:
    """Predictions and attention lifts by `engine`.

    What comes back is kept in `folder` by the number of its block, so that an audit that was
    killed goes on; `clear` forgets it.
    """

    engine: Engine
    folder: Path

    def predictions(self, data: AuditData, progress: Progress | None = None) -> Predictions:
        """As `predict_labelled`."""
        whole = no_predictions(data)  # refuses too many texts before any work
        source = {"data": data.digest}
        parts = self._all("predictions", source, predict_block, _data_blocks(data), PREDICTED)
        found: list[Predictions] = []
        for part in parts:
            if part is not None:
                found.append(part)
            report(progress, sum(map(len, found)), len(data))
        return _joined(found) if found else whole

    def lift(
        self,
        model: LoadedModel,
        texts: Sequence[str],
        spans: Sequence[Spans],
        *,
        scores: Sequence[np.ndarray | None] | None = None,
        progress: Progress | None = None,
    ) -> HeadLift:
        """As `attention_lift`; `model` only tells the number of heads."""
        if not texts:
            raise BadInput("There are no texts. Give at least one.")
        names = group_names(spans)
        check_lifts(model, len(texts), len(names))
        source = {"texts": _digest([list(texts), list(spans)]), "scores": _digest_of(scores)}
        name = "lifts" if scores is None else "alignments"
        blocks = _lift_blocks(texts, spans, scores, names)
        found: list[HeadLift] = []
        for part in self._all(name, source, lift_block, blocks, LIFTS):
            if part is not None:
                found.append(part)
            report(progress, sum(len(each.read) for each in found), len(texts))
        return replace(
            found[0],
            problems=tuple(line for each in found for line in each.problems),
            **{
                name: np.concatenate([getattr(each, name) for each in found])
                for name in ("lift", "alignment", "read")
            },
        )

    def clear(self) -> None:
        """Forget what was kept."""
        for name in ("predictions", "lifts", "alignments"):
            KeptBlocks(self.folder / name, {}, dict, dict).clear()
        if self.folder.exists() and not any(self.folder.iterdir()):
            self.folder.rmdir()

    def _all(
        self,
        name: str,
        source: dict[str, Any],
        work: Callable[..., Any],
        blocks: Iterator[tuple[int, tuple]],
        form: tuple[Callable, Callable],
    ) -> Iterator[Any]:
        source |= {"chunk": CHUNK}
        source |= {part: str(getattr(self.engine.model, part, "")) for part in IDENTITY}
        kept = KeptBlocks(self.folder / name, source, *form)
        for step in in_order(self.engine, work, blocks, kept):
            if step is not None:
                kept.write(*step)
            yield None if step is None else step[1]


def predict_block(model: LoadedModel, data: AuditData) -> Predictions:
    """What a worker does: the answers to one block of texts."""
    return predict_labelled(model, data)


def lift_block(
    model: LoadedModel,
    texts: list[str],
    spans: list[Spans],
    scores: list[np.ndarray | None] | None,
    names: tuple[str, ...],
    first: int,
) -> HeadLift:
    """What a worker does: the attention lifts of one block of texts."""
    return attention_lift(model, texts, spans, scores=scores, names=names, first=first)


def _data_blocks(data: AuditData) -> Iterator[tuple[int, tuple]]:
    """Blocks of texts, without what no model reads."""
    rows = data.rows if len(data.rows) else np.arange(1, len(data) + 1)
    bare = replace(
        data,
        metadata=pd.DataFrame(index=range(len(data))),
        rows=rows,
        notes=(),
        problems=SkippedRows(),
    )
    for number, begin in enumerate(range(0, len(data), CHUNK)):
        yield number, (bare.take(np.arange(begin, min(begin + CHUNK, len(data)))),)


def _lift_blocks(
    texts: Sequence[str],
    spans: Sequence[Spans],
    scores: Sequence[np.ndarray | None] | None,
    names: tuple[str, ...],
) -> Iterator[tuple[int, tuple]]:
    for number, begin in enumerate(range(0, len(texts), CHUNK)):
        part = slice(begin, begin + CHUNK)
        given = None if scores is None else list(scores[part])
        yield number, (list(texts[part]), list(spans[part]), given, names, begin + 1)


def _joined(parts: list[Predictions]) -> Predictions:
    """The blocks as one record, as one pass would have made it."""
    arrays = {
        field.name: [getattr(each, field.name) for each in parts]
        for field in fields(Predictions)
        if field.name not in ("kind", "refused")
    }
    # Vectors are kept only where every text has one, and not too many.
    widths = [each.size for each in arrays["vectors"] if each is not None]
    if sum(widths) > MOST_NUMBERS:
        arrays["vectors"] = [None]
    return Predictions(
        parts[0].kind,
        **{
            name: None if any(each is None for each in values) else np.concatenate(values)
            for name, values in arrays.items()
        },
        refused=reduce(SkippedRows.merge, (each.refused for each in parts)),
    )


def _pack_predictions(found: Predictions) -> dict[str, Any]:
    arrays = {name: value for name, value in vars(found).items() if isinstance(value, np.ndarray)}
    words = None
    if found.kind == TOKENS:  # an array of class numbers for each text, or None
        words = [None if each is None else each.tolist() for each in arrays.pop("predicted")]
    return {
        "kind": found.kind,
        "arrays": packed_arrays(arrays),
        "words": words,
        "counts": dict(found.refused.counts),
        "refused": [asdict(row) for row in found.refused.rows],
    }


def _unpack_predictions(kept: dict[str, Any]) -> Predictions:
    arrays = dict.fromkeys(("logits", "probabilities", "vectors"))
    arrays |= unpacked_arrays(kept["arrays"])
    if kept["words"] is not None:
        arrays["predicted"] = np.full(len(kept["words"]), None, dtype=object)
        for place, each in enumerate(kept["words"]):
            arrays["predicted"][place] = None if each is None else np.array(each, dtype=np.int64)
    refused = SkippedRows()
    refused.counts.update(kept["counts"])
    refused.rows.extend(Skipped(**row) for row in kept["refused"])
    return Predictions(kept["kind"], **arrays, refused=refused)


def _pack_lift(found: HeadLift) -> dict[str, Any]:
    arrays = {name: getattr(found, name) for name in ("lift", "alignment", "read")}
    plain = {name: getattr(found, name) for name in ("names", "layers", "problems")}
    return {**plain, "arrays": packed_arrays(arrays)}


def _unpack_lift(kept: dict[str, Any]) -> HeadLift:
    plain = {name: tuple(kept[name]) for name in ("names", "layers", "problems")}
    return HeadLift(**plain, **unpacked_arrays(kept["arrays"]))


PREDICTED = (_pack_predictions, _unpack_predictions)
LIFTS = (_pack_lift, _unpack_lift)


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


def _digest_of(scores: Sequence[np.ndarray | None] | None) -> str | None:
    if scores is None:
        return None
    whole = hashlib.sha256()
    for each in scores:
        whole.update(b"none" if each is None else np.ascontiguousarray(each).tobytes())
    return whole.hexdigest()
