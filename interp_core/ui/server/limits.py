"""The shared mode: what a server for many people refuses, and why. One line switches it on.

`CLEARHEAD_SHARED=1` in the environment, or `shared = true` in `clearhead.toml`: beside
`app.py`, or where the command `clearhead` was started.
Further models are allowed by `CLEARHEAD_MODELS` (names with commas between) or `models = [...]`.
What cannot be understood there counts as shared: a slip of the pen opens nothing.
"""

from __future__ import annotations

import hashlib
import os
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import interp_core as ic
from interp_core import locations


def strings_in(key: Any) -> Iterator[str]:
    """All strings in a key, however deep."""
    if isinstance(key, str):
        yield key
    elif isinstance(key, tuple | list):
        for part in key:
            yield from strings_in(part)
    elif is_dataclass(key):
        for field in fields(key):
            yield from strings_in(getattr(key, field.name))


def digest(*parts: bytes) -> str:
    """Equal for equal contents, in order."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(hashlib.sha256(part).digest())
    return whole.hexdigest()


FILE = locations.OWN / "clearhead.toml"
OFF = {"", "0", "false", "no", "off"}
SLOW = ("umap", "tsne", "kmeans", "hdbscan")


class NotShared(ic.ClearheadError):
    """Something that is open to a single user is closed on a server for many."""


class ModelClosed(NotShared):
    """A model that is not on the list."""


class TimeIsUp(NotShared, ic.Stopped):
    """A computation that has used up its time. It ends all of it, not one text of many."""


@dataclass(frozen=True)
class Limits:
    """What one person may ask of a shared server at a time."""

    characters: int = 10_000  # of one text
    all_characters: int = 100_000  # of all texts of one question
    tokens: int = 512  # of one text: what a pass holds in memory grows with the square
    upload_bytes: int = 5 * 2**20
    rows: int = 5_000  # of an uploaded table
    texts: int = 1_000  # of a corpus
    points: int = 5_000  # of a picture by UMAP or t-SNE, and of clusters
    seconds: float = 120.0  # of one computation


LIMITS = Limits()


def is_shared() -> bool:
    """Whether this server is for many people."""
    return _setting("shared").strip().lower() not in OFF


def limits() -> Limits | None:
    """The limits of a shared server; None where there are none."""
    return LIMITS if is_shared() else None


def warm_start() -> bool:
    """Whether the front page is made ready when the server starts: unless it is switched off."""
    return _setting("warm_start").strip().lower() not in OFF - {""}


def setting(name: str) -> str:
    """A setting of whoever runs the server, such as `dtype` or `device`; empty without one."""
    return _setting(name).strip()


def checks_memory() -> bool:
    """Whether models that do not fit are refused: always but with `check_memory = false`."""
    return (_setting("check_memory").strip().lower() or "true") not in OFF


def log_level() -> str:
    """How much is logged: `CLEARHEAD_LOG=info`, or `log = "info"` in the file; else warnings."""
    return _setting("log").strip().upper()


def allowed_models() -> tuple[str, ...]:
    """The built-in models, and those that whoever runs the server has added."""
    added = (name.strip() for name in _setting("models").split(","))
    embedded = (card.name for card in ic.bundled_models())
    return tuple(dict.fromkeys([*embedded, *filter(None, added)]))


def check_model(name: str) -> None:
    """Refuse what is not on the list, before its name is looked up anywhere."""
    if not is_shared() or name in allowed_models():
        return
    raise ModelClosed(
        f"This shared server can load only these models: {', '.join(allowed_models())}. To "
        "use a folder or a Hub id, run Clearhead on your own computer."
    )


def check_texts(question: Any) -> None:
    """Refuse a question (a text, or the key of a result) that holds too much text."""
    most = limits()
    if most is None:
        return
    lengths = [len(text) for text in strings_in(question)]
    if max(lengths, default=0) > most.characters or sum(lengths) > most.all_characters:
        raise NotShared(
            f"The text is too long for this shared server (limit: {most.characters:,} "
            f"characters per text, {most.all_characters:,} in total). Shorten it."
        )


def check_upload(size: int) -> None:
    """Refuse an uploaded file that is too large."""
    most = limits()
    if most is not None and size > most.upload_bytes:
        raise NotShared(
            "The file is too large for this shared server (limit: "
            f"{most.upload_bytes // 2**20} MB). Upload a sample of its rows."
        )


def check_points(count: int, method: str) -> None:
    """Refuse a slow picture, or clusters, of too many points: some cannot be stopped on the way."""
    most = limits()
    if most is not None and method in SLOW and count > most.points:
        raise NotShared(
            f"Too many points for UMAP, t-SNE or clustering on this shared server ({count:,}; "
            f"limit: {most.points:,}). Filter the data or use PCA."
        )


def at_most(count: int, name: str) -> int:
    """`count`, or the limit of that name where it is lower."""
    most = limits()
    return count if most is None else min(count, getattr(most, name))


def clock() -> Callable[[], bool]:
    """A function that says whether a computation that begins now has used up its time."""
    started, most = time.monotonic(), limits()
    return lambda: most is not None and time.monotonic() - started > most.seconds


def time_is_up() -> TimeIsUp:
    """The sentence for a computation that has used up its time."""
    return TimeIsUp(
        f"The computation reached the limit of this shared server ({LIMITS.seconds:.0f} "
        "seconds). Use a shorter text, fewer texts or fewer model evaluations."
    )


def _setting(name: str) -> str:
    """A setting as text: the environment's, else the file's."""
    given = os.environ.get(f"CLEARHEAD_{name.upper()}")
    if given is not None:
        return given
    try:
        settings = _read(FILE, FILE.stat().st_mtime_ns)
    except FileNotFoundError:
        return ""
    value = settings.get(name, "")
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


@lru_cache(maxsize=2)
def _read(path: Path, changed: int) -> dict:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        return {"shared": True}
