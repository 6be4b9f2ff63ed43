"""Python that computes with `interp_core` what a view shows."""

from __future__ import annotations

from collections.abc import Callable

from interp_core.ui.projector.asked import OWN, WITHOUT_MODEL, Drawing, Points
from interp_core.ui.projector.shown import Drawn

KINDS = {
    "words": "keep &= frame['whole_word'] & frame['letters']",
    "pieces": "keep &= frame['kind'] == 'piece'",
    "everything": "keep |= frame['rank'] < 0",
}


def script(drawn: Drawn, view: str) -> str:
    """The lines of a script."""
    return "\n".join(["import interp_core as ic", "", *WRITE.get(view, _picture)(drawn), ""])


def _picture(drawn: Drawn) -> list[str]:
    return [
        *making(drawn.asked.points),
        f"picture = ic.project(vectors, {_how(drawn.asked)})",
        "print(picture.coordinates, picture.trustworthiness)",
    ]


def _layers(drawn: Drawn) -> list[str]:
    asked = drawn.asked
    how = _how(asked).replace(", dimensions=2", "")
    return [
        *making(asked.points, layer="all"),
        "layers = [ic.at_layer(vectors, number) for number in range(model.n_layers + 1)]",
        f"pictures = ic.project_layers(layers, {how}, quality=False)",
        f"drawn, aligned = pictures[{asked.points.layer}]",
        "print(aligned.coordinates, aligned.disparity)",
    ]


def _compare(drawn: Drawn) -> list[str]:
    lines = []
    for name, side in (("left", drawn.asked), ("right", drawn.other)):
        lines += [*making(side.points), f"{name} = ic.project(vectors, {_how(side)})", ""]
    return [
        *lines,
        "aligned = ic.align(right.coordinates, left.coordinates)",
        "print(ic.compare_pictures({'left': left.coordinates, 'right': right.coordinates}))",
    ]


def _checks(drawn: Drawn) -> list[str]:
    metric = f"metric={drawn.asked.metric!r}"
    return [
        *making(drawn.asked.points),
        f"knn = ic.find_neighbours(vectors, k=15, {metric})",
        f"print(ic.clusters(vectors, {metric}))",
        f"print(ic.outliers(vectors, {metric}, knn=knn))",
        "print(ic.hubs(vectors, knn))",
        "# with a label for each point: ic.label_conflicts(vectors, labels, knn=knn)",
    ]


def _shape(drawn: Drawn) -> list[str]:
    points = drawn.asked.points
    layer = "all" if points.layer is not None else None
    return [
        *making(points, layer=layer),
        f"print(ic.geometry(vectors, metric={drawn.asked.metric!r}))",
    ]


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


def making(points: Points, *, layer: str | None = None) -> list[str]:
    """The lines that make `vectors`; `layer` "all" in place of the chosen one."""
    if points.source in WITHOUT_MODEL:
        return ["vectors = ic.read_vectors('your vectors')"]
    head = [f"model = ic.load_model({points.model!r})"]
    if points.source == "vocabulary":
        return [*head, *_vocabulary(points)]
    at = f"layer={layer or points.layer!r}"
    if points.source == "digits":
        return [*head, *_digits(points, at)]
    texts = _texts(points)
    if points.source == "ambiguous_words":
        return [
            *head,
            *texts,
            f"vectors = ic.word_vectors(model, texts, list(table['word']), {at})",
        ]
    pooling = None if points.unit == "token" else points.unit
    options = f"{at}, pooling={pooling!r}, truncate=True"
    return [*head, *texts, f"vectors = ic.token_vectors(model, texts, {options})"]


def _digits(points: Points, at: str) -> list[str]:
    pooling = "patch" if points.unit == "token" else points.unit
    return [
        "from interp_core.analysis.digit_pictures import digit_picture, held_out",
        "images = [digit_picture(number) for number in held_out()[1]]",
        f"vectors = ic.image_vectors(model, images, {at}, pooling={pooling!r})",
    ]


def _texts(points: Points) -> list[str]:
    """The lines that make `texts`."""
    if points.source in OWN:
        lines = ["texts = [...]  # the column of your file"]
    elif points.source == "text":
        kept = [line for line in str(points.value("text")).splitlines() if line.strip()]
        lines = [f"texts = {kept!r}"]
    else:
        lines = [f"table = ic.sample_table({points.source!r})"]
        if points.value("word"):
            lines.append(f"table = table[table['word'] == {points.value('word')!r}]")
        lines.append("texts = list(table['text'])")
    return lines


def _vocabulary(points: Points) -> list[str]:
    low, high = points.value("from", 0), points.value("to", 10**9)
    lines = [
        "vectors = ic.vocabulary_vectors(model)",
        "frame = vectors.frame",
        f"keep = (frame['rank'] >= {low}) & (frame['rank'] < {high})",
    ]
    kind, part = points.value("kind"), str(points.value("contains") or "").casefold()
    if kind in KINDS:
        lines.append(KINDS[kind])
    if part:
        lines.append(f"keep &= frame['text'].str.casefold().str.contains({part!r}, regex=False)")
    return [*lines, "vectors = vectors.take(keep.to_numpy())"]
