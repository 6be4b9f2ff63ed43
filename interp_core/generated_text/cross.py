"""How much an encoder-decoder model attends to each unit when it writes each answer token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import torch

from interp_core.errors import UnsupportedModel
from interp_core.generated_text.prompt import decoder_begun
from interp_core.generated_text.tables import unit_names
from interp_core.models.forward import forward

if TYPE_CHECKING:
    from interp_core.generated_text.attribution import GenerationAttribution
    from interp_core.models.record import LoadedModel


def cross_attention_units(model: LoadedModel, attribution: GenerationAttribution) -> pd.DataFrame:
    """One row for each unit and answer token: unit, text, position, token, attention.

    `attention` is the cross attention at the position that predicts the token, summed over the
    unit's tokens, mean over all layers and heads: a share of 1, of which tokens of no unit (such as
    an end mark) have the rest. One pass. Raises `UnsupportedModel` for models without an encoder.
    """
    if model.task != "encoder-decoder":
        raise UnsupportedModel(f"{model.name!r} has no cross attention: it has no encoder.")
    answer = torch.tensor(attribution.answer.sequence.ids[None], device=model.device)
    source = torch.tensor(attribution.prompt.sequence.ids[None], device=model.device)
    inputs = {
        "input_ids": source,
        "decoder_input_ids": torch.cat([decoder_begun(model), answer[:, :-1]], 1),
    }
    maps = getattr(forward(model, inputs, output_attentions=True), "cross_attentions", None)
    if not maps or any(each is None for each in maps):
        raise UnsupportedModel(
            f"{model.model.config.model_type} models do not return their cross attention."
        )
    mean = torch.stack([each[0].double().mean(0) for each in maps]).mean(0)
    weights = mean[-answer.shape[1] :].cpu().numpy()
    names = unit_names(attribution.sources)
    return pd.DataFrame(
        [
            {
                "unit": name,
                "text": unit.text,
                "position": position,
                "token": token,
                "attention": weights[position, list(unit.places)].sum(),
            }
            for name, unit in zip(names, attribution.sources)
            for position, token in enumerate(attribution.tokens)
        ]
    )
