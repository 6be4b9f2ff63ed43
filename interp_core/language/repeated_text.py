"""A text of random words written twice, which makes induction heads light up."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from interp_core.errors import BadInput
from interp_core.inputs.tokens import encode
from interp_core.inputs.vocabulary import SPACE, token_names
from interp_core.language.next_token import surprisal
from interp_core.language.residual_stream import check_language_model
from interp_core.models.preprocessors import vector_count

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel


SHORTEST = 3  # letters of a word: shorter pieces merge with their neighbours
MOST_LETTERS = 10
TRIED = 40  # words for each one wanted: a tokenizer that refuses all of these refuses the rest


def repeated_sequence(model: LoadedModel, length: int = 25, seed: int = 0) -> str:
    """A text that the tokenizer reads as `length` random tokens, and then the same ones again.

    Each token is a whole word with its space, different from the others, so that the text is read
    back as the very same tokens (which is checked). Raises `BadInput` where the tokenizer has too
    few such words or the model reads too few tokens, `UnsupportedModel` for other tasks.
    """
    check_language_model(model, ("causal-lm",))
    if isinstance(length, bool) or not 2 <= length <= (model.max_tokens - 1) // 2:
        most = (model.max_tokens - 1) // 2
        raise BadInput(f"Between 2 and {most:,} tokens can be repeated, not {length}.")
    words = _words(model)
    np.random.default_rng(seed).shuffle(words)
    for space in ("", " "):  # byte-level tokenizers know the first word by its space
        fitting = _fitting(model, words, space, length)
        if len(fitting) == length:
            text = space + " ".join([word for word, _ in fitting] * 2)
            if _read(model, text) == [number for _, number in fitting] * 2:
                return text
    raise BadInput(
        f"The tokenizer of {model.name!r} has fewer than {length} whole words that survive "
        "encoding and decoding. Ask for a shorter sequence."
    )


def _words(model: LoadedModel) -> list[tuple[str, int]]:
    """Vocabulary entries that are a space and a plain word."""
    rows = min(len(model.tokenizer), vector_count(model.model))
    usable = np.setdiff1d(np.arange(rows), model.tokenizer.all_special_ids)
    found = []
    for number, word in token_names(model, usable).items():
        bare = word.removeprefix(SPACE)
        plain = bare.isascii() and bare.isalpha() and SHORTEST <= len(bare) <= MOST_LETTERS
        if plain and word != bare:
            found.append((bare, number))
    return found


def _fitting(
    model: LoadedModel, words: list[tuple[str, int]], space: str, length: int
) -> list[tuple[str, int]]:
    """The first `length` words that stay one token at the start and after another word."""
    kept: list[tuple[str, int]] = []
    for word, number in words[: TRIED * length]:
        if _read(model, f"{space}{word} {word}") == [number, number]:
            kept.append((word, number))
            if len(kept) == length:
                break
    return kept


def _read(model: LoadedModel, text: str) -> list[int]:
    return model.tokenizer(text, add_special_tokens=False)["input_ids"]


def written_twice(model: LoadedModel, text: str) -> np.ndarray | None:
    """The positions (n,) of the text's own tokens where the second half is the first again."""
    read = encode(model, text).sequence
    own = np.flatnonzero(~read.special)
    half = len(own) // 2
    if len(own) % 2 or half < SHORTEST or (read.ids[own[:half]] != read.ids[own[half:]]).any():
        return None
    return own


def copy_surprisal(
    model: LoadedModel, text: str, *, progress: Callable[[int, int], object] | None = None
) -> pd.DataFrame:
    """One row for each token of both copies: copy, place (in the copy, from 1), token, surprisal.

    Surprisal is in bits, and empty where nothing is predicted. Raises `BadInput` where the text is
    not written twice, and as `surprisal` does.
    """
    own = written_twice(model, text)
    if own is None:
        raise BadInput("This text is not a repeated sequence. Make one with `repeated_sequence`.")
    found = surprisal(model, text, progress=progress).iloc[own]
    half = len(own) // 2
    return pd.DataFrame(
        {
            "copy": np.repeat(["first copy", "second copy"], half),
            "place": np.tile(np.arange(1, half + 1), 2),
            "token": found["token"].to_numpy(),
            "surprisal": found["surprisal"].to_numpy(),
        }
    )
