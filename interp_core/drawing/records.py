"""Which pictures each record has: name of the class, then view and function, the first by default.

Records know of none of this: `interp_core.charted` looks them up here by their class.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from inspect import signature
from typing import Any

import pandas as pd

from interp_core.errors import BadInput, ClearheadError

HERE = "interp_core.drawing."
PICTURES: dict[str, dict[str, str]] = {
    "AttentionMaps": {
        "overview": "attention.overview",
        "head_view": "attention.head_view",
        "heatmap": "attention.heatmap",
        "tokens": "attention_beside.token_strip",
        "layers": "attention_beside.layer_strips",
        "beside": "attention_beside.beside",
    },
    "Attribution": {"bars": "attribution.attribution"},
    "ImageAttribution": {"patches": "attribution.image_attribution"},
    "Projection": {"points": "points.projection", "reliability": "space.reliability"},
    "HeadStatistics": {
        "map": "heads.head_map",
        "by_layer": "heads.by_layer",
        "layers": "heads.layers_and_counts",
        "distances": "heads.distances",
    },
    "Patching": {"effects": "interventions.patching", "regions": "interventions.regions"},
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
    "Behaviour": {"values": "audit.measured", "capabilities": "audit.capabilities"},
    "Bias": {"values": "audit.measured", "terms": "audit.terms", "contrasts": "audit.contrasts"},
    "Privacy": {"values": "audit.measured", "kinds": "audit.personal_data"},
    "Comparison": {
        "first": "compare.first_part",
        "weights": "compare.weights",
        "weight_heads": "compare.weight_heads",
        "representations": "compare.representations",
        "heads": "compare.heads",
        "answers": "compare.answers",
    },
    "WeightComparison": {"weights": "compare.weights", "heads": "compare.weight_heads"},
    "RepresentationComparison": {
        "layers": "compare.representations",
        "every_layer": "compare.every_layer",
    },
    "HeadComparison": {"heads": "compare.heads"},
    "AnswerComparison": {
        "answers": "compare.answers",
        "changes": "compare.answer_changes",
        "calibration": "compare.answer_calibration",
    },
    "MapComparison": {"heads": "compare.moved_attention", "maps": "compare.both_maps"},
    "Conductance": {"layers": "attribution.conductance"},
    "Faithfulness": {"curves": "attribution.faithfulness"},
    "ImageFaithfulness": {"curves": "attribution.faithfulness"},
    "LogitLens": {
        "grid": "language.logit_lens",
        "cell": "language.lens_cell",
        "path": "language.lens_path",
    },
    "LogitAttribution": {"sum": "language.logit_attribution", "parts": "language.logit_parts"},
    "Generation": {
        "continuation": "language.continuation",
        "alternatives": "language.alternatives",
        "heads": "language.heads_of_step",
        "read": "language.read_by_head",
        "attention": "language.written_heatmap",
    },
    "Steering": {"next_token": "language.steering"},
    "GenerationAttribution": {
        "map": "generated_text.answer_map",
        "units": "generated_text.unit_sums",
        "answer": "generated_text.answer_strip",
        "prompt": "generated_text.prompt_strip",
    },
    "GenerationFaithfulness": {"curve": "generated_text.deletion"},
    "PassageAttribution": {
        "passages": "generated_text.passages",
        "answer": "generated_text.passage_answer",
    },
    "LearningCurves": {
        "curves": "training_dynamics.learning_curves",
        "gap": "training_dynamics.gap",
    },
    "CheckpointHeads": {
        "changes": "training_dynamics.head_changes",
        "roles": "training_dynamics.roles",
    },
    "CheckpointAttributions": {
        "movement": "training_dynamics.movement",
        "groups": "training_dynamics.groups",
    },
    "Prediction": {"labels": "attribution.prediction"},
    "HeadLift": {"lift": "audit.lift_of_heads"},
    "AttributionShares": {"groups": "audit.shares"},
    "PatchPCA": {"colours": "images.patch_colours"},
    "Vectors": {"points": "points.vectors"},
}
# Pictures of data frames, mostly by the name of the function of `interp_core` that makes them.
TABLES: dict[str, str] = {
    "attention_to": "attention_beside.attention_to",
    "removal_effects": "interventions.removal_effects",
    "attention_change": "interventions.attention_change",
    "classifier_lens": "interventions.classifier_lens",
    "word_interactions": "interventions.word_interactions",
    "probabilities": "attribution.probabilities",
    "method_table": "attribution.method_table",
    "two_methods": "attribution.two_methods",
    "method_agreement": "attribution.method_agreement",
    "edit_table": "attribution.edit_table",
    "word_table": "attribution.word_table",
    "pixel_table": "attribution.pixels",
    "next_tokens": "language.next_tokens",
    "surprisal": "language.surprisal",
    "copy_surprisal": "language.copy_surprisal",
    "induction_scores": "language.induction_scores",
    "unit_scores": "generated_text.unit_scores",
    "cross_attention": "generated_text.cross_attention",
    "retrieved": "generated_text.retrieved",
    "attribution_difference": "compare.attribution_difference",
    "compare_lens": "compare.lens_of_both",
    "compare_words": "compare.compared_words",
    "compare_reach": "compare.compared_reach",
    "compare_probes": "compare.compared_probes",
    "heads": "heads.table_map",
    "heads_by_layer": "heads.table_by_layer",
    "points_by_layer": "heads.points_by_layer",
    "head_scatter": "heads.scatter",
    "head_importance": "heads.importance",
    "strongest_heads": "heads.strongest",
    "pruning_curve": "heads.pruning_curve",
    "head_likeness": "heads.likeness",
    "profile_frame": "heads.profile",
    "compare_heads": "heads.two_sides",
    "compare_depths": "heads.two_depths",
    "histogram": "space.column_histogram",
    "geometry": "space.geometry",
    "length_table": "space.lengths",
    "agreement_by_layer": "space.label_agreement",
    "reliability": "audit.reliability_table",
    "threshold_curves": "audit.threshold_curve",
    "error_table": "audit.errors",
    "word_groups": "audit.word_groups",
    "head_lift": "audit.head_lift",
    "head_alignment": "audit.head_alignment",
    "logged_loss": "training_dynamics.logged_loss",
    "weight_drift": "training_dynamics.weight_drift",
}
# Columns that a picture would take without a word where they are missing, and draw nothing.
UNREAD: dict[str, tuple[str, ...]] = {
    "two_methods": ("word",),
    "edit_table": ("word", "original", "edited", "difference"),
    "attribution_difference": ("word", "difference"),
    "agreement_by_layer": ("layer", "among neighbours", "by chance"),
    "next_tokens": ("token", "probability"),
    "surprisal": ("token", "surprisal"),
    "copy_surprisal": ("place", "surprisal", "copy"),
    "induction_scores": ("layer", "head"),
    "retrieved": ("passage", "similarity", "support"),
    "geometry": ("layer", "anisotropy", "intrinsic", "norm"),
    "length_table": ("rank", "norm"),
}
LISTED = 12  # columns that an error names
# What the arguments are without which some tables cannot be drawn.
NEEDED: dict[str, str] = {
    "statistic": "the name of a statistic of heads, such as 'entropy'",
    "x": "the name of the statistic across, such as 'distance'",
    "y": "the name of the statistic upwards, such as 'entropy'",
    "column": "the name of a column of numbers",
    "group": "a group of words, as it stands in the column 'group'",
    "frame": "the table of the statistics of the same heads, `statistics.frame`",
    "found": "the attribution that the table was computed from",
}


def chart(found: Any, view: str | None = None, *given: Any, **options: Any) -> Any:
    """An Altair chart of a record or of a table; `found.chart(...)` is the same for records.

    `view` names one of several pictures, by default the first; of a table it must be named, mostly
    like the function that made it: `ic.chart(ic.next_tokens(model, text), "next_tokens")`. What
    else is `given` goes to the picture. Raises `BadInput` for an unknown view, and for arguments
    that it lacks or does not take.
    """
    offered = TABLES if isinstance(found, pd.DataFrame) else _pictures(found)
    name = next(iter(offered)) if view is None and offered is not TABLES else view
    if name not in offered:
        what = "A table" if offered is TABLES else type(found).__name__
        raise BadInput(f"{what} has no view {view!r}. Choose one of: {', '.join(offered)}.")
    if offered is TABLES:
        return _of_table(found, str(name), *given, **options)
    return _called(offered[name], str(name), found, *given, **options)


def _called(place: str, view: str, found: Any, *given: Any, **options: Any) -> Any:
    """The picture. Raises `BadInput` where its arguments do not fit."""
    function = _function(place)
    taken = signature(function).parameters
    try:
        signature(function).bind(found, *given, **options)
    except TypeError as error:
        empty = [name for name, each in taken.items() if each.default is each.empty][1:]
        lacking = [name for name in empty[len(given) :] if name not in options]
        if lacking:
            what = " and ".join(f"`{name}`, {NEEDED.get(name, name)}" for name in lacking)
            call = ", ".join(["table", repr(view), *empty])
            told = f"The view {view!r} needs {what}: `ic.chart({call})`."
        else:
            names = ", ".join(list(taken)[1:]) or "no further arguments"
            told = f"The view {view!r} cannot be drawn so: {error}. It takes: {names}."
        raise BadInput(told) from error
    return function(found, *given, **options)


def _of_table(table: pd.DataFrame, view: str, *given: Any, **options: Any) -> Any:
    """The picture of a table. Raises `BadInput` where it lacks columns that are drawn."""
    try:
        if lacking := [name for name in UNREAD.get(view, ()) if name not in table]:
            raise KeyError(lacking)
        return _called(TABLES[view], view, table, *given, **options)
    except KeyError as error:
        names = _lacking(error, table)
        if not names:
            raise
        what = "column" if len(names) == 1 else "columns"
        told = ", ".join(map(repr, names))
        has = ", ".join(map(str, table.columns[:LISTED])) or "none"
        more = ", …" if len(table.columns) > LISTED else ""
        raise BadInput(
            f"The view {view!r} draws the {what} {told}, which this table does not have (it has: "
            f"{has}{more}). Views of tables are mostly called like the function that made them."
        ) from error


def _lacking(error: KeyError, table: pd.DataFrame) -> list[str]:
    """The columns that an error names: one name, a list, or a sentence of pandas about them."""
    said = error.args[0] if error.args else None
    if isinstance(said, str):
        quoted = re.findall(r"'([^']*)'", re.sub(r"dtype='\w*'", "", said))
        said = quoted or [said.removeprefix("Column not found: ")]
    names = said if isinstance(said, list) else []
    return [name for name in names if isinstance(name, str) and name not in table]


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
    found = next((PICTURES[name] for name in names if name in PICTURES), None)
    if found is None:
        raise BadInput(f"{type(record).__name__} has no picture.")
    return found


def _function(place: str) -> Callable[..., Any]:
    module, _, name = place.partition(".")
    return getattr(import_module(HERE + module), name)
