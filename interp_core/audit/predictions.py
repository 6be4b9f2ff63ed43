"""What a model answers to each of many labelled texts: one pass, kept, with partial results."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from interp_core.audit.record import MULTI, REGRESSION, SINGLE, TOKENS, AuditData
from interp_core.errors import BadInput, ClearheadError
from interp_core.files.rows import EMPTY, NOT_TEXT, TOO_LONG, Skipped, SkippedRows
from interp_core.inputs.batching import MAX_CHARACTERS, equal_lengths
from interp_core.inputs.tokens import check_text, encode
from interp_core.models.forward import forward, refuses_batches
from interp_core.models.hooks import hooked
from interp_core.models.preprocessors import input_names, vector_count
from interp_core.progress import report

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

CHUNK = 512  # texts that are tokenized and sorted by length together
MOST_NUMBERS = 2**26  # logits, or numbers of vectors, that are kept: 256 MB
SAME = 1e-4


@dataclass(frozen=True)
class Predictions:
    """What a model answers to n texts.

    `predicted` is (n,) class numbers for "single-label", (n, labels) bool for "multi-label", (n,)
    float for "regression", and for "tokens" (n,) object: an array of class numbers, one a word.
    `logits` and `probabilities` are (n, labels); `probabilities` is None for regression, and both
    for tokens. `confidence` (n,) is the probability of the answer (for "multi-label" of the least
    sure of the labels; for "tokens" of the least sure word; NaN for regression). `lengths` are
    counted in tokens, `cut` marks texts that the model could not read whole, `done` those that were
    predicted and `lost` those that cannot be: others hold 0 and NaN; `refused` says why. `vectors`
    (n, d) are what the classifier's last layer reads of each text, None where that is not one
    vector.
    """

    kind: str
    logits: np.ndarray | None
    probabilities: np.ndarray | None
    predicted: np.ndarray
    confidence: np.ndarray
    lengths: np.ndarray
    cut: np.ndarray
    done: np.ndarray
    lost: np.ndarray
    refused: SkippedRows = field(default_factory=SkippedRows)
    vectors: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.done)

    @property
    def complete(self) -> bool:
        """Whether every text was predicted or refused."""
        return bool((self.done | self.lost).all())

    @property
    def first(self) -> int:
        """How many texts from the first on were predicted or refused without a gap."""
        told = self.done | self.lost
        return len(self) if told.all() else int(np.argmin(told))

    def take(self, chosen: np.ndarray) -> Predictions:
        """Those at these places, or where a mask (n,) is true."""
        places = np.arange(len(self))[chosen]
        parts = {
            name: None if value is None else value[places]
            for name, value in vars(self).items()
            if name not in ("kind", "refused")
        }
        return Predictions(self.kind, **parts)

    def nbytes(self) -> int:
        """About how much memory it takes."""
        arrays = (self.logits, self.probabilities, self.predicted, self.confidence, self.vectors)
        held = sum(each.nbytes for each in arrays if each is not None)
        words = self.predicted if self.kind == TOKENS else ()
        return held + sum(each.nbytes for each in words if each is not None)


def is_right(data: AuditData, predictions: Predictions) -> np.ndarray:
    """Whether each answer is the true one, (n,) bool: all labels, all words. False where not done.

    Raises `BadInput` for regression, where no answer is exactly right.
    """
    if data.kind == REGRESSION:
        raise BadInput("A number is not right or wrong: regression has errors of some size.")
    found, true = predictions.predicted, data.targets
    if data.kind == SINGLE:
        right = found == true
    elif data.kind == MULTI:
        right = (found == true).all(1)
    else:
        right = np.array(
            [each is not None and np.array_equal(each, gold) for each, gold in zip(found, true)],
            dtype=bool,
        )
    return right & predictions.done


def predict_labelled(
    model: LoadedModel,
    data: AuditData,
    *,
    progress: Callable[[int, int], object] | None = None,
) -> Predictions:
    """The answers to all texts, in one pass. `progress(done, n)` may return False to stop.

    Raises `Stopped`; what is known by then is given by `stream_predictions`.
    """
    state = None
    for state in stream_predictions(model, data):
        report(progress, int((state.done | state.lost).sum()), len(data))
    return state


def stream_predictions(model: LoadedModel, data: AuditData) -> Iterator[Predictions]:
    """The same, after every batch: each time a record of the same arrays, filled on the way.

    Texts of equal length go through the model together, without padding, so every model answers as
    it does for one text. Only answers are kept: memory grows with texts times labels.
    Raises `BadInput` where that would be too much.
    """
    pass_ = _Pass(model, data)
    yield pass_.found
    for start in range(0, len(data), CHUNK):
        for _ in pass_.chunk(range(start, min(start + CHUNK, len(data)))):
            yield pass_.found


def _last_layer(model: LoadedModel, data: AuditData) -> nn.Linear | None:
    """The linear layer that seems to make the logits of one vector for each text."""
    layers = [each for each in model.model.modules() if isinstance(each, nn.Linear)]
    fitting = [each for each in layers if each.out_features == len(data.labels)]
    if data.kind == TOKENS or not fitting:
        return None
    return fitting[-1] if len(data) * fitting[-1].in_features <= MOST_NUMBERS else None


def no_predictions(data: AuditData, width: int = 0) -> Predictions:
    """The record before the first batch, for vectors of this width (0: none).

    Raises `BadInput` where the answers would be too many to keep.
    """
    count, labels = len(data), len(data.labels)
    if data.kind != TOKENS and count * labels > MOST_NUMBERS:
        raise BadInput(
            f"{count:,} texts × {labels:,} labels are more answers than are kept. Give fewer texts."
        )
    shape = (count, labels)
    predicted = {
        SINGLE: lambda: np.zeros(count, dtype=np.int64),
        MULTI: lambda: np.zeros(shape, dtype=bool),
        REGRESSION: lambda: np.full(count, np.nan),
        TOKENS: lambda: np.full(count, None, dtype=object),
    }[data.kind]()
    scores = None if data.kind == TOKENS else np.full(shape, np.nan, dtype=np.float32)
    return Predictions(
        data.kind,
        scores,
        scores.copy() if data.kind in (SINGLE, MULTI) else None,
        predicted,
        np.full(count, np.nan),
        np.zeros(count, dtype=np.int64),
        *(np.zeros(count, dtype=bool) for _ in range(3)),
        vectors=np.full((count, width), np.nan, dtype=np.float32) if width else None,
    )


class _Pass:
    """A pass over the texts, and what is known so far."""

    def __init__(self, model: LoadedModel, data: AuditData) -> None:
        self.model, self.data = model, data
        self.known = vector_count(model.model)
        self.single = refuses_batches(model)
        self.reader = _last_layer(model, data)
        self.found = no_predictions(data, self.reader.in_features if self.reader is not None else 0)

    def chunk(self, places: Sequence[int]) -> Iterator[None]:
        """Predict the texts at these places; yields after every batch."""
        good = [place for place in places if self._is_text(place)]
        if not good:
            return
        read = self._tokenized(good)
        rows = [row for row, place in enumerate(good) if self._is_read(read, row, place)]
        names = input_names(self.model.model, self.model.tokenizer, read)
        for batch in equal_lengths([len(read["input_ids"][row]) for row in rows]):
            chosen = [rows[number] for number in batch]
            for part in [[row] for row in chosen] if self.single else [chosen]:
                inputs = {
                    name: torch.tensor([read[name][row] for row in part]).to(self.model.device)
                    for name in names
                }
                logits, vectors = self._forward(inputs)
                self._keep([good[row] for row in part], logits, read, part)
                if vectors is not None:
                    self._keep_vectors([good[row] for row in part], vectors, logits)
                yield

    def _forward(self, inputs: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor | None]:
        """The logits, and what the last layer read."""
        held: list[torch.Tensor] = []
        hooks = []
        if self.reader is not None:
            note = lambda module, given: held.append(given[0].detach())  # noqa: E731
            hooks = [(self.reader.register_forward_pre_hook, note)]
        with hooked(*hooks):
            logits = forward(self.model, inputs).logits
        vectors = held[0] if len(held) == 1 and held[0].shape[0] == logits.shape[0] else None
        if vectors is not None and vectors.ndim == 3:  # a decoder answers by its last token
            vectors = vectors[:, -1]
        return logits.float().cpu(), vectors

    def _keep_vectors(self, places: list[int], vectors: torch.Tensor, logits: torch.Tensor) -> None:
        """Keep what the last layer read, where it is proved that the logits come from it."""
        with torch.inference_mode():
            same = vectors.ndim == 2 and torch.allclose(
                self.reader(vectors).float().cpu(), logits, atol=SAME, equal_nan=True
            )
        if same:
            self.found.vectors[places] = vectors.float().cpu().numpy()
        else:
            self.reader, self.found = None, replace(self.found, vectors=None)

    def _is_text(self, place: int) -> bool:
        try:
            text = check_text(self.data.texts[place])
            if self.data.pairs is not None:
                text += check_text(self.data.pairs[place], "second text")
        except BadInput as error:
            return self._refuse(place, NOT_TEXT, error)
        if len(text) > MAX_CHARACTERS:
            message = f"The text has {len(text):,} characters."
            return self._refuse(place, TOO_LONG, message)
        return True

    def _tokenized(self, places: Sequence[int]) -> Any:
        """The tokenizer's batch; texts that are too long are cut at their end, and marked."""
        pairs = self.data.pairs
        given = [[self.data.texts[place] for place in places]]
        given += [[pairs[place] for place in places]] if pairs is not None else []
        options = {
            "return_special_tokens_mask": True,
            "verbose": False,
        }
        if self.data.kind == TOKENS and self.model.tokenizer.is_fast:
            options["return_offsets_mapping"] = True
        read = self.model.tokenizer(*given, **options)
        most = self.model.max_tokens
        lengths = [len(ids) for ids in read["input_ids"]]
        self.found.lengths[list(places)] = lengths
        self.found.cut[list(places)] = [length > most for length in lengths]
        if max(lengths) > most:
            read = self.model.tokenizer(*given, truncation=True, max_length=most, **options)
        return read

    def _is_read(self, read: Any, row: int, place: int) -> bool:
        ids = read["input_ids"][row]
        if all(read["special_tokens_mask"][row]):
            return self._refuse(place, EMPTY, "The tokenizer finds nothing to read in this text.")
        if max(ids) >= self.known:
            message = "The tokenizer knows a token here that the model has no vector for."
            return self._refuse(place, NOT_TEXT, message)
        if self.data.kind == TOKENS and self.found.cut[place]:
            message = f"The sentence has more than {self.model.max_tokens:,} tokens."
            return self._refuse(place, TOO_LONG, message)
        return True

    def _refuse(self, place: int, reason: str, why: ClearheadError | str) -> bool:
        number = int(self.data.rows[place]) if len(self.data.rows) else place + 1
        self.found.refused.add(Skipped(number, reason, str(why)))
        self.found.lost[place] = True
        return False

    def _keep(
        self, places: Sequence[int], logits: torch.Tensor, read: Any, rows: Sequence[int]
    ) -> None:
        found = self.found
        fine = torch.isfinite(logits).flatten(1).all(1)
        for place in (place for place, good in zip(places, fine) if not good):
            self._refuse(place, NOT_TEXT, "The model answers with numbers that are not finite.")
        places = [place for place, good in zip(places, fine) if good]
        rows, logits = [row for row, good in zip(rows, fine) if good], logits[fine]
        if found.kind == TOKENS:
            chances, best = logits.softmax(-1).max(-1)
            for place, row, chance, label in zip(places, rows, chances.numpy(), best.numpy()):
                first = first_pieces(self.data.words[place], self._offsets(place, read, row))
                found.predicted[place] = label[first]
                found.confidence[place] = float(chance[first].min())
        elif places:
            found.logits[places] = logits.numpy()
            self._answer(places, logits)
        found.done[places] = True

    def _offsets(self, place: int, read: Any, row: int) -> Sequence[tuple[int, int]]:
        if "offset_mapping" in read:
            return read["offset_mapping"][row]
        told = encode(self.model, self.data.texts[place]).sequence.offsets
        return [each or (0, 0) for each in told]

    def _answer(self, places: list[int], logits: torch.Tensor) -> None:
        found = self.found
        if found.kind == REGRESSION:
            found.predicted[places] = logits[:, 0].numpy()
            return
        chances = (logits.softmax(-1) if found.kind == SINGLE else logits.sigmoid()).numpy()
        found.probabilities[places] = chances
        if found.kind == SINGLE:
            found.predicted[places] = logits.argmax(-1).numpy()
            found.confidence[places] = chances.max(1)
        else:
            found.predicted[places] = logits.numpy() > 0
            found.confidence[places] = np.maximum(chances, 1 - chances).min(1)


def first_pieces(words: Sequence[str], offsets: Sequence[tuple[int, int]]) -> np.ndarray:
    """The token that speaks for each word, (words,): the first that begins in it.

    The text is the words joined by single spaces, `offsets` are each token's characters in it. A
    word in which no token begins is spoken for by the token before. A special token has (0, 0).
    """
    starts = np.cumsum([0, *(len(word) + 1 for word in words)])
    found = np.full(len(words), -1)
    for token, (start, end) in enumerate(offsets):
        if end <= start:
            continue
        # A byte-level token may begin with the space before its word.
        word = int(np.searchsorted(starts, start, side="right")) - 1
        if start == starts[word] + len(words[word]) and end > start + 1:
            word += 1
        if found[word] < 0:
            found[word] = token
    for place in np.flatnonzero(found < 0):
        found[place] = found[place - 1] if place else int(found.max(initial=0))
    return found
