"""Attention maps, raw and norm-weighted, and what follows from them."""

from interp_core.lazy import exports

HOMES = {
    "compute": ("attention_maps",),
    "maps": ("AttentionMaps",),
    "given": ("maps_from",),
    "norm_weighted": ("norm_weighted_attention",),
    "tables": (
        "head_summaries",
        "attention_table",
        "layer_table",
        "difference_table",
    ),
    "received": ("attention_to",),
    "rollout": (
        "attention_rollout",
        "attention_flow",
    ),
}
__all__, __getattr__, __dir__ = exports(__name__, HOMES)
