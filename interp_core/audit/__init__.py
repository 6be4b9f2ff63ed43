"""Verdicts over labelled data: where a model errs, and how sure that is."""

from interp_core.lazy import exports

HOMES = {
    "record": ("AuditData",),
    "data": ("labelled_data",),
    "samples": ("audit_set", "audit_sets"),
    "metrics": ("Score", "score"),
    "calibration": ("at_threshold", "calibration_error", "reliability", "threshold_curves"),
    "figures": ("Figure", "figure_table"),
    "predictions": ("Predictions", "predict_labelled", "stream_predictions"),
}
__all__, __getattr__, __dir__ = exports(__name__, HOMES)
