"""Attention that one token receives, against NumPy on the maps themselves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import interp_core as ic
from tests.tiny import TEXT


@pytest.fixture(scope="module")
def maps(tiny):
    return {
        family: ic.attention_maps(ic.load_model(str(tiny(family))), TEXT)
        for family in ("bert", "gpt2", "mistral")
    }


def visible(family: str, size: int) -> np.ndarray:
    back = np.subtract.outer(np.arange(size), np.arange(size))
    if family == "bert":
        return np.ones((size, size), bool)
    return (back >= 0) & (back < (4 if family == "mistral" else size))  # its window is 4 tokens


@pytest.mark.parametrize("family", ["bert", "gpt2", "mistral"])
def test_it_is_the_mean_over_the_queries_that_may_see_the_key(maps, family):
    found, seen = maps[family], visible(family, len(maps[family].tokens))
    assert found.weights[:, :, ~seen].max(initial=0) == 0  # the rule is the model's own
    for token in (0, 3, len(seen) - 1):
        table = ic.attention_to(found, token)
        queries = np.flatnonzero(seen[:, token])
        received = found.weights[:, :, queries, token].mean(-1)
        even = np.mean([1 / seen[query].sum() for query in queries])
        assert table["received"].to_numpy() == pytest.approx(received.ravel(), abs=1e-6)
        assert table["uniform"].to_numpy() == pytest.approx(even, abs=1e-6)
        assert table["over_uniform"].to_numpy() == pytest.approx(received.ravel() / even, rel=1e-4)
        best = found.weights[:, :, queries, token].max(-1).ravel()
        assert table["weight"].to_numpy() == pytest.approx(best, abs=1e-7)


@pytest.mark.parametrize("family", ["bert", "gpt2", "mistral"])
def test_uniform_attention_gives_one_however_it_is_shown(maps, family):
    found = maps[family]
    seen = visible(family, len(found.tokens))
    even = (seen / seen.sum(-1, keepdims=True)).astype(np.float32)
    flat = replace(found, weights=np.broadcast_to(even, found.weights.shape))
    shown = [flat, flat.by_word()]
    if found.special.any():
        shown += [flat.without_special(), flat.without_special(False).by_word()]
    for each in shown:
        lengths = np.linspace(1, 9, len(each.tokens))[:, None]
        norms = replace(each, weights=each.weights * lengths, kind="norm")
        for token in range(len(each.key_tokens)):
            for itself in (True, False):
                alone = not itself and (each.weights[0, 0, :, token] > 0).sum() == 1
                for one in (each, norms):
                    ratio = ic.attention_to(one, token, itself=itself)["over_uniform"]
                    assert ratio.isna().all() if alone else ratio.to_numpy() == pytest.approx(1)


def test_a_mask_that_was_not_expected_is_read_off_the_weights(maps):
    found = replace(maps["bert"], even=np.tril(np.ones_like(maps["bert"].even)))
    assert ic.attention_to(found, 2)["uniform"].to_numpy() == pytest.approx(1 / len(found.tokens))


def test_a_token_that_is_not_there_is_refused(maps):
    with pytest.raises(ic.BadInput, match="does not exist"):
        ic.attention_to(maps["bert"], 99)


def test_cross_attention_counts_every_query(tiny):
    cross = ic.attention_maps(ic.load_model(str(tiny("t5"))), TEXT, "A model looks.").cross
    table = ic.attention_to(cross, 1)
    assert table["received"].to_numpy() == pytest.approx(
        cross.weights[..., 1].mean(-1).ravel(), abs=1e-6
    )
    assert table["uniform"].to_numpy() == pytest.approx(1 / len(cross.key_tokens))
