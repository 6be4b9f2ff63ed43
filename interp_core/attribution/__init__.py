"""How much each word counts for an output, and how far such scores can be trusted."""

from interp_core.lazy import exports

HOMES = {
    "core": ("attribute",),
    "methods": (
        "attribution_methods",
        "Method",
    ),
    "result": ("Attribution",),
    "prediction": (
        "Prediction",
        "predict_texts",
    ),
    "labelled_tokens": ("token_labels",),
    "baselines": ("available_baselines",),
    "conductance": (
        "layer_conductance",
        "Conductance",
    ),
    "zero_shot_labels": ("zero_shot",),
    "erasure": (
        "faithfulness",
        "Faithfulness",
    ),
    "robustness": (
        "sanity_check",
        "SanityCheck",
        "infidelity",
        "sensitivity",
        "Infidelity",
    ),
    "tables": (
        "attribute_many",
        "word_table",
        "method_table",
        "method_agreement",
        "edit_table",
    ),
}
__all__, __getattr__, __dir__ = exports(__name__, HOMES)
