"""The checkpoints of one training: learning curves, weights, heads and attributions over steps."""

from interp_core.lazy import exports

HOMES = {
    "checkpoints": ("Checkpoint", "CheckpointSeries", "checkpoint_series"),
    "bundled": ("bundled_series",),
    "curves": ("LearningCurves", "score_checkpoints"),
    "findings": ("Finding", "learning_findings", "unchanged_layers"),
    "weights": ("checkpoint_drift",),
    "explanations": (
        "CheckpointAttributions",
        "CheckpointHeads",
        "checkpoint_attributions",
        "checkpoint_heads",
    ),
}
__all__, __getattr__, __dir__ = exports(__name__, HOMES)
