"""Reading the labelled texts: SST-2 in its GLUE layout. Nothing of them is kept in this project."""

import csv
from pathlib import Path
from typing import NamedTuple

LABELS = ("negative", "positive")
SPLITS = {"train": "train.tsv", "dev": "dev.tsv", "test": "test_labelled.tsv"}
TEXT_COLUMNS = ("sentence", "content")
# SST-2 is tokenised in the Penn Treebank manner. The backbone's tokenizer splits "it 's" and
# "it's" alike, but "do n't" and "don't" differently, and people type the second.
NATURAL_SPELLING = ((" n't", "n't"), ("-lrb-", "("), ("-rrb-", ")"), ("`` ", '"'), (" ''", '"'))


class Example(NamedTuple):
    """One text with its label, 0 negative or 1 positive."""

    text: str
    label: int


def read_split(folder: Path, split: str) -> list[Example]:
    """Read `train`, `dev` or `test` from a folder of tab-separated files with a header line."""
    with open(folder / SPLITS[split], encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        column = next(name for name in TEXT_COLUMNS if name in (rows.fieldnames or ()))
        return [Example(row[column].strip(), int(row["label"])) for row in rows]


def natural(text: str) -> str:
    """The text as a person would type it, as far as the tokenizer can see the difference."""
    for treebank, typed in NATURAL_SPELLING:
        text = text.replace(treebank, typed)
    return text
