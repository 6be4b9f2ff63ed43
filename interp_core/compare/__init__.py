"""Two checkpoints, or any two models: weights, representations, heads, one text, answers."""

from interp_core.lazy import exports

HOMES = {
    "similarity": ("cka", "rsa", "mutual_neighbours", "Similarity"),
    "representations": ("compare_representations", "RepresentationComparison"),
    "weights": (
        "compare_weights",
        "WeightComparison",
        "head_changes",
    ),
    "change": ("stable_rank",),
    "heads": ("compare_attention", "HeadComparison"),
    "permutation": ("match_heads",),
    "answers": ("compare_answers", "AnswerComparison"),
    "tables": ("change_table", "similarity_table"),
    "whole": ("Comparison", "run_comparison"),
    "one_text": (
        "compare_maps",
        "MapComparison",
        "attribution_difference",
        "compare_lens",
    ),
}
__all__, __getattr__, __dir__ = exports(__name__, HOMES)
