"""Statistics of attention heads over many texts, their importance and likeness."""

from interp_core.lazy import exports

HOMES = {
    "statistics": (
        "head_statistics",
        "stream_statistics",
        "CorpusState",
        "corpus_statistics",
        "readable_texts",
    ),
    "record": ("HeadStatistics",),
    "tables": (
        "profile_frame",
        "statistic_table",
        "with_importance",
        "heads_between",
        "head_likeness",
        "head_distances",
        "role_labels",
        "role_table",
    ),
    "induction": ("induction_scores",),
    "importance": (
        "head_importance",
        "pruning_curve",
    ),
    "compare": (
        "compare_heads",
        "compare_depths",
    ),
    "examples": (
        "typical_texts",
        "typical_tokens",
    ),
}
__all__, __getattr__, __dir__ = exports(__name__, HOMES)
