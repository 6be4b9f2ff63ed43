"""The tokenizers that the tests are built on are the same in every process."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from tests import tiny_tokenizers

ROOT = Path(__file__).resolve().parents[1]
NAMES = (
    "wordpiece",
    "byte_level",
    "roberta_bytes",
    "unigram",
    "albert_unigram",
    "byte_fallback",
)
PRINT_ALL = "from tests.test_tiny_tokenizers import fingerprints; print(*fingerprints())"


def fingerprints():
    made = [getattr(tiny_tokenizers, name)().backend_tokenizer.to_str() for name in NAMES]
    return [hashlib.sha256(each.encode()).hexdigest() for each in made]


def test_two_processes_make_the_same_tokenizers():
    result = subprocess.run(
        [sys.executable, "-c", PRINT_ALL],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "1"},  # here it is drawn by chance
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.split() == fingerprints()


def test_short_words_are_whole_and_long_ones_come_in_pieces():
    assert tiny_tokenizers.wordpiece().tokenize("unhappiest model looks") == [
        "unhap",
        "##piest",
        "model",
        "looks",
    ]
    assert tiny_tokenizers.unigram().tokenize("unhappiest model looks") == [
        "▁",
        "unhap",
        "piest",
        "▁model",
        "▁looks",
    ]
