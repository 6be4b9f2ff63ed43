"""Each head's part of the matrices of two models, and the order in which the heads stand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from interp_core.compare.change import FIGURES, ROLES, change_figures, change_row
from interp_core.compare.permutation import match_heads
from interp_core.errors import UnsupportedModel
from interp_core.models.architecture import input_by_output, is_linear, stack_parts

if TYPE_CHECKING:
    from interp_core.models.architecture import AttentionPart
    from interp_core.models.record import LoadedModel

HEAD_COLUMNS = ("layer", "head", "matched", "matrix", *FIGURES)


@dataclass(frozen=True)
class HeadParts:
    """Where both models keep the heads of each layer, in the same way."""

    parts: tuple[AttentionPart, ...]
    modules: tuple[dict[str, nn.Module], dict[str, nn.Module]]
    prefix: str
    heads: int
    kv_heads: int

    @classmethod
    def of(cls, first: LoadedModel, second: LoadedModel) -> HeadParts | None:
        """None where it is not known, or where the two differ in it."""
        try:
            found = [stack_parts(each).attention for each in (first, second)]
        except UnsupportedModel:
            return None
        prefixes = [f"{each.model.base_model_prefix}." for each in (first, second)]
        plain = [
            [(p.layer, p.projection.removeprefix(x), p.split) for p in parts]
            for parts, x in zip(found, prefixes)
        ]
        sizes = [(each.layout.heads, each.layout.kv_heads) for each in (first, second)]
        if plain[0] != plain[1] or sizes[0] != sizes[1]:
            return None
        modules = tuple(_short(each.model, x) for each, x in zip((first, second), prefixes))
        made = cls(tuple(found[0]), modules, prefixes[0], *sizes[0])
        return made if made.fits() else None

    def fits(self) -> bool:
        """Whether all maps are linear, of equal shapes, and divide into heads."""
        for name in self.paths:
            pair = [modules.get(name) for modules in self.modules]
            if any(each is None or not is_linear(each) for each in pair):
                return False
            if pair[0].weight.shape != pair[1].weight.shape:
                return False
        try:
            return all(len(self.slices(0, part)) == 4 for part in self.parts)
        except (RuntimeError, ValueError):
            return False

    @property
    def paths(self) -> list[str]:
        """The paths of all maps, below the base model."""
        names = (name for part in self.parts for name in (*part.inputs, part.projection))
        return list(dict.fromkeys(name.removeprefix(self.prefix) for name in names))

    @property
    def roles(self) -> set[str]:
        """The parameters that are compared here."""
        named = {f"{path}.weight" for path in self.paths}
        inputs = {name.removeprefix(self.prefix) for part in self.parts for name in part.inputs}
        biased = {name for name in inputs if self._bias(0, name) is not None}
        return named | {f"{name}.bias" for name in biased}

    def _bias(self, side: int, path: str) -> Tensor | None:
        biases = [getattr(modules[path], "bias", None) for modules in self.modules]
        return None if any(each is None for each in biases) else biases[side].detach()

    def slices(self, side: int, part: AttentionPart) -> dict[str, Tensor]:
        """Each head's part of the four matrices: (heads, d, head size), of a role.

        Query heads have one each; groups of them share keys and values.
        """
        modules = self.modules[side]
        paths = [name.removeprefix(self.prefix) for name in part.inputs]
        made = self._split(part, [input_by_output(modules[name]).detach() for name in paths])
        output = input_by_output(modules[part.projection.removeprefix(self.prefix)]).detach()
        made["output"] = output.unflatten(0, (self.heads, -1))
        return made

    def biases(self, side: int, part: AttentionPart) -> dict[str, Tensor]:
        """Each head's part of the biases of query, key and value, (heads, 1, head size)."""
        found = [self._bias(side, name.removeprefix(self.prefix)) for name in part.inputs]
        if any(each is None for each in found):
            return {}
        return self._split(part, [each[None] for each in found])

    def _split(self, part: AttentionPart, maps: list[Tensor]) -> dict[str, Tensor]:
        """Query, key and value of each head from what three modules (or one three times) hold,
        each (rows, outputs)."""
        if part.split == "thirds":
            maps = list(maps[0].chunk(3, -1))
        elif part.split == "by_head":
            heads = maps[0].unflatten(-1, (self.heads, -1)).chunk(3, -1)
            maps = [each.flatten(-2) for each in heads]
        counts = (self.heads, self.kv_heads, self.kv_heads)
        return {
            role: weights.unflatten(-1, (count, -1)).movedim(-2, 0)
            for role, weights, count in zip(ROLES, maps, counts)
        }

    def compared(
        self, tell: Callable[[float], object]
    ) -> tuple[list[tuple], pd.DataFrame, np.ndarray]:
        """Rows of the matrices, the table of the heads, and the order of the heads."""
        rows, heads, orders = [], [], []
        for number, part in enumerate(self.parts):
            one, two = self.slices(0, part), self.slices(1, part)
            order, groups = self._order(one, two)
            orders.append(order)
            paths = dict(zip(ROLES, (*part.inputs, part.projection)))
            paths = {role: path.removeprefix(self.prefix) for role, path in paths.items()}
            for role in ROLES:
                chosen = torch.as_tensor(order if len(one[role]) == self.heads else groups)
                other = two[role][chosen]
                name = f"{paths[role]}.weight"
                rows.append(
                    change_row(part.layer, role, name, _flat(role, one), _flat(role, two, chosen))
                )
                for head in range(self.heads):
                    at = head if len(one[role]) == self.heads else self._group(head)
                    figures = change_figures(one[role][at], other[at])
                    heads.append((part.layer, head, int(order[head]), role, *figures))
            held = self.biases(0, part), self.biases(1, part)
            for role, values in held[0].items():
                chosen = torch.as_tensor(order if len(values) == self.heads else groups)
                pair = (values.flatten(), held[1][role][chosen].flatten())
                rows.append(change_row(part.layer, f"{role}.bias", f"{paths[role]}.bias", *pair))
            tell((number + 1) / len(self.parts))
        return rows, pd.DataFrame(heads, columns=HEAD_COLUMNS), np.array(orders)

    def _group(self, head: int) -> int:
        return head * self.kv_heads // self.heads

    def _order(self, one: dict[str, Tensor], two: dict[str, Tensor]) -> tuple:
        """The heads of the second model in the order of the first, and the same for groups."""
        usual = np.arange(self.heads), np.arange(self.kv_heads)
        vectors = [self._vectors(each) for each in (one, two)]
        order = match_heads(_distances(*vectors))
        groups = np.full(self.kv_heads, -1)
        for head, other in enumerate(order):
            group = self._group(head)
            if groups[group] not in (-1, self._group(other)):
                return usual  # heads that share keys and values must stay together
            groups[group] = self._group(other)
        return order, groups

    def _vectors(self, parts: dict[str, Tensor]) -> Tensor:
        """All that belongs to each head in one row, (heads, n) float64."""
        picks = torch.tensor([self._group(head) for head in range(self.heads)])
        rows = [
            (each if len(each) == self.heads else each[picks]).double().flatten(1)
            for each in parts.values()
        ]
        return torch.cat(rows, 1)


def _distances(one: Tensor, two: Tensor) -> np.ndarray:
    """Squared distances of all rows, (n, n): exact where two rows are equal."""
    return np.array([(one[i] - two).square().sum(1).cpu().numpy() for i in range(len(one))])


def _flat(role: str, parts: dict[str, Tensor], order: Tensor | None = None) -> Tensor:
    """The heads' parts as one matrix (outputs, inputs) again, in this order."""
    held = parts[role] if order is None else parts[role][order]
    return held.flatten(0, 1).T if role == "output" else held.movedim(0, -2).flatten(-2).T


def _short(network: nn.Module, prefix: str) -> dict[str, nn.Module]:
    return {name.removeprefix(prefix): module for name, module in network.named_modules()}
