"""One text in two models: attention maps, attributions and lens, with the signed difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from interp_core.attention.maps import AttentionMaps
from interp_core.attribution.result import Attribution
from interp_core.charted import Charted
from interp_core.compare.naming import apart, match_classes, none_shared
from interp_core.errors import BadInput, UnsupportedModel
from interp_core.interventions.task_lens import CLASSIFIERS, classifier_lens
from interp_core.language.lens import logit_lens

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

LENSES = (*CLASSIFIERS, "causal-lm", "masked-lm")


@dataclass(frozen=True)
class MapComparison(Charted):
    """Maps of one text in two models that read it as the same tokens.

    `first` and `second` (layers, heads, query, key); `layers` are true layer numbers.
    """

    names: tuple[str, str]
    first: np.ndarray
    second: np.ndarray
    layers: tuple[int, ...]
    tokens: tuple[str, ...]

    def table(self, layer: int, head: int) -> pd.DataFrame:
        """One row for each pair of tokens: query_position, key_position, query, key, first, second,
        difference (second − first). Raises `BadInput` for a head that is not there."""
        if layer not in self.layers or not 0 <= head < self.first.shape[1]:
            raise BadInput(f"There is no head {head} in layer {layer}.")
        place = self.layers.index(layer)
        one, two = self.first[place, head], self.second[place, head]
        query, key = np.indices(one.shape).reshape(2, -1)
        names = np.array(self.tokens, dtype=object)
        return pd.DataFrame(
            {
                "query_position": query,
                "key_position": key,
                "query": names[query],
                "key": names[key],
                "first": one.ravel().astype(float),
                "second": two.ravel().astype(float),
                "difference": (two - one).ravel().astype(float),
            }
        )

    def heads(self) -> pd.DataFrame:
        """Columns layer, head, difference: mean over queries of Σ |second − first| / 2.

        That is the share of attention that goes elsewhere (total variation distance, 0 to 1).
        """
        moved = np.abs(self.second - self.first).sum(-1).mean(-1) / 2
        layers, heads = moved.shape
        return pd.DataFrame(
            {
                "layer": np.repeat(self.layers, heads),
                "head": np.tile(np.arange(heads), layers),
                "difference": moved.ravel().astype(float),
            }
        )


def compare_maps(
    first: AttentionMaps, second: AttentionMaps, names: tuple[str, str] = ("first", "second")
) -> MapComparison:
    """The maps of one text side by side: `MapComparison`.

    Raises `BadInput` where the two are not of the same tokens, or differ in layers or heads.
    """
    if list(first.tokens) != list(second.tokens):
        raise BadInput(
            "The two models read this text as different tokens, so their maps have no cells in "
            "common. Compare representations or answers."
        )
    if first.weights.shape != second.weights.shape or first.layer_numbers != second.layer_numbers:
        raise BadInput(
            "The models differ in the number of layers or heads, so their maps cannot be matched. "
            "Compare representations or answers."
        )
    return MapComparison(
        (names[0], names[1]),
        first.weights,
        second.weights,
        first.layer_numbers,
        tuple(first.tokens),
    )


def attribution_difference(first: Attribution, second: Attribution) -> pd.DataFrame:
    """One row for each word: place, word, first, second, difference (second − first).

    Raises `BadInput` where the two texts do not have the same words.
    """
    one, two = first.by_word(), second.by_word()
    if list(one.tokens) != list(two.tokens):
        raise BadInput("The two models read different words here, so scores cannot be subtracted.")
    return pd.DataFrame(
        {
            "place": np.arange(len(one.tokens)),
            "word": list(one.tokens),
            "first": one.scores,
            "second": two.scores,
            "difference": two.scores - one.scores,
        }
    )


def compare_lens(
    first: LoadedModel, second: LoadedModel, text: str, *, position: int | None = None
) -> pd.DataFrame:
    """What each model would answer after each layer.

    Columns model (its name), layer, depth (0 to 1), label, probability, and where both have as many
    layers difference (second − first, in the rows of the second).

    Classifiers: every class that both have, in the names of the first (matched as in
    `compare_answers`; what was assumed stands in `attrs["notes"]`), by their own task heads
    (`classifier_lens`); `position` chooses the token where tokens are labelled. Language models:
    the model's own answer at `position` (the last token without it), by the logit lens; the
    difference is given where both answer the same. Raises `BadInput` and `UnsupportedModel`.
    """
    sides = [_lens(model, text, position) for model in (first, second)]
    notes: tuple[str, ...] = ()
    if first.task in CLASSIFIERS:
        match = match_classes(first.labels, second.labels)
        back = {found: name for name, found in match.mapping.items() if found is not None}
        if not back:
            raise BadInput(none_shared(first.name, second.name, first.labels, second.labels))
        sides[1] = sides[1].assign(label=sides[1]["label"].map(back))
        shared, notes = set(back.values()), match.notes
        sides = [side[side["label"].isin(shared)].reset_index(drop=True) for side in sides]
    frames = []
    for name, side in zip(apart(first.name, second.name), sides):
        depth = side["layer"] / max(int(side["layer"].max()), 1)
        frames.append(side.assign(model=name, depth=depth))
    frames[1] = _with_difference(*frames)
    frames[0] = frames[0].assign(difference=np.nan)
    columns = ["model", "layer", "depth", "label", "probability", "difference"]
    table = pd.concat(frames, ignore_index=True)[columns]
    table.attrs["notes"] = list(notes)
    return table


def _with_difference(one: pd.DataFrame, two: pd.DataFrame) -> pd.DataFrame:
    if one["layer"].max() != two["layer"].max():
        return two.assign(difference=np.nan)
    known = one.set_index(["layer", "label"])["probability"]
    before = known.reindex(pd.MultiIndex.from_frame(two[["layer", "label"]])).to_numpy()
    return two.assign(difference=two["probability"].to_numpy() - before)


def _lens(model: LoadedModel, text: str, position: int | None) -> pd.DataFrame:
    """layer, label, probability."""
    if model.task in CLASSIFIERS:
        return classifier_lens(model, text, position=position)[["layer", "label", "probability"]]
    if model.task not in LENSES:
        raise UnsupportedModel(
            f"{model.name!r} has no task head that a lens could use. Choose two classifiers or two "
            "language models."
        )
    places: Sequence[int] = [-1 if position is None else position]
    frame = logit_lens(model, text, positions=places).to_frame()
    return frame.rename(columns={"answer": "label"}).assign(
        probability=frame["answer_probability"]
    )[["layer", "label", "probability"]]
