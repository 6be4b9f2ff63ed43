"""Whether a cluster has room for the workers that are asked for, said before any is started."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from interp_core.errors import BadInput


def check_room(
    nodes: Sequence[Mapping[str, float]], actors: int, gpus: float, *, local: bool
) -> None:
    """Refuse more workers than fit: `BadInput`.

    `nodes` are the resources of each node ("CPU", "GPU"). A worker takes one CPU and `gpus` GPUs of
    one node: a share below 1, or a whole number. `local` says that this machine is all there is.
    """
    if actors < 1:
        raise BadInput("At least one actor does the work: --actors 1.")
    if not math.isfinite(gpus) or gpus < 0 or (gpus > 1 and gpus != int(gpus)):
        raise BadInput("An actor takes a share of a GPU below 1, or a whole number of GPUs.")
    where = "This machine" if local else "The cluster"
    every = {kind: sum(node.get(kind, 0) for node in nodes) for kind in ("CPU", "GPU")}
    if gpus and not every["GPU"]:
        raise BadInput(
            f"{where} has no GPUs that Ray knows of. Leave --gpus-per-actor out, or connect to a "
            "cluster that has some with --address."
        )
    room = sum(_fitting(node, gpus) for node in nodes)
    if room < actors:
        needs = "one CPU" + (f" and {gpus:g} GPUs" if gpus else "")
        raise BadInput(
            f"{where} has {every['CPU']:g} CPUs and {every['GPU']:g} GPUs: room for {room:,} "
            f"actors that take {needs} each, and {actors:,} are asked for. Use a smaller --actors"
            f"{' or --gpus-per-actor' if gpus else ''}."
        )


def _fitting(node: Mapping[str, float], gpus: float) -> int:
    room = int(node.get("CPU", 0))
    if not gpus:
        return room
    has = int(node.get("GPU", 0))
    # Shares of one GPU are never put together from two.
    return min(room, has * int(1 / gpus) if gpus < 1 else int(has // gpus))
