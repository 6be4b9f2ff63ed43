"""Attention maps out of tensors that somebody already has."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from interp_core.attention.maps import AttentionMaps
from interp_core.errors import BadInput
from interp_core.inputs.tokens import TokenSequence
from interp_core.inputs.vocabulary import readable

ROUNDING = 0.02  # by which a row in 16 bits may exceed 1; float32 stays far below
BYTES = ("Ġ", "Ċ")  # space and line break in vocabularies that are spelled in bytes
ADDED = re.compile(
    r"\[(CLS|SEP|PAD|BOS|EOS)\]|</?s>|<(pad|bos|eos|cls|sep)>|"
    r"<\|(endoftext|begin_of_text|end_of_text|im_start|im_end|startoftext)\|>"
)
EAGER = (
    'Load the model with `from_pretrained(..., attn_implementation="eager")` and call it with '
    "`output_attentions=True`, or let `ic.attention_maps(ic.wrap(model, tokenizer), text)` do both."
)
TRAINING = (
    " A model in training mode sets some weights to 0 and scales up the others (dropout): call "
    "`model.eval()` before it reads the text."
)
TOKENS = '`tokenizer.convert_ids_to_tokens(batch["input_ids"][0])`'
SHAPE = "(heads, query, key), with the texts before them where there are several"


def maps_from(
    attentions: Any,
    tokens: Sequence[str],
    *,
    key_tokens: Sequence[str] | None = None,
    index: int | None = None,
    attention_mask: Any = None,
    special: Sequence[bool] | None = None,
    word_ids: Sequence[int | None] | None = None,
) -> AttentionMaps:
    """The maps of one text from what a model returned: `output.attentions`.

    `attentions` holds one tensor or array for each layer, (batch, heads, query, key) or (heads,
    query, key); None stands for a layer without attention. Of a batch of several texts `index`
    chooses one, and its `attention_mask` (batch, tokens) says which tokens are padding: those are
    left out. `tokens` name the queries, and the keys too unless cross attention has `key_tokens` of
    its own. `special` marks tokens that the tokenizer added, by default those spelled like `[CLS]`
    or `<s>`; `word_ids` (of `batch.word_ids()`) are needed to merge tokens into words.

    Raises `BadInput`, with the cure, for what is not the attention weights of these tokens.
    """
    weights, layers = _weights(_layers(attentions), index)
    queries = _names(tokens, "tokens")
    keys = queries if key_tokens is None else _names(key_tokens, "key_tokens")
    _check_counts(weights.shape, queries, keys, crossed=key_tokens is not None)
    kept = np.arange(len(keys))
    if attention_mask is not None:
        kept = np.flatnonzero(_mask(attention_mask, index, len(keys)))
    asked = kept if key_tokens is None else np.arange(len(queries))
    weights = weights[:, :, asked][..., kept]
    _check_weights(weights, layers)
    if attention_mask is None:
        _check_padding(weights, keys)
    named = _sequence(queries, special, word_ids, asked)
    across = named if key_tokens is None else _sequence(keys, None, None, kept)
    return AttentionMaps(weights, named, across, layers, even=_even(weights))


def _layers(attentions: Any) -> list[Any]:
    """One entry for each layer. Raises `BadInput` where a model has returned none."""
    if hasattr(attentions, "keys"):
        offered = [f"`output.{name}`" for name in attentions if name.endswith("attentions")]
        told = ", ".join(offered) or "none: " + EAGER
        raise BadInput(f"The model's whole output is given. Give its attentions: {told}")
    if attentions is None:
        raise BadInput(f"There are no attentions: the model returned None. {EAGER}")
    if isinstance(attentions, str | bytes) or not hasattr(attentions, "__len__"):
        raise BadInput(f"One tensor for each layer is needed, not {type(attentions).__name__}.")
    if len(getattr(attentions, "shape", ())) == 4 and len(attentions) > 1:
        raise BadInput(
            f"One array of shape {tuple(attentions.shape)} is either one layer of several texts or "
            "several layers of one text. Give a list: `[array]` for one layer, `list(array)` for "
            "layers."
        )
    layers = list(attentions)
    if layers and all(isinstance(each, tuple | list) and _are_arrays(each) for each in layers):
        raise BadInput(
            "The attentions of `generate` are given, one tuple of layers for each step. Call the "
            "model once on the whole text: `model(**batch, output_attentions=True).attentions`."
        )
    if not layers or all(each is None for each in layers):
        raise BadInput(
            "There are no attention weights: the model returned None for every layer, as sdpa and "
            f"flash attention do, which never form them. {EAGER}"
        )
    return layers


def _are_arrays(given: Any) -> bool:
    return bool(given) and all(len(getattr(each, "shape", ())) > 2 for each in given)


def _weights(layers: list[Any], index: int | None) -> tuple[np.ndarray, tuple[int, ...]]:
    """(layers, heads, query, key) float32 and the numbers of the layers that have maps."""
    numbers = tuple(place for place, each in enumerate(layers) if each is not None)
    maps = [_array(layers[number], number) for number in numbers]
    for number, each in zip(numbers, maps):
        if each.ndim not in (3, 4):
            raise BadInput(
                f"Layer {number} has an array of shape {each.shape}; one of {SHAPE} is needed. "
                "Give `output.attentions` as the model returned it."
            )
    texts = {each.shape[0] if each.ndim == 4 else 1 for each in maps}
    several = max(texts) > 1
    if index is not None and not isinstance(index, int | np.integer):
        raise BadInput(f"`index` is the number of a text in the batch, not {index!r}.")
    if several and (index is None or not 0 <= index < min(texts)):
        which = f"0 to {min(texts) - 1}"
        raise BadInput(
            f"The attentions are of {max(texts)} texts. Choose one of them by `index` ({which}), "
            "and give the batch's `attention_mask`, so that padding is left out."
        )
    place = (index or 0) if several else 0
    one = [each[place] if each.ndim == 4 else each for each in maps]
    shapes = {each.shape: number for number, each in reversed(list(zip(numbers, one)))}
    if len(shapes) > 1:
        told = "; ".join(f"layer {number}: {shape}" for shape, number in sorted(shapes.items()))
        raise BadInput(
            f"The layers have maps of different shapes (heads, query, key): {told}. Give layers "
            "with the same number of heads, of one text."
        )
    return np.stack(one), numbers


def _array(given: Any, number: int) -> np.ndarray:
    try:
        if hasattr(given, "detach"):
            given = given.detach().float().cpu().numpy()
        return np.asarray(given, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise BadInput(
            f"Layer {number} is {type(given).__name__}, not an array of numbers of shape {SHAPE}."
        ) from error


def _names(tokens: Any, what: str) -> list[str]:
    listed = hasattr(tokens, "__iter__") and not isinstance(tokens, str)
    if not listed or not all(isinstance(each, str) for each in tokens):
        raise BadInput(f"`{what}` is a list of strings, one for each position: {TOKENS}.")
    return list(tokens)


def _check_counts(shape: tuple, queries: list[str], keys: list[str], *, crossed: bool) -> None:
    _, _, asked, seen = shape
    if asked != seen and not crossed and len(queries) in (asked, seen):
        if asked == 1:
            raise BadInput(
                f"The maps have 1 query and {seen} keys: they are of one step of generation with a "
                "cache. Call the model once on the whole text, with `use_cache=False`."
            )
        raise BadInput(
            f"The maps have {asked} queries and {seen} keys, as cross attention has: give the "
            "decoder's tokens as `tokens` and the encoder's as `key_tokens`."
        )
    for what, names, count in (("queries", queries, asked), ("keys", keys, seen)):
        if len(names) != count:
            raise BadInput(
                f"There are {len(names)} tokens for {count} {what}. Name every position, the "
                f"tokens that the tokenizer adds among them: {TOKENS}."
            )


def _mask(given: Any, index: int | None, count: int) -> np.ndarray:
    mask = _array(given, 0)
    mask = mask[index or 0] if mask.ndim == 2 else mask
    if mask.shape != (count,) or not mask.any():
        raise BadInput(
            f"The attention mask has the shape {mask.shape}; one of {count} tokens is needed, "
            "1 where a token stands and 0 where padding does."
        )
    return mask > 0


def _check_weights(weights: np.ndarray, layers: tuple[int, ...]) -> None:
    """Every row holds weights: none is negative, and together they are 1 at most."""
    with np.errstate(invalid="ignore"):
        total = weights.sum(-1)
        wrong = ~((weights >= 0).all(-1) & (total <= 1 + ROUNDING))
    if not wrong.any():
        return
    layer, head, query = np.argwhere(wrong)[0]
    row = weights[layer, head, query]
    said = "has values that are not finite" if not np.isfinite(row).all() else None
    said = said or f"goes from {row.min():.3g} to {row.max():.3g} and sums to {row.sum():.3g}"
    scaled = (weights >= 0).all() and np.isfinite(weights).all()
    raise BadInput(
        f"Layer {layers[layer]}, head {head}: the row of query {query} {said}. Attention weights "
        "are not negative, and each row sums to 1 (less with attention sinks): give the weights "
        f"after the softmax, with queries before keys.{TRAINING if scaled else ''}"
    )


def _check_padding(weights: np.ndarray, keys: list[str]) -> None:
    """A key that nobody reads, not even itself, in any head is padding."""
    unread = np.flatnonzero(~(weights > 0).any((0, 1, 2)))
    if not len(unread):
        return
    named = ", ".join(f"{keys[place]} ({place})" for place in unread[:4])
    more = f" and {len(unread) - 4} more" if len(unread) > 4 else ""
    raise BadInput(
        f"No head gives any attention to {named}{more}: these positions are padding. Give "
        '`attention_mask=batch["attention_mask"]`, so that they are left out, or tokenize the '
        "text alone, without padding."
    )


def _sequence(
    names: list[str],
    special: Sequence[bool] | None,
    words: Sequence[int | None] | None,
    kept: np.ndarray,
) -> TokenSequence:
    for what, given in (("special", special), ("word_ids", words)):
        if given is not None and len(given) != len(names):
            raise BadInput(f"`{what}` has {len(given)} entries for {len(names)} tokens.")
    bytes_ = any(sign in name for name in names for sign in BYTES)
    added = [bool(ADDED.fullmatch(each)) for each in names] if special is None else list(special)
    words = (
        [None if mark else place for place, mark in enumerate(added)] if words is None else words
    )
    nothing = (None,) * len(kept)
    return TokenSequence(
        tuple(readable(names[place], byte_level=bytes_) for place in kept),
        np.full(len(kept), -1),
        np.array([added[place] for place in kept], dtype=bool),
        tuple(words[place] for place in kept),
        nothing,
        nothing,
        (),
    )


def _even(weights: np.ndarray) -> np.ndarray | None:
    """Attention spread evenly over the keys that a query of a layer sees in some head."""
    seen = (weights > 0).any(1)
    if seen.all():
        return None
    return (seen / np.maximum(seen.sum(-1, keepdims=True), 1)).astype(np.float32)
