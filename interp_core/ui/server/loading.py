"""How models are loaded: an adapter's base, number format and device, by the sidebar or a file.

On a shared server `clearhead.toml` alone decides. Whatever is chosen stands in the address, in the
keys of all results (by `cache.stamp`), in scripts and in reports.
"""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st

import interp_core as ic
from interp_core.models.adapter_config import is_adapter
from interp_core.models.device import FORMATS, devices
from interp_core.models.folders import ADAPTER_CONFIG, find_model_folder
from interp_core.models.hub import HUB_ID
from interp_core.models.record import LoadedModel
from interp_core.models.registry import bundled_card
from interp_core.models.safety import read_json
from interp_core.models.tasks import offered_readings
from interp_core.ui.server import limits
from interp_core.ui.widgets import recipe
from interp_core.ui.widgets.choices import BOUND, keep_valid
from interp_core.ui.widgets.recipe import Recipe

DTYPE, DEVICE, BASE = "dtype", "device", "base"
SECOND_BASE = "second_base"  # of whichever second model a page compares with
SECOND_MODELS = ("rival", "second_model", "model2")  # where those are chosen
READ_AS = "read_as"
BEST = "automatic"


def controls() -> None:
    """Number format and device, beside the model; nothing on a shared server."""
    if limits.is_shared():
        return
    formats, places = _offered(DTYPE, FORMATS), _offered(DEVICE, (BEST, *_devices()))
    st.selectbox(
        "Number format",
        formats,
        index=_first(DTYPE, formats),
        key=DTYPE,
        help="Data type of weights and activations. With 16 bits (bfloat16, float16) a "
        "model takes half the memory, and numbers are rounded to two or three digits. "
        "The largest float16 number is 65,504.",
        **BOUND,
    )
    st.selectbox(
        "Device",
        places,
        index=_first(DEVICE, places),
        key=DEVICE,
        help="Where the model runs. Automatic uses a GPU if there is one.",
        **BOUND,
    )


def _devices() -> tuple[str, ...]:
    """The devices here; torch, which knows them, is not imported for the list alone."""
    if "torch" in sys.modules:
        return devices()
    return tuple(filter(None, [st.session_state.get(DEVICE)]))


def base_field(name: str, key: str = BASE, label: str = "Base model", **more: int) -> None:
    """The field for the base model of an adapter; nothing for other models, or where shared."""
    name = in_format(name)[0]
    if not takes_base(name):
        return
    st.text_input(
        label,
        key=key,
        placeholder=_named_base(name) or "built-in name, folder or Hub id",
        help="The model that the adapter was trained on: a built-in model, a folder (absolute, "
        "or relative to the adapter) or a Hub id. Empty: the base model that the adapter "
        "names.",
        **more,
        **BOUND,
    )


def read_as_field(name: str) -> None:
    """The choice between the task a checkpoint was saved for and what else its weights allow."""
    offered = _readings(name)
    keep_valid(READ_AS, offered if len(offered) > 1 else ())
    if len(offered) > 1:
        st.selectbox(
            "Read as",
            offered,
            key=READ_AS,
            help="Task to load the checkpoint for: the saved task, or another that its weights "
            "support.",
            **BOUND,
        )


def _readings(name: str) -> tuple[str, ...]:
    """What a model can be read as; nothing is looked up that a shared server does not open."""
    if limits.is_shared() and name not in limits.allowed_models():
        return ()
    return offered_readings(name)


def task(name: str) -> str:
    """The task that was chosen for the sidebar's model; empty for the one it was saved for."""
    chosen = st.session_state.get(READ_AS)
    if not chosen or name != st.session_state.get("model"):
        return ""
    return chosen if chosen in _readings(name)[1:] else ""


def came_late() -> bool:
    """Whether a model turned out to be an adapter after the place of its field was drawn."""
    if BASE not in st.session_state and takes_base(st.session_state.get("model") or ""):
        return True
    late = [name for name in map(_second, SECOND_MODELS) if name and takes_base(name)]
    known = SECOND_BASE in st.session_state or st.session_state.get("second_late") == late
    st.session_state["second_late"] = late  # once: the page may not show a second model at all
    return bool(late) and not known


def _second(key: str) -> str:
    """The name of a second model, without a number format."""
    return in_format(str(st.session_state.get(key) or ""))[0]


def takes_base(name: str) -> bool:
    """Whether a model is an adapter whose base may be typed here."""
    return not limits.is_shared() and _adapter_folder(name) is not None


def _adapter_folder(name: str) -> Path | None:
    """The folder of an adapter, in the file system or in the Hub's cache; nothing is fetched."""
    if bundled_card(name) is not None or not name.strip() or "\0" in name:
        return None
    try:
        folder = Path(name).expanduser()
        if folder.is_dir():
            found = find_model_folder(folder)[0]
            return found if is_adapter(found) else None
        if HUB_ID.fullmatch(name) is None or ".." in name:
            return None
        from huggingface_hub import try_to_load_from_cache

        file = try_to_load_from_cache(name, ADAPTER_CONFIG)
        return Path(file).parent if isinstance(file, str) else None
    except (OSError, RuntimeError, ValueError, ic.ClearheadError):
        return None


def _named_base(name: str) -> str:
    """The base model that an adapter names itself."""
    folder = _adapter_folder(name)
    try:
        return str(read_json(folder / ADAPTER_CONFIG).get("base_model_name_or_path") or "")[:200]
    except (OSError, TypeError, ic.ClearheadError):
        return ""


def base(name: str) -> str:
    """The base model that was typed for the sidebar's or a second model; empty for others."""
    name = in_format(name)[0]
    key = BASE if name == st.session_state.get("model") else SECOND_BASE
    typed = str(st.session_state.get(key) or "").strip()
    if not typed or (key == SECOND_BASE and name not in map(_second, SECOND_MODELS)):
        return ""
    return typed if takes_base(name) else ""


def folders(name: str) -> list[Path]:
    """The local folders in which the files of a model lie: its own, and that of its base."""
    name = in_format(name)[0]
    own = Path(name).expanduser()
    below = base(name) or (_named_base(name) if takes_base(name) else "")
    return [own, *([Path(below).expanduser(), own / below] if below else [])]


def _offered(name: str, known: tuple[str, ...]) -> list[str]:
    """What can be chosen; what the operator's file says too, so that a slip there is told."""
    given = limits.setting(name)
    offered = list(dict.fromkeys([*known, *filter(None, [given])]))
    keep_valid(name, offered)
    return offered


def _first(name: str, offered: list[str]) -> int:
    given = limits.setting(name)
    return offered.index(given) if given else 0


def options(name: str = "") -> dict[str, str]:
    """Keyword arguments of `ic.load_model` that differ from its defaults, for this model."""
    given = {part: limits.setting(part) for part in (DTYPE, DEVICE)}
    if not limits.is_shared():
        given |= {part: st.session_state.get(part) or given[part] for part in given}
    defaults = {DTYPE: FORMATS[0], DEVICE: BEST}
    chosen = {part: each for part, each in given.items() if each and each != defaults[part]}
    below = base(name) if name else ""
    read_as = task(name) if name else ""
    return ({BASE: below} if below else {}) | ({"task": read_as} if read_as else {}) | chosen


def mark(name: str) -> str:
    """A part of the keys of a model's results: empty for the defaults."""
    return "|".join(options(name).values())


def load(name: str) -> LoadedModel:
    """The model, as the sidebar and the operator's file say. Raises `ModelClosed`."""
    limits.check_model(name)
    anyway = {} if limits.checks_memory() else {"check_memory": False}
    return recipe.value(call(name), **anyway)


def call(name: str) -> Recipe:
    """The call that loads the model in this way."""
    plain, own = in_format(name)
    return recipe.calls.load_model(plain, **(options(plain) | ({DTYPE: own} if own else {})))


def in_format(name: str) -> tuple[str, str]:
    """A name and the number format that it asks for: "sentiment@bfloat16"; else empty."""
    plain, _, own = name.rpartition("@")
    return (plain, own) if plain and own in FORMATS else (name, "")
