"""The largest parts of a logit as steps that add up to it."""

from __future__ import annotations

import pandas as pd

from interp_core.analysis.language_tables import MLP

SHOWN = 12  # parts with a bar of their own


def steps(parts: pd.DataFrame) -> pd.DataFrame:
    """The largest parts, the rest together, and the sum: part, start, end, value, kind."""
    order = parts.reindex(parts["value"].abs().sort_values(ascending=False).index)
    top, rest = order.head(SHOWN), order.iloc[SHOWN:]
    rows = [(_row_name(row), row.value) for row in top.itertuples()]
    if len(rest):
        rows.append((f"{len(rest):,} other parts", float(rest["value"].sum())))
    frame = pd.DataFrame(rows, columns=["part", "value"])
    frame["end"] = frame["value"].cumsum()
    frame["start"] = frame["end"] - frame["value"]
    frame["kind"] = ["adds" if value >= 0 else "takes away" for value in frame["value"]]
    total = float(frame["value"].sum())
    whole = {"part": "sum", "start": 0.0, "end": total, "value": total, "kind": "sum"}
    return pd.concat([frame, pd.DataFrame([whole])], ignore_index=True)


def _row_name(row) -> str:  # noqa: ANN001
    if row.kind == "head":
        return part_name(row.layer, row.head)
    if row.kind == "mlp":
        return part_name(row.layer, MLP)
    return row.kind if pd.isna(row.layer) else f"layer {row.layer}, {row.kind}"


def part_name(layer: int | str, unit: int | str) -> str:
    """A head or an MLP in words."""
    return f"layer {layer}, MLP" if unit == MLP else f"layer {layer}, head {unit}"
