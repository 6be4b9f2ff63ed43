"""What a computation will cost, told before it begins: nobody waits minutes unasked."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable
from functools import cache

import streamlit as st

from interp_core.attribution.methods import METHODS
from interp_core.models.record import LoadedModel

UNASKED = 15.0  # seconds of forecast up to which a computation begins by itself
NOMINAL = 3e10  # operations a second of one slow core; faster machines are found out
BACKWARD = 3  # a gradient costs about as much as three forward passes
GRADIENTS = {"integrated_gradients": 64, "gradient_shap": 50, "deeplift": 2}  # else one
PASSES = {"occlusion": 1, "leave_one_out": 1, "shapley_sampling": 24}  # for each word
SAMPLED, SAMPLES_PER_WORD = 200, 8  # LIME and kernel SHAP
RANKINGS = 11 * 25 / 2  # short passes of faithfulness, of half the text on average
IMITATED = ("torch.float16", "torch.bfloat16")
AGREED = "clearhead_agreed"

PROBED, TIMES, REACHED = 384, 5, 0.4  # rows of a product; how often; what a whole model has of it

_guard = threading.Lock()
_fastest: list[float] = []


def learned(operations: float, seconds: float) -> None:
    """A computation of so many operations took so long."""
    if seconds > 0.5:
        speed = max(_speed(), operations / seconds)
        with _guard:
            _fastest[:] = [speed]


def forecast(operations: float) -> float:
    """Seconds that so many operations take here at best."""
    return operations / _speed()


def _speed() -> float:
    if not _fastest:
        _fastest[:] = [max(NOMINAL, REACHED * _probe("torch.float32"))]
    return _fastest[0]


@cache
def _probe(dtype: str) -> float:
    """Operations a second of a product of two matrices on this processor."""
    import torch

    one = torch.ones(PROBED, PROBED, dtype=getattr(torch, dtype.removeprefix("torch.")))
    best = float("inf")
    for _ in range(TIMES):
        begun = time.perf_counter()
        one @ one
        best = min(best, time.perf_counter() - begun)
    return 2 * PROBED**3 / best


def _slower(dtype: str, device: str) -> float:
    """How much longer a product takes in this number format: some processors only imitate it."""
    if device != "cpu" or dtype not in IMITATED:
        return 1.0
    return max(1.0, _probe("torch.float32") / _probe(dtype))


def passes(model: LoadedModel, tokens: float) -> float:
    """Operations of forward passes over so many tokens: two for each weight that is used."""
    network = model.model
    # Vision models enter by a map of patches, all of which is used.
    table = getattr(network.get_input_embeddings(), "weight", None)
    looked_up = 0 if table is None else table.numel()
    used = model.n_parameters - looked_up
    whole = used + looked_up * model.task.endswith("lm")
    return 2.0 * tokens * whole * _slower(str(network.dtype), network.device.type)


def attribution(
    model: LoadedModel, count: int, method: str, evaluations: int | None = None
) -> float:
    """Operations of one attribution of a text of `count` tokens."""
    if not METHODS[method].by_word:
        rows = BACKWARD * (evaluations or GRADIENTS.get(method, 1))
    elif method in PASSES:
        rows = max(evaluations or 0, PASSES[method] * count)
    else:
        rows = evaluations or max(SAMPLED, SAMPLES_PER_WORD * count)
    return passes(model, rows * count)


def faithfulness(model: LoadedModel, count: int) -> float:
    """Operations of the faithfulness of one attribution of `count` tokens."""
    return passes(model, RANKINGS * count)


def tokens(model: LoadedModel, text: str) -> int:
    """About how many tokens a text has, and no more than the model reads."""
    return min(max(1, len(text.encode()) // 4), model.max_tokens)


def agreed(key: Hashable, what: str, operations: float) -> bool:
    """Whether to begin: at once where it is quick, else when the person has pressed "Compute".

    The forecast and the button are drawn where there is nothing to begin yet.
    """
    seconds = forecast(operations)
    if seconds <= UNASKED or hash(key) in st.session_state.get(AGREED, ()):
        return True
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(f"{what} takes {told(seconds)}.", icon=":material/hourglass_empty:")
        st.button(
            "Compute", key=f"compute_{hash(key)}", on_click=agree, args=(key,), type="primary"
        )
    return False


def told(seconds: float) -> str:
    """A forecast in words: nobody needs more than one digit of it."""
    if seconds < 90:
        return f"about {max(1, round(seconds, -1 if seconds >= 10 else 0)):.0f} seconds"
    minutes = seconds / 60
    return f"about {minutes:.0f} minutes" if minutes < 90 else f"about {minutes / 60:.0f} hours"


def agree(key: Hashable) -> None:
    """Somebody asks for the computation, whatever it takes."""
    st.session_state[AGREED] = {*st.session_state.get(AGREED, ()), hash(key)}
