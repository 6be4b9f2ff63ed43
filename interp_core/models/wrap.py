"""A model that somebody already holds, as a record: no folder is read, and theirs stays as it is.

What is looked into is a copy of the module tree on the same weights, with eager attention, in
evaluation mode and with settings of its own. Later training of the original shows in it.
"""

from __future__ import annotations

import copy
from inspect import signature
from typing import TYPE_CHECKING, Any

from interp_core.errors import BadInput, UnsupportedModel
from interp_core.models.device import checked
from interp_core.models.layout import no_maps, settle
from interp_core.models.ready import make_ready, undo_habits
from interp_core.models.record import LoadedModel
from interp_core.models.tasks import HEADLESS, check_label_names, find_task, readings
from interp_core.models.weights import one_stack

if TYPE_CHECKING:
    from transformers import PreTrainedModel

EAGER = "eager"
SHELLS = ("_orig_mod", "module")  # of torch.compile and of DistributedDataParallel
RELOAD = '`from_pretrained(..., attn_implementation="eager")`'
# What people hold instead of the two parts, by the class's name, and where the parts are in it.
HOLDERS = {
    "SentenceTransformer": "`ic.wrap(model[0].auto_model, model.tokenizer)`",
    "Pipeline": "`ic.wrap(pipe.model, pipe.tokenizer)`, or its `image_processor`",
    "Trainer": "`ic.wrap(trainer.model, trainer.processing_class)`",
    "PeftModel": "`ic.wrap(model.merge_and_unload(), tokenizer)`",
    "LoadedModel": "the record as it is: `ic.attention_maps(model, text)`",
}


def wrap(
    model: Any, tokenizer: Any = None, *, name: str | None = None, task: str | None = None
) -> LoadedModel:
    """The record of a transformers model and its tokenizer (or image processor).

    The model stays as it is: the record shares its weights, on its device. Attention runs in the
    eager implementation there, the only one that returns its weights. `task` overrides what the
    model's class says; "encoder" leaves the head out. `name` is what reports and errors call it.

    Raises `BadInput` for what is not a model with its tokenizer, `UnsupportedModel` without
    attention maps, `NotFinite`.
    """
    network = _network(model)
    own = _own_copy(network)
    own.config.architectures = [_class_name(network)]
    check_label_names(own.config.to_dict())
    undo_habits(own.config)
    found, offered = find_task(own.config, task), readings(own.config)
    if found not in offered:
        raise UnsupportedModel(
            f"A {type(network).__name__} has no {found} head; it can be read as: "
            f"{', '.join(offered)}."
        )
    if found == HEADLESS and not own.config.is_encoder_decoder:
        own = own.base_model
    own = one_stack(own, found)
    before = str(network.config._attn_implementation)
    _set_eager(own, before)
    called = name or str(getattr(own.config, "name_or_path", "") or type(network).__name__)
    tools = _tools(own, tokenizer)
    with checked(False):  # it is in memory already
        try:
            loaded = make_ready(own, called, found, network.device, tools, readings=offered)
        except UnsupportedModel as error:
            if before == EAGER or str(error) != no_maps(own.config.model_type):
                raise  # for a reason that another implementation would not change
            raise UnsupportedModel(
                f"{error} It was loaded with {before} attention: load it again with {RELOAD}."
            ) from error
    return settle(loaded, asked=task is not None)


def _network(model: Any) -> PreTrainedModel:
    """The transformers model itself, out of what may be around it. Raises `BadInput`."""
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    if isinstance(model, str):
        raise BadInput(f"{model!r} is a name, not a model: use `ic.load_model({model!r})`.")
    if isinstance(model, PreTrainedTokenizerBase):
        raise BadInput("The model comes first: `ic.wrap(model, tokenizer)`.")
    for shell in SHELLS:
        model = getattr(model, shell, model)
    for each in type(model).__mro__:
        if each.__name__ in HOLDERS:
            raise BadInput(f"A {type(model).__name__} is given. Use {HOLDERS[each.__name__]}.")
    if not isinstance(model, PreTrainedModel):
        raise BadInput(
            f"A transformers model is needed (a `PreTrainedModel`), not {type(model).__name__}. "
            "Weights of another network can be shown by `ic.maps_from(attentions, tokens)`."
        )
    if getattr(model, "is_quantized", False):
        raise UnsupportedModel(
            "The weights of this model are quantised. Load them in float32 or bfloat16: "
            '`ic.load_model(name, dtype="bfloat16")`.'
        )
    if len(set(getattr(model, "hf_device_map", {}).values())) > 1:
        raise UnsupportedModel(
            "The model is spread over several devices. Load it on one, or by "
            '`ic.load_model(name, device="auto")`.'
        )
    if any(each.is_meta for each in model.parameters()):
        raise BadInput("The model has no weights yet (they are on the meta device). Load them.")
    return model


def _own_copy(network: PreTrainedModel) -> PreTrainedModel:
    """The module tree with its settings anew, around the same numbers, which need no gradient."""
    from torch.nn import Parameter

    same: dict[int, Any] = {
        id(each): Parameter(each.detach(), requires_grad=False) for each in network.parameters()
    }
    same |= {id(each): each for each in network.buffers()}
    return copy.deepcopy(network, same)


def _class_name(network: PreTrainedModel) -> str:
    """The class, or the class of transformers that it was derived from."""
    kinds = type(network).__mro__
    known = (each for each in kinds if each.__module__.startswith("transformers.models."))
    return next(known, kinds[0]).__name__


def _set_eager(own: PreTrainedModel, before: str) -> None:
    """Other implementations never form the attention weights, so they cannot return them."""
    if before == EAGER:
        return
    try:
        own.set_attn_implementation(EAGER)
    except Exception as error:
        raise UnsupportedModel(
            f"The attention of this model cannot be changed from {before} to eager "
            f"({str(error)[:200]}). Load it again with {RELOAD}."
        ) from error


def _tools(own: PreTrainedModel, given: Any) -> dict[str, Any]:
    """The tokenizer or the image processor, whichever the model reads with. Raises `BadInput`."""
    from transformers import PreTrainedTokenizerBase
    from transformers.image_processing_base import ImageProcessingMixin

    reads_text = "input_ids" in signature(own.forward).parameters
    kind = PreTrainedTokenizerBase if reads_text else ImageProcessingMixin
    part = getattr(given, "tokenizer" if reads_text else "image_processor", given)
    if not isinstance(part, kind):
        what = "tokenizer" if reads_text else "image processor"
        example = "ic.wrap(model, tokenizer)" if reads_text else "ic.wrap(model, image_processor)"
        got = "nothing" if given is None else type(given).__name__
        raise BadInput(f"This model needs its {what}, not {got}: `{example}`.")
    return {
        "tokenizer": part if reads_text else None,
        "processor": None if reads_text else part,
    }
