"""Tables behind the pictures of language models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from interp_core.validation import check_position, renamed

if TYPE_CHECKING:
    from interp_core.language.direct_attribution import LogitAttribution
    from interp_core.language.generation import Generation
    from interp_core.language.lens import LogitLens

MLP = "MLP"


@renamed(place="position")
def with_own_token(expected: pd.DataFrame, read: pd.DataFrame, position: int) -> pd.DataFrame:
    """What `next_tokens` lists, with the token that stands in the text at `position`.

    `read` is the table of `surprisal`. `in_text` marks the token; where it is not among those
    listed it is a further row, without a logit. Beyond the end, and where nothing was predicted,
    nothing is marked.
    """
    shown = expected.assign(in_text=False)
    if position >= len(read) or np.isnan(read["rank"].iloc[position]):
        return shown
    own = read.iloc[position]
    shown["in_text"] = shown["id"] == own["id"]
    if shown["in_text"].any():
        return shown
    row = {name: own[name] for name in ("token", "id", "probability", "rank")}
    return pd.concat([shown, pd.DataFrame([{**row, "in_text": True}])], ignore_index=True)


def answer_path(lens: LogitLens, position: int) -> pd.DataFrame:
    """One position through the layers: layer, best token, and the fate of the final answer."""
    lens.column(position)  # refuses a position that was not read
    frame = lens.to_frame()
    rows = frame[frame["position"] == position].drop(columns=["position", "token"])
    return rows.reset_index(drop=True)


def logit_map(found: LogitAttribution) -> pd.DataFrame:
    """What each head and MLP adds: layer, unit ("0", "1", …, "MLP"), value; biases left out."""
    kept = found.parts[found.parts["kind"].isin(["head", "mlp"])]
    names = [MLP if pd.isna(head) else str(head) for head in kept["head"]]
    frame = pd.DataFrame(
        {"layer": kept["layer"].astype(int), "unit": names, "value": kept["value"]}
    )
    return frame.reset_index(drop=True)


def step_table(found: Generation, step: int) -> pd.DataFrame:
    """The best tokens of one step and the one that was written, best first.

    Columns token, id, logit, probability, rank, chosen; the written one has no logit where it is
    not among the best.
    """
    place = check_position(step, len(found.tokens))
    best = found.alternatives
    rows = best[best["step"] == place].drop(columns="step").reset_index(drop=True)
    if rows["chosen"].any():
        return rows
    own = found.to_frame().iloc[[place]][["token", "id", "probability", "rank"]]
    return pd.concat([rows, own.assign(chosen=True)], ignore_index=True)


def reading_heads(found: Generation, step: int) -> pd.DataFrame:
    """What each head read when a token was chosen: layer, head, beyond, sharpest.

    `beyond` is the share of its attention beyond the first token, where many heads rest;
    `sharpest` its largest weight between the first token and the last two, of more than four keys.
    """
    row = _row(found, step)
    rows = found.maps.weights[:, :, row, : row + 1]  # (layers, heads, key)
    layer, head = np.indices(rows.shape[:2]).reshape(2, -1)
    return pd.DataFrame(
        {
            "layer": np.asarray(found.maps.layer_numbers)[layer],
            "head": head,
            "beyond": (1 - rows[..., 0]).ravel(),
            "sharpest": (rows[..., 1:-2] if row > 3 else rows).max(-1).ravel(),
        }
    )


def tokens_read(found: Generation, step: int, layer: int, head: int) -> pd.DataFrame:
    """What one head read when a token was chosen: position, token, weight."""
    row = _row(found, step)
    weights = found.maps.head(layer, head)[row, : row + 1]
    tokens = list(found.maps.tokens[: row + 1])
    return pd.DataFrame({"position": np.arange(row + 1), "token": tokens, "weight": weights})


def _row(found: Generation, step: int) -> int:
    """The query whose output chose the token of this step (from 0). Raises `BadInput`."""
    return found.prompt + check_position(step, len(found.tokens)) - 1
