"""Results that all sessions share: computed once, bounded, least recently used out first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any
from weakref import WeakSet

STORES: WeakSet[Shared] = WeakSet()  # all of them, for the figures of the server


class Shared:
    """A thread-safe store, bounded by entries and by bytes.

    Unlike Streamlit's data cache it hands out the object itself, not a copy (a copy of the maps of
    512 tokens costs 0.1 s), so what is kept must not be changed.
    """

    def __init__(
        self,
        most_entries: int,
        most_bytes: int | None = None,
        size: Callable[[Any], int] = lambda value: 0,
        *,
        name: str = "other",
    ) -> None:
        self._most_entries, self._most_bytes, self._size = most_entries, most_bytes, size
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self.name, self.bytes, self.hits, self.misses = name, 0, 0, 0
        self._locks: dict[Hashable, threading.Lock] = {}
        self._guard = threading.Lock()
        STORES.add(self)

    @property
    def entries(self) -> int:
        """How many results are kept."""
        return len(self._kept)

    def peek(self, key: Hashable) -> Any:
        """The result if it is there, else None."""
        with self._guard:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            self.hits += 1
            return self._kept[key][0]

    def get(self, key: Hashable, compute: Callable[[], Any]) -> Any:
        """The result of `key`, computed once however many ask; failures are not kept."""
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        try:
            with lock:
                value = self.peek(key)
                if value is None:
                    self.misses += 1
                    value = compute()
                    self._keep(key, value)
            return value
        finally:  # a key may hold somebody's text: it must not outlive its result
            with self._guard:
                self._locks.pop(key, None)

    def clear(self) -> None:
        """Forget everything."""
        with self._guard:
            self._kept.clear()
            self.bytes = 0

    def _keep(self, key: Hashable, value: Any) -> None:
        size = self._size(value)
        with self._guard:
            self._kept[key] = (value, size)
            self.bytes += size
            while len(self._kept) > 1 and self._full():
                _, (_, freed) = self._kept.popitem(last=False)
                self.bytes -= freed

    def _full(self) -> bool:
        too_large = self._most_bytes is not None and self.bytes > self._most_bytes
        return too_large or len(self._kept) > self._most_entries
