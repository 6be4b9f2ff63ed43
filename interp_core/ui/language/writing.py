"""Generate: let the model write on, and see what each chosen token was read from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.analysis.generation import MOST_TEMPERATURE, MOST_TOKENS
from interp_core.charts.language import EXPECTED, expected, unit_map
from interp_core.ui.choices import BOUND, keep_valid
from interp_core.ui.language import heads
from interp_core.ui.language.asked import Asked, Shown, place_name, side_by_side
from interp_core.ui.plain import plain
from interp_core.ui.token_strip import token_strip

STEP, STATE, WRITTEN = "lm_step", "lm_head", "written"
PROMPT_SHOWN = 40  # last tokens of the prompt in the strip
CONTEXT_SHOWN = 120  # tokens in the strip of what was read


def draw(asked: Asked) -> Shown | None:
    """The continuation; of one written token the alternatives and what the heads read."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        options = _options()

    def compute(progress: heads.Progress) -> ic.Generation:
        return ic.generate(asked.loaded, asked.text, **options, progress=progress)

    found = asked.run("Writing", compute, *options.values())
    if found is None:
        return None
    step = _step(found)
    _strip(found, step)
    st.caption(_said(found))
    left, right = side_by_side(450, 450)
    with left:
        _alternatives(found, step)
    with right:
        chosen, chart = _map(found, step)
    _read(asked, found, step, chosen)
    arguments = ", ".join(f"{name}={value!r}" for name, value in options.items())
    script = f"found = ic.generate(model, text, {arguments})\nprint(found.text, found.to_frame())"
    return Shown(chart, found.to_frame(), script)


def _options() -> dict:
    tokens = st.number_input("Tokens", 1, MOST_TOKENS, 10, key="lm_tokens", width=130, **BOUND)
    temperature = st.number_input(
        "Temperature", 0.0, MOST_TEMPERATURE, 0.0, 0.1, key="lm_temperature", width=140,
        help="0 takes the best token each time; 1 draws by the model's own probabilities; above 1 "
        "is more daring.", **BOUND,
    )  # fmt: skip
    seed = st.number_input("Seed", 0, 2**31, 0, key="lm_seed", width=120, **BOUND,
                           disabled=temperature == 0)  # fmt: skip
    return {"tokens": int(tokens), "temperature": float(temperature), "seed": int(seed)}


def _step(found: ic.Generation) -> int:
    """The chosen written token, counted from 0."""
    names = [place_name(found.tokens, step) for step in range(len(found.tokens))]
    keep_valid(STEP, names)
    chosen = st.session_state.get(STEP)
    return 0 if chosen is None else names.index(chosen)


def _strip(found: ic.Generation, step: int) -> None:
    first = max(0, found.prompt - PROMPT_SHOWN)
    before = found.maps.tokens[first : found.prompt]
    names = [place_name(found.tokens, at) for at in range(len(found.tokens))]

    def pick(at: int) -> None:
        if at >= len(before):
            st.session_state[STEP] = names[at - len(before)]

    titles = [
        f"{token}: probability {chance:.2%}, rank {rank:,}"
        for token, chance, rank in zip(found.tokens, found.probabilities, found.ranks)
    ]
    token_strip(
        [*before, *found.tokens],
        [*np.zeros(len(before)), *found.probabilities],
        [*(f"{token}: given" for token in before), *titles],
        label="The text and its continuation, shaded by probability",
        key="lm_written",
        on_pick=pick,
        picked=len(before) + step,
        notes=[*([""] * len(before)), *(f"{chance:.0%}" for chance in found.probabilities)],
    )
    # Drawn after the strip: a list for those who do not click, and the address.
    st.selectbox("Written token", names, index=None, placeholder=names[0], key=STEP, width=210,
                 **BOUND)  # fmt: skip


def _said(found: ic.Generation) -> str:
    end = "The model wrote its end mark." if found.ended else "Stopped after the asked number."
    return (
        "Tokens with a percentage were written by the model; shade and figure are its own "
        f"probability of each. {end} Click a written token to see the alternatives and what it was "
        "read from."
    )


def _alternatives(found: ic.Generation, step: int) -> None:
    st.markdown(f"Instead of **{plain(found.tokens[step])}** (written token {step})")
    rows = found.alternatives[found.alternatives["step"] == step]
    kinds = np.where(rows["chosen"], WRITTEN, EXPECTED)
    frame = rows.assign(kind=kinds)
    if not rows["chosen"].any():
        own = found.to_frame().iloc[[step]].assign(kind=WRITTEN)
        frame = pd.concat([frame, own], ignore_index=True)
    st.altair_chart(expected(frame), width="stretch", alt="Alternatives to the written token.")


def _map(found: ic.Generation, step: int) -> tuple[str, object]:
    """Which head to look at: layer × head, by how much it reads beyond the first token."""
    row = found.prompt + step - 1
    rows = found.maps.weights[:, :, row, : row + 1]  # (layers, heads, key)
    beyond = 1 - rows[..., 0]
    layer, head = np.indices(beyond.shape).reshape(2, -1)
    numbers = np.asarray(found.maps.layer_numbers)
    frame = pd.DataFrame(
        {"layer": numbers[layer], "unit": head.astype(str), "value": beyond.ravel()}
    )
    # The sharpest late head, apart from those that rest, or read the last tokens whatever they are.
    late = (rows[..., 1:-2] if row > 3 else rows).max(-1)
    late[: len(late) // 2] = 0
    sharpest = late.argmax()
    names = [heads.unit_name(*pair) for pair in zip(frame["layer"], frame["unit"])]
    chosen = heads.chooser(STATE, names, names[int(sharpest)])
    chart = unit_map(heads.marked(frame, chosen), title="attention beyond the first token")
    heads.show(chart, key="lm_head_chart", state=STATE,
               alt="How much each head reads beyond the first token.")  # fmt: skip
    return chosen, chart


def _read(asked: Asked, found: ic.Generation, step: int, chosen: str) -> None:
    layer, _, head = chosen.partition(".")
    row = found.prompt + step - 1
    weights = found.maps.head(int(layer), int(head))[row, : row + 1]
    first = max(0, len(weights) - CONTEXT_SHOWN)
    st.markdown(
        f"What layer {layer}, head {head} read when **{plain(found.tokens[step])}** was chosen"
    )
    tokens = found.maps.tokens[first : row + 1]
    part = weights[first:]
    token_strip(
        tokens,
        part / max(float(part.max()), 1e-9),
        [f"{token}: {weight:.1%}" for token, weight in zip(tokens, part)],
        label="What the head read",
        key="lm_read",
        on_pick=lambda place: None,
        notes=[f"{weight:.0%}" for weight in part],
    )
    st.caption(
        "The token is chosen from the state at the token before it, so this is that token's row of "
        "attention. Many heads rest on the first token when they have nothing to do; the map shows "
        "what they read beyond it. The rows equal one full pass over the finished text."
    )
    heads.link(asked, chosen, asked.text + found.text)
