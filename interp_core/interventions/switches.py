"""Heads, layers, MLPs and edges of a model switched off, weakened or strengthened.

A switched model is a model like any other: attributions, attention maps and faithfulness can be
computed of it. It is a copy of the module tree that shares every weight, so the model itself and
whoever else uses it never see the switches.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from interp_core.attention.compute import attention_maps
from interp_core.attribution.prediction import Prediction
from interp_core.attribution.targets import TargetRequest
from interp_core.charted import Charted
from interp_core.errors import BadInput
from interp_core.inputs.vocabulary import token_name
from interp_core.interventions.edges import (
    CUTS,
    EDIT,
    Edge,
    attention_points,
    check_edges,
    edit_of,
    named_copy,
)
from interp_core.interventions.question import ask, encode_question
from interp_core.models.architecture import StackParts, stack_parts
from interp_core.models.hooks import first, shared_copy
from interp_core.validation import whole_number

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

STRONGEST = 2.0
SHOWN = 10  # candidates before and after, where the choices are a vocabulary
VOCABULARY = ("causal-lm", "masked-lm", "encoder-decoder")


@dataclass(frozen=True)
class Switches:
    """What is switched. Strength 1 changes nothing, 0 is off, 2 is double.

    `heads` are ((layer, head), strength), `layers` and `mlps` (layer, strength), `edges` (layer,
    head, query, key), cut "before" or "after" the softmax.
    """

    heads: tuple[tuple[tuple[int, int], float], ...] = ()
    layers: tuple[tuple[int, float], ...] = ()
    mlps: tuple[tuple[int, float], ...] = ()
    edges: tuple[Edge, ...] = ()
    edges_cut: str = "before"

    def __bool__(self) -> bool:
        return any((self.heads, self.layers, self.mlps, self.edges))


def switched_model(
    model: LoadedModel,
    text: Any,
    *,
    heads: Mapping[tuple[int, int], float] | None = None,
    layers: Mapping[int, float] | None = None,
    mlps: Mapping[int, float] | None = None,
    edges: Iterable[Edge] = (),
    edges_cut: str = "before",
    text_pair: str | None = None,
) -> LoadedModel:
    """The model with these switches, to be used like any other.

    `heads[layer, head]` multiplies the head's output before the output projection, `mlps[layer]`
    the MLP's output, `layers[layer]` what the whole layer adds to the stream (0 skips it), each by
    a number from 0 to 2. `edges` are cut, (layer, head, query, key): "before" the softmax, so that
    the rest of the row is scaled up, or "after" it. Their places are those of `text`; without edges
    `text` does not matter. In encoder-decoder models the switches are those of the encoder.

    Raises `BadInput` or `UnsupportedModel`.
    """
    encoded = encode_question(model, text, text_pair)
    chosen = _checked(model, heads, layers, mlps, edges, edges_cut, len(encoded.sequence))
    parts, points = stack_parts(model), None
    if chosen.edges:
        points = attention_points(model, encoded.inputs)
    by_name = points is not None and points.by_name
    network = named_copy(model.model) if by_name else shared_copy(model.model)
    turns = _Turns(network, parts)
    _switch_heads(model, network, parts, turns, dict(chosen.heads))
    _switch_outputs(network, parts.mlps, turns, dict(chosen.mlps), _scaled)
    _switch_outputs(network, parts.blocks, turns, dict(chosen.layers), _towards_input)
    if points is not None:
        _cut(model, network, points, turns, chosen)
    return replace(model, model=network)


def _checked(
    model: LoadedModel,
    heads: Mapping[tuple[int, int], float] | None,
    layers: Mapping[int, float] | None,
    mlps: Mapping[int, float] | None,
    edges: Iterable[Edge],
    edges_cut: str,
    tokens: int,
) -> Switches:
    if edges_cut not in CUTS:
        raise BadInput(f"edges_cut must be one of {', '.join(CUTS)}, not {edges_cut!r}.")
    known = {
        (layer, head) for layer in model.layout.attention_layers for head in range(model.n_heads)
    }
    numbers = set(range(model.n_layers))
    return Switches(
        _strengths(heads, known, "head"),
        _strengths(layers, numbers, "layer"),
        _strengths(mlps, numbers, "MLP of a layer"),
        check_edges(model, tuple(edges), tokens),
        edges_cut,
    )


def _strengths(given: Mapping | None, known: set, what: str) -> tuple:
    """What has another strength than 1, in order."""
    if not isinstance(given, Mapping | None):
        raise BadInput(f"Give strengths by {what}, such as {{{min(known, default=0)!r}: 0}}.")
    found = {}
    for key, strength in (given or {}).items():
        pair = isinstance(key, tuple | list)
        place = tuple(map(whole_number, key)) if pair else whole_number(key)
        if place not in known:
            raise BadInput(f"There is no {what} {key!r} in this model.")
        if isinstance(strength, bool) or not isinstance(strength, int | float | np.number):
            raise BadInput(f"A strength is a number from 0 to 2, not {strength!r}.")
        if not (math.isfinite(strength) and 0 <= strength <= STRONGEST):
            raise BadInput(f"A strength lies between 0 (off) and 2 (double), not {strength!r}.")
        found[place] = float(strength)
    return tuple(sorted((key, value) for key, value in found.items() if value != 1))


class _Turns:
    """Which layer runs, for models whose layers share one block (ALBERT); threads do not mix."""

    def __init__(self, network: nn.Module, parts: StackParts) -> None:
        self.shared = len(set(parts.blocks)) < len(parts.blocks)
        if not self.shared:
            return
        state = self._state = threading.local()

        def begin(*_seen: Any) -> None:
            state.layer = -1

        def enter(*_seen: Any) -> None:
            state.layer = getattr(state, "layer", -1) + 1

        for module in dict.fromkeys((network, network.base_model)):
            module.register_forward_pre_hook(begin)
        network.get_submodule(parts.blocks[0]).register_forward_pre_hook(enter)

    def only(self, layer: int, hook: Callable) -> Callable:
        """The hook, which acts in one layer alone."""
        if not self.shared:
            return hook
        state = self._state
        return lambda *seen: hook(*seen) if getattr(state, "layer", layer) == layer else None


def _switch_heads(
    model: LoadedModel,
    network: nn.Module,
    parts: StackParts,
    turns: _Turns,
    heads: dict[tuple[int, int], float],
) -> None:
    for part in parts.attention:
        gates = [heads.get((part.layer, head), 1.0) for head in range(model.n_heads)]
        if any(gate != 1 for gate in gates):
            gate = torch.tensor(gates, dtype=model.model.dtype, device=model.device)
            projection = network.get_submodule(part.projection)
            projection.register_forward_pre_hook(turns.only(part.layer, _gated(gate)))


def _gated(gates: Tensor) -> Callable:
    def enter(_module: nn.Module, given: tuple) -> tuple:
        mixed = given[0].unflatten(-1, (len(gates), -1)) * gates[:, None]
        return (mixed.flatten(-2), *given[1:])

    return enter


def _switch_outputs(
    network: nn.Module,
    paths: tuple[str, ...],
    turns: _Turns,
    strengths: dict[int, float],
    make: Callable[[float], Callable],
) -> None:
    for layer, strength in strengths.items():
        module = network.get_submodule(paths[layer])
        module.register_forward_hook(turns.only(layer, make(strength)), with_kwargs=True)


def _scaled(strength: float) -> Callable:
    def leave(_module: nn.Module, _given: tuple, _options: dict, output: Any) -> Any:
        return _with_first(output, first(output) * strength)

    return leave


def _towards_input(strength: float) -> Callable:
    def leave(_module: nn.Module, given: tuple, options: dict, output: Any) -> Any:
        entered = given[0] if given else options["hidden_states"]
        return _with_first(output, entered + strength * (first(output) - entered))

    return leave


def _with_first(output: Any, changed: Tensor) -> Any:
    return changed if isinstance(output, Tensor) else type(output)((changed, *output[1:]))


def _cut(
    model: LoadedModel, network: nn.Module, points: Any, turns: _Turns, chosen: Switches
) -> None:
    for layer, path in zip(model.layout.attention_layers, points.paths):
        edges = [edge for edge in chosen.edges if edge[0] == layer]
        if not edges:
            continue
        edit, module = edit_of(edges, chosen.edges_cut), network.get_submodule(path)
        if points.by_name:
            setattr(module, EDIT, _or_unchanged(turns.only(layer, edit)))
        else:
            hook = turns.only(layer, lambda _module, _given, output, edit=edit: edit(output))
            module.register_forward_hook(hook)


def _or_unchanged(edit: Callable) -> Callable:
    def edited(weights: Tensor) -> Tensor:
        changed = edit(weights)
        return weights if changed is None else changed

    return edited


@dataclass(frozen=True)
class Switched(Charted):
    """The answer before and after.

    `before` and `after` are predictions, `logits_before` and `logits_after` the logits of the
    answer: (labels,), (vocabulary,) at the place that is asked for, (tokens, labels) where every
    token is labelled, (2, tokens) for question answering. `value_before` and `value_after` are the
    logit of `label` (the target, by default the answer before). `model` is the switched model.
    """

    before: Prediction
    after: Prediction
    logits_before: np.ndarray
    logits_after: np.ndarray
    value_before: float
    value_after: float
    label: str
    tokens: tuple[str, ...]
    choices: pd.DataFrame
    model: LoadedModel = field(repr=False, compare=False)

    def to_frame(self) -> pd.DataFrame:
        """Columns label, logit_before, logit_after, probability_before, probability_after.

        Best before first; of a vocabulary the best before and after.
        """
        return self.choices


def switch(
    model: LoadedModel,
    text: Any,
    *,
    heads: Mapping[tuple[int, int], float] | None = None,
    layers: Mapping[int, float] | None = None,
    mlps: Mapping[int, float] | None = None,
    edges: Iterable[Edge] = (),
    edges_cut: str = "before",
    text_pair: str | None = None,
    target: Any = None,
    contrast: Any = None,
    position: Any = None,
) -> Switched:
    """The model's answer without and with the switches of `switched_model`; two passes.

    `target`, `contrast` and `position` say which logit is followed, as in `attribute`. Raises
    `BadInput`, `InputTooLong` or `UnsupportedModel`.
    """
    options: dict[str, Any] = {"heads": heads, "layers": layers, "mlps": mlps, "edges": edges}
    other = switched_model(model, text, **options, edges_cut=edges_cut, text_pair=text_pair)
    request = TargetRequest(target, contrast, position)
    one, two = (ask(each, text, text_pair, request) for each in (model, other))
    with torch.no_grad():
        before, after = (float(one.target.score(each.output)[0]) for each in (one, two))
    return Switched(
        one.prediction,
        two.prediction,
        one.logits,
        two.logits,
        before,
        after,
        one.target.label,
        one.tokens,
        _choices(model, one, two),
        other,
    )


def _choices(model: LoadedModel, one: Any, two: Any) -> pd.DataFrame:
    """The choices with their logits and probabilities before and after."""
    if model.task in VOCABULARY:
        lines = [torch.from_numpy(each.logits) for each in (one, two)]
        best = [line.topk(min(SHOWN, len(line))).indices.tolist() for line in lines]
        kept = list(dict.fromkeys([*best[0], *best[1]]))
        names = [token_name(model, number) for number in kept]
        logits = [line[kept].numpy() for line in lines]
        chances = [line.softmax(-1)[kept].numpy() for line in lines]
    else:
        frames = [each.prediction.to_frame().set_index("label") for each in (one, two)]
        names = list(dict.fromkeys([*frames[0].index, *frames[1].index]))
        logits = [frame["logit"].reindex(names).to_numpy() for frame in frames]
        chances = [frame["probability"].reindex(names).to_numpy() for frame in frames]
    return pd.DataFrame(
        {
            "label": names,
            "logit_before": logits[0],
            "logit_after": logits[1],
            "probability_before": chances[0],
            "probability_after": chances[1],
        }
    )


def attention_change(
    before: LoadedModel, after: LoadedModel, text: Any, text_pair: str | None = None
) -> pd.DataFrame:
    """How far the attention of each head moves: layer, head, change.

    The change is the mean over queries of ½ Σ_j |A_ij − A'_ij| (total variation): 0 for the same
    map, 1 for maps that share no key. Costs two passes.
    """
    one, two = (attention_maps(each, text, text_pair) for each in (before, after))
    moved = np.abs(one.weights.astype(np.float64) - two.weights).sum(-1).mean(-1) / 2
    layers, heads = np.indices(moved.shape).reshape(2, -1)
    numbers = np.asarray(one.layer_numbers)[layers]
    return pd.DataFrame({"layer": numbers, "head": heads, "change": moved.ravel()})
