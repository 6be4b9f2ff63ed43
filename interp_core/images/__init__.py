"""The same for image models."""

from interp_core.lazy import exports

HOMES = {
    "attribution": (
        "attribute_image",
        "ImageAttribution",
    ),
    "vectors": (
        "image_vectors",
        "digit_table",
        "digit_vectors",
    ),
    "heads": ("image_head_statistics",),
    "tables": (
        "patch_table",
        "patch_summaries",
        "pixel_table",
    ),
}
__all__, __getattr__, __dir__ = exports(__name__, HOMES)
