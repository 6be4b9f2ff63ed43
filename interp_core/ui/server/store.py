"""Results that several sessions wait for, and when nobody waits any more."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakSet

from streamlit.runtime.scriptrunner_utils.script_run_context import get_run_yield_check

STORES: WeakSet[Shared] = WeakSet()  # all of them, for the figures of the server


@dataclass(eq=False)
class _Underway:
    """A result that somebody computes and others may wait for."""

    done: threading.Event = field(default_factory=threading.Event)
    found: tuple[Any] | None = None  # the result, for those who waited: it may be evicted already
    error: Exception | None = None  # or why there is none: it would be the same for them
    note: Any = None


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
        self._underway: dict[Hashable, _Underway] = {}
        self._guard = threading.Lock()
        STORES.add(self)

    @property
    def entries(self) -> int:
        """How many results are kept."""
        return len(self._kept)

    def peek(self, key: Hashable) -> Any:
        """The result if it is there, else None."""
        with self._guard:
            return self._look_up(key)

    def get(
        self,
        key: Hashable,
        compute: Callable[[], Any],
        look: Callable[[Any], None] | None = None,
    ) -> Any:
        """The result of `key`, computed once however many ask; failures are not kept.

        Who waits for another's computation is shown its `note` by `look(note)`, shares its failure,
        and stops waiting when its own session ends. When the computing session ends, a waiting one
        takes over.
        """
        while True:
            with self._guard:
                value = self._look_up(key)
                if value is not None:
                    return value
                work = self._underway.get(key)
                if work is None:
                    self._underway[key] = _Underway()
                    self.misses += 1
                    break
            until(work.done, look and (lambda work=work: look(work.note)))
            if work.error is not None:
                raise work.error
            if work.found is not None:
                self.hits += 1
                return work.found[0]
        return self._compute(key, compute)

    def note(self, key: Hashable, note: Any) -> None:
        """Say to those who wait for the result of `key` how far it is."""
        with self._guard:
            if key in self._underway:
                self._underway[key].note = note

    def clear(self) -> None:
        """Forget everything."""
        self.forget(lambda key: True)

    def forget(self, which: Callable[[Hashable], bool]) -> None:
        """Forget the results of these keys."""
        with self._guard:
            for key in [key for key in self._kept if which(key)]:
                self.bytes -= self._kept.pop(key)[1]

    def oldest(self) -> Hashable | None:
        """The key that was asked for longest ago."""
        with self._guard:
            return next(iter(self._kept), None)

    def _look_up(self, key: Hashable) -> Any:
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        self.hits += 1
        return self._kept[key][0]

    def _compute(self, key: Hashable, compute: Callable[[], Any]) -> Any:
        found = failed = None
        try:
            value = compute()
            self._keep(key, value)
            found = (value,)
            return value
        except Exception as error:
            failed = error
            raise
        finally:  # a key may hold somebody's text: it must not outlive its result
            with self._guard:
                work = self._underway.pop(key)
            work.found, work.error = found, failed
            work.done.set()
            del work, failed  # or the error would hold this frame, and all that was computed

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


EVERY = 0.2  # seconds between two looks


def check() -> None:
    """Leave the script when its session has closed or asks for something else.

    Raises what Streamlit stops or restarts a script with; outside of a session nothing happens.
    """
    gone = get_run_yield_check()
    if gone is not None:
        gone()


def until(done: threading.Event, look: Callable[[], None] | None = None) -> None:
    """Wait for `done`; `look()` may draw meanwhile. Raises like `check` when the session goes."""
    while not done.wait(EVERY):
        check()
        if look is not None:
            look()
