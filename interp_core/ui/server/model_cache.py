"""The models in memory: one for each name, whoever asks; those used longest ago go first."""

from __future__ import annotations

import gc
import math
import threading
import time
import weakref
from collections.abc import Callable, Hashable

from interp_core.errors import ModelTooLarge
from interp_core.models.device import available
from interp_core.models.record import LoadedModel
from interp_core.ui.server import threads
from interp_core.ui.server.limits import strings_in
from interp_core.ui.server.store import STORES, Shared

MOST = 12  # more than are embedded; memory usually sets the limit
MOST_UNSEEN = 4  # where the system does not tell how much memory is left
EVERY = 1.0  # seconds between two looks at the memory
AGAIN = 30.0  # seconds until memory of a model that was dropped while in use is asked for again


class Models:
    """A store of loaded models, bounded by entries and by the memory that is left.

    A computation that uses a dropped model keeps it until it ends.
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = most or (MOST_UNSEEN if available() is None else MOST)
        self._kept = Shared(2**20, size=held_bytes, name="models")  # `_make_room` bounds it
        self._dropped: list[weakref.ref] = []
        self._guard = threading.Lock()
        self._looked = self._settled = -math.inf

    def get(self, name: str, files: str, load: Callable[[str], LoadedModel]) -> LoadedModel:
        """The model, loaded once for everybody."""
        key = (name, files)
        found = self._kept.peek(key)
        if found is None:
            found = self._kept.get(key, lambda: self._load(key, load))
            self._looked = -math.inf  # it may have been larger than what was left
        now = time.monotonic()
        if now - self._looked > EVERY:
            self._looked = now
            self._make_room(key, self._most)
            self._free_dropped(now)
        return found

    def holds(self, name: str, files: str) -> bool:
        """Whether the model is there already."""
        return self._kept.peek((name, files)) is not None

    def _load(self, key: tuple[str, str], load: Callable[[str], LoadedModel]) -> LoadedModel:
        threads.one()
        self._make_room(key, self._most - 1)
        try:
            loaded = load(key[0])
        except ModelTooLarge:  # others may go for it
            self._make_room(key, 0)
            loaded = load(key[0])
        settle(dropped=False)
        return loaded

    def _make_room(self, key: Hashable, most: int) -> None:
        """Drop models used longest ago until no more than `most` are left and memory suffices."""
        with self._guard:
            while self._kept.entries > most or is_short():
                oldest = self._kept.oldest()
                if oldest is None or oldest == key:
                    return
                self._drop(oldest)

    def _drop(self, key: tuple[str, str]) -> None:
        self._dropped.append(weakref.ref(self._kept.peek(key).model))  # only here one is dropped
        self._kept.forget(lambda each: each == key)
        for store in list(STORES):
            store.forget(lambda each: key[0] in strings_in(each))
        settle()
        self._settled = time.monotonic()

    def _free_dropped(self, now: float) -> None:
        """Ask for the memory of models again that were in use when they were dropped."""
        with self._guard:
            self._dropped = [each for each in self._dropped if each() is not None]
            if self._dropped and now - self._settled > AGAIN:
                settle()
                self._settled = now


def held_bytes(loaded: LoadedModel) -> int:
    """Bytes of a model's weights."""
    parts = [*loaded.model.parameters(), *loaded.model.buffers()]
    return sum(each.nbytes for each in parts)


SPARE = 768 * 2**20  # bytes; below, models are dropped: what a pass over a long text may need


def is_short() -> bool:
    """Whether memory runs short."""
    left = available()
    return left is not None and left < SPARE


def settle(*, dropped: bool = True) -> None:
    """Free what nothing refers to, and keep what is left out of later collections.

    A loaded model is a hundred thousand objects that live long: without this, each collection
    would walk them all and hold up all sessions. Objects that were frozen once are freed by no
    collection, so where something was dropped, all are looked at.
    """
    if dropped:
        gc.unfreeze()
    gc.collect()
    gc.freeze()
