"""What a picture is worth, in a line."""

from __future__ import annotations

import streamlit as st

from interp_core.analysis.picture import Projection
from interp_core.analysis.vectors import Vectors
from interp_core.ui.plain import plain
from interp_core.ui.projector.asked import SLOW


def show(picture: Projection, vectors: Vectors) -> None:
    """Points, dimensions, variance in view, quality, and what was done on the way."""
    parts = [f"{len(vectors):,} points", f"{vectors.dim} dimensions"]
    if picture.explained is not None:
        parts.append(f"{picture.explained.sum():.0%} of the variance is in view")
    if picture.quality is not None:
        parts += _quality(picture)
    parts += [plain(note) for note in picture.notes]
    st.caption(" · ".join(parts) + ".")
    if picture.method in SLOW:
        st.caption(
            "This picture shows who is whose neighbour. Sizes of groups and distances between them "
            "mean little."
        )


def _quality(picture: Projection) -> list[str]:
    quality = picture.quality
    return [
        f"trustworthiness {quality.trustworthiness:.2f}, continuity {quality.continuity:.2f}",
        f"{quality.kept:.0%} of the {quality.k} true neighbours kept (by chance "
        f"{quality.chance:.1%})",
        f"{quality.none_kept:.0%} of the points show none of theirs",
    ]
