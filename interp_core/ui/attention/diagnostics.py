"""What was computed, and a warning that this very input calls for."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.attention.tables import same_tokens
from interp_core.models.record import LoadedModel
from interp_core.ui.attention import question
from interp_core.ui.attention.question import Shown, open_head
from interp_core.ui.attention.to_token import telling_key
from interp_core.ui.widgets import layout
from interp_core.ui.widgets.markdown import plain

GAP = 0.15  # difference in share between raw and norm-weighted attention that is worth a warning

ROUNDING = 1e-4  # by how much a row may miss 1 before it is said
MOST_TOKENS = 256  # longer texts: the second pass for the warning is not worth the wait


def show(plain_maps: Shown, model: LoadedModel) -> None:
    """How to read the maps, the warning where it applies, and the health strip.

    `plain_maps` are the raw weights with all pieces and special tokens.
    """
    raw = plain_maps.maps()
    if same_tokens(raw):
        layout.how_to_read(
            "**How to read this.** Diagonal: attends to a neighbouring token. Vertical "
            "stripe: attends to one token. Uniform colour: attends to all tokens equally."
        )
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            st.markdown("**Examples in this text**", width="content")
            for what, layer, head in look_for(question.summaries(plain_maps)):
                st.button(
                    f"L{layer} H{head} · {what}",
                    key=f"look_{layer}_{head}_{what}",
                    on_click=open_head,
                    args=(layer, head),
                )
        warning(raw, plain_maps)
    strip(raw, model, *question.row_sums(plain_maps))


def _contributions(shown: Shown, tokens: int) -> list[float] | None:
    """Share of special tokens in norm-weighted attention, layer by layer."""
    if tokens > MOST_TOKENS:
        return None
    try:
        return question.special_shares(replace(shown, kind="norm"))
    except ic.ClearheadError:  # not known for this architecture: no warning then
        return None


def strip(raw: ic.AttentionMaps, model: LoadedModel, least: float, most: float) -> None:
    """Backend, number format, maps received and length, in one line; row sums that miss 1."""
    layout = model.layout
    skipped = "" if len(raw.layer_numbers) == layout.layers else " (the others have no attention)"
    shared = f", {layout.kv_heads} key-value heads" if layout.kv_heads < layout.heads else ""
    windows = sorted({width for width in layout.windows if width})
    window = f" · sliding window {', '.join(map(str, windows))} tokens" if windows else ""
    off = max(abs(least - 1), abs(most - 1)) > ROUNDING
    sums = f" · rows sum to {least:.4f} to {most:.4f}" if off else ""
    st.caption(
        f"{model.backend} attention · {model.dtype} · maps of {len(raw.layer_numbers)} of "
        f"{layout.layers} layers{skipped} × {raw.weights.shape[1]} heads{shared}{window}{sums} · "
        f"{len(raw.tokens):,} of {model.max_tokens:,} tokens"
    )


def warning(raw: ic.AttentionMaps, shown: Shown) -> None:
    """Say in which layer weights and contributions tell different stories about special tokens."""
    found = _contributions(shown, len(raw.tokens)) if raw.keys.special.any() else None
    if found is None:
        return
    weight, contribution = np.array(question.special_shares(shown)), np.array(found)
    row = int(np.argmax(weight - contribution))
    if weight[row] - contribution[row] < GAP:
        return
    names = dict.fromkeys(np.asarray(raw.key_tokens, dtype=object)[raw.keys.special])
    st.info(
        f"**Attention weight is not contribution.** In layer {raw.layer_numbers[row]}, "
        f"{plain(' and '.join(names))} receive {weight[row]:.0%} of the attention weight but "
        f"only {contribution[row]:.0%} of the norm-weighted attention. Switch Weights to "
        "“Norm-weighted” to compare.",
        icon=":material/lightbulb:",
    )


def telling_head(raw: ic.AttentionMaps, shown: Shown) -> tuple[int, int]:
    """The (layer, head) that a new visitor sees first: of all heads the one that moves most of the
    word that `telling_key` names to the other tokens."""
    if not same_tokens(raw):
        return raw.layer_numbers[0], 0
    maps = raw
    if len(raw.tokens) <= MOST_TOKENS:
        with suppress(ic.ClearheadError):  # not known for this architecture
            maps = replace(shown, kind="norm").maps()
    given = ic.attention_to(maps, telling_key(raw)[0], itself=False)
    if not given["received"].notna().any():
        return look_for(question.summaries(shown))[0][1:]
    best = given.loc[given["received"].idxmax()]
    return int(best["layer"]), int(best["head"])


def look_for(frame: pd.DataFrame) -> list[tuple[str, int, int]]:
    """Heads of this input that show something: (what, layer, head)."""
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
        (
            f"spread over {np.exp(diffuse['entropy']):.0f} tokens",
            int(diffuse["layer"]),
            int(diffuse["head"]),
        )
    )
    return found
