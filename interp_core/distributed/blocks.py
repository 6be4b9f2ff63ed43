"""Blocks of rows, counted by workers in any order and handed on in theirs, each exactly once.

What a worker sends back is held by the number of its block until its turn has come, and added once.
A worker that dies has sent nothing, so its block is done again. Whoever reads the rows may be
killed, too: every few seconds it writes what it has, and the same command goes on from there.
"""

from __future__ import annotations

import json
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from interp_core.errors import BadInput
from interp_core.heads.record import atomic_write
from interp_core.heads.resume import ModelIdentity

IN_FLIGHT = 2  # blocks of each worker: one that it counts, and one that is there when it is through
AHEAD = 256  # blocks that may be kept while an earlier one is not back
WAIT = 0.5  # seconds between two looks at what else there is to do


@dataclass(frozen=True)
class Finished:
    """What came back for block `number`."""

    number: int
    result: Any


class Engine(Protocol):
    """Workers that hold the same model, `model`; `work(model, *given)` is done by one of them.

    `finished` raises `ClearheadError` for what a worker refuses, and for a block that kills them.
    """

    @property
    def model(self) -> ModelIdentity: ...

    def free(self) -> int:
        """How many further blocks its workers take now."""
        ...

    def submit(self, number: int, work: Callable[..., Any], given: tuple) -> None:
        """Have a block done."""
        ...

    def finished(self, seconds: float) -> list[Finished]:
        """What is done, in any order; waits so long at most, and not at all for nothing."""
        ...


class KeptBlocks:
    """Results that wait for their turn, by the number of their block; `save` puts them on disk.

    `pack` makes a dictionary for JSON of a result, `unpack` the result again. `source` is kept with
    each file: what belongs to something else is not there.
    """

    def __init__(
        self,
        folder: Path,
        source: dict[str, Any],
        pack: Callable[[Any], dict[str, Any]],
        unpack: Callable[[dict[str, Any]], Any],
    ) -> None:
        self.folder, self.source, self.pack, self.unpack = folder, source, pack, unpack
        names = [path.stem for path in folder.glob("*.json")]
        self.on_disk = {int(name) for name in names if name.isdecimal()}
        self.held: dict[int, Any] = {}

    def has(self, number: int) -> bool:
        """Whether this block is done, now or by an earlier run."""
        if number not in self.held and number in self.on_disk:
            try:
                found = json.loads(self._path(number).read_bytes())
                if found["source"] == self.source:
                    self.held[number] = self.unpack(found["result"])
            except (OSError, ValueError, KeyError, TypeError):
                pass  # not whole: the block is done again
            if number not in self.held:
                self.drop(number)
        return number in self.held

    def put(self, number: int, result: Any) -> None:
        """Hold a result."""
        self.held[number] = result

    def take(self, number: int) -> Any:
        """The result, whose turn has come. On disk it stays until it is dropped."""
        return self.held.pop(number)

    def save(self) -> None:
        """Write what is held and not yet on disk, each file all or nothing."""
        for number in self.held.keys() - self.on_disk:
            self.write(number, self.held[number])

    def write(self, number: int, result: Any) -> None:
        """Write one result, if it is not on disk yet, all or nothing."""
        if number in self.on_disk:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(
                f"The folder {self.folder.name!r} cannot be made: {error.strerror}."
            ) from error
        written = json.dumps({"source": self.source, "result": self.pack(result)}).encode()
        atomic_write(self._path(number), lambda file: file.write(written))
        self.on_disk.add(number)

    def drop(self, number: int) -> None:
        """Forget the file of a block."""
        if number in self.on_disk:
            self.on_disk.remove(number)
            self._path(number).unlink(missing_ok=True)

    def drop_before(self, first: int) -> None:
        """Forget the files of all blocks before this one, which are counted elsewhere."""
        for number in [each for each in self.on_disk if each < first]:
            self.drop(number)

    def clear(self) -> None:
        """Forget all of them, and the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.on_disk, self.held = set(), {}

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:08d}.json"


def in_order(
    engine: Engine,
    work: Callable[..., Any],
    blocks: Iterable[tuple[int, tuple]],
    kept: KeptBlocks,
) -> Iterator[tuple[int, Any] | None]:
    """(number, result) of every block in the order of `blocks`; None now and then between them.

    `blocks` gives numbers and what `work` is given. Blocks that are kept are not done again.
    """
    source, order, pending = iter(blocks), deque[int](), set[int]()
    more = True
    while more or order:
        while more and engine.free() > 0 and len(order) < AHEAD:
            block = next(source, None)
            if block is None:
                more = False
                break
            number, given = block
            order.append(number)
            if not kept.has(number):
                engine.submit(number, work, given)
                pending.add(number)
        while order and order[0] not in pending:
            number = order.popleft()
            yield number, kept.take(number)
        if more or order:
            for each in engine.finished(WAIT):
                if each.number in pending:
                    pending.remove(each.number)
                    kept.put(each.number, each.result)
            yield None
