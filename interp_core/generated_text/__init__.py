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
    "passages": (
        "attribute_passages",
        "passage_answers",
    ),
    "passage_result": ("PassageAttribution",),
    "cases": (
        "passage_cases",
        "PassageCase",
    ),
    "answer": (
        "write_answer",
        "read_answer",
        "Answer",
    ),
    "shapley": ("shapley_units",),
    "contrast": ("contrast_answers",),
    "cross": ("cross_attention_units",),
    "faithful": (
        "generation_faithfulness",
        "unit_agreement",
        "GenerationFaithfulness",
    ),
    "tables": (
        "answer_table",
        "unit_names",
    ),
}
__all__, __getattr__, __dir__ = exports(__name__, HOMES)
