"""Python that computes with `interp_core` what a picture of a language model shows."""

from __future__ import annotations

from interp_core.ui.language.question import Asked
from interp_core.ui.server import loading


def whole(asked: Asked, *last: str, reads: bool = True) -> str:
    """A script that has the `model` and, where it `reads` one, the `text`, and ends so."""
    text = [f"text = {asked.text!r}"] if reads else []
    model = f"model = {loading.call(asked.model)}"
    return "\n".join(["import interp_core as ic", "", model, *text, *last])
