"""The options of commands that may be done by the workers of an engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from interp_core import command
from interp_core.distributed.worker import ModelSpec
from interp_core.errors import BadInput

if TYPE_CHECKING:
    import argparse

    from interp_core.distributed.ray_engine import RayEngine


def add_options(parser: argparse.ArgumentParser) -> None:
    """--device, --dtype, --engine and what belongs to it."""
    parser.add_argument("--device", help="where to compute: cpu, cuda, cuda:1, mps; the GPU if any")
    parser.add_argument("--dtype", help="number format: float32 (the usual), bfloat16 or float16")
    group = parser.add_argument_group("a cluster")
    group.add_argument("--engine", choices=["ray"], help="have the actors of Ray do the work")
    group.add_argument(
        "--address", help="HOST:PORT of the cluster's head node, or auto; without it this machine"
    )
    group.add_argument("--actors", type=int, help="how many actors, each with a model (1)")
    group.add_argument(
        "--gpus-per-actor", type=float, help="GPUs of each actor, such as 1 or 0.5 (0)"
    )


@contextmanager
def chosen(asked: argparse.Namespace, *, shared: bool) -> Iterator[RayEngine | None]:
    """The engine that was asked for, ended afterwards; None without one. Raises `BadInput`.

    `shared` says that this is a server for many people, where none is started.
    """
    given = {
        "--address": asked.address,
        "--actors": asked.actors,
        "--gpus-per-actor": asked.gpus_per_actor,
    }
    if asked.engine is None:
        for option, value in given.items():
            if value is not None:
                raise BadInput(f"{option} belongs to an engine: give --engine ray, too.")
        yield None
        return
    if shared:
        raise BadInput(
            "In shared mode no Ray is started or joined: it would listen on all network interfaces "
            "of a server for many people. Run the command where CLEARHEAD_SHARED is not set."
        )
    from interp_core.distributed.ray_engine import RayEngine

    engine = RayEngine(
        ModelSpec(asked.model, asked.device, asked.dtype),
        address=asked.address,
        actors=1 if asked.actors is None else asked.actors,
        gpus=asked.gpus_per_actor or 0,
        say=command.say,
    )
    try:
        yield engine
    finally:
        engine.close()
