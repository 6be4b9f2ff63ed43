"""Texts and tokens that are typical of one head."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from interp_core.errors import BadInput
from interp_core.heads.attention_hook import attention_hook, stream_weights
from interp_core.heads.measure import NAMES, layer_values, received
from interp_core.heads.patterns import AllowedKeys
from interp_core.inputs.batching import PaddedBatch, TokenizedText, collate, plan_batches, tokenize
from interp_core.inputs.vocabulary import is_byte_level, readable
from interp_core.validation import renamed

if TYPE_CHECKING:
    from torch import Tensor

    from interp_core.heads.record import HeadStatistics
    from interp_core.models.record import LoadedModel

JUDGED = (
    "entropy_normalised",
    "confidence",
    "distance",
    "share_self",
    "share_previous",
    "share_next",
    "share_first",
    "share_separator",
    "share_punctuation",
)
SHOWN = 10
SEEN_OFTEN = 3  # texts a token must be in before its mean counts


def typical_texts(
    model: LoadedModel, texts: Sequence[str], statistics: HeadStatistics, layer: int, head: int
) -> pd.DataFrame:
    """Columns text, deviation, and the head's statistics in that text; the most typical first.

    The deviation is the root mean square of (value − mean) / standard deviation over nine
    statistics: about 1 for an ordinary text. Texts that cannot be read are left out.
    """
    number = _row(model, layer, head)
    places = [NAMES.index(name) for name in JUDGED]
    mean = statistics.moments.means[number, head, places]
    spread = statistics.moments.deviations[number, head, places]
    usable = spread > 0
    if not usable.any():
        raise BadInput("Typical texts need statistics of at least two different texts.")
    rows = []
    for batch, read, sight, weights in _looked(model, texts, number):
        nothing = weights.new_zeros(len(weights), 0, weights.shape[-1])
        values = layer_values(weights[:, [head]], sight, nothing, 1.0).values
        for place, row in enumerate(batch.rows):
            found = values[place, 0, places]
            steps = ((found - mean)[usable] / spread[usable]) ** 2
            rows.append((read[row].text, float(np.sqrt(np.nanmean(steps))), *found))
    frame = pd.DataFrame(rows, columns=["text", "deviation", *JUDGED])
    return frame.sort_values("deviation", kind="stable", ignore_index=True)


@renamed(most="limit")
def typical_tokens(
    model: LoadedModel, texts: Sequence[str], layer: int, head: int, *, limit: int = SHOWN
) -> pd.DataFrame:
    """Columns token, received, count: tokens to which the head gives most, special ones too.

    `received` is the mean attention that the token gets from the queries that may see it, times
    the number of tokens: 1 is the even share. Tokens seen fewer than three times are left out
    where others are left.
    """
    number = _row(model, layer, head)
    rows = []
    for batch, read, sight, weights in _looked(model, texts, number):
        gets = received(weights[:, [head]], sight)[:, 0].cpu().numpy()
        for place, row in enumerate(batch.rows):
            each = read[row]
            rows += zip(each.ids.tolist(), gets[place, : len(each)] * len(each))
    table = pd.DataFrame(rows, columns=["id", "received"]).groupby("id")["received"]
    table = table.agg(received="mean", count="size").reset_index()
    often = table[table["count"] >= SEEN_OFTEN]
    table = (often if len(often) else table).nlargest(limit, "received")
    byte_level = is_byte_level(model.tokenizer)
    names = model.tokenizer.convert_ids_to_tokens(table.pop("id").tolist())
    table.insert(0, "token", [readable(str(name), byte_level=byte_level) for name in names])
    return table.reset_index(drop=True)


def _row(model: LoadedModel, layer: int, head: int) -> int:
    layers = model.layout.attention_layers
    if layer not in layers or not 0 <= head < model.n_heads:
        raise BadInput(f"There is no head {head} in a layer {layer} with attention.")
    return layers.index(layer)


def _looked(
    model: LoadedModel, texts: Sequence[str], number: int
) -> Iterator[tuple[PaddedBatch, list[TokenizedText], AllowedKeys, Tensor]]:
    """Each batch with one layer's weights."""
    read = [each for each in tokenize(model, texts) if isinstance(each, TokenizedText)]
    layer = model.layout.attention_layers[number]
    for rows in plan_batches([len(each) for each in read], padding=attention_hook(model).padding):
        batch = collate(model, read, rows)
        sight = AllowedKeys(batch, model.layout.causal, model.layout.windows[layer])
        kept: list[Tensor] = []
        stream_weights(
            model, batch.inputs, lambda k, w, kept=kept: kept.append(w) if k == number else None
        )
        yield batch, read, sight, kept[0]
