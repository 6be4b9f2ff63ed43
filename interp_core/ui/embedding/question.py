"""What the projector is asked for, and how it reads: which points, and how they are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from interp_core.embedding.projection import REDUCERS, Projection
from interp_core.embedding.vectors import Vectors
from interp_core.ui.widgets.recipe import Recipe, calls

SLOW = ("umap", "tsne")
SOURCES = {
    "word_groups": "Word groups",
    "ambiguous_words": "Ambiguous words",
    "requests": "Requests (7 intents)",
    "vocabulary": "Vocabulary",
    "digits": "Handwritten digits",
    "images": "Images and uploads",
    "text": "Tokens of the text",
    "table": "Texts from a file",
    "vectors": "Vectors from a file",
}
UNITS = {
    "mean": "text (mean of its tokens)",
    "first": "text (first token)",
    "model": "text (the model's own pooling)",
    "token": "token",
}
PICTURE_UNITS = {  # the class token is the same for every picture before the first layer
    "mean": "image (mean of its patches)",
    "first": "image (class token)",
    "token": "patch",
}
IMAGES = ("digits", "images")  # sources of pictures
PICTURES = (*IMAGES, "vectors")  # what models that look at pictures have to show
OWN = ("table", "vectors")  # from the user's files
LAYERED = ("word_groups", "ambiguous_words", "requests", "text", "table", *IMAGES)


@dataclass(frozen=True)
class Points:
    """Which vectors: a key of the shared store. `layer` None stands for what has no layers.

    `data` is the digest of the user's file or text; `filters` are (name, value) pairs.
    """

    model: str
    files: str
    source: str
    layer: int | None = None
    unit: str = "mean"
    filters: tuple[tuple[str, object], ...] = ()
    data: str = ""

    def value(self, name: str, default: Any = None) -> Any:
        """One of the filters."""
        return dict(self.filters).get(name, default)


@dataclass(frozen=True)
class Drawing:
    """How the points become a picture: a key of the shared store."""

    points: Points
    method: str = "pca"
    dimensions: int = 2
    metric: str = "cosine"
    seed: int = 0
    options: tuple[tuple[str, object], ...] = ()

    def call(self, vectors: Recipe, **more: object) -> Recipe:
        """The call that draws the vectors."""
        method, given = self.method, {"metric": self.metric, "seed": self.seed}
        given = {"dimensions": self.dimensions, **given, **dict(self.options), **more}
        return calls.project(vectors, method=method, **given)

    @property
    def title(self) -> str:
        """The method's name."""
        return REDUCERS[self.method].title


@dataclass(frozen=True)
class View:
    """What changes only how the picture looks."""

    colour: str | None = None
    labels: str = "points"
    find: str = ""
    drag: str = "pan"
    everything: bool = False


def points_named(points: Points) -> str:
    """`words in groups, layer 6`."""
    title = SOURCES[points.source]
    layer = "" if points.layer is None else f", layer {points.layer}"
    return f"{title[0].lower()}{title[1:]}{layer}"


def titled(asked: Drawing) -> str:
    """`PCA of words in groups, layer 6`."""
    return f"{asked.title} of {points_named(asked.points)}"


def described(asked: Drawing, vectors: Vectors, picture: Projection | None = None) -> str:
    """The picture, and what it is worth."""
    said = f"{asked.title} of {len(vectors):,} points in {asked.dimensions} dimensions"
    if picture is not None and picture.explained is not None:
        said += f"; {picture.explained.sum():.0%} of variance explained"
    if picture is not None and picture.quality is not None:
        quality = picture.quality
        said += (
            f"; {quality.kept:.0%} of the {quality.k} nearest neighbours of a point are preserved"
        )
    return f"{said}."
