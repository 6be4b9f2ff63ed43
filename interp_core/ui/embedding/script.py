"""Python that computes with `interp_core` what a view shows: a data frame `table`."""

from __future__ import annotations

from collections.abc import Callable

from interp_core.ui.embedding.finding import Drawn
from interp_core.ui.embedding.question import LAYERED, Drawing, Points
from interp_core.ui.embedding.sources import PATCH
from interp_core.ui.server import loading


def script(drawn: Drawn, view: str) -> str:
    """The script of the table of a view."""
    return joined(WRITE.get(view, _picture)(drawn))


def joined(lines: list[str]) -> str:
    """The lines as a script."""
    return "\n".join(["import interp_core as ic", "", *lines, ""])


def agreement(points: Points, label: str) -> str:
    """By layer, how often neighbours carry the same label."""
    return joined([*_by_layer(points), f"table = ic.agreement_by_layer(layers, {label!r})"])


def lengths(points: Points) -> str:
    """Lengths of vocabulary entries against their rank."""
    return joined([*making(points), "table = ic.length_table(vectors)"])


def _picture(drawn: Drawn) -> list[str]:
    unjudged = drawn.picture.quality is None and len(drawn.vectors) > 2
    how = _how(drawn.asked) + (", quality=False" if unjudged else "")
    return [
        *making(drawn.asked.points),
        f"picture = ic.project(vectors, {how})",
        "table = ic.point_table(vectors, picture)",
    ]


def _by_layer(points: Points) -> list[str]:
    """The lines that make `layers`."""
    return [
        *making(points, layer="all"),
        "layers = [ic.at_layer(vectors, number) for number in range(model.n_layers + 1)]",
    ]


def _layers(drawn: Drawn) -> list[str]:
    how = _how(drawn.asked).replace(", dimensions=2", "")
    return [
        *_by_layer(drawn.asked.points),
        f"pictures = ic.project_layers(layers, {how}, quality=False)",
        "table = ic.points_by_layer(layers, pictures)",
    ]


def _compare(drawn: Drawn) -> list[str]:
    left, right = drawn.asked, drawn.other
    lines = making(left.points, name="first", columns=False)
    second = "first"
    if right.points != left.points:
        second = "second"
        other = making(right.points, name=second, columns=False)
        lines += [line for line in other if line not in lines]
    metric = f"metric={left.metric!r}"
    return [
        *lines,
        f"left = ic.project(first, {_how(left)}, quality=False)",
        f"right = ic.project({second}, {_how(right)}, quality=False)",
        f"near = [ic.find_neighbours(each, {metric}) for each in (first, {second})]",
        "table = ic.pair_table(first, [left.coordinates, right.coordinates], near)",
    ]


def _checks(drawn: Drawn) -> list[str]:
    return [*making(drawn.asked.points), *drawn.steps]


def _shape(drawn: Drawn) -> list[str]:
    points, metric = drawn.asked.points, f"metric={drawn.asked.metric!r}"
    if points.source in LAYERED:
        lines = making(points, layer="all", columns=False)
        return [*lines, f"table = ic.geometry(vectors, {metric})"]
    # The columns of a file may mean other things than ours.
    given = "ic.make_vectors(vectors.values)" if points.source == "vectors" else "vectors"
    measured = f"ic.geometry({{0: {given}}}, {metric})"
    return [*making(points), f"table = {measured}.drop(columns='layer')"]


WRITE: dict[str, Callable[[Drawn], list[str]]] = {
    "layers": _layers,
    "compare": _compare,
    "checks": _checks,
    "shape": _shape,
}


def _how(asked: Drawing) -> str:
    """The arguments of `ic.project`."""
    named = {
        "method": asked.method,
        "dimensions": asked.dimensions,
        "metric": asked.metric,
        "seed": asked.seed,
        **dict(asked.options),
    }
    return ", ".join(f"{name}={value!r}" for name, value in named.items())


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
