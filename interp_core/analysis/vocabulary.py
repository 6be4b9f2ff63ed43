"""Names of vocabulary entries, and entries by name."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from interp_core.errors import BadInput
from interp_core.models.display import SPACE, is_byte_level, readable

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel


def token_name(model: LoadedModel, number: int) -> str:
    """The readable name of a vocabulary entry."""
    return token_names(model, [number])[number]


def token_names(model: LoadedModel, numbers: Iterable[int]) -> dict[int, str]:
    """The readable names of many vocabulary entries, by number."""
    wanted, byte_level = [int(number) for number in numbers], is_byte_level(model.tokenizer)
    tokens = model.tokenizer.convert_ids_to_tokens(wanted)
    return {
        # Rows that round the table up to a multiple of 64 have no name.
        number: f"unused entry {number}"
        if token is None
        else readable(str(token), byte_level=byte_level)
        for number, token in zip(wanted, tokens)
    }


def token_id(model: LoadedModel, wanted: Any, size: int) -> int:
    """The number of a token given as text, by its shown name (`▁Paris`, `##ing`) or by number.

    Raises `BadInput` for what is not exactly one of the model's `size` tokens.
    """
    if not isinstance(wanted, str):
        return _checked(wanted, size)
    tokenizer = model.tokenizer
    pieces: list[int] = []
    for text in dict.fromkeys((wanted, wanted.replace(SPACE, " "))):
        pieces = tokenizer(text, add_special_tokens=False)["input_ids"]
        if len(pieces) == 1 and pieces[0] != tokenizer.unk_token_id:
            return pieces[0]
    number = tokenizer.convert_tokens_to_ids(wanted)
    if number is not None and (number != tokenizer.unk_token_id or wanted == tokenizer.unk_token):
        return number
    shown = ", ".join(repr(token_name(model, piece)) for piece in pieces[:8]) or "none"
    raise BadInput(
        f"{wanted!r} is not one token of this model (it reads it as: {shown}). "
        "Choose a single token; with a space in front it is often another one."
    )


def _checked(wanted: Any, size: int) -> int:
    try:
        number = operator.index(wanted)
    except TypeError:
        number = -1
    if not 0 <= number < size or isinstance(wanted, bool):
        raise BadInput(f"{wanted!r} is not a token: give its text, or a number below {size:,}.")
    return number
