"""What was computed, and a warning that this very input calls for."""

from __future__ import annotations

import numpy as np
import streamlit as st

import interp_core as ic
from interp_core.analysis.views import head_summaries, same_tokens, special_share
from interp_core.models.record import LoadedModel
from interp_core.ui import cache
from interp_core.ui.attention.controls import open_head
from interp_core.ui.plain import message, plain
from interp_core.ui.sidebar import Choice

GAP = 0.15  # difference in share between raw and norm-weighted attention that is worth a warning

MOST_TOKENS = 256  # longer texts: the second pass for the warning is not worth the wait


def show(asked: Choice, model: LoadedModel, raw: ic.AttentionMaps) -> None:
    """What to look for, the warning where it applies, and the health strip."""
    if same_tokens(raw):
        st.markdown(
            "**What to look for.** Diagonals read a neighbour, columns one token, even shades "
            "everything. Heads of this text that are worth a look:"
        )
        with st.container(horizontal=True, gap="small"):
            for what, layer, head in look_for(raw):
                st.button(
                    f"L{layer} H{head} · {what}",
                    key=f"look_{layer}_{head}_{what}",
                    on_click=open_head,
                    args=(layer, head),
                )
        warning(raw, _norms(asked, raw))
    strip(raw, model)


def _norms(asked: Choice, raw: ic.AttentionMaps) -> ic.AttentionMaps | None:
    if len(raw.tokens) > MOST_TOKENS:
        return None
    try:
        return cache.attention(asked.model, asked.text, asked.pair, "norm")
    except ic.ClearheadError:  # not known for this architecture: no warning then
        return None


def strip(raw: ic.AttentionMaps, model: LoadedModel) -> None:
    """Backend, number format, maps received, row sums and length, in one line."""
    sums = raw.weights.sum(-1)
    layout = model.layout
    skipped = "" if len(raw.layer_numbers) == layout.layers else " (the others have no attention)"
    shared = f", {layout.kv_heads} key-value heads" if layout.kv_heads < layout.heads else ""
    windows = sorted({width for width in layout.windows if width})
    window = f" · sliding window {', '.join(map(str, windows))} tokens" if windows else ""
    st.caption(
        f"{model.backend} attention · {model.dtype} · maps of {len(raw.layer_numbers)} of "
        f"{layout.layers} layers{skipped} × {raw.weights.shape[1]} heads{shared}{window} · rows "
        f"sum to {sums.min():.6f} – {sums.max():.6f} · {len(raw.tokens):,} of "
        f"{model.max_tokens:,} tokens"
    )
    for note in model.notes:
        st.caption(message(note))


def warning(raw: ic.AttentionMaps, norms: ic.AttentionMaps | None) -> None:
    """Say in which layer weights and contributions tell different stories about special tokens."""
    if norms is None or not raw.keys.special.any():
        return
    weight, contribution = special_share(raw), special_share(norms)
    row = int(np.argmax(weight - contribution))
    if weight[row] - contribution[row] < GAP:
        return
    names = dict.fromkeys(np.asarray(raw.key_tokens, dtype=object)[raw.keys.special])
    st.info(
        f"**Weight is not contribution.** {weight[row]:.0%} of layer {raw.layer_numbers[row]}'s "
        f"attention goes to {plain(' and '.join(names))}, but {contribution[row]:.0%} of its "
        "norm-weighted attention: those tokens are read and add little.",
        icon=":material/lightbulb:",
    )


def look_for(raw: ic.AttentionMaps) -> list[tuple[str, int, int]]:
    """Heads of this input that show something: (what, layer, head)."""
    frame = head_summaries(raw)
    found = []
    for column, what in (
        ("previous", "previous token"),
        ("next", "next token"),
        ("special", "special tokens"),
    ):
        if column in frame and frame[column].max() > 0.4:
            best = frame.loc[frame[column].idxmax()]
            found.append((f"{what} {best[column]:.0%}", int(best["layer"]), int(best["head"])))
    diffuse = frame.loc[frame["entropy"].idxmax()]
    found.append(
        (f"spreads over {np.exp(diffuse['entropy']):.0f} keys", int(diffuse["layer"]),
         int(diffuse["head"]))
    )  # fmt: skip
    return found
