"""Some families return attention scores before the softmax: make them return the weights.

Whether the softmax of what is returned is what the model multiplies its values with is not taken
for granted: in a trial run the very numbers must pass through the block, and afterwards the model
must still say the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from interp_core.models.hooks import hooked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from torch import Tensor, nn
    from transformers import PreTrainedModel

SLACK = 1e-4  # by which a row of rounded weights may exceed 1
SAME = 1e-6


def are_weights(maps: Iterable[Tensor]) -> bool:
    """Whether no number is negative and no row sums to more than 1 (less, with sinks)."""
    slack = {torch.float16: 1e-2, torch.bfloat16: 5e-2}
    return all(
        bool((each >= 0).all())
        and bool((each.float().sum(-1) <= 1 + slack.get(each.dtype, SLACK)).all())
        for each in maps
    )


def return_weights(model: PreTrainedModel, run: Callable[[], Any]) -> bool:
    """Make the model return softmax(scores), where a trial `run` proves that it uses them.

    Returns whether it could be proved; if not, the model is left as it was.
    """
    sources: dict[int, nn.Module] = {}
    used: list[Tensor] = []

    def note(module: nn.Module, inputs: tuple, output: Any) -> None:
        for each in _tensors(output):
            sources.setdefault(id(each), module)  # the innermost module is done first
        used.extend(each for each in _tensors([*inputs, output]) if each.ndim == 4)

    with hooked(*((module.register_forward_hook, note) for module in model.modules())):
        before = run()
    maps = [each for each in before.attentions if each is not None]
    owners = [sources.get(id(each)) for each in maps]
    if None in owners or not all(_passes(each.softmax(-1), used) for each in maps):
        return False
    hooks = [
        owner.register_forward_hook(_softened(_place(owner, each, run)))
        for owner, each in zip(owners, maps)
    ]
    after = run()
    if are_weights(after.attentions) and torch.allclose(before[0], after[0], atol=SAME):
        return True
    for each in hooks:
        each.remove()
    return False


def _passes(weights: Tensor, used: list[Tensor]) -> bool:
    alike = (each for each in used if each.shape == weights.shape)
    return any(bool((each - weights).abs().max() <= SAME) for each in alike)


def _tensors(value: Any) -> list[Tensor]:
    if isinstance(value, torch.Tensor):
        return [value]
    parts = value.values() if isinstance(value, dict) else value
    return [each for part in parts for each in _tensors(part)] if _holds(value) else []


def _holds(value: Any) -> bool:
    return isinstance(value, dict | list | tuple)


def _place(owner: nn.Module, scores: Tensor, run: Callable[[], Any]) -> Any:
    """The key or number under which a module returns its scores."""
    found: list[Any] = []

    def look(_module: nn.Module, _inputs: tuple, output: Any) -> None:
        pairs = output.items() if isinstance(output, dict) else enumerate(output)
        found.extend(
            key
            for key, value in pairs
            if isinstance(value, torch.Tensor)
            and value.shape == scores.shape
            and torch.equal(value, scores)
        )

    with hooked((owner.register_forward_hook, look)):
        run()
    return found[0] if found else None


def _softened(key: Any) -> Callable:
    def hook(_module: nn.Module, _inputs: tuple, output: Any) -> Any:
        if isinstance(output, dict):  # scores are there only when they were asked for
            if key not in output:
                return output
            return type(output)({**output, key: output[key].softmax(-1)})
        return tuple(
            each.softmax(-1) if place == key and each.ndim == 4 else each
            for place, each in enumerate(output)
        )

    return hook
