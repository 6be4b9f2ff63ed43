"""Find the task of a checkpoint from its configuration."""

from __future__ import annotations

from interp_core.errors import BadInput

# The task's name, the ending of `config.architectures`, and transformers' auto class.
TASKS: dict[str, tuple[tuple[str, ...], str]] = {
    "sequence-classification": (
        ("ForSequenceClassification",),
        "AutoModelForSequenceClassification",
    ),
    "token-classification": (("ForTokenClassification",), "AutoModelForTokenClassification"),
    "question-answering": (("ForQuestionAnswering",), "AutoModelForQuestionAnswering"),
    "masked-lm": (("ForMaskedLM",), "AutoModelForMaskedLM"),
    "image-classification": (
        ("ForImageClassification", "ForImageClassificationWithTeacher"),
        "AutoModelForImageClassification",
    ),
    "causal-lm": (("ForCausalLM", "LMHeadModel"), "AutoModelForCausalLM"),
    "encoder-decoder": (("ForConditionalGeneration",), "AutoModelForSeq2SeqLM"),
    "encoder": (("Model",), "AutoModel"),
}
HEADLESS = "encoder"


def find_task(config: dict, task: str | None = None) -> str:
    """The task named by the caller, or the one that the checkpoint was saved for."""
    if task is not None:
        if task not in TASKS:
            raise BadInput(f"Unknown task {task!r}. Choose one of: {', '.join(TASKS)}.")
        return task
    named = config.get("architectures")
    for architecture in named if isinstance(named, list) else ():
        for name, (endings, _) in TASKS.items():
            if name != HEADLESS and str(architecture).endswith(endings):
                return name
    return "encoder-decoder" if config.get("is_encoder_decoder") else HEADLESS


def auto_class(task: str, config: object) -> type:
    """transformers' auto class for the task (imports transformers)."""
    import transformers

    if task == "encoder-decoder" and not _has_seq2seq_head(config):
        return transformers.AutoModel
    return getattr(transformers, TASKS[task][1])


def _has_seq2seq_head(config: object) -> bool:
    names = getattr(config, "architectures", None) or ()
    return any(str(name).endswith("ForConditionalGeneration") for name in names)
