"""Association of terms with pleasant and unpleasant words in a model's vectors (WEAT).

Caliskan et al. 2017: s(w) = mean cosine with pleasant words − mean cosine with unpleasant words;
effect size d = (mean of s over one group − mean over the other) / standard deviation of s over both
(n − 1). A model has vectors of many kinds, and d differs between them as much as between groups:
so every kind is measured, and none is a verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from interp_core.audit.figures import adjusted
from interp_core.audit.lexicons import Lexicon, fill, find_lexicon
from interp_core.errors import BadInput
from interp_core.progress import scaled

if TYPE_CHECKING:
    from interp_core.models.record import LoadedModel

PLEASANT = "joy love peace friend smile gift honest kind lucky gentle health holiday beauty"
UNPLEASANT = "grief hate war enemy scar theft corrupt cruel sad brutal illness prison pain"
TABLE, SENTENCES = "word embeddings", "sentence: {}"
FRAMES = ("{x}", "This is {x}.", "They spoke about {x} again.")
DRAWS, EXACT = 10_000, 20_000


def effect_size(
    first: np.ndarray,
    second: np.ndarray,
    pleasant: np.ndarray,
    unpleasant: np.ndarray,
    *,
    seed: int = 0,
) -> tuple[float, float]:
    """d and its two-sided permutation p, of vectors (n, dimensions) for each of the four lists.

    p is the share of divisions of both groups into two of these sizes whose difference is at least
    as large: all of them where there are at most 20,000, else 10,000 drawn at random. Raises
    `BadInput` for fewer than two terms in a group.
    """
    if min(len(first), len(second)) < 2:
        raise BadInput("An association needs at least two terms in each group.")
    both = _unit(np.concatenate([first, second]))
    s = (both @ _unit(pleasant).T).mean(1) - (both @ _unit(unpleasant).T).mean(1)
    n, size = len(s), len(first)
    gap = s[:size].mean() - s[size:].mean()
    chosen = _divisions(n, size, seed)
    sums = chosen @ s
    gaps = np.abs(sums / size - (s.sum() - sums) / (n - size))
    hits = (gaps >= abs(gap) - 1e-12).sum()
    exact = comb(n, size) <= EXACT
    p = hits / len(gaps) if exact else (hits + 1) / (len(gaps) + 1)
    spread = s.std(ddof=1)
    return float(gap / spread) if spread > 0 else float("nan"), float(p)


def _unit(vectors: np.ndarray) -> np.ndarray:
    vectors = np.asarray(vectors, dtype=float)
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, length, out=np.zeros(vectors.shape), where=length > 0)


def _divisions(n: int, size: int, seed: int) -> np.ndarray:
    """Choices of `size` out of n, (choices, n) of 0 and 1."""
    if comb(n, size) <= EXACT:
        chosen = np.array(list(combinations(range(n), size)))
    else:
        rng = np.random.default_rng(seed)
        chosen = rng.permuted(np.tile(np.arange(n), (DRAWS, 1)), axis=1)[:, :size]
    marks = np.zeros((len(chosen), n))
    np.put_along_axis(marks, chosen, 1.0, axis=1)
    return marks


def word_association(
    model: LoadedModel,
    lexicon: Lexicon | str = "gender",
    *,
    pleasant: Sequence[str] = tuple(PLEASANT.split()),
    unpleasant: Sequence[str] = tuple(UNPLEASANT.split()),
    seed: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> pd.DataFrame:
    """One row for each two groups and kind of vectors: a, b, vectors, n, effect (d), p, q.

    `effect` is positive where group b is nearer to the pleasant words than group a. The vectors are
    the model's word embeddings (the mean of a term's tokens), and the mean of the last layer in
    short sentences with the term. Raises `BadInput`, `Stopped`
    and what `token_vectors` raises.
    """
    known = find_lexicon(lexicon)
    words = [*known.terms, *pleasant, *unpleasant]
    place = {word: number for number, word in enumerate(words)}
    rows = []
    for name, vectors in _vectors(model, words, progress).items():
        for a, b in combinations(known.groups, 2):
            lists = (known.groups[b], known.groups[a], pleasant, unpleasant)
            n = len(lists[0]) + len(lists[1])
            given = (vectors[[place[word] for word in some]] for some in lists)
            effect, p = effect_size(*given, seed=seed)
            rows.append({"a": a, "b": b, "vectors": name, "n": n, "effect": effect, "p": p})
    table = pd.DataFrame(rows, columns=["a", "b", "vectors", "n", "effect", "p"])
    return table.assign(q=adjusted(table["p"].to_numpy()))


def _vectors(
    model: LoadedModel, words: Sequence[str], progress: Callable[[int, int], object] | None
) -> dict[str, np.ndarray]:
    """Vectors (words, dimensions) of every kind."""
    from interp_core.embedding.extract import token_vectors

    table = model.model.get_input_embeddings().weight.detach().float().cpu().numpy()
    read = model.tokenizer([f" {word}" for word in words], add_special_tokens=False, verbose=False)
    found = {TABLE: np.stack([table[ids].mean(0) for ids in read["input_ids"]])}
    for number, frame in enumerate(FRAMES):
        texts = [fill(frame, word) for word in words]
        ends = (100 * each // len(FRAMES) for each in (number, number + 1))
        vectors = token_vectors(model, texts, pooling="mean", progress=scaled(progress, *ends))
        found[SENTENCES.format(frame.replace("{x}", "…"))] = np.asarray(vectors.values)
    return found
