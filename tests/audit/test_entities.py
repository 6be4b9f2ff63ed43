"""Whole entities of labelled words: what the package seqeval reads, and other schemes by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from interp_core.audit.entities import entity_table, found_entities

SEQEVAL = json.loads(Path(__file__).with_name("seqeval.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", SEQEVAL, ids=lambda case: case["scheme"])
def test_entities_and_scores_are_those_of_seqeval(case):
    for tags, known in zip(case["gold"], case["entities"], strict=True):
        assert found_entities(tags) == {tuple(each) for each in known}
    sums = entity_table(case["gold"], case["found"], lambda *given: given)[2]
    for name, value in sums.items():
        assert value == pytest.approx(case["scores"][name], abs=1e-12)


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        ("O B-a I-a O", {("a", 1, 2)}),
        ("B-a B-a", {("a", 0, 0), ("a", 1, 1)}),
        ("B-a I-b", {("a", 0, 0), ("b", 1, 1)}),
        ("O I-a I-a", {("a", 1, 2)}),
        ("B-a O I-a", {("a", 0, 0), ("a", 2, 2)}),
        ("U-a U-a L-a", {("a", 0, 0), ("a", 1, 1), ("a", 2, 2)}),
        ("B-a I-a L-a I-a", {("a", 0, 2), ("a", 3, 3)}),
        ("B-a-b I-a-b", {("a-b", 0, 1)}),
        ("O O", set()),
        ("", set()),
    ],
)
def test_entities_by_hand(labels, found):
    assert found_entities(labels.split()) == found


def test_no_entities_have_a_score_of_zero():
    sums = entity_table([["O"]], [["O"]], lambda *given: given)[2]
    assert set(sums.values()) == {0.0}
