"""The built-in requests with slots, in CoNLL: the 700 validation requests of SNIPS.

    python -m tools.slot_requests --data DIR

`DIR` holds `snips_nlu/`. Writes `interp_core/data/slot_requests.conll`: one word and its BIO label
a line, a tab between them, an empty line after each request.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from training.slot_words import slot_sentences
from training.snips import read_requests

FILE = Path(__file__).resolve().parents[1] / "interp_core" / "data" / "slot_requests.conll"


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    folder = parser.parse_args().data / "snips_nlu"
    blocks = []
    for each in slot_sentences(read_requests(folder, "validation")):
        blocks.append("\n".join(f"{word}\t{label}" for word, label in zip(each.words, each.labels)))
    FILE.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
