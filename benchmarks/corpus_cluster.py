"""Head statistics by one process, and by one and two Ray actors on the same machine, in one run.

    python -m benchmarks.corpus_cluster [--texts 4096] [--model sentiment]

Ray is installed by `make test-cluster`. The texts are the built-in sentences, again and again. Wall
time, in two parts for each way:

- start-up: until the first block can be counted, that is loading the model, and for Ray also
  starting it and its actors;
- steady state: from then on to the table, in texts a second, and in CPU seconds of all processes
  that count, which other work on the machine disturbs less.

The last line of each way compares its table with that of one process. The load of the machine
before the run is printed, since with two cores other work changes what two actors can gain.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections import deque
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

import interp_core as ic
from interp_core.distributed.corpus import run_corpus_on
from interp_core.distributed.ray_engine import RayEngine
from interp_core.distributed.worker import ModelSpec
from interp_core.heads.resume import run_corpus

ACTORS = (1, 2)


def texts(folder: Path, count: int) -> ic.Corpus:
    """A file of `count` lines."""
    lines = list(ic.sentences())
    path = folder / "texts.txt"
    path.write_text("\n".join(lines[number % len(lines)] for number in range(count)))
    return ic.open_corpus(path)


class Spent(NamedTuple):
    """Seconds of the start, of the pass and of the end, and CPU seconds of the pass."""

    start: float
    whole: float
    end: float
    cpu: float

    def told(self, texts: int) -> str:
        """The start and the steady state."""
        return (
            f"start {self.start:.1f} s, then {texts / self.whole:.1f} texts a second, "
            f"{self.cpu:.1f} s of CPU"
        )


def alone(model: str, corpus: ic.Corpus, out: Path) -> Spent:
    """In this process."""
    start = time.perf_counter()
    loaded = ic.load_model(model)
    ready, before = time.perf_counter(), time.process_time()
    deque(run_corpus(loaded, corpus, out), maxlen=0)
    cpu = time.process_time() - before
    return Spent(ready - start, time.perf_counter() - ready, 0.0, cpu)


def by_ray(model: str, corpus: ic.Corpus, out: Path, actors: int) -> Spent:
    """With Ray on this machine. The pass begins when every actor has its model."""
    start = time.perf_counter()
    engine = RayEngine(ModelSpec(model), actors=actors)
    try:
        while engine.starting:
            engine.finished(0)
            time.sleep(0.1)
        before, here = actor_seconds(engine), time.process_time()
        ready = time.perf_counter()
        deque(run_corpus_on(engine, corpus, out), maxlen=0)
        done = time.perf_counter()
        cpu = actor_seconds(engine) - before + time.process_time() - here
    finally:
        engine.close()
    return Spent(ready - start, done - ready, time.perf_counter() - done, cpu)


def actor_seconds(engine: RayEngine) -> float:
    """CPU seconds of all actors so far."""
    return sum(
        engine.ray.get(
            [each.do.remote(lambda model: time.process_time(), ()) for each in engine.actors]
        )
    )


def difference(one: Path, two: Path) -> float:
    """Largest relative difference of the tables' numbers."""
    tables = [ic.HeadStatistics.load(path).frame.select_dtypes("number") for path in (one, two)]
    a, b = (table.to_numpy(float) for table in tables)
    apart = np.abs(a - b) / np.maximum(np.abs(a), 1)
    return float(np.nanmax(apart))


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=int, default=4096)
    parser.add_argument("--model", default="sentiment")
    asked = parser.parse_args()
    if find_spec("ray") is None:
        print("Left out: Ray is not installed here. `make test-cluster` installs it.")
        return
    torch.set_num_threads(1)
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} CPUs, load {load:.1f} before the run, {asked.texts:,} texts")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        corpus = texts(folder, asked.texts)
        floor = alone(asked.model, corpus, folder / "alone.parquet")
        print(f"one process: {floor.told(asked.texts)}")
        for actors in ACTORS:
            out = folder / f"{actors}.parquet"
            spent = by_ray(asked.model, corpus, out, actors)
            print(f"{actors} actors: {spent.told(asked.texts)}; end {spent.end:.1f} s")
            print(
                f"  {floor.whole / spent.whole:.2f} × the speed of one process, "
                f"{spent.cpu / floor.cpu:.2f} × its CPU; load {os.getloadavg()[0]:.1f}"
            )
            apart = difference(out, folder / "alone.parquet")
            print(f"  largest difference from one process {apart:.1e}")


if __name__ == "__main__":
    main()
