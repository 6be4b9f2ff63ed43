"""Downloads of the head page, and a script that computes its figures again."""

from __future__ import annotations

import io

import streamlit as st

from interp_core.ui import downloads
from interp_core.ui.heads.corpus import Asked
from interp_core.ui.heads.shown import Shown


def show(shown: Shown, view: str) -> None:
    """Picture, table and all statistics; the script."""
    downloads.section("Download and reproduce", ":material/download:", lambda: _offer(shown, view))


def _offer(shown: Shown, view: str) -> None:
    frame = shown.state.statistics.frame
    offers = downloads.usual(shown.chart, shown.table, f"heads_{view}") | {
        "All figures (CSV)": ("head_statistics.csv", "text/csv", lambda: downloads.csv(frame)),
        "All figures (Parquet)": (
            "head_statistics.parquet",
            "application/octet-stream",
            lambda: _parquet(frame),
        ),
    }
    downloads.buttons(offers, key="heads")
    st.code(script(shown.asked), language="python")
    st.caption("For a large file: `python -m interp_core.corpus MODEL FILE --out stats.parquet`")


def _parquet(frame) -> bytes:  # noqa: ANN001
    target = io.BytesIO()
    frame.to_parquet(target, index=False)
    return target.getvalue()


def script(asked: Asked) -> str:
    """Python that computes the same figures."""
    lines = ["import interp_core as ic", "", f"model = ic.load_model({asked.model!r})"]
    if asked.source == "text":
        lines.append(f"texts = {[t for t in asked.text.splitlines() if t.strip()]!r}")
    elif asked.source == "sentences":
        lines.append(f"texts = ic.sentences()[:{asked.most}]")
    else:
        column = f", column={asked.column!r}" if asked.column else ""
        lines += [f'corpus = ic.open_corpus("your file"{column})', "texts = list(corpus.rows())"]
        lines.append(f"*_, last = ic.stream_statistics(model, texts[:{asked.most}])")
        return "\n".join([*lines, "print(last.statistics.frame)"])
    return "\n".join([*lines, "print(ic.head_statistics(model, texts).frame)"])
