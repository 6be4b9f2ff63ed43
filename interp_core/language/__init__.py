"""Language models: next tokens, logit lens, direct logit attribution, generation."""

from interp_core.lazy import exports

HOMES = {
    "next_token": (
        "next_tokens",
        "surprisal",
    ),
    "lens": (
        "logit_lens",
        "LogitLens",
    ),
    "direct_attribution": (
        "logit_attribution",
        "LogitAttribution",
    ),
    "generation": (
        "generate",
        "Generation",
    ),
    "repeated_text": (
        "repeated_sequence",
        "written_twice",
        "copy_surprisal",
    ),
    "tables": (
        "with_own_token",
        "answer_path",
        "logit_map",
        "step_table",
        "reading_heads",
        "tokens_read",
    ),
}
__all__, __getattr__, __dir__ = exports(__name__, HOMES)
