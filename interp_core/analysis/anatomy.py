"""A decoder taken apart: where heads and MLPs write, and where the output reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from interp_core.analysis.residual import blocks_of, first
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
class Block:
    """The places of one layer: where the heads leave, where the MLP ends, norms after either."""

    heads: nn.Module
    mlp: nn.Module
    last: nn.Module | None
    norms: tuple[nn.Module | None, nn.Module | None]


@dataclass(frozen=True)
class Anatomy:
    """A decoder taken apart."""

    blocks: tuple[Block, ...]
    entry: nn.Module
    positions: nn.Module | None
    norm: nn.Module
    output: nn.Module


def anatomy(model: LoadedModel) -> Anatomy:
    """The places where parts are written and read. Raises `UnsupportedModel`."""
    path, blocks = blocks_of(model)
    body = model.model.get_submodule(path.rpartition(".")[0])
    output = model.model.get_output_embeddings()
    norms = [each for each in body.children() if "norm" in type(each).__name__.lower()]
    if not norms or not hasattr(output, "weight"):
        raise _unknown(model)
    positions = next((getattr(body, name) for name in POSITIONS if hasattr(body, name)), None)
    parts = tuple(_block(model, block) for block in blocks)
    return Anatomy(parts, blocks[0], positions, norms[-1], output)


def _unknown(model: LoadedModel) -> UnsupportedModel:
    return UnsupportedModel(
        f"Direct logit attribution is not known for {model.model.config.model_type}: it needs "
        "blocks of attention and MLP, a final norm and an output table, as in GPT-2, Llama, "
        "GPT-NeoX, OPT and Gemma."
    )


def _block(model: LoadedModel, block: nn.Module) -> Block:
    inside = dict(block.named_modules())
    heads = next((inside[name] for name in ATTENTION if name in inside), None)
    ends = (
        pair for pair in FEED_FORWARD if pair[0] in inside and (not pair[1] or pair[1] in inside)
    )
    mlp = next(ends, None)
    if heads is None or mlp is None:
        raise _unknown(model)
    norms = tuple(inside.get(name) for name in POST_NORMS)
    return Block(
        heads, inside[mlp[0]], inside[mlp[1]] if mlp[1] else None,
        norms if norms[1] is not None else (None, None),
    )  # fmt: skip


def recorder(layout: Anatomy, seen: dict, place: int) -> list[tuple[Callable, Callable]]:
    """Hooks that put into `seen` what flows at `place`: (key: module, or "output")."""

    def at(value: Any) -> Tensor:
        value = first(value)
        return value.reshape(-1, value.shape[-1])[place]

    def enters(key: Any) -> Callable:
        def hook(_module: nn.Module, inputs: tuple, named: dict) -> None:
            seen[key, "in"] = at(inputs[0] if inputs else next(iter(named.values())))

        return hook

    def leaves(key: Any) -> Callable:
        def hook(_module: nn.Module, _inputs: tuple, output: Any) -> None:
            seen[key] = at(output)

        return hook

    taken, given = {layout.entry, layout.norm}, {layout.norm, layout.positions}
    for block in layout.blocks:
        taken |= {block.heads, *block.norms}
        given |= {block.mlp, *block.norms}
    hooks = [(_before(module), enters(module)) for module in taken if module is not None]
    hooks += [
        (module.register_forward_hook, leaves(module)) for module in given if module is not None
    ]
    return [*hooks, (layout.output.register_forward_hook, leaves("output"))]


def _before(module: nn.Module) -> Callable:
    return lambda hook: module.register_forward_pre_hook(hook, with_kwargs=True)
