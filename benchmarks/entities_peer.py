"""Entities and their scores as the package seqeval gives them, kept for the tests.

    python -m benchmarks.entities_peer tests/audit/seqeval.json

Writes random labels of 60 sentences in two schemes with what `seqeval` (1.2.2, in an environment of
its own: it has no wheel, and its build wants what is no longer there) reads in them and scores.
Compares ours with 20,000 further sentences of each scheme first; no difference was found.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from interp_core.audit.entities import entity_table, found_entities

SCHEMES = {"IOB": "BI", "IOBES": "BIES"}
KINDS, WORDS, SENTENCES, COMPARED = ("x", "y"), 6, 60, 20_000


def drawn(rng: np.random.Generator, scheme: str, count: int) -> tuple[list, list]:
    """True labels, and labels of which seven in ten are those."""
    labels = ["O", *(f"{sign}-{kind}" for kind in KINDS for sign in SCHEMES[scheme])]
    gold = [rng.choice(labels, WORDS).tolist() for _ in range(count)]
    found = [[a if rng.random() < 0.7 else str(rng.choice(labels)) for a in some] for some in gold]
    return gold, found


def theirs(gold: list, found: list) -> dict:
    """What seqeval says of them."""
    from seqeval.metrics import classification_report
    from seqeval.metrics.sequence_labeling import get_entities

    report = classification_report(gold, found, output_dict=True, zero_division=0)
    names = {"precision": "precision", "recall": "recall", "f1-score": "f1"}
    mean = {ours: float(report["micro avg"][name]) for name, ours in names.items()}
    kinds = {
        kind: {ours: float(report[kind][name]) for name, ours in names.items()} for kind in KINDS
    }
    scores = {**mean, "macro_f1": float(report["macro avg"]["f1-score"]), "kinds": kinds}
    return {"entities": [get_entities(tags) for tags in gold], "scores": scores}


def compared(gold: list, found: list) -> None:
    """Stop at the first difference."""
    known = theirs(gold, found)
    for tags, entities in zip(gold, known["entities"], strict=True):
        assert found_entities(tags) == {tuple(each) for each in entities}, tags
    sums = entity_table(gold, found, lambda *_: None)[2]
    for name, value in sums.items():
        assert abs(known["scores"][name] - value) < 1e-12, name


def main() -> None:
    kept = []
    for scheme in SCHEMES:
        rng = np.random.default_rng(0)
        compared(*drawn(rng, scheme, COMPARED))
        gold, found = drawn(rng, scheme, SENTENCES)
        kept.append({"scheme": scheme, "gold": gold, "found": found, **theirs(gold, found)})
    Path(sys.argv[1]).write_text(json.dumps(kept, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
