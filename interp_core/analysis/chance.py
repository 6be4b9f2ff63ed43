"""Seeds for libraries that draw from the process-wide generators."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from interp_core.analysis.progress import Meter, alone

_GENERATORS = threading.RLock()


@contextmanager
def seeded(seed: int, meter: Meter | None = None) -> Iterator[None]:
    """Seed NumPy's and torch's global generators, and put them back afterwards.

    One thread at a time: with two, neither would be reproducible. Who waits may be stopped by the
    progress callback of `meter`.
    """
    meter = meter or Meter()
    with alone(_GENERATORS, lambda: meter.add(0)), torch.random.fork_rng(devices=[]):
        state = np.random.get_state()
        try:
            np.random.seed(seed)
            torch.manual_seed(seed)
            yield
        finally:
            np.random.set_state(state)
