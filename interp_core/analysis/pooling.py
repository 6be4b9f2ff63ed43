"""From the vectors of a text's tokens to one vector of the text."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

from interp_core.errors import BadInput
from interp_core.models.sentence_modules import SentencePipeline, read_pipeline

if TYPE_CHECKING:
    from interp_core.analysis.hidden_states import Batch
    from interp_core.models.record import LoadedModel


# (..., tokens, dim) -> (..., dim). All tokens count, special ones too, as models are trained.
STATE_POOLINGS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "mean": lambda states: states.mean(dim=-2),
    "first": lambda states: states[..., 0, :],
    "last": lambda states: states[..., -1, :],
}
POOLINGS = ("mean", "first", "model")


def pooling_of(model: LoadedModel) -> str | SentencePipeline:
    """What "model" pooling is for this model: the modules of its folder, "pooler" or "last".

    The modules that a sentence-transformers folder names; else the trained pooler; else the last
    token of causal models. Raises `BadInput` where the model has none of these, and
    `UnsupportedModel` for a module that is not known here.
    """
    if model.sentences is not None:
        return read_pipeline(model.sentences)
    if model.model.config.is_encoder_decoder:
        raise BadInput(f"{model.name!r} has no pooling of its own. Use mean or first.")
    if getattr(model.model.base_model, "pooler", None) is not None:
        return "pooler"
    if model.layout.causal:
        return "last"
    raise BadInput(f"{model.name!r} has no pooling of its own. Use mean or first.")


def check_pooling(
    model: LoadedModel, pooling: str | None, layers: list[int]
) -> str | SentencePipeline | None:
    """The way to pool that `pooling` stands for. Raises `BadInput` or `UnsupportedModel`."""
    if pooling is None:
        return None
    if pooling not in POOLINGS:
        raise BadInput(f"{pooling!r} is no pooling. Choose {', '.join(POOLINGS)}, or none.")
    way = pooling_of(model) if pooling == "model" else pooling
    trained = way == "pooler" or (isinstance(way, SentencePipeline) and way.last_only)
    if trained and layers != [model.n_layers]:
        raise BadInput("The model's own pooler reads the last layer alone. Use layer=-1, or mean.")
    return way


def prompt_tokens(model: LoadedModel, pipeline: SentencePipeline) -> int:
    """How many tokens the prompt takes, with those that the tokenizer puts before it."""
    if not pipeline.prompt:
        return 0
    ids = model.tokenizer(pipeline.prompt)["input_ids"]
    return len(ids) - (ids[-1] in model.tokenizer.all_special_ids)


def pool(batch: Batch, way: str | SentencePipeline, skipped: int = 0) -> torch.Tensor:
    """(layers, texts, dim) float32; `skipped` tokens of a prompt at the start may not count."""
    if isinstance(way, SentencePipeline):
        return way(batch.states, skipped)
    if way == "pooler":
        return batch.output.pooler_output.float().cpu()[None]
    return STATE_POOLINGS[way](batch.states)
