"""Labelled words: how they fall on word pieces, and the score of entities."""

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from torch import Tensor

from interp_core.audit.entities import found_entities
from training.backbone import MAX_TOKENS, logits_of, tokenizer

IGNORED = -100  # what torch's cross entropy passes over


class Sentence(NamedTuple):
    """Words and their labels; `glued[i]` says that no space stands before word i."""

    words: tuple[str, ...]
    labels: tuple[str, ...]
    glued: tuple[bool, ...]

    @property
    def text(self) -> str:
        """The words with the spaces between them."""
        gaps = ("" if glue else " " for glue in self.glued)
        return "".join(gap + word for gap, word in zip(gaps, self.words)).lstrip()

    @property
    def starts(self) -> list[int]:
        """The character of `text` at which each word begins."""
        gaps = [int(not glue) for glue in self.glued]
        ends = accumulate(gap + len(word) for gap, word in zip(gaps, self.words))
        return [end - len(word) - gaps[0] for end, word in zip(ends, self.words)]


class Pieces(NamedTuple):
    """Token ids of a sentence, and the word at each piece's first character (None: [CLS], [SEP])"""

    ids: list[int]
    words: list[int | None]


def cut(sentences: Sequence[Sentence]) -> list[Pieces]:
    """The word pieces of each sentence, as the app would cut its text."""
    encoded = tokenizer()(
        [sentence.text for sentence in sentences],
        truncation=True,
        max_length=MAX_TOKENS,
        return_offsets_mapping=True,
    )
    rows = zip(encoded["input_ids"], encoded["offset_mapping"], sentences, strict=True)
    return [Pieces(ids, _words(spans, sentence)) for ids, spans, sentence in rows]


def _words(spans: Sequence[tuple[int, int]], sentence: Sentence) -> list[int | None]:
    owner = [number for number, word in enumerate(sentence.words) for _ in word]
    places = [
        place
        for start, word in zip(sentence.starts, sentence.words)
        for place in range(start, start + len(word))
    ]
    at = dict(zip(places, owner))
    return [at[start] if end > start else None for start, end in spans]


def piece_labels(sentence: Sentence, pieces: Pieces, labels: Sequence[str]) -> list[int]:
    """The label of each piece. What continues a word that begins a slot is inside that slot."""
    known = {label: number for number, label in enumerate(labels)}
    found, before = [], None
    for word in pieces.words:
        if word is None:
            found.append(IGNORED)
            continue
        label = sentence.labels[word]
        if word == before and label.startswith("B-"):
            label = f"I-{label[2:]}"
        found.append(known[label])
        before = word
    return found


def tag(model: object, sentences: Sequence[Sentence], labels: Sequence[str]) -> list[list[str]]:
    """The model's label of each word: that of the first piece which begins in it.

    A word in which no piece begins ("not" of "cannot") takes the label of the piece before.
    """
    cuts = cut(sentences)
    scores = logits_of(model, [pieces.ids for pieces in cuts])
    return [
        _of_words(len(sentence.words), pieces, score, labels)
        for sentence, pieces, score in zip(sentences, cuts, scores, strict=True)
    ]


def _of_words(count: int, pieces: Pieces, scores: Tensor, labels: Sequence[str]) -> list[str]:
    first: dict[int, int] = {}
    for best, word in zip(scores.argmax(-1).tolist(), pieces.words, strict=True):
        if word is not None:
            first.setdefault(word, best)
    found = list(accumulate(range(count), lambda last, word: first.get(word, last), initial=0))
    return [labels[number] for number in found[1:]]


def entity_f1(gold: Sequence[Sequence[str]], found: Sequence[Sequence[str]]) -> float:
    """Micro-averaged F1 of entities that agree in name and both ends."""
    pairs = [
        (found_entities(right), found_entities(ours))
        for right, ours in zip(gold, found, strict=True)
    ]
    both = sum(len(right & ours) for right, ours in pairs)
    return 2 * both / max(1, sum(len(right) + len(ours) for right, ours in pairs))


def accuracy(gold: Sequence[Sequence[str]], found: Sequence[Sequence[str]]) -> float:
    """Share of words with the right label."""
    pairs = [pair for right, ours in zip(gold, found, strict=True) for pair in zip(right, ours)]
    return sum(right == ours for right, ours in pairs) / len(pairs)
