"""Activation patching: put a part of one run into another, and see whether the answer follows.

Meng et al. 2022 (arXiv 2202.05262), Wang et al. 2022 (arXiv 2211.00593). The first-order estimate
is attribution patching (Nanda 2023; Syed et al. 2023, arXiv 2310.10348).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from interp_core.attribution.tables import rank_correlation
from interp_core.attribution.targets import TargetRequest
from interp_core.charted import Charted
from interp_core.errors import BadInput
from interp_core.interventions.effects import estimated_effects, exact_effects
from interp_core.interventions.pairs import check_same_length
from interp_core.interventions.question import encode_question
from interp_core.interventions.recorded_pair import RecordedPair
from interp_core.validation import check_position

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

SITES = {
    "stream": "Residual stream after each layer, by position",
    "heads": "Heads, at all positions",
    "mlp": "MLPs, by position",
    "heads_by_position": "Heads, by position",
    "query": "Queries of each head, at all positions",
    "key": "Keys of each head, at all positions",
    "value": "Values of each head, at all positions",
    "mlps": "MLPs, at all positions",
}
DIRECTIONS = ("restore", "destroy")
METHODS = ("exact", "gradient")


@dataclass(frozen=True)
class Patching(Charted):
    """Effects of patching one part after the other.

    `effects` is (layers, positions) for the residual stream and MLPs, (layers, heads) for heads,
    queries, keys and values, (layers, heads, positions) for heads by position, (layers,) for whole
    MLPs. 0 is the run that is patched, 1 the one that the part comes from: with "restore" parts of
    the clean run go into the changed one, with "destroy" the other way round. `together` (layers,)
    is the effect of all parts of a layer at once, None for the estimate. `clean` and `corrupt` are
    the two values of the measure. `layers` are the true numbers; `places` the positions of each
    column. Heads that share keys and values (grouped queries) share their effect.
    """

    effects: np.ndarray
    together: np.ndarray | None
    clean: float
    corrupt: float
    site: str
    direction: str
    method: str
    measure: str
    label: str
    layers: tuple[int, ...]
    clean_tokens: tuple[str, ...]
    corrupt_tokens: tuple[str, ...]
    places: tuple[tuple[int, ...], ...]

    @property
    def changed(self) -> tuple[int, ...]:
        """Positions at which the two inputs have different tokens."""
        pairs = enumerate(zip(self.clean_tokens, self.corrupt_tokens))
        return tuple(place for place, (one, other) in pairs if one != other)

    def names(self) -> list[str]:
        """What each column of positions is called: number and clean token, changed → other."""
        return [self._name(place) for place in self.places]

    def _name(self, places: tuple[int, ...]) -> str:
        if len(places) > 1:
            ends: tuple[Any, ...] = (places[0], places[-1])
            if places[-1] - places[0] >= len(places):  # a region of a picture
                ends = tuple(self.clean_tokens[place] for place in ends)
            return f"{ends[0]}–{ends[-1]} ({len(places)})"
        (place,) = places
        one, other = self.clean_tokens[place], self.corrupt_tokens[place]
        return f"{place}: {one}" if one == other else f"{place}: {one} / {other}"

    def to_frame(self) -> pd.DataFrame:
        """One row for each patch: layer, head and position where they apply, token, effect."""
        index = np.indices(self.effects.shape).reshape(self.effects.ndim, -1)
        frame = pd.DataFrame({"layer": np.asarray(self.layers)[index[0]]})
        if self.site not in ("stream", "mlp", "mlps"):
            frame["head"] = index[1]
        if self.site in ("stream", "mlp", "heads_by_position"):
            frame["position"] = [self.places[column][0] for column in index[-1]]
            frame["token"] = np.asarray(self.names(), dtype=object)[index[-1]]
        return frame.assign(effect=self.effects.ravel())


def patch(
    model: LoadedModel,
    clean: Any,
    corrupt: Any,
    *,
    site: str = "stream",
    target: Any = None,
    contrast: Any = None,
    position: Any = None,
    measure: str = "logit",
    direction: str = "restore",
    method: str = "exact",
    positions: Sequence[int | Sequence[int]] | None = None,
    text_pair: str | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Patching:
    """The effect of every part of one site, (F(patched) − F(base)) / (F(source) − F(base)).

    `clean` and `corrupt` are two texts of as many tokens (or pairs of texts as tuples, or two
    pictures). F is the logit of `target`, its difference to that of `contrast`, or with
    measure="probability" the probability; without a target, that of the clean text's own answer.
    `direction` "restore" puts clean parts into the changed run, "destroy" changed parts into the
    clean one. `positions` limits the columns; a sequence in it is a group that is patched together
    (a word, or a region of a picture). method="gradient" estimates all effects by one backward pass
    to first order. In encoder-decoder models the parts are those of the encoder. The sites are
    "stream", "heads", "mlp", "heads_by_position", "query", "key", "value" and "mlps".

    An exact patch of layer l computes only what it can change: layers below l are those of the
    recorded run, and parts that are equal in both runs have the effect 0 without a pass.

    Raises `BadInput` for texts of different lengths or that hardly differ in F, `InputTooLong`,
    `UnsupportedModel`, `Stopped`.
    """
    options: dict[str, Any] = {"target": target, "contrast": contrast, "position": position}
    options |= {"measure": measure}
    options |= {"direction": direction, "method": method, "positions": positions}
    pair = {"text_pair": text_pair, "progress": progress}
    return patch_sites(model, clean, corrupt, (site,), **options, **pair)[site]


def patch_sites(
    model: LoadedModel,
    clean: Any,
    corrupt: Any,
    sites: Sequence[str],
    *,
    target: Any = None,
    contrast: Any = None,
    position: Any = None,
    measure: str = "logit",
    direction: str = "restore",
    method: str = "exact",
    positions: Sequence[int | Sequence[int]] | None = None,
    text_pair: str | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> dict[str, Patching]:
    """`patch` for several sites, which share the two recorded runs. Raises the same."""
    _check("site", sites, SITES)
    _check("direction", (direction,), DIRECTIONS)
    _check("method", (method,), METHODS)
    one, two = (encode_question(model, given, text_pair) for given in (clean, corrupt))
    check_same_length(one.sequence, two.sequence)
    pair = RecordedPair(
        model, one, two, TargetRequest(target, contrast, position), measure, direction
    )
    groups = _groups(positions, len(one.sequence))
    sites = list(dict.fromkeys(sites))
    work = estimated_effects if method == "gradient" else exact_effects
    tokens, found = (one.sequence.tokens, two.sequence.tokens), {}
    for site, (effects, together) in work(pair, sites, groups, progress).items():
        about = (site, direction, method, measure, pair.label, pair.layers(site))
        found[site] = Patching(effects, together, *pair.values, *about, *tokens, groups)
    return found


def patching_agreement(exact: Patching, estimate: Patching) -> dict[str, float]:
    """Correlation (Pearson) and rank correlation (Spearman) of two sets of effects.

    Raises `BadInput` for effects of different shape.
    """
    one, two = exact.effects.ravel(), estimate.effects.ravel()
    if exact.effects.shape != estimate.effects.shape:
        raise BadInput("The two results have different parts: they cannot be compared.")
    flat = min(one.std(), two.std()) == 0
    pearson = float("nan") if flat else float(np.corrcoef(one, two)[0, 1])
    return {"correlation": pearson, "rank_correlation": rank_correlation(one, two)}


def _check(name: str, given: Sequence[str], known: Sequence[str]) -> None:
    for value in given:
        if value not in known:
            raise BadInput(f"{name} must be one of {', '.join(known)}, not {value!r}.")


def _groups(
    positions: Sequence[int | Sequence[int]] | None, tokens: int
) -> tuple[tuple[int, ...], ...]:
    if positions is None:
        return tuple((place,) for place in range(tokens))
    listed = [each if isinstance(each, Sequence) else (each,) for each in positions]
    if not listed or not all(listed):
        raise BadInput("`positions` is empty. Leave it out to patch every position.")
    return tuple(tuple(check_position(place, tokens) for place in each) for each in listed)
