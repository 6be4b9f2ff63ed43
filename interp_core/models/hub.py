"""Fetch a model from the Hugging Face Hub into its local cache, without waiting for minutes."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from pathlib import Path
from typing import Any, NoReturn

from interp_core.errors import ModelNotFound, UnsafeModel
from interp_core.models.folders import CONVERT
from interp_core.models.registry import bundled_models

# Never a pickle, never Python: what is not downloaded cannot run.
PATTERNS = ["*.safetensors", "*.safetensors.index.json", "*.json", "*.txt", "*.model", "*.jinja"]
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?")
PATIENCE_SECONDS = 7.0
LONGEST_SHOWN = 100


# A branch, tag or commit behind a Hub id.
_REVISION = re.compile(rf"({HUB_ID.pattern})@([A-Za-z0-9][\w./-]{{0,99}})")


def split_revision(name: str) -> tuple[str, str | None]:
    """A Hub id and the revision behind its "@", None without one ("org/model@v2")."""
    found = _REVISION.fullmatch(name)
    return (found[1], found[found.re.groups]) if found else (name, None)


def _help() -> str:
    names = ", ".join(card.name for card in bundled_models())
    return f"Use a built-in model ({names}) or the path of a folder that holds the model."


def hub_folder(name: str, revision: str | None = None) -> Path:
    """The local folder of a Hub model, downloaded when needed and possible.

    Raises `ModelNotFound` within about 10 seconds when `name` is no Hub id, the model does not
    exist, or the Hub cannot be reached; `UnsafeModel` when the model has pickled weights only.
    """
    if not HUB_ID.fullmatch(name) or ".." in name:
        shown = name if len(name) <= LONGEST_SHOWN else name[:LONGEST_SHOWN] + "…"
        raise ModelNotFound(
            f"There is no folder {shown!r}, and it is not a Hub id either. {_help()}"
        )
    from huggingface_hub import snapshot_download

    cached = cached_folder(name, revision)
    if os.environ.get("HF_HUB_OFFLINE", "") in {"1", "true", "True", "YES", "ON"}:
        return cached or _unreachable(name)
    try:
        files = _listing(name, revision)
    except ModelNotFound:
        if cached:
            return cached
        raise
    if not any(file.endswith(".safetensors") for file in files):
        raise UnsafeModel(f"{name!r} has no safetensors weights on the Hub. {CONVERT}")
    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=PATTERNS))
    except Exception as error:  # every network stack has errors of its own
        raise ModelNotFound(
            f"The download of {name!r} was interrupted ({type(error).__name__}). Try again. "
            f"{_help()}"
        ) from error


def cached_folder(name: str, revision: str | None = None) -> Path | None:
    """The folder of a model that was downloaded before, or None; never asks the network."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(name, revision=revision, local_files_only=True))
    except (LocalEntryNotFoundError, OSError, ValueError):
        return None
    return folder if any(folder.rglob("*.safetensors")) else None


def _listing(name: str, revision: str | None) -> list[str]:
    """File names of the model, within `PATIENCE_SECONDS`."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import (
        GatedRepoError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    future = _in_background(lambda: HfApi().model_info(name, revision=revision, timeout=5))
    try:
        return [file.rfilename for file in future.result(timeout=PATIENCE_SECONDS).siblings or ()]
    except GatedRepoError as error:
        raise ModelNotFound(
            f"{name!r} is gated: accept its terms on the Hub and log in with `hf auth login`."
        ) from error
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise ModelNotFound(f"The Hub has no model {name!r}. {_help()}") from error
    except Late:
        return _unreachable(name)
    except Exception as error:  # every network stack has errors of its own
        return _unreachable(name, error)


def _in_background(work: Callable[[], Any]) -> Future:
    """Run in a daemon thread: a look-up of the name may hang, and the process must still end."""
    future: Future = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # handed to the waiting thread
            future.set_exception(error)

    threading.Thread(target=run, name="hub", daemon=True).start()
    return future


def _unreachable(name: str, cause: Exception | None = None) -> NoReturn:
    raise ModelNotFound(
        f"Model {name!r} not found: it is not a built-in model or a local folder, and the "
        f"Hugging Face Hub could not be reached. {_help()}"
    ) from cause
