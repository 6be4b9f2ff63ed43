"""WEAT: effect size and p by hand, and what it gives for a real model."""

from __future__ import annotations

import numpy as np
import pytest

import interp_core as ic
from interp_core.audit.association import TABLE, effect_size


def at(*cosines: float) -> np.ndarray:
    """Vectors with these cosines to the first axis, and lengths that must not matter."""
    angles = np.arccos(cosines)
    return np.stack([np.cos(angles), np.sin(angles)], 1) * np.arange(1, len(cosines) + 1)[:, None]


def test_effect_size_and_p_are_those_computed_by_hand():
    d, p = effect_size(at(0.9, 0.8), at(0.1, 0.3), at(1.0), at(-1.0))
    s = [1.8, 1.6, 0.2, 0.6]  # twice the cosine
    assert d == pytest.approx((1.7 - 0.4) / np.std(s, ddof=1))
    assert p == pytest.approx(2 / 6)  # of 6 divisions, this one and its mirror image
    assert effect_size(at(0.1, 0.3), at(0.9, 0.8), at(1.0), at(-1.0)) == pytest.approx((-d, p))
    _, p = effect_size(at(0.5, 0.5), at(0.5, 0.5), at(1.0), at(-1.0))
    assert p == 1


def test_on_divided_noise_p_is_uniform():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 6, 8))
    found = [effect_size(*rng.normal(size=(2, 5, 8)), a, b)[1] for _ in range(60)]
    assert np.mean(np.array(found) < 0.2) == pytest.approx(0.2, abs=0.12)


def test_every_kind_of_vectors_is_measured(sentiment):
    table = ic.word_association(sentiment, "gender")
    assert table["vectors"].tolist()[0] == TABLE
    assert len(table) == table["vectors"].nunique() == 4
    own = ic.own_lexicon({"bad": ["war", "prison", "grief"], "good": ["gift", "joy", "love"]})
    plain = ic.word_association(sentiment, own)
    assert (plain["effect"] > 1).all()  # pleasant words are nearer to pleasant words
    with pytest.raises(ic.BadInput, match="two terms"):
        ic.word_association(sentiment, ic.own_lexicon({"one": ["a"], "two": ["b", "c"]}))
