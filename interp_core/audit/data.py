"""Labelled texts for an audit, read from a table or a CoNLL file."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from interp_core.audit.labels import LabelMatch, match_labels, shown_of, written
from interp_core.audit.record import REGRESSION, SINGLE, TOKENS, AuditData, audit_kind
from interp_core.errors import BadInput, ClearheadError
from interp_core.files.columns import LOOKED_AT, choose_column, usual_name
from interp_core.files.conll import TaggedSentences, read_conll
from interp_core.files.rows import EMPTY, Skipped, SkippedRows
from interp_core.files.tables import Table, open_table

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

NO_LABEL, UNKNOWN = "without a label", "unknown label"
_USUAL = "label labels class classes category target gold intent sentiment meant y tag score"
OF_TABLES = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet")
LABEL_NAMES = tuple(_USUAL.split())  # usual names of a column of labels


def labelled_data(
    source: Any,
    model: LoadedModel,
    *,
    text: str | None = None,
    label: str | None = None,
    pair: str | None = None,
    mapping: Mapping[str, str | int | None] | None = None,
    limit: int | None = None,
    name: str = "",
    **options: Any,
) -> AuditData:
    """The labelled texts of a table, or the labelled words of a CoNLL file.

    `source` is a path, bytes, an upload, a `Table` or a data frame. `text`, `label` and `pair` name
    its columns; without them usual names are looked for. `mapping` says which class a label means
    where `match_labels` would not find it. Of more than `limit` rows so many are drawn at random
    (seed 0), and stay in order; `name` is what the data are called. Other `options` are
    those of `open_table`, or of `read_conll` for models that label words.

    Rows without a text or a label, and with a label that is none of the model's, are left out and
    listed in `problems`. Several labels of one text are a JSON list, or separated by commas,
    semicolons or vertical bars; "[]" stands for none. Raises `BadInput` where no row is left.
    """
    kind = audit_kind(model)
    if kind == TOKENS:
        tagged = source if isinstance(source, TaggedSentences) else read_conll(source, **options)
        return _of_tagged(tagged, model, mapping, limit, name)
    table = _table(source, options)
    frame = table.frame
    places, drawn = _drawn(len(frame), limit)
    frame = frame.iloc[places].reset_index(drop=True)
    label = label or label_column(frame, model, pair)
    text = text or _text_column(frame.drop(columns=label, errors="ignore"))
    _check_columns(frame, text, label, pair)
    problems = table.skipped.copy() if table.skipped else SkippedRows()
    values = frame[label]
    match, read = _reader(kind, values, model, mapping)
    kept, targets = [], []
    cells = zip(frame[text], values, frame[pair] if pair else [""] * len(frame))
    for place, (line, value, second) in enumerate(cells):
        number = int(places[place]) + 1
        fault = _fault(number, line, second if pair else None, value)
        target = None if fault else read(value)
        if target is None:
            problems.add(fault or Skipped(number, UNKNOWN, _unknown(value)))
            continue
        kept.append(place)
        targets.append(target)
    if not kept:
        raise BadInput(_none_left(frame, label, problems, model, kind))
    chosen = frame.iloc[kept]
    return AuditData(
        name=name or _name(source),
        kind=kind,
        texts=tuple(map(str, chosen[text])),
        pairs=tuple(map(str, chosen[pair])) if pair else None,
        targets=np.array(targets),
        labels=tuple(model.labels),
        metadata=chosen.drop(columns=[*filter(None, {text, label, pair})]).reset_index(drop=True),
        rows=places[kept] + 1,
        match=match,
        notes=(*table.notes, *drawn, *match.notes),
        problems=problems,
    )


def check_labelled(
    source: Any,
    *,
    text: str | None = None,
    label: str | None = None,
    pair: str | None = None,
    mapping: Mapping[str, str | int | None] | None = None,
    limit: int | None = None,
    **options: Any,
) -> None:
    """What of a source of labelled texts shows without a model, to be said before one is loaded.

    Arguments as of `labelled_data`. Raises `BadInput` for files that are not there, are no table
    and no CoNLL file, and for columns that are missing. What labels mean is known with a model
    only.
    """
    _check_limit(limit)
    if isinstance(source, TaggedSentences | AuditData):
        return
    try:
        frame = _table(source, options).frame
    except BadInput:
        if isinstance(source, Table | pd.DataFrame):
            raise
        try:
            read_conll(source, **options)
        except (ClearheadError, TypeError):  # a table's options
            pass
        else:
            return
        raise
    ending = Path(_name(source).removesuffix(".gz")).suffix.lower()
    if isinstance(source, Table | pd.DataFrame) or ending in OF_TABLES:
        _check_columns(frame, text, label, pair)


def _check_limit(limit: int | None) -> None:
    if limit is not None and limit < 1:
        raise BadInput(f"A limit is at least 1 row, not {limit:,}.")


def _check_columns(
    frame: pd.DataFrame, text: str | None, label: str | None, pair: str | None
) -> None:
    for column in filter(None, (text, label, pair)):
        if column not in frame:
            raise BadInput(f"There is no column {column!r}. Columns: {shown_of(list(frame))}.")
    if text and text == label:
        raise BadInput(f"The column {text!r} cannot hold both the texts and the labels.")


def _drawn(count: int, limit: int | None) -> tuple[np.ndarray, tuple[str, ...]]:
    """The places of the rows that are audited, in order, and a note where some are not."""
    _check_limit(limit)
    if limit is None or count <= limit:
        return np.arange(count), ()
    places = np.sort(np.random.default_rng(0).choice(count, limit, replace=False))
    return places, (f"{limit:,} of {count:,} rows were drawn at random (seed 0).",)


def _name(source: Any) -> str:
    if isinstance(source, pd.DataFrame):  # may have a column of this name
        return "data"
    named = source if isinstance(source, str | Path) else getattr(source, "name", "")
    return Path(str(named)).name or "data"


def _table(source: Any, options: Mapping[str, Any]) -> Table:
    if isinstance(source, Table):
        return source
    if isinstance(source, pd.DataFrame):
        return Table(source.reset_index(drop=True))
    return open_table(source, **options)


def _text_column(frame: pd.DataFrame) -> str:
    found = choose_column(frame.head(LOOKED_AT).to_dict("records"))
    if found is None:
        raise BadInput("The table has no column with texts. Name it, or see whether it is empty.")
    return found


def label_column(frame: pd.DataFrame, model: LoadedModel, pair: str | None = None) -> str:
    """A column with a usual name, else the first whose values name classes of the model.

    Raises `BadInput` where there is none.
    """
    usual = {usual_name(name): name for name in reversed(list(frame)) if name != pair}
    named = [usual[name] for name in LABEL_NAMES if name in usual]
    if named:
        return named[0]
    if audit_kind(model) == SINGLE:
        for name in frame:
            values = frame[name].dropna().unique()
            if 0 < len(values) <= 2 * len(model.labels) and all(
                match_labels(values, model.labels).mapping.values()
            ):
                return name
    raise BadInput(
        f"Which column holds the labels? Name one of the columns: {shown_of(list(frame))}."
    )


def _fault(number: int, text: object, pair: object, value: object) -> Skipped | None:
    for each, what in ((text, "text"), (pair, "second text")):
        if (pair is not None or what == "text") and (_is_missing(each) or not str(each).strip()):
            return Skipped(number, EMPTY, f"The row has no {what}.")
    if _is_missing(value) or not str(value).strip():
        return Skipped(number, NO_LABEL, "The row has no label.")
    return None


def _is_missing(value: object) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value))


def _unknown(value: object) -> str:
    return f"The label “{str(value)[:60]}” is none of the model's."


def _none_left(
    frame: pd.DataFrame, label: str, problems: SkippedRows, model: LoadedModel, kind: str
) -> str:
    if problems.counts[UNKNOWN]:
        values = list(dict.fromkeys(written(each) for each in frame[label].dropna()))
        known = "a number" if kind == REGRESSION else f"one of {shown_of(model.labels)}"
        return (
            f"No label in “{label}” ({shown_of(values, 5)}) is {known}. Choose the column of "
            "labels, or say which class each label means."
        )
    return f"No row has both a text and a label in “{label}”. {problems.note()}".strip()


Reader = Callable[[Any], Any]


def _reader(
    kind: str,
    values: pd.Series,
    model: LoadedModel,
    mapping: Mapping[str, str | int | None] | None,
) -> tuple[LabelMatch, Reader]:
    """What the labels mean, and a function from a cell to the target; None where unknown."""
    if kind == REGRESSION:
        return LabelMatch({}, "number"), _number
    number_of = {name: place for place, name in enumerate(model.labels)}
    if kind == SINGLE:
        match = match_labels(values.dropna().unique(), model.labels, mapping)
        known = {label: number_of.get(name) for label, name in match.mapping.items()}
        return match, lambda value: known.get(written(value))
    lists = [_several(value) for value in values.dropna()]
    match = match_labels([each for some in lists for each in some], model.labels, mapping)

    def several(value: object) -> np.ndarray | None:
        names = [match.mapping.get(each) for each in _several(value)]
        if None in names:
            return None
        row = np.zeros(len(model.labels), dtype=bool)
        row[[number_of[name] for name in names]] = True
        return row

    return match, several


def _number(value: object) -> float | None:
    try:
        found = float(str(value))
    except ValueError:
        return None
    return found if np.isfinite(found) else None


def _several(value: object) -> list[str]:
    """The labels in one cell."""
    text = written(value)
    if text.startswith("["):
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        if isinstance(found, list):
            return [written(each) for each in found]
    sign = next((each for each in (";", "|", ",") if each in text), None)
    return [each for each in map(str.strip, text.split(sign)) if each] if sign else [text]


def _of_tagged(
    tagged: TaggedSentences,
    model: LoadedModel,
    mapping: Mapping[str, str | int | None] | None,
    limit: int | None,
    name: str,
) -> AuditData:
    """Labelled words; a sentence with an unknown label is left out."""
    match = match_tags([each for some in tagged.labels for each in some], model.labels, mapping)
    number_of = {name: place for place, name in enumerate(model.labels)}
    known = {label: number_of.get(name) for label, name in match.mapping.items()}
    problems, kept = tagged.skipped.copy(), []
    places, drawn = _drawn(len(tagged.labels), limit)
    for place in map(int, places):
        tags = tagged.labels[place]
        wrong = next((each for each in tags if known[each] is None), None)
        if wrong is None:
            kept.append(place)
        else:
            problems.add(Skipped(tagged.lines[place], UNKNOWN, _unknown(wrong)))
    if not kept:
        raise BadInput(
            f"No sentence has only labels of the model: {shown_of(match.unknown, 5)} are none of "
            f"{shown_of(model.labels)}. Say which class each label means."
        )
    targets = np.empty(len(kept), dtype=object)
    for row, place in enumerate(kept):
        targets[row] = np.array([known[each] for each in tagged.labels[place]], dtype=np.int64)
    words = tuple(tagged.words[place] for place in kept)
    return AuditData(
        name=name or tagged.name,
        kind=TOKENS,
        texts=tuple(map(" ".join, words)),
        words=words,
        targets=targets,
        labels=tuple(model.labels),
        metadata=_about(tagged, kept),
        rows=np.array([tagged.lines[place] for place in kept], dtype=np.int64),
        match=match,
        notes=(*tagged.notes, *drawn, *match.notes),
        problems=problems,
    )


def _about(tagged: TaggedSentences, kept: Sequence[int]) -> pd.DataFrame:
    """The comments of the sentences, without what another one never has and the text itself."""
    told = pd.DataFrame([tagged.about[place] for place in kept], index=range(len(kept)))
    return told.drop(columns=[name for name in ("text", "sent_id") if name in told])


def match_tags(
    tags: Sequence[str],
    classes: Sequence[str],
    mapping: Mapping[str, str | int | None] | None = None,
) -> LabelMatch:
    """As `match_labels`, for labels of words: `mapping` may name types without their B- and I-."""
    names = list(dict.fromkeys(tags))
    told = dict(mapping or {})
    for tag in names:
        sign, _, kind = tag.partition("-")
        if tag not in told and kind in told and isinstance(told[kind], str):
            told[tag] = f"{sign}-{told[kind]}"
    return match_labels(names, classes, {tag: told[tag] for tag in names if tag in told})
