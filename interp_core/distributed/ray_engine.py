"""Workers on a Ray cluster, or on this machine by a Ray of its own: plain actors, fed with blocks.

An actor that dies is started again by Ray, which does its blocks again; a block that ends its actor
again and again is told, not tried for ever. Ray started here listens on all interfaces of the
machine while it runs, whatever address it is given.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from copy import deepcopy
from types import ModuleType
from typing import Any

from interp_core.distributed.blocks import IN_FLIGHT, Finished
from interp_core.distributed.capacity import check_room
from interp_core.distributed.worker import ModelSpec, Worker, WorkerIdentity
from interp_core.errors import BadInput, ClearheadError

# Ray's newer exporter of metrics keeps a thread for every time after the first that a process has
# joined and left a cluster; one that reports as the process ends makes it crash with all work done.
# The older exporter ends with the connection.
SETTINGS = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_enable_open_telemetry": "0"}
RETRIES = 5  # times that a block is done again after its actor has died
REACHED = 5.0  # seconds in which the head node of a cluster answers
STORE = 2**28  # bytes of shared memory of a Ray that is started here
INSTALL = (
    'The engine ray needs the package Ray: `pip install "clearhead[ray]"`, or '
    "`pip install -r requirements-cluster.txt` beside the source."
)


class RayEngine:
    """An engine whose workers are Ray actors; see `Engine`. `close` ends them.

    `address` is HOST:PORT of a cluster's head node, or "auto"; None starts Ray on this machine.
    Each actor takes one CPU and `gpus` GPUs. `say` is told what is started and waited for.

    Raises `BadInput` where Ray is not installed, the cluster cannot be reached or has not what is
    asked for, and what `load_model` raises.
    """

    def __init__(
        self,
        spec: ModelSpec,
        *,
        address: str | None = None,
        actors: int = 1,
        gpus: float = 0,
        say: Callable[[str], object] = lambda line: None,
    ) -> None:
        check_room([{"CPU": actors, "GPU": actors * max(1, gpus)}], actors, gpus, local=True)
        self.ray = _started(address, say)
        try:
            nodes = [each["Resources"] for each in self.ray.nodes() if each["Alive"]]
            check_room(nodes, actors, gpus, local=not address)
            remote = self.ray.remote(Worker).options(
                num_cpus=1, num_gpus=gpus, max_restarts=-1, max_task_retries=RETRIES
            )
            self.actors = [remote.remote(spec.absolute(), spec.name) for _ in range(actors)]
            self.starting = {each.identity.remote(): n for n, each in enumerate(self.actors)}
            self.running: dict[Any, tuple[int, int]] = {}  # reference: actor and block
            self.load: dict[int, int] = {}  # blocks in flight of each actor that has its model
            self.done = [0] * actors  # blocks that each has sent back
            self.model: WorkerIdentity = self._first(say)
        except BaseException:
            self.close()
            raise

    def free(self) -> int:
        """How many further blocks the actors take now."""
        return sum(IN_FLIGHT - count for count in self.load.values())

    def submit(self, number: int, work: Callable[..., Any], given: tuple) -> None:
        """Give a block to the actor that has least to do."""
        actor = min(self.load, key=self.load.__getitem__)
        self.load[actor] += 1
        self.running[self.actors[actor].do.remote(work, given)] = actor, number

    def finished(self, seconds: float) -> list[Finished]:
        """What is done. Raises `ClearheadError`."""
        waited = [*self.running, *self.starting]
        if not waited:
            return []
        if not self.running and self.free():
            seconds = 0
        if self.ray.wait(waited, num_returns=1, timeout=seconds)[0]:
            ready, _ = self.ray.wait(waited, num_returns=len(waited), timeout=0)
        else:
            ready = []
        found = []
        for reference in ready:
            if reference in self.starting:
                self._welcome(reference)
                continue
            actor, number = self.running.pop(reference)
            # A copy: the arrays of the answer lie in memory that the actors write into.
            found.append(Finished(number, deepcopy(self._got(reference, number))))
            self.load[actor] -= 1
            self.done[actor] += 1
        return found

    def standing(self) -> str:
        """How far each actor is, in a few words."""
        counts = [str(self.done[actor]) for actor in sorted(self.load)]
        if len(counts) > 8:
            counts = [f"{min(self.done)} to {max(self.done)}"]
        waiting = f", {len(self.starting)} not started" if self.starting else ""
        return f"blocks of {len(self.load)} actors: {' '.join(counts)}{waiting}"

    def close(self) -> None:
        """End the actors, and Ray where it was started here."""
        for each in getattr(self, "actors", ()):
            with suppress(self.ray.exceptions.RayError, RuntimeError):
                self.ray.kill(each)
        self.ray.shutdown()

    def _first(self, say: Callable[[str], object]) -> WorkerIdentity:
        """Wait until one actor has loaded its model."""
        patience = 10
        while True:
            ready, _ = self.ray.wait(list(self.starting), num_returns=1, timeout=patience)
            if ready:
                self.model = self._got(ready[0])
                self._welcome(ready[0])
                return self.model
            free = self.ray.available_resources()
            say(
                f"Waiting for the first of {len(self.actors)} actors to load its model; beside "
                f"them {free.get('CPU', 0):g} CPUs and {free.get('GPU', 0):g} GPUs are free."
            )
            patience = 60

    def _welcome(self, reference: Any) -> None:
        """An actor has its model: the same as the others', or the pass ends."""
        actor = self.starting.pop(reference)
        if self._got(reference) != self.model:
            raise BadInput(
                f"The actors have different models or programs: {self._got(reference)} and "
                f"{self.model}. Give every node the same folder and the same Clearhead."
            )
        self.load[actor] = 0

    def _got(self, reference: Any, number: int | None = None) -> Any:
        errors = self.ray.exceptions
        try:
            return self.ray.get(reference)
        except errors.RayTaskError as error:
            if isinstance(error.cause, ClearheadError):
                raise error.cause from None
            raise
        except errors.RayError as error:
            what = "loading the model" if number is None else f"block {number:,}"
            said = str(error).strip().partition("\n")[0]
            raise BadInput(
                f"An actor does not get through {what}, also when started again: {said} Either "
                "memory is short (use fewer actors on a node, or a smaller number format), or a "
                "node lacks Clearhead. What is counted is kept."
            ) from error


def _started(address: str | None, say: Callable[[str], object]) -> ModuleType:
    ray = import_ray()
    if ray.is_initialized():
        raise BadInput(
            "This process is in a Ray cluster already. Call ray.shutdown() first, or work in "
            "another process."
        )
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if address:
        check_address(address)
    else:
        options |= {"include_dashboard": False, "object_store_memory": STORE}
        say("Starting Ray on this machine. While it runs, it listens on all network interfaces.")
    try:
        with _same_hook():
            ray.init(address or "local", **options)
    except BaseException as error:
        ray.shutdown()  # what it has begun: processes, threads, half a connection
        expected = ConnectionError, RuntimeError, ValueError, OSError, ray.exceptions.RayError
        if not isinstance(error, expected):
            raise
        raise BadInput(_why_not(error, address)) from error
    return ray


def _why_not(error: BaseException, address: str | None) -> str:
    """Why Ray is not started, or not joined, and what to do."""
    if "AuthenticationError" in f"{error!r} {error.__cause__}":
        return (
            f"Ray: the cluster at {address!r} asks for a token. Set RAY_AUTH_MODE=token, and give "
            "the cluster's token in the file ~/.ray/auth_token or in RAY_AUTH_TOKEN."
        )
    said = str(error).strip().partition("\n")[0]
    where = f"the cluster at {address!r} cannot be joined" if address else "it does not start"
    return f"Ray: {where}. {said} Every node needs the same version of Ray and of Python."


def import_ray() -> ModuleType:
    """Ray, set up so that the process can leave it in order. Raises `BadInput`."""
    for name, value in SETTINGS.items():
        if os.environ.get(name) != value:  # not while threads read it, when Ray is there already
            os.environ[name] = value
    try:
        with _same_hook():
            import ray
            import ray.exceptions
    except ImportError as error:
        raise BadInput(INSTALL) from error
    return ray


@contextmanager
def _same_hook() -> Iterator[None]:
    """Ray replaces what Python does with an error that nobody handles; put it back."""
    hook = sys.excepthook
    try:
        yield
    finally:
        sys.excepthook = hook


def check_address(address: str) -> None:
    """Refuse at once what would be waited for: `BadInput`."""
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    if "://" in address or not host or not port.isdigit():
        raise BadInput(
            f"{address!r} is no address of a cluster. Give HOST:PORT of its head node, such as "
            "10.0.0.1:6379, or auto on one of its nodes."
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), REACHED).close()
    except (OSError, OverflowError) as error:
        raise BadInput(
            f"Nothing answers at {address!r}. Is Ray running there (`ray status`), and may this "
            "machine reach it?"
        ) from error
