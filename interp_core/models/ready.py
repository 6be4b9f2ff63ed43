"""A network with its tokenizer as a record: checked, watched and tried once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from interp_core.errors import ClearheadError, NotFinite, UnsupportedModel
from interp_core.models.device import place, rounding_notes
from interp_core.models.finite import watch
from interp_core.models.layout import probe_layout, settle_start
from interp_core.models.preprocessors import input_names, max_tokens, vector_count
from interp_core.models.record import LoadedModel
from interp_core.models.tasks import label_names, label_notes
from interp_core.models.vision import keep_every_patch, picture_settings

if TYPE_CHECKING:
    import torch
    from transformers import PretrainedConfig, PreTrainedModel

PROBE = "Clearhead looks inside."
# What some models must be given beside a text, by the arguments that their errors name.
BESIDE = {
    "pixel_values": "a picture",
    "visual_feats": "image features",
    "bbox": "the position of each word on a page",
    "input_features": "a recording",
    "input_values": "a recording",
}
# Settings of a configuration that change how a model answers, not what.
HABITS = {
    "return_dict": True,
    "torchscript": False,
    "output_attentions": False,
    "output_hidden_states": False,
    "gradient_checkpointing": False,
}
LABELLED = ("sequence-classification", "token-classification", "image-classification")


def undo_habits(config: PretrainedConfig) -> None:
    """Take back how a training run wanted its outputs: as tuples, all of them, or recomputed."""
    from transformers import PreTrainedConfig

    parts = [each for each in vars(config).values() if isinstance(each, PreTrainedConfig)]
    for part in (config, *parts):
        for name, value in HABITS.items():
            if hasattr(part, name):
                setattr(part, name, value)


def make_ready(
    model: PreTrainedModel,
    name: str,
    task: str,
    where: torch.device | None,
    tools: dict,
    **about: Any,
) -> LoadedModel:
    """The record of a model: on its device, tried on a short text or an empty picture.

    `tools` has the tokenizer and the processor, one of them None; `about` are further fields of
    the record. Raises `UnsupportedModel` or `NotFinite`.
    """
    model, device = place(model.eval().requires_grad_(False), where)
    keep_every_patch(model)
    about["notes"] = (*about.get("notes", ()), *rounding_notes(model), *watch(model))
    labels = label_names(model.config) if task in LABELLED else ()
    about["notes"] += label_notes(model.config) if labels else ()
    about["notes"] += settle_start(model, tools["tokenizer"])
    limit = max_tokens(model, tools["tokenizer"])
    try:
        layout = probe_layout(model, _probe_inputs(model, tools["tokenizer"], device))
    except NotFinite as error:
        raise NotFinite(f"A trial run of the model failed. {error}") from error
    except ClearheadError:
        raise
    except Exception as error:
        raise _trial_failed(model, error) from error
    return LoadedModel(
        name, task, labels, model, device=device, max_tokens=limit, layout=layout, **tools, **about
    )


def _trial_failed(model: PreTrainedModel, error: Exception) -> UnsupportedModel:
    """The sentence for a model that cannot read a short text, or a picture, by itself."""
    told = f"({type(error).__name__}): {str(error)[:300]}"
    beside = next((what for name, what in BESIDE.items() if name in str(error).lower()), None)
    if beside:
        return UnsupportedModel(
            f"{model.config.model_type} models read text only together with {beside}, so a "
            f"text alone cannot be shown. Use a model that reads text {told}"
        )
    return UnsupportedModel(f"A trial run of the model failed {told}")


def _probe_inputs(model: PreTrainedModel, tokenizer: Any, device: torch.device) -> dict:
    import torch

    if tokenizer is None:
        told = picture_settings(model)
        shape = (1, told.channels, *told.size)
        return {"pixel_values": torch.zeros(shape, device=device, dtype=model.dtype)}
    rows = vector_count(model)
    # Added tokens may lie beyond (Gemma 3 has one for images): `encode` refuses them where used.
    if tokenizer.vocab_size > rows:
        raise UnsupportedModel(
            f"The tokenizer has {tokenizer.vocab_size:,} tokens and the model {rows:,}, so "
            "they do not belong together. Save the model beside the tokenizer it was trained "
            "with."
        )
    batch = tokenizer(PROBE, return_tensors="pt")
    return {name: batch[name].to(device) for name in input_names(model, tokenizer, batch)}
