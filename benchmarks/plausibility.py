"""Do attributions agree with people? Every method against phrase labels of sentiment.

    python -m benchmarks.plausibility --data DIR [--sentences 100] [--methods NAME ...]

DIR holds `sst5/dev_trees.txt`: one tree a line, every word and phrase labelled 0 (very negative) to
4 (very positive). Nothing of it is printed. The explained number is the logit of "positive" minus
that of "negative" of the built-in `sentiment`, so a word's score should have its label's sign.

Agreement with people is plausibility, not truth: a method may be right about the model where the
model is not like people. Columns, averaged over sentences with standard error:

- words: Spearman's correlation of signed scores and labels of single words
- sizes: the same of absolute values (for methods without a sign, the scores themselves)
- found: how often a word with an opinion outranks a neutral one by size (area under the curve)
- sign: share of words with an opinion whose score has the label's sign
- phrases: Spearman's correlation of summed scores and labels over phrases of 2 to 8 words
"""

from __future__ import annotations

import argparse
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from scipy.stats import rankdata

import interp_core as ic

NEUTRAL = 2
RANDOM_DRAWS = 20  # of each sentence
PHRASE_WORDS = range(2, 9)
MASKS = {"-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]", "``": '"', "''": '"'}
TOKEN = re.compile(r"\(|\)|[^\s()]+")
COLUMNS = ("words", "sizes", "found", "sign", "phrases")


@dataclass(frozen=True)
class Tree:
    """Words, and (first, last + 1, label − 2) of every node; single words first in order."""

    words: tuple[str, ...]
    nodes: tuple[tuple[int, int, int], ...]

    @property
    def word_labels(self) -> np.ndarray:
        """Label − 2 of each word, (words,)."""
        leaves = sorted(node for node in self.nodes if node[1] - node[0] == 1)
        return np.array([label for _, _, label in leaves])


def read_tree(line: str) -> Tree:
    """A tree such as `(3 (2 a) (4 joy))`."""
    words: list[str] = []
    nodes: list[tuple[int, int, int]] = []
    opened: list[tuple[int, int]] = []
    tokens = iter(TOKEN.findall(line))
    for token in tokens:
        if token == "(":
            opened.append((len(words), int(next(tokens)) - NEUTRAL))
        elif token == ")":
            first, label = opened.pop()
            nodes.append((first, len(words), label))
        else:
            words.append(MASKS.get(token, token).replace("\\/", "/"))
    return Tree(tuple(words), tuple(nodes))


def trees(folder: Path, count: int) -> list[Tree]:
    """A seeded choice of sentences that are not neutral as a whole."""
    lines = (folder / "sst5" / "dev_trees.txt").read_text(encoding="utf-8").splitlines()
    every = [read_tree(line) for line in lines if line.strip()]
    every = [tree for tree in every if tree.nodes[-1][2] and len(tree.words) > 3]
    chosen = np.random.default_rng(0).permutation(len(every))[:count]
    return [every[number] for number in chosen]


def word_scores(attribution: ic.Attribution, words: tuple[str, ...]) -> np.ndarray:
    """Scores of the tree's words, (words,): each token belongs where its first character is."""
    ends = np.cumsum([len(word) + 1 for word in words])
    scores = np.zeros(len(words))
    for span, score in zip(attribution.offsets, attribution.scores):
        if span is not None:
            scores[np.searchsorted(ends, span[0], side="right")] += score
    return scores


def spearman(first: np.ndarray, second: np.ndarray) -> float:
    """Rank correlation; NaN when one side is constant."""
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    return float(np.corrcoef(rankdata(first), rankdata(second))[0, 1])


def outranks(sizes: np.ndarray, wanted: np.ndarray) -> float:
    """Area under the curve: chance that a wanted word is larger than another; ties count half."""
    if wanted.all() or not wanted.any():
        return float("nan")
    above = sizes[wanted][:, None] - sizes[~wanted][None, :]
    return float((above > 0).mean() + (above == 0).mean() / 2)


def agreement(scores: np.ndarray, tree: Tree, *, signed: bool) -> list[float]:
    """The five columns for one sentence."""
    labels = tree.word_labels
    opinion = labels != 0
    sizes = np.abs(scores)
    none = float("nan")
    sign = none
    if signed and opinion.any():
        sign = float((np.sign(scores[opinion]) == np.sign(labels[opinion])).mean())
    phrases = [node for node in tree.nodes if node[1] - node[0] in PHRASE_WORDS]
    sums = np.array([scores[first:last].sum() for first, last, _ in phrases])
    judged = np.array([label for *_, label in phrases])
    return [
        spearman(scores, labels) if signed else none,
        spearman(sizes, np.abs(labels)),
        outranks(sizes, opinion),
        sign,
        spearman(sums, judged) if signed and len(phrases) > 2 else none,
    ]


def report(name: str, rows: list[list[float]], seconds: float) -> None:
    """One line of the table."""
    values = np.array(rows)
    cells = []
    for column in values.T:
        known = column[np.isfinite(column)]
        error = known.std(ddof=1) / len(known) ** 0.5 if len(known) > 1 else 0.0
        cells.append(f"{known.mean():7.3f} ±{error:.3f}" if len(known) else f"{'–':>14}")
    print(f"{name:22}" + "".join(f"{cell:>15}" for cell in cells) + f"{seconds:9.2f}", flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sentences", type=int, default=100)
    parser.add_argument("--methods", nargs="*")
    asked = parser.parse_args()
    model = ic.load_model("sentiment")
    chosen = trees(asked.data, asked.sentences)
    methods = ic.attribution_methods(model)
    print(f"{len(chosen)} sentences, {sum(len(tree.words) for tree in chosen)} words")
    print(f"{'method':22}" + "".join(f"{name:>15}" for name in COLUMNS) + f"{'s each':>9}")
    generator = np.random.default_rng(1)
    chance = [
        agreement(generator.normal(size=len(tree.words)), tree, signed=True)
        for tree in chosen
        for _ in range(RANDOM_DRAWS)
    ]
    report("random", chance, 0.0)
    for name in asked.methods or methods:
        start, rows = time.process_time(), []
        for tree in chosen:
            result = ic.attribute(
                model, " ".join(tree.words), method=name, target="positive", contrast="negative"
            )
            scores = word_scores(result, tree.words)
            rows.append(agreement(scores, tree, signed=methods[name].signed))
        report(name, rows, (time.process_time() - start) / len(chosen))


if __name__ == "__main__":
    main()
