"""Change something inside a model and see what its answer does: switches, patches, directions."""

from interp_core.lazy import exports

HOMES = {
    "patching": ("Patching", "patch", "patch_sites", "patching_agreement"),
    "switches": (
        "Switched",
        "switch",
        "switched_model",
        "attention_change",
    ),
    "regions": ("picture_regions", "region_table"),
    "ranking": ("head_removals", "removal_effects"),
    "zeroing": ("value_zeroing", "attention_gradient"),
    "interactions": ("word_interactions",),
    "task_lens": ("classifier_lens", "turning_points"),
    "steering": ("Steering", "steer"),
    "pairs": ("aligned_pair", "suggest_changes"),
}
__all__, __getattr__, __dir__ = exports(__name__, HOMES)
