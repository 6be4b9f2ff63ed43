"""Written by `python -m tools.stubs`."""

from interp_core.training_dynamics.bundled import bundled_series as bundled_series
from interp_core.training_dynamics.checkpoints import Checkpoint as Checkpoint
from interp_core.training_dynamics.checkpoints import CheckpointSeries as CheckpointSeries
from interp_core.training_dynamics.checkpoints import checkpoint_series as checkpoint_series
from interp_core.training_dynamics.curves import LearningCurves as LearningCurves
from interp_core.training_dynamics.curves import score_checkpoints as score_checkpoints
from interp_core.training_dynamics.explanations import (
    CheckpointAttributions as CheckpointAttributions,
)
from interp_core.training_dynamics.explanations import (
    checkpoint_attributions as checkpoint_attributions,
)
from interp_core.training_dynamics.explanations import CheckpointHeads as CheckpointHeads
from interp_core.training_dynamics.explanations import checkpoint_heads as checkpoint_heads
from interp_core.training_dynamics.findings import Finding as Finding
from interp_core.training_dynamics.findings import learning_findings as learning_findings
from interp_core.training_dynamics.findings import unchanged_layers as unchanged_layers
from interp_core.training_dynamics.weights import checkpoint_drift as checkpoint_drift
