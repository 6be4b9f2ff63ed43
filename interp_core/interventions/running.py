"""Run a model with parts of its inside replaced, and recompute only what the change can reach.

Everything happens on a copy of the module tree that shares every weight, so other threads may go on
using the model. A pass with a change in layer l takes the outputs of the layers below from a
recording. From there on a linear map is computed for those tokens alone whose input differs from
the recorded one, and in the last layer, after its attention, for those that the answer reads.
Whether that gives what a whole pass gives is tried for every model before it is relied on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn

from interp_core.errors import UnsupportedModel
from interp_core.models.architecture import KINDS, is_linear, stack_parts
from interp_core.models.forward import no_cache, repeated
from interp_core.models.hooks import first, shared_copy

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

MOSTLY = 0.8  # share of changed tokens from which choosing them costs more than it saves


class Call(NamedTuple):
    """One call of an inner module; `after` is the number of the call that followed it."""

    module: nn.Module
    given: Any
    output: Any
    after: int


@dataclass
class Recording:
    """What flowed through one pass over one input.

    `entered` is what the first layer reads, `blocks` are the raw outputs of the layers, `calls[l]`
    those of the inner modules of layer l by the number of the call; `projections[l]`, `mlps[l]` and
    `kinds[l, kind]` are the numbers of the calls that sites name.
    """

    output: Any = None
    entered: Tensor | None = None
    blocks: list[Any] = field(default_factory=list)
    calls: dict[int, dict[int, Call]] = field(default_factory=dict)
    projections: dict[int, int] = field(default_factory=dict)
    mlps: dict[int, int] = field(default_factory=dict)
    kinds: dict[tuple[int, str], int] = field(default_factory=dict)

    def at(self, site: str, layer: int) -> Tensor:
        """The tensor of a site in a layer, as it flowed."""
        if site == "stream":
            return first(self.blocks[layer])
        if site == "heads":
            return self.calls[layer][self.projections[layer]].given
        number = self.mlps[layer] if site == "mlp" else self.kinds[layer, site]
        return first(self.calls[layer][number].output)


@dataclass(frozen=True)
class Change:
    """Rows of one layer in which parts of a site come from another recording.

    `mask` (rows, n, parts) says which; `also` are masks of other sites, for the same rows. `reads`
    (n,) are the tokens of the last layer that the answer depends on; None for all. Without
    `shortcut` everything is computed.
    """

    site: str
    layer: int
    mask: Tensor
    base: Recording
    source: Recording
    shortcut: bool = True
    reads: Tensor | None = None
    also: dict[str, Tensor] = field(default_factory=dict)

    @property
    def masks(self) -> dict[str, Tensor]:
        """The mask of each site that is changed."""
        return {self.site: self.mask, **self.also}

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.mask)

    def number(self, site: str) -> int | None:
        """The number of the call whose output is changed at this site."""
        if site == "mlp":
            return self.base.mlps.get(self.layer)
        return self.base.kinds.get((self.layer, site))


class _Enough(Exception):
    """Ends a pass whose further layers are not needed."""

    def __init__(self, states: Tensor) -> None:
        super().__init__()
        self.states = states


class Runner:
    """A model that can be recorded and changed. One thread uses it at a time."""

    def __init__(self, model: LoadedModel, inputs: dict[str, Tensor], tokens: int) -> None:
        self.model, self.inputs, self.tokens = model, inputs, tokens
        self.parts = stack_parts(model)
        self.network = shared_copy(model.model)
        modules = dict(self.network.named_modules())
        self.layers = len(self.parts.blocks)
        self._projections = {modules[part.projection] for part in self.parts.attention}
        self._mlps = {modules[path] for path in self.parts.mlps}
        self._part_of = {part.layer: part for part in self.parts.attention}
        self._kinds = {
            (part.layer, kind): modules[path]
            for part in self.parts.attention
            for kind, path in zip(KINDS, part.inputs)
        }
        for block in dict.fromkeys(modules[path] for path in self.parts.blocks):
            inner = [each for each in block.modules() if is_linear(each) or each in self._mlps]
            block.forward = partial(self._block, block.forward)
            for module in inner:
                module.forward = partial(self._inner, module, module.forward)
        self._record: Recording | None = None
        self._change: Change | None = None
        self._layer: int | None = None
        self._blocks_seen = self._calls_seen = 0
        self._compared: tuple[Tensor | None, Tensor | None] = (None, None)
        self._spread = self._ends = False

    def record(self, inputs: dict[str, Tensor] | None = None, **options: Any) -> Recording:
        """One pass over one input, by default the runner's own, with all that flowed."""
        self._record = found = Recording()
        try:
            found.output = self._run(inputs or self.inputs, **options)
        finally:
            self._record = None
        if self._blocks_seen != self.layers:
            kind = self.model.model.config.model_type
            raise UnsupportedModel(
                f"{kind} models do not run their layers one after the other, each once: nothing "
                "inside can be changed here."
            )
        return found

    def run(self, change: Change, **options: Any) -> Any:
        """The model's output for each row of the change."""
        self._change = change
        try:
            return self._run(repeated(self.inputs, change.rows), **options)
        finally:
            self._change = None

    def states(self, change: Change) -> Tensor:
        """What the changed layer gives, (rows, n, d); the layers above are not computed."""
        self._ends = True
        try:
            self.run(change)
        except _Enough as found:
            return found.states.reshape(change.rows, self.tokens, -1)
        finally:
            self._ends = False
        raise AssertionError("the changed layer did not run")

    def _run(self, inputs: dict[str, Tensor], **options: Any) -> Any:
        self._layer, self._blocks_seen = None, 0
        self._compared, self._spread = (None, None), False
        return self.network(**inputs, **no_cache(self.model), **options, return_dict=True)

    def slots(self, site: str, layer: int, tensor: Tensor) -> Tensor:
        """The parts of a site's tensor as a view, (rows, n, parts, width)."""
        shaped = tensor.view(-1, self.tokens, tensor.shape[-1])
        if site in ("stream", "mlp"):
            return shaped.unsqueeze(-2)
        if site == "heads":
            return shaped.unflatten(-1, (self.model.n_heads, -1))
        split = self._part_of[layer].split
        if split == "whole":
            kept = self.model.n_heads if site == "query" else self.model.layout.kv_heads
            return shaped.unflatten(-1, (kept, -1))
        if split == "thirds":
            return shaped.chunk(3, -1)[KINDS.index(site)].unflatten(-1, (self.model.n_heads, -1))
        by_head = shaped.unflatten(-1, (self.model.n_heads, -1))
        return by_head.chunk(3, -1)[KINDS.index(site)]

    def _block(self, original: Callable, *given: Any, **options: Any) -> Any:
        layer, self._blocks_seen = self._blocks_seen, self._blocks_seen + 1
        change = self._change
        here = change is not None and layer == change.layer and "stream" in change.masks
        known = change is not None and (layer < change.layer or (here and not change.also))
        if known and change.shortcut:
            output = _for_rows(change.base.blocks[layer], change.rows)
            return self._patched(change, "stream", output) if here else output
        self._layer, self._calls_seen = layer, 0
        output = original(*given, **options)
        self._layer = None
        if self._record is not None:
            if layer == 0:
                self._record.entered = given[0] if given else options["hidden_states"]
            self._record.blocks.append(output)
        if self._ends and change is not None and layer == change.layer:
            raise _Enough(first(output))
        return self._patched(change, "stream", output) if here else output

    def _inner(self, module: nn.Module, original: Callable, *given: Any, **options: Any) -> Any:
        layer, change, record = self._layer, self._change, self._record
        if layer is None:
            return original(*given, **options)
        number, self._calls_seen = self._calls_seen, self._calls_seen + 1
        here = change is not None and change.layer == layer
        if here and module in self._projections and "heads" in change.masks:
            given = (self._patched(change, "heads", given[0]), *given[1:])
        output = None
        if change is not None and change.shortcut:
            output = self._from_recording(change, layer, number, module, original, given)
        if output is None:
            output = original(*given, **options)
        if record is not None:
            self._note(record, layer, number, module)
            seen = given[0] if given else next(iter(options.values()))
            record.calls[layer][number] = Call(module, seen, output, self._calls_seen)
        for site in change.masks if here else ():
            if number == change.number(site):
                output = self._patched(change, site, output)
        return output

    def _note(self, record: Recording, layer: int, number: int, module: nn.Module) -> None:
        """Which of the calls of a layer are those that sites name; DeBERTa calls some again."""
        record.calls.setdefault(layer, {})
        if module in self._projections:
            record.projections.setdefault(layer, number)
        if module in self._mlps:
            record.mlps[layer] = number
        for kind in KINDS:
            if self._kinds.get((layer, kind)) is module:
                record.kinds.setdefault((layer, kind), number)

    def _from_recording(
        self,
        change: Change,
        layer: int,
        number: int,
        module: nn.Module,
        original: Callable,
        given: tuple,
    ) -> Any:
        """The output of a call, computed for the tokens with another input than was recorded.

        None where the whole call has to be made.
        """
        known = change.base.calls.get(layer, {}).get(number)
        if known is None or known.module is not module:
            return None
        # No row of the others has changed what the MLP reads.
        alone = layer == change.layer and change.masks.keys() <= {"mlp", "stream"}
        if alone and number == change.number("mlp"):
            self._calls_seen = known.after
            return _for_rows(known.output, change.rows)
        if not is_linear(module) or len(given) != 1:
            return None
        x, x0, y0, rows = given[0], known.given, known.output, change.rows
        if x.shape == x0.shape and (rows > 1 or x.shape[-2] != self.tokens):
            return y0 if torch.equal(x, x0) else None  # tables without a part for each row
        if x.numel() != rows * self.tokens * x.shape[-1] or x0.numel() * rows != x.numel():
            return None
        differs = self._differs(change, x, x0)
        if self._feeds_only_itself(change, layer, number):
            reads = change.reads.expand(rows, -1)
            differs = reads if differs is None else differs & reads
        if differs is None:
            return None
        count = int(differs.sum())
        output = y0.view(1, self.tokens, -1).expand(rows, -1, -1)
        if count:
            output = output.clone()
            output[differs] = original(x.reshape(rows, self.tokens, -1)[differs])
        return output.reshape(*x.shape[:-1], -1)

    def _feeds_only_itself(self, change: Change, layer: int, number: int) -> bool:
        """Whether a call of the last layer changes a token's own output alone.

        Those are queries and all after the attention, for the tokens that the answer reads.
        """
        if layer != self.layers - 1 or change.reads is None:
            return False
        if layer not in self._part_of:
            return False
        if number >= change.base.projections[layer]:
            return True
        apart = self._part_of[layer].split == "whole"  # from keys and values
        return apart and number == change.base.kinds[layer, "query"]

    def _differs(self, change: Change, x: Tensor, x0: Tensor) -> Tensor | None:
        """Which tokens (rows, n) have another input than was recorded; None for most of them.

        Once most have, the change has spread: later maps need not be looked at.
        """
        if self._spread:
            return None
        if self._compared[0] is not x:  # query, key and value have one input
            differs = (x.reshape(change.rows, *x0.shape) != x0).any(-1)
            self._compared = (x, differs.view(change.rows, self.tokens))
        differs = self._compared[1]
        self._spread = int(differs.sum()) > MOSTLY * differs.numel()
        return None if self._spread else differs

    def _patched(self, change: Change, site: str, value: Any) -> Any:
        """The output with the parts of the mask from the source."""
        if not isinstance(value, Tensor):
            return type(value)((self._patched(change, site, value[0]), *value[1:]))
        layer = change.layer
        changed = value.clone(memory_format=torch.contiguous_format)
        slots = self.slots(site, layer, changed)
        source = self.slots(site, layer, change.source.at(site, layer))
        mask = change.masks[site].expand(slots.shape[:-1])
        slots[mask] = source.expand_as(slots)[mask]
        return changed


def _for_rows(value: Any, rows: int) -> Any:
    """A recorded output of one input, for that many equal rows."""
    if isinstance(value, Tensor):
        if value.ndim < 3:  # rows and tokens in one dimension (OPT)
            return value.repeat(rows, *[1] * (value.ndim - 1))
        return value.expand(rows, *value.shape[1:]) if value.shape[0] == 1 else value
    if isinstance(value, tuple | list):
        return type(value)(_for_rows(each, rows) for each in value)
    return value
