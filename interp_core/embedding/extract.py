"""Vectors of tokens, of texts and of one word in each text, at any layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from inspect import signature
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from interp_core.embedding.vectors import Vectors
from interp_core.errors import BadInput
from interp_core.inputs.batching import equal_lengths, read_all
from interp_core.inputs.tokens import Encoded
from interp_core.models.architecture import encoder_body
from interp_core.models.sentence_modules import SentencePipeline, read_pipeline
from interp_core.progress import report

if TYPE_CHECKING:
    from interp_core.inputs.tokens import TokenSequence
    from interp_core.models.record import LoadedModel


MAX_VALUE_BYTES = 2**30
COLUMNS = ("text", "token", "position", "row", "special", "word", "tokens")
POOLED = -1  # the `position` of a vector that stands for a whole text


def token_vectors(
    model: LoadedModel,
    texts: Sequence[str],
    *,
    layer: int | str = -1,
    pooling: str | None = None,
    truncate: bool = False,
    progress: Callable[[int, int], object] | None = None,
) -> Vectors:
    """Contextual vectors of every token, or one vector for each text.

    `layer` 0 is the output of the embeddings, `model.n_layers` (or -1) that of the last layer;
    "all" gives every layer one after the other, in one pass. `pooling` None keeps the tokens;
    "mean" (over all tokens, special ones too), "first" or "model" (the model's own) pools them.
    The own pooling of a sentence-transformers folder is all that `SentenceTransformer.encode` does:
    the default prompt, the limit of length, every mode, dense layers and normalization.
    `truncate` cuts texts that are too long and says so in the notes.

    The frame has text, token, position (-1 when pooled), layer, row (the number of the text),
    special, word (the word the token belongs to) and tokens (how many the text has).

    Raises `BadInput`, `InputTooLong` or `UnsupportedModel`.
    """
    layers = _layers(model, layer)
    way = check_pooling(model, pooling, layers)
    texts = [texts] if isinstance(texts, str) else list(texts)
    own = way if isinstance(way, SentencePipeline) else None
    encoded, cut = _encoded(model, texts, own, truncate)
    skipped = prompt_tokens(model, own) if own else 0
    widths = len(own.modes) if own else 1
    _check_memory(model, encoded, len(layers) * widths, pooled=way is not None)
    parts: dict[int, np.ndarray] = {}
    for batch in batches(model, encoded, layers, progress=progress):
        values = batch.states if way is None else pool(batch, way, skipped)
        parts.update((row, values[:, place].numpy()) for place, row in enumerate(batch.rows))
    rows = [line for i, e in enumerate(encoded) for line in _lines(i, e.sequence, texts[i], way)]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    ordered = [parts[row] if way is None else parts[row][:, None] for row in range(len(encoded))]
    return _by_layer(np.concatenate(ordered, axis=1), frame, layers, _cut_note(cut))


def _encoded(
    model: LoadedModel, texts: list[str], own: SentencePipeline | None, truncate: bool
) -> tuple[list[Encoded], list[int]]:
    """The texts encoded, with the prompt and the limit of the model's own pooling."""
    if own is None:
        return read_all(model, texts, truncate=truncate)
    if own.prompt:
        read_all(model, texts, truncate=True)  # an empty text stays one, whatever stands before it
    most = min(own.limit or model.max_tokens, model.max_tokens)
    prompted = [own.prompt + text for text in texts]
    return read_all(model, prompted, truncate=truncate, limit=most)


def word_vectors(
    model: LoadedModel,
    texts: Sequence[str],
    words: str | Sequence[str],
    *,
    layer: int | str = -1,
    progress: Callable[[int, int], object] | None = None,
) -> Vectors:
    """One vector for each text: that of a word in it, the mean of the word's pieces.

    `words` is one word for all texts or one for each; its first occurrence counts, upper and lower
    case alike. The frame is that of `token_vectors`. Raises `BadInput` where a text has no such
    word.
    """
    layers = _layers(model, layer)
    encoded, _ = read_all(model, texts)
    wanted = [words] * len(encoded) if isinstance(words, str) else list(words)
    if len(wanted) != len(encoded):
        raise BadInput(f"There are {len(encoded)} texts but {len(wanted)} words. Pair them.")
    pieces = [_pieces(e.sequence, word, i) for i, (e, word) in enumerate(zip(encoded, wanted))]
    values = np.empty((len(layers), len(encoded), 0), dtype=np.float32)
    for batch in batches(model, encoded, layers, progress=progress):
        if not values.shape[-1]:
            values = np.empty((*values.shape[:2], batch.states.shape[-1]), dtype=np.float32)
        for place, row in enumerate(batch.rows):
            values[:, row] = batch.states[:, place, pieces[row]].mean(dim=1).numpy()
    rows = [
        (e.sequence.texts[0], word, places[0], row, False, word, len(e.sequence))
        for row, (e, word, places) in enumerate(zip(encoded, wanted, pieces))
    ]
    return _by_layer(values, pd.DataFrame(rows, columns=COLUMNS), layers, ())


def at_layer(vectors: Vectors, layer: int) -> Vectors:
    """The part of `layer="all"` that belongs to one layer (counted from 0)."""
    part = vectors.take(vectors.frame["layer"] == layer)
    if not len(part):
        raise BadInput(f"These vectors do not include layer {layer}.")
    return part


def _layers(model: LoadedModel, layer: int | str) -> list[int]:
    if layer == "all":
        return list(range(model.n_layers + 1))
    return [layer_number(model, layer)]


def _check_memory(model: LoadedModel, encoded: list[Encoded], layers: int, *, pooled: bool) -> None:
    rows = len(encoded) if pooled else sum(len(each.sequence) for each in encoded)
    config = model.model.config.get_text_config()
    need = rows * layers * int(getattr(config, "hidden_size", 1024)) * 4
    if need > MAX_VALUE_BYTES:
        raise BadInput(
            f"{rows:,} vectors of {layers} layers would take {need / 2**30:.1f} GiB. "
            "Take fewer texts, one layer, or one vector for each text (pooling='mean')."
        )


def _lines(
    row: int, sequence: TokenSequence, text: str, way: str | SentencePipeline | None
) -> list[tuple]:
    """The values of `COLUMNS` for each vector of one text."""
    count = len(sequence)
    if way is not None:
        return [(text, "", POOLED, row, False, "", count)]
    words = {word: sequence.word_text(word) for word in set(sequence.word_ids) - {None}}
    return [
        (text, token, place, row, bool(special), words.get(word, token), count)
        for place, (token, special, word) in enumerate(
            zip(sequence.tokens, sequence.special, sequence.word_ids)
        )
    ]


def _pieces(sequence: TokenSequence, word: str, row: int) -> list[int]:
    """Places of the pieces of the first occurrence of `word`."""
    for number in range(max((w for w in sequence.word_ids if w is not None), default=-1) + 1):
        if sequence.word_text(number).casefold() == str(word).casefold():
            return [place for place, w in enumerate(sequence.word_ids) if w == number]
    raise BadInput(f"Text {row + 1} has no word {word!r}: {sequence.texts[0][:80]!r}")


def _by_layer(
    values: np.ndarray, frame: pd.DataFrame, layers: list[int], notes: tuple[str, ...]
) -> Vectors:
    """`Vectors` of (layers, n, dim): the layers one after the other."""
    whole = pd.concat([frame.assign(layer=layer) for layer in layers], ignore_index=True)
    order = ["text", "token", "position", "layer"]
    whole = whole[[*order, *(name for name in whole if name not in order)]]
    flat = np.ascontiguousarray(values.reshape(-1, values.shape[-1]), dtype=np.float32)
    return Vectors(flat, whole, notes)


def _cut_note(cut: list[int]) -> tuple[str, ...]:
    if not cut:
        return ()
    texts = "1 text was" if len(cut) == 1 else f"{len(cut):,} texts were"
    return (f"{texts} truncated to the model's maximum length",)


@dataclass(frozen=True)
class HiddenStates:
    """`states` (layers, texts, tokens, dim) of the texts at `rows`; `output` is the model's own."""

    rows: tuple[int, ...]
    states: torch.Tensor
    output: Any


def layer_number(model: LoadedModel, layer: int | str) -> int:
    """The layer counted from 0 (embedding output) to the last; negative counts from the end.

    Raises `BadInput` for numbers out of range.
    """
    last = model.n_layers
    if isinstance(layer, bool) or not isinstance(layer, int | np.integer):
        raise BadInput(f"A layer is a whole number, not {layer!r}.")
    if not -last - 1 <= layer <= last:
        raise BadInput(
            f"Layer {layer} does not exist: {model.name!r} has 0 (embeddings) to {last}, "
            "and -1 is the last."
        )
    return int(layer) % (last + 1)


def batches(
    model: LoadedModel,
    encoded: Sequence[Encoded],
    layers: Sequence[int],
    *,
    progress: Callable[[int, int], object] | None = None,
) -> Iterator[HiddenStates]:
    """Hidden states after the given layers, batch by batch; every text comes exactly once."""
    body = encoder_body(model)
    accepted = signature(body.forward).parameters
    hands_on = any(each.kind is each.VAR_KEYWORD for each in accepted.values())
    done = 0
    for rows in equal_lengths([len(each.sequence) for each in encoded]):
        names = encoded[rows[0]].inputs.keys()
        if not hands_on or "input_ids" in accepted:  # wrappers (BART's decoder) hand all of it on
            names &= accepted.keys()
        inputs = {n: torch.cat([encoded[row].inputs[n] for row in rows]) for n in names}
        if model.layout.causal:
            inputs["use_cache"] = False
        with torch.inference_mode():
            output = body(**inputs, output_hidden_states=True, return_dict=True)
        states = torch.stack([output.hidden_states[layer] for layer in layers])
        yield HiddenStates(rows, states.float().cpu(), output)
        done += len(rows)
        report(progress, done, len(encoded))


# (..., tokens, dim) -> (..., dim). All tokens count, special ones too, as models are trained.
STATE_POOLINGS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "mean": lambda states: states.mean(dim=-2),
    "first": lambda states: states[..., 0, :],
    "last": lambda states: states[..., -1, :],
}
POOLINGS = ("mean", "first", "model")


def pooling_of(model: LoadedModel) -> str | SentencePipeline:
    """What "model" pooling is for this model: the modules of its folder, "pooler" or "last".

    The modules that a sentence-transformers folder names; else the trained pooler; else the last
    token of causal models. Raises `BadInput` where the model has none of these, and
    `UnsupportedModel` for a module that is not known here.
    """
    if model.sentences is not None:
        return read_pipeline(model.sentences)
    if model.model.config.is_encoder_decoder:
        raise BadInput(f"{model.name!r} has no pooling of its own. Use mean or first.")
    if getattr(model.model.base_model, "pooler", None) is not None:
        return "pooler"
    if model.layout.causal:
        return "last"
    raise BadInput(f"{model.name!r} has no pooling of its own. Use mean or first.")


def check_pooling(
    model: LoadedModel, pooling: str | None, layers: list[int]
) -> str | SentencePipeline | None:
    """The way to pool that `pooling` stands for. Raises `BadInput` or `UnsupportedModel`."""
    if pooling is None:
        return None
    if pooling not in POOLINGS:
        raise BadInput(f"Unknown pooling {pooling!r}. Choose one of: {', '.join(POOLINGS)}.")
    way = pooling_of(model) if pooling == "model" else pooling
    trained = way == "pooler" or (isinstance(way, SentencePipeline) and way.last_only)
    if trained and layers != [model.n_layers]:
        raise BadInput("The model's own pooler uses the last layer only. Use layer=-1, or mean.")
    return way


def prompt_tokens(model: LoadedModel, pipeline: SentencePipeline) -> int:
    """How many tokens the prompt takes, with those that the tokenizer puts before it."""
    if not pipeline.prompt:
        return 0
    ids = model.tokenizer(pipeline.prompt)["input_ids"]
    return len(ids) - (ids[-1] in model.tokenizer.all_special_ids)


def pool(batch: HiddenStates, way: str | SentencePipeline, skipped: int = 0) -> torch.Tensor:
    """(layers, texts, dim) float32; `skipped` tokens of a prompt at the start may not count."""
    if isinstance(way, SentencePipeline):
        return way(batch.states, skipped)
    if way == "pooler":
        return batch.output.pooler_output.float().cpu()[None]
    return STATE_POOLINGS[way](batch.states)
