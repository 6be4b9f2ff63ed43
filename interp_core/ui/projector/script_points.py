"""Python that makes the vectors of what was asked for."""

from __future__ import annotations

from interp_core.ui import loading
from interp_core.ui.projector.asked import Points
from interp_core.ui.projector.sources import PATCH

BESIDE = "# Put your file beside this notebook."


def making(
    points: Points, *, layer: str | None = None, name: str = "vectors", columns: bool = True
) -> list[str]:
    """The lines that make the vectors `name`.

    `layer` "all" comes in place of the chosen one; without `columns` the vectors know only their
    own texts.
    """
    if points.source == "vectors":
        return _own_vectors(points, name)
    head = f"model = {loading.call(points.model)}"
    if points.source == "vocabulary":
        return [head, *_vocabulary(points, name)]
    at = f"layer={(layer or points.layer)!r}"
    lines = [head, *_table(points), f"{name} = {_read(points, at)}"]
    if columns and points.source != "digits":
        lines.append(f"{name} = ic.with_columns({name}, points)")
    return lines


def _read(points: Points, at: str) -> str:
    """The call that reads the texts or pictures."""
    if points.source == "digits":
        return f"ic.digit_vectors(model, points, {at}, pooling={_pooling(points)!r})"
    if points.source == "ambiguous_words":
        return f"ic.word_vectors(model, list(points['text']), list(points['word']), {at})"
    pooling = None if points.unit == "token" else points.unit
    return (
        f"ic.token_vectors(model, list(points['text']), {at}, pooling={pooling!r}, truncate=True)"
    )


def _pooling(points: Points) -> str:
    return PATCH.get(points.unit, points.unit)


def _table(points: Points) -> list[str]:
    """The lines that make the table `points`."""
    lines = []
    if points.source == "text":
        lines.append(f"points = ic.line_table({points.value('text')!r})")
    elif points.source == "table":
        lines += [
            BESIDE,
            f"points = ic.read_table({points.value('file')!r}{points.value('options', '')})",
            f"points = ic.text_rows(points, {points.value('column')!r})",
        ]
    elif points.source == "digits":
        lines.append("points = ic.digit_table()")
    else:
        lines.append(f"points = ic.sample_table({points.source!r})")
    if points.value("word"):
        lines.append(f"points = points[points['word'] == {points.value('word')!r}]")
    if points.value("sampled"):
        count = points.value("sampled")
        lines.append(f"points = points.sample({count}, random_state=0).sort_index()")
    return lines


def _own_vectors(points: Points, name: str) -> list[str]:
    words = points.value("words")
    more = f", metadata={words!r}" if words else ""
    more += str(points.value("options", ""))
    return [BESIDE, f"{name} = ic.read_vectors({points.value('file')!r}{more})"]


def _vocabulary(points: Points, name: str) -> list[str]:
    contains = points.value("contains")
    part = f", contains={contains!r}" if contains else ""
    return [
        "entries = ic.vocabulary_vectors(model)",
        f"{name} = ic.vocabulary_part(entries, kind={points.value('kind')!r}{part}, "
        f"ranks=({points.value('from', 0)}, {points.value('to', 10**9)}))",
    ]
