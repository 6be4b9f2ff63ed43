"""Reading the SNIPS requests: text, intent, and slots as spans of characters."""

import json
import random
from pathlib import Path
from typing import NamedTuple

PATTERNS = {"train": "train_*_full.json", "validation": "validate_*.json"}
# Training requests on which recipes may be compared, so that validation stays unseen.
HELD_OUT = 700
SEED = 20180525  # of the split; not of the training


class Request(NamedTuple):
    """One request; `slots` are (start, end, name) of characters in `text`."""

    text: str
    intent: str
    slots: tuple[tuple[int, int, str], ...]


def read_requests(folder: Path, split: str) -> list[Request]:
    """The requests of "train" or "validation", intent by intent in alphabetical order."""
    found = []
    for path in sorted(folder.glob(PATTERNS[split])):
        # One training file has lone surrogates in UTF-8, which no tokenizer reads.
        ((intent, rows),) = json.loads(path.read_bytes().decode("utf-8", "replace")).items()
        found += [_request(row["data"], intent) for row in rows]
    return found


def _request(chunks: list[dict], intent: str) -> Request:
    text, slots = "", []
    for chunk in chunks:
        start, text = len(text), text + chunk["text"]
        if "entity" in chunk:
            slots.append((start, len(text), chunk["entity"]))
    return Request(text, intent, tuple(slots))


def intents(requests: list[Request]) -> tuple[str, ...]:
    """The names of the intents, in order."""
    return tuple(sorted({request.intent for request in requests}))


def hold_out(requests: list[Request]) -> tuple[list[Request], list[Request]]:
    """The training requests without 700 of them, and those."""
    mixed = random.Random(SEED).sample(requests, len(requests))
    return mixed[HELD_OUT:], mixed[:HELD_OUT]
