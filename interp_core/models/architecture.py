"""A decoder taken apart: where heads and MLPs write, and where the output reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from torch import nn

from interp_core.errors import UnsupportedModel

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel


# The output projection of attention inside a block; its input is the heads' outputs side by side.
ATTENTION = (
    "attn.c_proj",  # GPT-2
    "attn.attention.out_proj",  # GPT-Neo
    "self_attn.o_proj",  # Llama, Qwen, Mistral, Gemma
    "self_attn.out_proj",  # OPT
    "attention.dense",  # GPT-NeoX
)
# The module that yields the MLP's output, and the linear map at its end, whose bias stands apart.
FEED_FORWARD = (
    ("mlp", "mlp.c_proj"),
    ("mlp", "mlp.down_proj"),
    ("mlp", "mlp.dense_4h_to_h"),
    ("fc2", "fc2"),  # OPT
    ("mlp", ""),  # mixtures of experts
)
# Norms between a part and the stream (Gemma 2 and 3, OLMo 2). Where the second is missing, the
# first name means a norm in front of the MLP.
POST_NORMS = ("post_attention_layernorm", "post_feedforward_layernorm")
POSITIONS = ("wpe", "embed_positions")


@dataclass(frozen=True)
class DecoderBlock:
    """The places of one layer: where the heads leave, where the MLP ends, norms after either."""

    heads: nn.Module
    mlp: nn.Module
    last: nn.Module | None
    norms: tuple[nn.Module | None, nn.Module | None]


@dataclass(frozen=True)
class DecoderParts:
    """The parts of a decoder, by their role."""

    blocks: tuple[DecoderBlock, ...]
    entry: nn.Module
    positions: nn.Module | None
    norm: nn.Module
    output: nn.Module


def anatomy(model: LoadedModel) -> DecoderParts:
    """The places where parts are written and read. Raises `UnsupportedModel`."""
    path, blocks = blocks_of(model)
    body = model.model.get_submodule(path.rpartition(".")[0])
    output = model.model.get_output_embeddings()
    norms = [each for each in body.children() if "norm" in type(each).__name__.lower()]
    if not norms or not hasattr(output, "weight"):
        raise _unknown(model)
    positions = next((getattr(body, name) for name in POSITIONS if hasattr(body, name)), None)
    parts = tuple(_block(model, block) for block in blocks)
    return DecoderParts(parts, blocks[0], positions, norms[-1], output)


def _unknown(model: LoadedModel) -> UnsupportedModel:
    return UnsupportedModel(
        f"Direct logit attribution is not known for {model.model.config.model_type}: it needs "
        "blocks of attention and MLP, a final norm and an unembedding matrix, as in GPT-2, "
        "Llama, GPT-NeoX, OPT and Gemma."
    )


def _block(model: LoadedModel, block: nn.Module) -> DecoderBlock:
    inside = dict(block.named_modules())
    heads = next((inside[name] for name in ATTENTION if name in inside), None)
    ends = (
        pair for pair in FEED_FORWARD if pair[0] in inside and (not pair[1] or pair[1] in inside)
    )
    mlp = next(ends, None)
    if mlp is None or not hasattr(heads, "weight"):  # Moshi keeps one matrix for each codebook
        raise _unknown(model)
    norms = tuple(inside.get(name) for name in POST_NORMS)
    return DecoderBlock(
        heads,
        inside[mlp[0]],
        inside[mlp[1]] if mlp[1] else None,
        norms if norms[1] is not None else (None, None),
    )


def output_projections(modules: dict[str, nn.Module]) -> list[str]:
    """Paths of the modules that mix the heads' outputs, in the order of the layers."""
    found: dict[str, None] = {}
    for path in modules:
        for value, output, _ in PROJECTIONS:
            beside = path[: -len(value)] + output
            if path.endswith(f".{value}") and beside in modules:
                found[beside] = None
    return list(found)


def encoder_body(model: LoadedModel) -> torch.nn.Module:
    """The network without its head; the encoder of encoder-decoder models."""
    if model.tokenizer is None:
        raise UnsupportedModel(
            f"{model.name!r} reads images, not text: it has no token embeddings."
        )
    if model.model.config.is_encoder_decoder:
        return model.model.get_encoder()
    return model.model.base_model


def whole(values: torch.Tensor, heads: int) -> torch.Tensor:
    return values


def last_third(values: torch.Tensor, heads: int) -> torch.Tensor:
    return values.chunk(3, -1)[2]


def last_third_of_each_head(values: torch.Tensor, heads: int) -> torch.Tensor:
    return values.unflatten(-1, (heads, -1)).chunk(3, -1)[2].flatten(-2)


# Name of the module that yields the values, of the output projection beside it, and how the values
# lie in the former's output.
PROJECTIONS: tuple[tuple[str, str, Callable], ...] = (
    ("self.value", "output.dense", whole),  # BERT, RoBERTa, ELECTRA
    ("self.value_proj", "output.dense", whole),  # DeBERTa-v2
    ("v_lin", "out_lin", whole),  # DistilBERT
    ("value", "dense", whole),  # ALBERT
    ("v_proj", "o_proj", whole),  # Llama, Qwen, Mistral, Gemma, ViT
    ("v_proj", "out_proj", whole),  # OPT, BART
    ("SelfAttention.v", "SelfAttention.o", whole),  # T5
    ("EncDecAttention.v", "EncDecAttention.o", whole),
    ("c_attn", "c_proj", last_third),  # GPT-2
    ("Wqkv", "Wo", last_third),  # ModernBERT
    ("query_key_value", "dense", last_third_of_each_head),  # GPT-NeoX
)
SPLIT_NAMES = {whole: "whole", last_third: "thirds", last_third_of_each_head: "by_head"}


# Where the queries and keys are, by the name of the module that yields the values; fused maps are
# their own neighbours.
QUERY_AND_KEY: dict[str, tuple[str, str]] = {
    "self.value": ("self.query", "self.key"),
    "self.value_proj": ("self.query_proj", "self.key_proj"),
    "v_lin": ("q_lin", "k_lin"),
    "value": ("query", "key"),
    "v_proj": ("q_proj", "k_proj"),
    "SelfAttention.v": ("SelfAttention.q", "SelfAttention.k"),
}
KINDS = ("query", "key", "value")  # in this order in fused maps
WHOLE_MLP = ("mlp", "feed_forward")  # children of a block whose output is that of the MLP


@dataclass(frozen=True)
class AttentionPart:
    """The modules of one attention layer, by their paths.

    `inputs` are the modules that yield query, key and value; `split` says how these three lie in
    the output where one module yields all ("whole": three modules; "thirds": one after the other;
    "by_head": query, key and value of each head together).
    """

    layer: int
    projection: str
    inputs: tuple[str, str, str]
    split: str


@dataclass(frozen=True)
class StackParts:
    """The paths of a stack's parts: blocks and MLPs (layers,), and what its attention layers have.

    Layers that share one block (ALBERT) name it once each.
    """

    blocks: tuple[str, ...]
    mlps: tuple[str, ...]
    attention: tuple[AttentionPart, ...]


def stack_parts(model: LoadedModel) -> StackParts:
    """The parts of the stack that reads the input: of the encoder in encoder-decoder models.

    Raises `UnsupportedModel` for architectures that keep them elsewhere.
    """
    modules = dict(model.model.named_modules())
    body = model.model.get_encoder() if model.model.config.is_encoder_decoder else model.model
    inside = {id(module) for module in body.modules()}
    found: dict[str, tuple[str, str, str]] = {}
    for path in (path for path, module in modules.items() if id(module) in inside):
        for value, output, cut in PROJECTIONS:
            beside = path[: -len(value)] + output
            if path.endswith(f".{value}") and beside in modules:
                found.setdefault(beside, (path, value, SPLIT_NAMES[cut]))
    attending = model.layout.attention_layers
    if not found or len(found) not in (1, len(attending)):
        raise _unknown_parts(model)
    blocks, layers = _blocks_around(modules, list(found), model)
    times = len(attending) if len(found) == 1 else 1
    parts = [
        AttentionPart(layer, output, _inputs_beside(path, value), cut)
        for layer, (output, (path, value, cut)) in zip(layers, [*found.items()] * times)
    ]
    mlps = tuple(_mlp_of(modules, path) for path in blocks)
    if None in mlps:  # maps of a class of their own (I-BERT)
        raise _unknown_parts(model)
    return StackParts(blocks, mlps, tuple(parts))


def _inputs_beside(path: str, value: str) -> tuple[str, str, str]:
    if value not in QUERY_AND_KEY:
        return (path, path, path)
    stem = path[: -len(value)]
    query, key = QUERY_AND_KEY[value]
    return (stem + query, stem + key, path)


def _blocks_around(
    modules: dict[str, nn.Module], projections: list[str], model: LoadedModel
) -> tuple[tuple[str, ...], list[int]]:
    """Paths of the blocks, and the layer of each projection."""
    steps = projections[0].split(".")
    roots = [".".join(steps[:end]) for end in range(1, len(steps))]
    lists = [root for root in roots if isinstance(modules.get(root), nn.ModuleList)]
    if len(projections) == 1 and model.n_layers > 1:  # one block for all layers
        block = ".".join(steps[: lists[-1].count(".") + 2]) if lists else ""
        if not block or len(model.layout.attention_layers) != model.n_layers:
            raise _unknown_parts(model)
        return (block,) * model.n_layers, list(range(model.n_layers))
    for root in lists:
        inside = [path for path in projections if path.startswith(f"{root}.")]
        layers = [int(path.removeprefix(f"{root}.").split(".")[0]) for path in inside]
        whole = len(modules[root]) == model.n_layers and not _in_pieces(modules, root)
        if whole and len(set(layers)) == len(projections):
            return tuple(f"{root}.{layer}" for layer in range(model.n_layers)), layers
    raise _unknown_parts(model)


def _in_pieces(modules: dict[str, nn.Module], root: str) -> bool:
    """Whether a list holds attention alone, and the MLPs stand in a list beside it (XLM)."""
    parent = root.rpartition(".")[0]
    beside = [
        each
        for path, each in modules.items()
        if path != root and path.rpartition(".")[0] == parent and isinstance(each, nn.ModuleList)
    ]
    return any(
        len(each) == len(modules[root]) and any(map(is_linear, each.modules())) for each in beside
    )


def _mlp_of(modules: dict[str, nn.Module], block: str) -> str | None:
    """The module that yields what the MLP adds to the stream: the norm between both where there is
    one (Gemma 2), the MLP by its name, else the block's last linear map; None without such maps."""
    for name in (POST_NORMS[1], *WHOLE_MLP):
        if f"{block}.{name}" in modules:
            return f"{block}.{name}"
    maps = [name for name, each in modules[block].named_modules() if is_linear(each)]
    return f"{block}.{maps[-1]}" if maps else None


def is_linear(module: nn.Module) -> bool:
    """Whether a module is one linear map (GPT-2 has its own class for them)."""
    return isinstance(module, nn.Linear) or type(module).__name__ == "Conv1D"


def _unknown_parts(model: LoadedModel) -> UnsupportedModel:
    return UnsupportedModel(
        f"It is not known where {model.model.config.model_type} models keep their blocks and "
        "heads, so nothing inside can be changed. Attention maps and attributions work."
    )


@dataclass
class RecordedBlock:
    """One attention block; shared weights (ALBERT) are called once for each layer."""

    output: nn.Module
    split: Callable
    values: list[torch.Tensor] = field(default_factory=list)
    outputs: list[torch.Tensor] = field(default_factory=list)


def input_by_output(projection: nn.Module) -> torch.Tensor:
    """The projection's matrix as (input, output); GPT-2's Conv1D already stores it so."""
    weight = projection.weight
    return weight if type(projection).__name__ == "Conv1D" else weight.T


def blocks_of(model: LoadedModel) -> tuple[str, nn.ModuleList]:
    """Path and list of the blocks, one for each layer. Raises `UnsupportedModel`."""
    inside = {id(module) for module in text_part(model).modules()}
    found = [
        (path, module)
        for path, module in model.model.named_modules()
        if isinstance(module, nn.ModuleList)
        and len(module) == model.n_layers
        and id(module) in inside
    ]
    if not found:
        raise UnsupportedModel(
            f"{model.model.config.model_type} has no list of one block for each layer, so its "
            "hidden states after each layer cannot be read."
        )
    return min(found, key=lambda each: each[0].count("."))


def text_part(model: LoadedModel) -> nn.Module:
    """The stack that reads text, in models that also see or hear; else the whole model."""
    config = model.model.config
    if config.get_text_config() is config:
        return model.model
    return model.model.get_decoder()
