"""A sequence that grows token by token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel


class Writer:
    """The sequence so far and, where all layers attend, its keys and values."""

    def __init__(self, model: LoadedModel, prompt: np.ndarray) -> None:
        self.model, self.ids, self._cache = model, [int(number) for number in prompt], None
        self._keeps = len(model.layout.attention_layers) == model.n_layers
        self._new = list(self.ids)

    def line(self) -> torch.Tensor:
        """Logits (vocabulary,) of the next token."""
        read = self._new if self._keeps else self.ids
        ids = torch.tensor([read], device=self.model.device)
        options: dict[str, Any] = {"use_cache": False}
        if self._keeps:
            options = {"use_cache": True, "past_key_values": self._cache}
        with torch.inference_mode():
            output = self.model.model(input_ids=ids, **options, return_dict=True)
        self._cache = getattr(output, "past_key_values", None) if self._keeps else None
        self._keeps = self._cache is not None  # OpenAI-GPT keeps none: it reads everything again
        return output.logits[0, -1].float()

    def add(self, number: int) -> None:
        """The token that was chosen."""
        self.ids.append(number)
        self._new = [number]


def end_marks(model: LoadedModel) -> set[int]:
    """The end marks, of which chat models have several."""
    settings = getattr(model.model, "generation_config", None)
    ends = getattr(settings, "eos_token_id", None)
    if ends is None:
        ends = model.model.config.get_text_config().eos_token_id
    return set(ends) if isinstance(ends, list | tuple) else {ends} - {None}


def choose(line: torch.Tensor, temperature: float, chance: torch.Generator) -> int:
    """The best token at temperature 0, else one drawn from softmax(line / temperature)."""
    if temperature == 0:
        return int(line.argmax())
    weights = (line.double().cpu() / temperature).softmax(-1)
    return int(torch.multinomial(weights, 1, generator=chance))
