"""The tokens that a tokenizer has to name before a method can use them: mask, pad, unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interp_core.errors import UnsupportedModel

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# How the vocabularies of common families write them.
SPELLINGS = {
    "mask": ("[MASK]", "<mask>", "<special1>"),
    "pad": ("[PAD]", "<pad>", "<|pad|>", "<|endoftext|>"),
    "unk": ("[UNK]", "<unk>"),
}
FULL = {"mask": "mask", "pad": "padding", "unk": "unknown"}


def named_id(tokenizer: PreTrainedTokenizerBase, name: str) -> int | None:
    """The number of the "mask", "pad" or "unk" token, or None where none is named."""
    return getattr(tokenizer, f"{name}_token_id", None)


def needed_id(tokenizer: PreTrainedTokenizerBase, name: str) -> int:
    """The number of a token that a method cannot do without. Raises `UnsupportedModel`."""
    number = named_id(tokenizer, name)
    if number is None:
        raise UnsupportedModel(unnamed(tokenizer, name))
    return number


def unnamed(tokenizer: PreTrainedTokenizerBase, name: str) -> str:
    """The sentence that says which setting is missing, and what to write there."""
    vocabulary = tokenizer.get_vocab()
    known = [each for each in SPELLINGS.get(name, ()) if each in vocabulary]
    value = known[0] if known else "..."
    has = f"; its vocabulary has {known[0]!r}" if known else ""
    return (
        f"The tokenizer names no {FULL.get(name, name)} token{has}. Add the setting "
        f'`"{name}_token": "{value}"` to tokenizer_config.json.'
    )
