"""The views of the page on a training: each draws itself from a series of checkpoints."""

from __future__ import annotations

from collections.abc import Callable

from interp_core.ui.training_dynamics import attributions, curves, gap, heads, question, weights

__all__ = ["DRAW", "LOOK", "VIEWS", "question"]
VIEWS = {
    "curves": "Learning curves",
    "gap": "Generalisation gap",
    "weights": "Weight drift",
    "heads": "Heads",
    "attributions": "Attributions",
}
DRAW: dict[str, Callable] = {
    "curves": curves.draw,
    "gap": gap.draw,
    "weights": weights.draw,
    "heads": heads.draw,
    "attributions": attributions.draw,
}
LOOK = {
    "curves": (
        "While both losses fall, the model still learns something that holds for new texts. Where "
        "the training loss falls and the held-out loss rises, it learns its training texts by "
        "heart. Intervals that overlap allow no claim."
    ),
    "gap": (
        "Above 0 the model does better on its training texts than on new ones. A gap that grows "
        "while the held-out loss rises is the sign of overfitting. An interval that contains 0 "
        "allows no claim."
    ),
    "weights": (
        "Which parts move, and from when on do they stay? A part that never moves was frozen, or "
        "has no share in the loss. A large change says that the weights moved, not that the model "
        "became better."
    ),
    "heads": (
        "Which heads change, and between which checkpoints? A star: the change is significant. A "
        "head that attends to something else need not count for more: switch it off on the page "
        "“Attention heads”."
    ),
    "attributions": (
        "Near 0, further training leaves the explanations as they are. A group of words above 1 "
        "has more of the attribution than its share of the words. Intervals that overlap allow no "
        "claim."
    ),
}
