"""A chat template, and models that have one."""

from __future__ import annotations

import copy
from dataclasses import replace

import interp_core as ic

CHATML = (
    "{% for m in messages %}{% if loop.first and m['role'] != 'system' %}[system\n"
    "Be kind]\n{% endif %}[{{ m['role'] }}\n{{ m['content'] | trim }}"
    "]\n{% endfor %}{% if add_generation_prompt %}[assistant\n{% endif %}"
)


def chatting(model: ic.LoadedModel, template: str) -> ic.LoadedModel:
    """The model with a chat template."""
    tokenizer = copy.deepcopy(model.tokenizer)
    tokenizer.chat_template = template
    return replace(model, tokenizer=tokenizer)
