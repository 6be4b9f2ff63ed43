"""Pictures in words: their titles, and what they say to those who cannot see them."""

from __future__ import annotations

from interp_core.embedding.projection import Projection
from interp_core.embedding.vectors import Vectors
from interp_core.ui.embedding.question import SOURCES, Drawing, Points


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
