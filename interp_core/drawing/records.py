"""Which pictures each record has: name of the class, then view and function, the first by default.

Records know of none of this: `interp_core.charted` looks them up here by their class.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from interp_core.errors import BadInput, ClearheadError

HERE = "interp_core.drawing."
PICTURES: dict[str, dict[str, str]] = {
    "AttentionMaps": {
        "overview": "attention.overview",
        "head_view": "attention.head_view",
        "heatmap": "attention.heatmap",
    },
    "Attribution": {"bars": "attribution.attribution"},
    "ImageAttribution": {"patches": "attribution.image_attribution"},
    "Projection": {"points": "points.projection"},
    "HeadStatistics": {"map": "heads.head_map", "by_layer": "heads.by_layer"},
    "Patching": {"effects": "interventions.patching"},
    "Switched": {"answers": "interventions.switched"},
    "Audit": {
        "verdict": "audit.verdict",
        "classes": "audit.classes",
        "confusion": "audit.confusion",
        "calibration": "audit.calibration",
        "groups": "audit.groups",
        "words": "audit.words",
    },
    "Score": {
        "values": "audit.measured",
        "classes": "audit.classes",
        "confusion": "audit.confusion",
    },
    "Slices": {"slices": "audit.slices"},
    "Behaviour": {"values": "audit.measured"},
    "Bias": {"values": "audit.measured"},
    "Privacy": {"values": "audit.measured"},
    "Comparison": {
        "first": "compare.first_part",
        "weights": "compare.weights",
        "representations": "compare.representations",
        "heads": "compare.heads",
        "answers": "compare.answers",
    },
    "WeightComparison": {"weights": "compare.weights"},
    "RepresentationComparison": {"layers": "compare.representations"},
    "HeadComparison": {"heads": "compare.heads"},
    "AnswerComparison": {"answers": "compare.answers"},
}


def chart(record: Any, view: str | None = None, **options: Any) -> Any:
    """The picture of a record. Raises `BadInput` for an unknown view."""
    offered = _pictures(record)
    name = next(iter(offered)) if view is None else view
    if name not in offered:
        raise BadInput(
            f"{type(record).__name__} has no view {view!r}. Choose one of: {', '.join(offered)}."
        )
    return _function(offered[name])(record, **options)


def views(record: Any) -> dict[str, str]:
    """The views of a record, each with the first line of what it says of itself."""
    return {
        name: (_function(place).__doc__ or "").partition("\n")[0]
        for name, place in _pictures(record).items()
    }


def bundle(record: Any) -> dict[str, Any] | tuple[Any, ...]:
    """What a notebook shows of a record: its first picture, or why there is none."""
    try:
        drawn = chart(record)._repr_mimebundle_()
    except ClearheadError as error:
        return {"text/plain": f"{type(record).__name__}: {error}"}
    if isinstance(drawn, tuple):  # of a renderer that has metadata
        return drawn
    return {**drawn, "text/plain": f"<{type(record).__name__}>"}


def _pictures(record: Any) -> dict[str, str]:
    names = (each.__name__ for each in type(record).__mro__)
    return next(PICTURES[name] for name in names if name in PICTURES)


def _function(place: str) -> Callable[..., Any]:
    module, _, name = place.partition(".")
    return getattr(import_module(HERE + module), name)
