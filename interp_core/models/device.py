"""Where a model computes, in which number format, and whether it fits into the free memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from interp_core.errors import BadInput, ModelTooLarge
from interp_core.models.extras import require
from interp_core.models.folders import read_files

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel


# Limit, usage, and the name of what could be given back at once; of cgroups' versions 2 and 1.
GROUPS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current", "inactive_file"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
        "total_inactive_file",
    ),
)
PASS = 128 * 2**20  # bytes beside the weights: what the trial run of a model needs
HALF = 2  # bytes of a number in 16 bits
OVERRIDE = (
    "To load it anyway: `check_memory=False` in `load_model`, or `check_memory = false` in "
    "`clearhead.toml`."
)
_CHECKED: ContextVar[bool] = ContextVar("checked", default=True)


def available() -> int | None:
    """Bytes that can still be had, by the system and by the container; None where nobody tells."""
    told = [_of_system(), *(_of_group(*files) for files in GROUPS)]
    return min((each for each in told if each is not None), default=None)


@contextmanager
def checked(wanted: bool) -> Iterator[None]:
    """Whether models that do not fit are refused meanwhile, in this thread."""
    token = _CHECKED.set(wanted)
    try:
        yield
    finally:
        _CHECKED.reset(token)


def check_room(folder: Path, dtype: torch.dtype) -> None:
    """Refuse to load weights that do not fit into the memory that is free: `ModelTooLarge`.

    Weights pass through the main memory whatever the device.
    """
    left = available()
    if left is None or not _CHECKED.get():
        return
    numbers = count_numbers(folder)
    need = numbers * dtype.itemsize
    if need + PASS <= left:
        return
    name = str(dtype).removeprefix("torch.")
    smaller = numbers * HALF
    cure = "Use a smaller model or a computer with more memory, or close other programs."
    if dtype.itemsize > HALF and smaller + PASS <= left:
        cure = f"In bfloat16 it takes {_giga(smaller)}: load it in that number format."
    raise ModelTooLarge(
        f"The model holds {numbers:,} numbers, which take {_giga(need)} in {name}, and "
        f"{_giga(left)} of memory are free. {cure} {OVERRIDE}"
    )


def check_device_room(model: torch.nn.Module, device: torch.device) -> None:
    """The same for the memory of a GPU, before the model moves there."""
    left = free_on_device(device)
    if left is None or not _CHECKED.get():
        return
    need = sum(each.nbytes for each in (*model.parameters(), *model.buffers()))
    if need + PASS > left:
        raise ModelTooLarge(
            f"The model takes {_giga(need)}, and {_giga(left)} of memory are free on the device "
            f"{str(device)!r}. Load it in bfloat16, or on the device cpu. {OVERRIDE}"
        )


def count_numbers(folder: Path) -> int:
    """How many numbers the weights of a folder hold, by the headers of their files alone."""
    from safetensors import safe_open

    total = 0
    for path in read_files(folder):
        with safe_open(path, framework="pt") as file:
            for name in file.keys():  # noqa: SIM118 - a safetensors file is no dictionary
                size = 1
                for side in file.get_slice(name).get_shape():
                    size *= side
                total += size
    return total


def _giga(count: int) -> str:
    return f"{count / 2**30:,.1f} GiB" if count >= 2**30 / 10 else f"{count / 2**20:,.1f} MiB"


def free_on_device(device: torch.device) -> int | None:
    """Bytes that are free on a GPU; None for the main memory."""
    import torch

    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    if device.type == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.current_allocated_memory()
    return None  # the main memory was looked at before


def _of_system() -> int | None:
    import psutil

    try:
        return psutil.virtual_memory().available
    except (OSError, RuntimeError):  # a system that tells nobody
        return None


def _of_group(limit: str, usage: str, reclaimable: str) -> int | None:
    try:
        most, used = (int(Path(file).read_text(encoding="ascii")) for file in (limit, usage))
        stat = Path(usage).with_name("memory.stat").read_text(encoding="ascii").splitlines()
        named = dict(line.split() for line in stat)
        return most - used + int(named.get(reclaimable, 0))
    except (OSError, ValueError):  # no such version, or the limit is "max"
        return None


SPREAD = "auto"  # over all GPUs, by the library accelerate
FORMATS = ("float32", "bfloat16", "float16")


def find_device(requested: str | None) -> torch.device | None:
    """The device asked for, or the GPU or MPS where present; None for "auto": all GPUs together.

    Raises `BadInput`.
    """
    import torch

    if requested == SPREAD:
        return None
    if requested:
        try:
            return torch.empty(0, device=requested).device
        except Exception as error:
            raise BadInput(
                f"Unknown device {requested!r}. Leave it out, or use one of: "
                f"{', '.join(devices())}."
            ) from error
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


@cache
def devices() -> tuple[str, ...]:
    """The names of the devices here, for `load_model(device=...)`."""
    import torch

    found = ["cpu"]
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    found += ["cuda"] if count == 1 else [f"cuda:{number}" for number in range(count)]
    found += ["mps"] if torch.backends.mps.is_available() else []
    if count > 1:
        found.append(SPREAD)
    return tuple(found)


def find_dtype(requested: str | None) -> torch.dtype:
    """The number format asked for, or float32. Raises `BadInput`."""
    import torch

    found = getattr(torch, str(requested or "float32").removeprefix("torch."), None)
    if not isinstance(found, torch.dtype) or not found.is_floating_point or found.itemsize < 2:
        raise BadInput(f"Unknown dtype {requested!r}. Use float32, bfloat16 or float16.")
    return found


def rounding_notes(model: PreTrainedModel) -> tuple[str, ...]:
    """What 16 bits do to the numbers that are shown; nothing in float32."""
    import torch

    if model.dtype.itemsize > 2:
        return ()
    share = torch.finfo(model.dtype).eps / 2
    name = str(model.dtype).removeprefix("torch.")
    return (
        f"The model runs in {name}, which rounds every number by up to {share:.2%}: rows of "
        f"attention sum to 1 within about {share:.2%}, and smaller differences are not "
        "meaningful.",
    )


def place(model: PreTrainedModel, device: torch.device | None) -> tuple[PreTrainedModel, object]:
    """The model on its device, and the device that its inputs go to; None spreads it."""
    if device is not None:
        check_device_room(model, device)
        return model.to(device), device
    require("accelerate", "Spreading a model over several devices", "adapters")
    from accelerate import dispatch_model, infer_auto_device_map

    whole = list(getattr(model, "_no_split_modules", None) or ())
    spread = infer_auto_device_map(model, no_split_module_classes=whole, dtype=model.dtype)
    model = dispatch_model(model, device_map=spread)
    return model, model.device
