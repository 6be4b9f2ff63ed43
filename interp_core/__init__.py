"""Look inside transformer models: attention, attributions, embeddings, head statistics.

The map of the package::

    models/    find, load and check models; turn text into tokens
    files/     bounded readers of other people's files
    analysis/  numbers from models and tokens (NumPy out, tensors stay inside)
    charts/    a data frame in, an Altair chart out
    report/    pictures with all that made them, as a page, a notebook and a file
    ui/        Streamlit glue for the pages

Importing `interp_core` costs nothing: every public name is looked up when first used, and torch
and transformers are imported only when a model is loaded.

>>> import interp_core as ic
>>> model = ic.load_model("sentiment")                                   # doctest: +SKIP
>>> maps = ic.attention_maps(model, "The plot is not bad at all.")       # doctest: +SKIP
>>> maps.weights.shape                                                   # doctest: +SKIP
(6, 12, 10, 10)
"""

from __future__ import annotations

from importlib import import_module

_HOMES = {
    "interp_core.errors": (
        "ClearheadError",
        "ModelNotFound",
        "UnsupportedModel",
        "InputTooLong",
        "UnsafeModel",
        "BadInput",
        "NotFinite",
        "ModelTooLarge",
    ),
    "interp_core.models.registry": ("bundled_models", "ModelCard"),
    "interp_core.models.load": ("load_model",),
    "interp_core.models.record": ("LoadedModel",),
    "interp_core.analysis.attention": ("attention_maps",),
    "interp_core.analysis.maps": ("AttentionMaps",),
    "interp_core.analysis.norms": ("norm_weighted_attention",),
    "interp_core.analysis.views": ("head_summaries",),
    "interp_core.analysis.attention_tables": (
        "attention_table",
        "layer_table",
        "difference_table",
    ),
    "interp_core.analysis.rollout": ("attention_rollout", "attention_flow"),
    "interp_core.analysis.attribution": ("attribute",),
    "interp_core.analysis.methods": ("attribution_methods", "Method"),
    "interp_core.analysis.explanation": ("Attribution",),
    "interp_core.analysis.predictions": ("Prediction",),
    "interp_core.analysis.next_token": ("next_tokens", "surprisal"),
    "interp_core.analysis.logit_lens": ("logit_lens", "LogitLens"),
    "interp_core.analysis.logit_attribution": ("logit_attribution", "LogitAttribution"),
    "interp_core.analysis.generation": ("generate", "Generation"),
    "interp_core.analysis.repeated": ("repeated_sequence",),
    "interp_core.analysis.copies": ("written_twice", "copy_surprisal"),
    "interp_core.analysis.language_tables": (
        "with_own_token",
        "answer_path",
        "logit_map",
        "step_table",
        "reading_heads",
        "tokens_read",
    ),
    "interp_core.analysis.progress": ("Stopped",),
    "interp_core.analysis.baselines": ("available_baselines",),
    "interp_core.analysis.conductance": ("layer_conductance", "Conductance"),
    "interp_core.analysis.zero_shot": ("zero_shot",),
    "interp_core.analysis.faithfulness": ("faithfulness", "Faithfulness"),
    "interp_core.analysis.sanity": ("sanity_check", "SanityCheck"),
    "interp_core.analysis.robustness": ("infidelity", "sensitivity", "Infidelity"),
    "interp_core.analysis.vectors": ("Vectors", "make_vectors"),
    "interp_core.analysis.embeddings": ("token_vectors", "word_vectors", "at_layer"),
    "interp_core.analysis.vocabulary_vectors": ("vocabulary_vectors",),
    "interp_core.analysis.neighbours": ("Neighbours", "find_neighbours", "nearest_neighbours"),
    "interp_core.analysis.projection": ("project", "judged"),
    "interp_core.analysis.picture": ("Projection",),
    "interp_core.analysis.quality": ("Quality", "trustworthiness", "continuity"),
    "interp_core.analysis.clustering": ("clusters", "cluster_summary"),
    "interp_core.analysis.apart_words": ("apart_words", "common_words"),
    "interp_core.analysis.outlier_scores": ("outliers",),
    "interp_core.analysis.conflicts": ("label_conflicts", "word_conflicts"),
    "interp_core.analysis.hubs": ("hubs",),
    "interp_core.analysis.geometry": ("geometry",),
    "interp_core.analysis.alignment": ("align", "align_chain", "project_layers", "path_frame"),
    "interp_core.analysis.stability": ("compare_pictures", "over_seeds"),
    "interp_core.analysis.reach": ("word_reach", "negation_probes", "probe", "mcnemar"),
    "interp_core.analysis.side_by_side": ("compare_words", "compare_reach", "compare_probes"),
    "interp_core.analysis.predicted": ("predict_texts",),
    "interp_core.files.images": ("read_image",),
    "interp_core.analysis.image_attribution": ("attribute_image", "ImageAttribution"),
    "interp_core.analysis.image_vectors": ("image_vectors",),
    "interp_core.analysis.image_heads": ("image_head_statistics",),
    "interp_core.analysis.patches": ("patch_table", "patch_summaries", "pixel_table"),
    "interp_core.analysis.digit_pictures": ("digit_picture", "held_out_digits"),
    "interp_core.analysis.sample_photos": ("sample_photo",),
    "interp_core.analysis.many_texts": ("attribute_many", "word_table"),
    "interp_core.analysis.attribution_tables": ("method_table", "edit_table"),
    "interp_core.analysis.vector_files": ("read_vectors", "write_vectors", "dump_vectors"),
    "interp_core.analysis.samples": ("sample_table", "sentences"),
    "interp_core.files.tables": ("read_table", "open_table", "Table"),
    "interp_core.analysis.point_sources": (
        "line_table",
        "text_rows",
        "with_columns",
        "vocabulary_part",
    ),
    "interp_core.analysis.digit_vectors": ("digit_table", "digit_vectors"),
    "interp_core.analysis.point_names": ("label_names",),
    "interp_core.analysis.point_tables": (
        "point_table",
        "points_by_layer",
        "pair_table",
        "point_list",
        "doubtful",
        "length_table",
    ),
    "interp_core.analysis.label_agreement": ("agreement_by_layer",),
    "interp_core.analysis.head_statistics": ("head_statistics", "stream_statistics"),
    "interp_core.analysis.corpus_state": ("CorpusState",),
    "interp_core.analysis.head_record": ("HeadStatistics",),
    "interp_core.analysis.head_frame": ("profile_frame",),
    "interp_core.analysis.head_tables": (
        "statistic_table",
        "with_importance",
        "heads_between",
        "head_likeness",
        "head_distances",
    ),
    "interp_core.analysis.corpus_texts": ("corpus_statistics", "readable_texts"),
    "interp_core.analysis.head_induction": ("induction_scores",),
    "interp_core.analysis.head_roles": ("role_labels", "role_table"),
    "interp_core.analysis.head_importance": ("head_importance",),
    "interp_core.analysis.head_pruning": ("pruning_curve",),
    "interp_core.analysis.head_compare": ("compare_heads", "compare_depths"),
    "interp_core.analysis.head_examples": ("typical_texts", "typical_tokens"),
    "interp_core.files.rows": ("Row", "Skipped"),
    "interp_core.analysis.weights": ("weights_digest",),
    "interp_core.report.numbers": ("check_against",),
    "interp_core.files.corpus": ("open_corpus", "sample_corpus", "first_texts", "Corpus"),
}
_WHERE = {name: module for module, names in _HOMES.items() for name in names}
__all__ = sorted(_WHERE)
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        raise AttributeError(f"module 'interp_core' has no attribute {name!r}")
    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
