"""Numbers that are not finite are named where they arise, and never passed on.

`watch` looks at a model's weights once and at its outputs after every pass: one sum for each
tensor, which is NaN or infinite as soon as one of its numbers is. Only when that fails is the pass
repeated with a hook on every module, to find the first one whose output is not finite.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from interp_core.errors import NotFinite

if TYPE_CHECKING:
    from torch import Tensor, nn
    from transformers import PreTrainedModel

LARGEST_HALF = 65_504  # the largest number of float16
MOST_NAMED = 3
LAYER = re.compile(r"(?:^|\.)(\d+)(?:\.|$)")
_BUSY = threading.local()  # set while the pass is repeated to find the place


def watch(model: PreTrainedModel) -> tuple[str, ...]:
    """Check the outputs of all later passes; returns notes on weights that are not finite.

    A pass whose output is not finite raises `NotFinite`. Copies of the model that share its weights
    are watched as well.
    """
    parts = [model, model.base_model]
    if model.config.is_encoder_decoder:
        parts.append(model.get_encoder())
    paths = {id(part): f"{path}." if path else "" for path, part in model.named_modules()}
    for part in {id(part): part for part in parts}.values():
        check = partial(_check, paths.get(id(part), ""))
        part.register_forward_hook(check, with_kwargs=True)
    return weight_notes(model)


def weight_notes(model: nn.Module) -> tuple[str, ...]:
    """One sentence that names the weights that are not finite; none where all are."""
    bad = [(name, value) for name, value in model.named_parameters() if not _sums(value)]
    if not bad:
        return ()
    named = [f"{name}{_of_layer(name)} has {_counted(value)}" for name, value in bad[:MOST_NAMED]]
    more = f"; and {len(bad) - MOST_NAMED:,} more tensors" if len(bad) > MOST_NAMED else ""
    return (f"Weights that are not finite: {'; '.join(named)}{more}. {_cure(bad[0][1])}",)


def check_finite(values: np.ndarray, what: str, cause: str = "") -> None:
    """Raise `NotFinite` unless all numbers of a result are finite; `what` names them ("scores")."""
    values = np.asarray(values)
    with np.errstate(over="ignore", invalid="ignore"):
        total = values.sum(dtype=np.float64)
    if np.isfinite(total) or np.isfinite(values).all():
        return
    wrong = int(values.size - np.isfinite(values).sum())
    raise NotFinite(
        f"{wrong:,} of {values.size:,} {what} are not finite (NaN or infinite). "
        f"{cause or 'The model computes numbers beyond its number format: load it in float32.'}"
    )


def _sums(value: Tensor) -> bool:
    """Whether every number is finite, by one sum where that tells."""
    import torch

    value = value.detach()
    if value.is_meta or not value.is_floating_point():
        return True
    total = value.sum(dtype=torch.float32 if value.element_size() < 4 else None)
    return bool(torch.isfinite(total)) or bool(torch.isfinite(value).all())


def _counted(value: Tensor) -> str:
    """Such as `2 NaN and 1 infinite of 1,536 numbers`."""
    nan, infinite = int(value.isnan().sum()), int(value.isinf().sum())
    parts = [f"{count:,} {name}" for count, name in ((nan, "NaN"), (infinite, "infinite")) if count]
    return f"{' and '.join(parts)} of {value.numel():,} numbers"


def _cure(value: Tensor) -> str:
    import torch

    if value.dtype == torch.float16 and bool(value.isinf().any()):
        return (
            f"float16 holds numbers up to {LARGEST_HALF:,}: if the checkpoint is finite, load it "
            "in bfloat16 or float32."
        )
    return "Use a checkpoint from before the training diverged, or save this one again."


def _of_layer(path: str) -> str:
    found = LAYER.search(path)
    return f" (layer {found[1]})" if found else ""


def _check(prefix: str, module: nn.Module, args: tuple, kwargs: dict, output: Any) -> None:
    """After a pass: every tensor of the output is finite, padding aside, or the place is named.

    `prefix` is the path of the module in the whole model, so that weights are named as in the file.
    """
    if getattr(_BUSY, "now", False):
        return
    mask = kwargs.get("attention_mask")
    for name, value in _tensors(output):
        if not _sums(value) and not _padding_only(value, mask):
            raise NotFinite(_sentence(prefix, module, args, kwargs, name))


def _tensors(output: Any, name: str = "output") -> Iterator[tuple[str, Tensor]]:
    import torch

    if isinstance(output, torch.Tensor):
        if output.is_floating_point():
            yield name, output
    elif isinstance(output, dict):
        for key, value in output.items():
            yield from _tensors(value, key)
    elif isinstance(output, (tuple, list)):
        for value in output:
            yield from _tensors(value, name)


def _padding_only(value: Tensor, mask: Any) -> bool:
    """Whether what is not finite stands at padding tokens, which nobody reads."""
    import torch

    if not isinstance(mask, torch.Tensor) or mask.ndim != 2 or value.ndim not in (3, 4):
        return False
    rows = value.transpose(1, 2) if value.ndim == 4 else value  # maps: (texts, query, heads, key)
    if rows.shape[:2] != mask.shape:
        return False
    return bool(torch.isfinite(rows[mask.bool()]).all())


def _sentence(prefix: str, module: nn.Module, args: tuple, kwargs: dict, name: str) -> str:
    import torch

    said = (
        f"An output of the model ({name.replace('_', ' ')}) is not finite for this input (NaN or "
        "infinite)"
    )
    path, part = _first_place(module, args, kwargs)
    named = module.named_parameters(remove_duplicate=False)  # tables may serve twice
    weights = [(each, value) for each, value in named if not _sums(value)]
    if path is None or part is None:
        where = "" if not weights else f"; {prefix}{weights[0][0]} has {_counted(weights[0][1])}"
        return f"{said}{where}. Use another checkpoint, or load it in float32."
    own = [(each, value) for each, value in weights if each.startswith(f"{path}.")]
    where = f"{said}: the first such numbers come out of {prefix}{path}{_of_layer(path)}"
    if own:
        held, value = own[0]
        return f"{where}, whose weight {prefix}{held} has {_counted(value)}. {_cure(value)}"
    half = next(iter(module.parameters())).dtype == torch.float16
    if half:
        return (
            f"{where}, whose weights are finite: float16 holds numbers up to {LARGEST_HALF:,}. "
            "Load the model in bfloat16 or float32."
        )
    return f"{where}, whose weights are finite. Use another checkpoint, or shorten the text."


def _first_place(
    module: nn.Module, args: tuple, kwargs: dict
) -> tuple[str | None, nn.Module | None]:
    """The first module, by the order in which they end, whose output is not finite."""
    import torch

    from interp_core.models.hooks import hooked

    found: list[tuple[str, nn.Module]] = []

    def look(path: str) -> Any:
        def hook(part: nn.Module, _inputs: tuple, output: Any) -> None:
            if not found and not all(_sums(value) for _, value in _tensors(output)):
                found.append((path, part))

        return hook

    parts = (
        (part.register_forward_hook, look(path)) for path, part in module.named_modules() if path
    )
    _BUSY.now = True
    try:
        with torch.no_grad(), hooked(*parts):
            module(*args, **kwargs)
    except Exception:  # the pass did not stand a second time: the place stays unknown
        pass
    finally:
        _BUSY.now = False
    return found[0] if found else (None, None)
