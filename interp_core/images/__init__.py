"""The same for image models."""

from interp_core.lazy import exports

HOMES = {
    "attribution": (
        "attribute_image",
        "ImageAttribution",
    ),
    "erasure": (
        "image_faithfulness",
        "ImageFaithfulness",
    ),
    "vectors": (
        "image_vectors",
        "digit_table",
        "digit_vectors",
    ),
    "heads": ("image_head_statistics",),
    "sinks": (
        "find_patch_sinks",
        "rollout_without_sinks",
    ),
    "pca": (
        "patch_pca",
        "pca_of_patches",
        "PatchPCA",
    ),
    "correspondence": (
        "nearest_patches",
        "patch_similarities",
    ),
    "tables": (
        "patch_table",
        "patch_summaries",
        "pixel_table",
    ),
}
__all__, __getattr__, __dir__ = exports(__name__, HOMES)
