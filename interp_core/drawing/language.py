"""What a language model predicts as pictures: tokens, layers, the parts of a logit, a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from interp_core.attention.maps import AttentionMaps
from interp_core.charts.heatmaps import token_keys
from interp_core.charts.interventions import before_and_after
from interp_core.charts.language import EXPECTED, copies, expected, fate, lens_grid, waterfall
from interp_core.charts.lines import token_lines
from interp_core.charts.offline import offline
from interp_core.drawing.attention import heatmap
from interp_core.drawing.units import NAMED, unit_chart
from interp_core.errors import BadInput
from interp_core.inputs.vocabulary import SPACE
from interp_core.interventions.steering import Steering
from interp_core.language.direct_attribution import LogitAttribution
from interp_core.language.generation import Generation
from interp_core.language.lens import LogitLens
from interp_core.language.tables import (
    MLP,
    answer_path,
    logit_map,
    reading_heads,
    step_table,
    tokens_read,
)

OWN, WRITTEN = "token in the text", "generated"
FULL = 16.0  # bits of full shade: one among 65,536
LISTED = 300  # tokens of a shaded text
ROWS = 17  # layers in one screen
WINDOW = 12  # positions side by side: more would leave no room for words
DOT = "·"  # for a space: a line of them looks like crossed-out words
PROMPT_SHOWN = 40  # last tokens of the prompt before a continuation
CONTEXT_SHOWN = 120  # tokens that a head read
PARTS = 12  # parts of a logit with a bar of their own
STEERED = 8  # tokens with bars
LINES = {
    "answer_rank": "Rank",
    "answer_probability": "Probability",
    "divergence": "KL from final (bits)",
}


def next_tokens(table: pd.DataFrame) -> Any:
    """The most likely tokens; one that stands in the text (see `with_own_token`) is dashed."""
    own = table["in_text"] if "in_text" in table else np.zeros(len(table), dtype=bool)
    return offline(expected(table.assign(kind=np.where(own, OWN, EXPECTED))))


def surprisal(table: pd.DataFrame, *, first: int = 0) -> Any:
    """A text shaded by surprisal, at most 300 tokens from `first` on."""
    part = table.iloc[first : first + LISTED]
    bits = part["surprisal"]
    drawn = pd.DataFrame(
        {
            "token": part["token"],
            "strength": (bits.fillna(0) / FULL).clip(0, 1),
            "note": ["" if np.isnan(each) else f"{each:.1f}" for each in bits],
        }
    )
    return offline(token_lines(drawn, title="surprisal (bits)"))


def copy_surprisal(table: pd.DataFrame) -> Any:
    """Surprisal in both copies of a repeated sequence."""
    return offline(copies(table))


def logit_lens(
    found: LogitLens,
    *,
    positions: Sequence[int] | None = None,
    chosen: tuple[int, int] | None = None,
) -> Any:
    """The top token of each layer and position; by default of the last twelve positions.

    `chosen` (layer, position) is framed. Of many layers every second or third is drawn.
    """
    shown: Any = found.positions[-WINDOW:] if positions is None else positions
    return offline(lens_grid(lens_cells(found, shown, chosen)))


def lens_cells(
    found: LogitLens, positions: Sequence[int], chosen: tuple[int, int] | None
) -> pd.DataFrame:
    """The cells of `logit_lens`. Raises `BadInput` where none of the positions was read."""
    frame = found.to_frame()
    inside = frame[frame["position"].isin(list(positions))]
    if inside.empty:
        raise BadInput("None of these positions was read. Ask the lens for them.")
    depth, place = (-1, -1) if chosen is None else chosen
    last, every = int(frame["layer"].max()), thinned(frame["layer"].nunique())
    kept = (last - inside["layer"]) % every == 0
    inside = inside[kept | (inside["layer"] == depth)]
    names = [name.replace(SPACE, DOT) for name in token_keys(found.tokens)]
    return inside.assign(
        best=inside["best"].str.replace(SPACE, DOT),
        answer=inside["answer"].str.replace(SPACE, DOT),
        key=[names[at] for at in inside["position"]],
        chosen=(inside["layer"] == depth) & (inside["position"] == place),
    )


def thinned(layers: int) -> int:
    """1 where all layers are drawn, 2 where every other one is: more rows than fit a screen."""
    return -(-layers // ROWS)


def lens_cell(found: LogitLens, layer: int = -1, position: int | None = None) -> Any:
    """The top tokens after one layer at one position, by default the last ones."""
    position = int(found.positions[-1]) if position is None else position
    return offline(expected(found.at(layer, position).assign(kind=EXPECTED)))


def lens_path(found: LogitLens, position: int | None = None, quantity: str = "answer_rank") -> Any:
    """The final prediction at one position by layer: its "answer_rank", "answer_probability", or
    the "divergence" from the last layer. Raises `BadInput` for another quantity."""
    if quantity not in LINES:
        raise BadInput(f"Unknown quantity {quantity!r}. Choose one of: {', '.join(LINES)}.")
    position = int(found.positions[-1]) if position is None else position
    path, ranks = answer_path(found, position), quantity == "answer_rank"
    return offline(fate(path, value=quantity, title=LINES[quantity], logarithmic=ranks))


def logit_attribution(found: LogitAttribution) -> Any:
    """The largest parts of the logit, the rest together, and their sum."""
    return offline(waterfall(logit_steps(found.parts), title=f"{logit_named(found)} (cumulative)"))


def logit_parts(found: LogitAttribution, chosen: str | None = None) -> Any:
    """What each head and MLP adds, by layer; `chosen` is framed: "3.5", or "3.MLP"."""
    title = f"contribution to {logit_named(found)}"
    return offline(unit_chart(logit_map(found), title, signed=True, chosen=chosen))


def logit_named(found: LogitAttribution) -> str:
    """What the parts add up to."""
    return "logit" if found.contrast is None else "logit difference"


def logit_steps(parts: pd.DataFrame) -> pd.DataFrame:
    """The largest parts, the rest together, and the sum: part, start, end, value, kind."""
    order = parts.reindex(parts["value"].abs().sort_values(ascending=False).index)
    top, rest = order.head(PARTS), order.iloc[PARTS:]
    rows = [(_row_name(row), row.value) for row in top.itertuples()]
    if len(rest):
        rows.append((f"{len(rest):,} other components", float(rest["value"].sum())))
    frame = pd.DataFrame(rows, columns=["part", "value"])
    frame["end"] = frame["value"].cumsum()
    frame["start"] = frame["end"] - frame["value"]
    frame["kind"] = ["adds" if value >= 0 else "lowers" for value in frame["value"]]
    total = float(frame["value"].sum())
    whole = {"part": "sum", "start": 0.0, "end": total, "value": total, "kind": "sum"}
    return pd.concat([frame, pd.DataFrame([whole])], ignore_index=True)


def _row_name(row: Any) -> str:
    if row.kind == "head":
        return part_name(row.layer, row.head)
    if row.kind == "mlp":
        return part_name(row.layer, MLP)
    return row.kind if pd.isna(row.layer) else f"layer {row.layer}, {row.kind}"


def part_name(layer: int | str, unit: int | str) -> str:
    """A head or an MLP in words."""
    return f"layer {layer}, MLP" if unit == MLP else f"layer {layer}, head {unit}"


def continuation(found: Generation) -> Any:
    """The end of the text and what was written, shaded by probability."""
    first = max(0, found.prompt - PROMPT_SHOWN)
    before = found.maps.tokens[first : found.prompt]
    drawn = pd.DataFrame(
        {
            "token": [*before, *found.tokens],
            "strength": [*np.zeros(len(before)), *found.probabilities],
            "note": [*([""] * len(before)), *(f"{each:.0%}" for each in found.probabilities)],
        }
    )
    return offline(token_lines(drawn, title="probability"))


def alternatives(found: Generation, step: int = 0) -> Any:
    """The best tokens of one step, and the one that was written."""
    rows = step_table(found, step)
    return offline(expected(rows.assign(kind=np.where(rows["chosen"], WRITTEN, EXPECTED))))


def heads_of_step(found: Generation, step: int = 0, chosen: str | None = None) -> Any:
    """Every head by how much it read beyond the first token at one step; `chosen`: "3.5"."""
    frame = by_unit(reading_heads(found, step), "beyond")
    return offline(unit_chart(frame, "attention to tokens other than the first", chosen=chosen))


def read_by_head(found: Generation, step: int = 0, layer: int | None = None, head: int = 0) -> Any:
    """The text shaded by what one head read at one step, by default one of the last layer."""
    layer = found.maps.layer_numbers[-1] if layer is None else layer
    part = tokens_read(found, step, layer, head).tail(CONTEXT_SHOWN)
    strengths = part["weight"] / max(float(part["weight"].max()), 1e-9)
    notes = [f"{weight:.0%}" for weight in part["weight"]]
    return offline(token_lines(part.assign(strength=strengths, note=notes), title="attention"))


def written_heatmap(
    found: Generation, layer: int | None = None, heads: int | Sequence[int] = 0
) -> Any:
    """What each written token was read from: rows of a heatmap, by default of the last layer."""
    maps: AttentionMaps = found.maps
    layer = maps.layer_numbers[-1] if layer is None else layer
    rows = (found.prompt - 1, len(maps.tokens))
    return heatmap(maps, layer, heads, queries=rows)


def by_unit(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """layer, unit, value of a table with layer, head and the column."""
    units = table["head"].astype(str)
    return pd.DataFrame({"layer": table["layer"], "unit": units, "value": table[column]})


def induction_scores(
    table: pd.DataFrame, score: str = "induction_score", chosen: str | None = None
) -> Any:
    """One score of every head: "induction_score", "previous_token_score" or
    "duplicate_token_score". Raises `BadInput` for another."""
    if score not in NAMED or score not in table:
        known = [name for name in NAMED if name in table]
        raise BadInput(f"Unknown score {score!r}. Choose one of: {', '.join(known)}.")
    return offline(unit_chart(by_unit(table, score), f"{NAMED[score]} score", chosen=chosen))


def steering(found: Steering) -> Any:
    """The probabilities of the next token before and after steering."""
    frame = found.next_token().head(STEERED)
    keyed = frame.assign(key=token_keys(frame["label"]))
    return offline(before_and_after(keyed, value="probability", title="probability"))
