"""Answers of language models: which part of the prompt they rest on."""

from interp_core.lazy import exports

HOMES = {
    "attribution": (
        "attribute_generation",
        "GenerationAttribution",
        "GENERATION_METHODS",
    ),
    "prompt": (
        "read_prompt",
        "has_template",
        "Prompt",
    ),
    "units": (
        "prompt_units",
        "sentence_spans",
        "paragraph_spans",
        "Unit",
    ),
    "answer": (
        "write_answer",
        "read_answer",
        "Answer",
    ),
}
__all__, __getattr__, __dir__ = exports(__name__, HOMES)
