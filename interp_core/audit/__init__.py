"""Verdicts over labelled data: where a model errs, and how sure that is."""

from interp_core.lazy import exports

HOMES = {
    "data": ("AuditData", "labelled_data"),
    "samples": ("audit_set", "audit_sets"),
    "predictions": ("Predictions", "predict_labelled", "stream_predictions"),
}
__all__, __getattr__, __dir__ = exports(__name__, HOMES)
