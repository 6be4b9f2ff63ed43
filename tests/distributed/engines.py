"""An engine in this process, with the habits of a distant one: late, out of order, and mortal."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from interp_core.distributed.blocks import IN_FLIGHT, Finished


@dataclass
class Here:
    """`workers` that send results back in an order drawn by `seed`, some of them twice.

    After `lives` results it raises KeyboardInterrupt, as if the command were killed there.
    """

    model: Any
    workers: int = 2
    seed: int = 0
    lives: int | None = None
    rate: int = 3  # of so many looks, one finds a result
    submitted: list[int] = field(default_factory=list)
    waiting: list[tuple] = field(default_factory=list)
    rng: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)

    def free(self) -> int:
        return IN_FLIGHT * self.workers - len(self.waiting)

    def submit(self, number, work, given):
        assert self.free() > 0
        self.submitted.append(number)
        self.waiting.append((number, work, given))

    def finished(self, seconds):
        if self.lives == 0:
            raise KeyboardInterrupt
        if not self.waiting or self.rng.randrange(self.rate):
            return []
        number, work, given = self.waiting.pop(self.rng.randrange(len(self.waiting)))
        self.lives = None if self.lives is None else self.lives - 1
        again = 1 + (self.rng.random() < 0.3)
        return [Finished(number, work(self.model, *given)) for _ in range(again)]
