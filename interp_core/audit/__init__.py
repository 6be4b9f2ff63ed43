"""Verdicts over labelled data: where a model errs, and how sure that is."""

from interp_core.lazy import exports

HOMES = {
    "record": ("AuditData",),
    "data": ("labelled_data",),
    "samples": ("audit_set", "audit_sets"),
    "metrics": ("Score", "score"),
    "calibration": ("at_threshold", "calibration_error", "reliability", "threshold_curves"),
    "slices": ("Slices", "group_slices", "slice_rows", "word_slices"),
    "mistakes": ("Flips", "error_table", "flipping_words", "opposed_neighbours"),
    "whole": ("Audit", "run_audit"),
    "reading": ("Reading", "measure_reading"),
    "verdict": ("Threshold", "check_table", "judge", "read_thresholds"),
    "figures": ("Figure", "figure_table"),
    "predictions": ("Predictions", "is_right", "predict_labelled", "stream_predictions"),
    "association": ("word_association",),
    "bias": ("Bias", "measure_bias"),
    "lexicons": ("own_lexicon", "term_lists"),
    "behaviour": ("Behaviour", "run_suite"),
    "suites": ("read_suite",),
    "privacy": ("Privacy", "measure_privacy"),
    "word_groups": ("attribution_shares", "group_spans"),
    "head_lift": ("HeadLift", "attention_lift"),
}
__all__, __getattr__, __dir__ = exports(__name__, HOMES)
