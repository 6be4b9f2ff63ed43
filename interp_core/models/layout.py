"""Find out by one small forward pass which layers and heads of a model have attention maps.

What the maps show (whether a token sees what stands behind it) decides as well whether the model
does what its task says, where no name settles that.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from interp_core.errors import UnsupportedModel
from interp_core.models.preprocessors import named_id, unnamed
from interp_core.models.record import Layout
from interp_core.models.tasks import CAUSAL, HEADLESS, MASKED, is_classifier
from interp_core.models.vision import probe_pictures, vision_config

if TYPE_CHECKING:
    import torch
    from transformers import PretrainedConfig, PreTrainedModel

    from interp_core.models.record import LoadedModel


ATTENDING = ("attention", "full_attention", "sliding_attention", "chunked_attention", "hybrid")
WINDOWED = ("sliding_attention", "local")
ONE_SIDED = ("modernbert",)  # their setting counts the neighbours on one side, without self
# Networks that carry a state from token to token: loaded for comparison, without any map.
RECURRENT = ("lstm",)
START = "decoder_start_token_id"
NO_ATTENTION = "Recurrent models have no attention. Choose a transformer, such as `sentiment`."
# Layouts that keep bands or blocks of the map instead of query × key.
BANDED = ("longformer", "led", "big_bird", "bigbird_pegasus", "reformer", "longt5", "pegasus_x")


def probe_layout(model: PreTrainedModel, inputs: dict[str, torch.Tensor]) -> Layout:
    """The attention layout, from the maps of `inputs` (batch 1). Raises `UnsupportedModel`."""
    kind = model.config.model_type
    if kind in RECURRENT:
        layers = model.config.num_hidden_layers
        return Layout(layers, 0, (), 0, windows=(None,) * layers, causal=False)
    if kind in BANDED:
        raise UnsupportedModel(
            f"{kind} models use sparse attention without a full attention matrix. Choose a "
            "model with full attention."
        )
    output = _forward(model, inputs, kind)
    maps = output.get("encoder_attentions") or output.get("attentions") or ()
    maps = [each for each in maps if each is not None]
    if any(not hasattr(each, "ndim") for each in maps):
        raise UnsupportedModel(no_maps(kind))
    # Windowed vision models (Swin) put their windows in the batch axis.
    if "pixel_values" in inputs and any(each.shape[0] != 1 for each in maps):
        raise UnsupportedModel(_windowed(kind))
    if not maps or any(each.ndim != 4 or each.shape != (1, *maps[0].shape[1:]) for each in maps):
        raise UnsupportedModel(no_maps(kind))
    if maps[0].shape[-1] != maps[0].shape[-2]:
        raise UnsupportedModel(no_maps(kind))
    seen = "pixel_values" in inputs
    decoder = output.get("decoder_attentions") or ()
    maps = _weights(model, inputs, kind, maps, decoder)
    config = vision_config(model.config) if seen else _read_config(model)
    layers = _first(config, "encoder_layers", "num_hidden_layers", "num_layers") or len(maps)
    layers = max(layers, len(maps))
    heads = maps[0].shape[1]
    attending = _attending(config, layers, len(maps), kind)
    return Layout(
        layers=layers,
        heads=heads,
        attention_layers=attending,
        kv_heads=_kv_heads(config, heads),
        windows=tuple(_window(config, layer) for layer in range(layers)),
        causal=all(bool((each.triu(1) == 0).all()) for each in maps) and maps[0].shape[-1] > 1,
        decoder_layers=len(decoder),
        decoder_heads=decoder[0].shape[1] if decoder else 0,
        pictures=probe_pictures(model, model.device) if seen else None,
    )


def _weights(
    model: PreTrainedModel, inputs: dict, kind: str, maps: list[torch.Tensor], decoder: tuple
) -> list[torch.Tensor]:
    """The maps if they are weights, else the weights that the model can be made to return."""
    from interp_core.models.scores import are_weights, return_weights

    if are_weights([*maps, *decoder]):
        return maps
    if not decoder and return_weights(model, lambda: _forward(model, inputs, kind)):
        return [each for each in _forward(model, inputs, kind).attentions if each is not None]
    raise UnsupportedModel(
        f"{kind} models return scores that are not attention weights: some are negative, or a "
        "row sums to more than 1. Use another model."
    )


def _read_config(model: PreTrainedModel) -> PretrainedConfig:
    """The settings of the part that reads text: of the encoder where one model holds two."""
    config = getattr(model.config, "encoder", model.config)
    return config.get_text_config() if hasattr(config, "get_text_config") else model.config


def _forward(model: PreTrainedModel, inputs: dict, kind: str) -> Any:
    import torch

    try:
        with torch.no_grad():
            return model(
                **inputs, **decoder_trial_inputs(model), output_attentions=True, return_dict=True
            )
    except TypeError as error:  # the model does not know the argument at all
        if "output_attentions" not in str(error):
            raise
        raise UnsupportedModel(no_maps(kind)) from error


def reads_itself(model: PreTrainedModel) -> bool:
    """Whether a model's decoder reads the text again, one place later (BART, T5 classifiers)."""
    return model.config.is_encoder_decoder and is_classifier(type(model).__name__)


def decoder_trial_inputs(model: PreTrainedModel) -> dict[str, torch.Tensor]:
    """Two decoder tokens for a forward pass of an encoder-decoder model; empty for others."""
    import torch

    if not model.config.is_encoder_decoder or reads_itself(model):
        return {}
    start = getattr(model.config, "decoder_start_token_id", None) or 0
    return {"decoder_input_ids": torch.full((1, 2), start, device=model.device)}


def settle_start(model: PreTrainedModel, tokenizer: Any) -> tuple[str, ...]:
    """Write the token that the decoder starts with into the settings; a note where it is a guess.

    Tokenizers of several languages name it themselves, so nothing is said of theirs.
    """
    config = model.config
    if not config.is_encoder_decoder or _first(config, START) is not None:
        return ()
    written = getattr(getattr(model, "generation_config", None), START, None)
    for source in (config, getattr(config, "decoder", None)):
        for name in (START, "bos_token_id", "pad_token_id"):
            number = written if written is not None else getattr(source, name, None)
            if not isinstance(number, int):
                continue
            setattr(config, START, number)
            if written is not None or name == START or hasattr(tokenizer, "tgt_lang"):
                return ()
            return (
                f"config.json names no token for the decoder to start with ({START}): token "
                f"{number}, its {name}, is taken.",
            )
    return ()


def _windowed(kind: str) -> str:
    return (
        f"{kind} models attend within windows of the image that change from layer to layer, "
        "so there is no full attention matrix. Use a plain vision transformer such as ViT or "
        "DINOv2."
    )


def no_maps(kind: str) -> str:
    """What is said of a model that returns no attention maps."""
    return f"{kind} models have no attention weights. Choose a transformer with attention."


def _first(config: PretrainedConfig, *names: str) -> int | None:
    return next((v for v in (getattr(config, name, None) for name in names) if v is not None), None)


def _kv_heads(config: PretrainedConfig, heads: int) -> int:
    shared = getattr(config, "num_key_value_heads", None)
    return shared if isinstance(shared, int) and 0 < shared < heads else heads


def _attending(config: PretrainedConfig, layers: int, maps: int, kind: str) -> tuple[int, ...]:
    """True numbers of the layers that have maps; hybrids list the type of every layer."""
    if maps == layers:
        return tuple(range(layers))
    types = getattr(config, "layers_block_type", None) or getattr(config, "layer_types", None) or ()
    found = tuple(number for number, name in enumerate(types) if name in ATTENDING)
    if len(found) == maps:
        return found
    raise UnsupportedModel(
        f"{kind} returns {maps} attention maps for {layers} layers and does not say which."
    )


def _window(config: PretrainedConfig, layer: int) -> int | None:
    """The w of |i − j| < w in this layer; GPT-Neo calls it `window_size`."""
    types = getattr(config, "layer_types", None) or getattr(config, "attention_layers", None)
    if types and layer < len(types) and str(types[layer]) not in WINDOWED:
        return None
    if getattr(config, "use_sliding_window", True) is False:
        return None
    width = _first(config, "sliding_window", *(("window_size",) if types else ()))
    if not isinstance(width, int) or width <= 0:
        return None
    return width + 1 if config.model_type in ONE_SIDED else width


# What the maps of a task look like: whether no token sees what stands behind it.
SIGHT = {CAUSAL: True, MASKED: False}
SEES = {True: "attends only to earlier tokens", False: "attends to both sides of each token"}
STILL = "its attention, vectors and heads can be shown"
DOES = {CAUSAL: "predict the next word", MASKED: "fill in masked words"}


def settle(model: LoadedModel, *, asked: bool) -> LoadedModel:
    """The model as what its maps show it to be, with notes for the user.

    A language model whose maps contradict its task is refused when the caller asked for the task,
    and loaded as a plain encoder otherwise. Raises `UnsupportedModel`.
    """
    notes = (*model.notes, *_missing_tokens(model))
    if not model.layout.attention_layers or SIGHT.get(model.task) in (None, model.layout.causal):
        return replace(model, notes=notes)
    reason = (
        f"{type(model.model).__name__} {SEES[model.layout.causal]}, so its head does not "
        f"{DOES[model.task]} from the text as it stands"
    )
    if asked:
        raise UnsupportedModel(f"{reason}. Load it as encoder: {STILL}.")
    readings = tuple(task for task in model.readings if task != model.task)
    return replace(
        model,
        task=HEADLESS,
        model=model.model.base_model,
        readings=readings,
        notes=(*notes, f"{reason}: it is loaded as a plain encoder. {STILL.capitalize()}."),
    )


def _missing_tokens(model: LoadedModel) -> tuple[str, ...]:
    if model.task != MASKED or named_id(model.tokenizer, "mask") is not None:
        return ()
    return (unnamed(model.tokenizer, "mask"),)
