"""Phrases of the Stanford Sentiment Treebank with their five-way labels, as training targets."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from training.sst2 import natural

FILE = "train_trees.txt"
# P(positive) to aim at for very negative, negative, neutral, positive, very positive.
TARGETS = (0.03, 0.15, 0.5, 0.85, 0.97)
NEUTRAL = 2
# Half of all phrases are neutral fragments such as "of the"; those this long say something.
NEUTRAL_WORDS = 8
TOKEN = re.compile(r"[()]|[^\s()]+")


class Target(NamedTuple):
    """One text with the probability of "positive" to aim at."""

    text: str
    positive: float


def phrases(tree: str) -> Iterator[tuple[str, int]]:
    """Every phrase of a bracketed tree "(3 (2 so) (4 good))" with its label, inner ones first."""
    starts: list[tuple[int, int]] = []  # per open bracket: label, position of its first word
    words: list[str] = []
    opening = False
    for token in TOKEN.findall(tree):
        if token == ")":
            label, start = starts.pop()
            yield " ".join(words[start:]), label
        elif opening:
            starts.append((int(token), len(words)))
        elif token != "(":
            words.append(token)
        opening = token == "("


def plain(text: str) -> str:
    """A phrase in SST-2's spelling: lower case, no escaped signs, brackets as themselves."""
    text = text.lower().replace("\\/", "/").replace("\\*", "*")
    return text.replace("-lrb-", "(").replace("-rrb-", ")")


def worth_training(text: str, label: int) -> bool:
    """All phrases with a sentiment, and the longer neutral ones."""
    return label != NEUTRAL or text.count(" ") + 1 >= NEUTRAL_WORDS


def training_targets(trees: Iterable[str]) -> list[Target]:
    """Each text once, in first-seen order, with its mean target; typed spellings added."""
    found: dict[str, list[float]] = {}
    for tree in trees:
        for phrase, label in phrases(tree):
            text = plain(phrase)
            if worth_training(text, label):
                for spelling in {text: None, natural(text): None}:
                    found.setdefault(spelling, []).append(TARGETS[label])
    return [Target(text, sum(values) / len(values)) for text, values in found.items()]


def read_targets(folder: Path) -> list[Target]:
    """The training targets of a folder that holds `train_trees.txt`, one tree a line."""
    return training_targets((folder / FILE).read_text(encoding="utf-8").splitlines())


def read_soft(folder: Path) -> tuple[list[str], Tensor]:
    """The texts, and the probabilities (texts, 2) of negative and positive to aim at."""
    targets = read_targets(folder)
    positive = torch.tensor([target.positive for target in targets])
    return [target.text for target in targets], torch.stack([1 - positive, positive], dim=1)
