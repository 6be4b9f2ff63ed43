"""The text files of word2vec, fastText and GloVe as vectors, and what is no such file."""

from __future__ import annotations

import io

import numpy as np
import pytest

import interp_core as ic

RNG = np.random.default_rng(0)
VALUES = RNG.normal(size=(60, 5)).astype(np.float32)
WORDS = [f"w{n}" for n in range(60)]
SPACED = [". . .", "at name@domain.com", "1", "new york", *WORDS[4:]]


def named(data, name="glove.txt"):
    file = io.BytesIO(data if isinstance(data, bytes) else data.encode())
    file.name = name
    return file


def written(words=WORDS, values=VALUES, *, header="", joint=" ", end="\n"):
    lines = [joint.join([word, *map(repr, map(float, row))]) for word, row in zip(words, values)]
    return header + end.join(lines) + end


CASES = {
    "GloVe": written(),
    "GloVe 840B, words with spaces": written(SPACED),
    "word2vec": written(header="60 5\n"),
    "word2vec with a space at the ends": written(header="60 5\n", end=" \n"),
    "CR LF": written(header="60 5\r\n", end="\r\n"),
    "tabs": written(joint="\t"),
    "a mark": "\ufeff" + written(),
    "words of other alphabets": written([f"wörd{n}漢" for n in range(60)]),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", ["a.txt", "a.vec", "a.tsv", ""])
def test_words_and_their_numbers_are_read(case, name, tmp_path):
    expected = {
        "GloVe 840B, words with spaces": SPACED,
        "words of other alphabets": [f"wörd{n}漢" for n in range(60)],
    }
    sources = [named(CASES[case], name)]
    if name:
        (tmp_path / name).write_bytes(CASES[case].encode())
        sources.append(tmp_path / name)
    for source in sources:
        found = ic.read_vectors(source)
        np.testing.assert_array_equal(found.values, VALUES)
        assert list(found.frame["text"]) == expected.get(case, WORDS)
        assert found.notes == ()


def test_of_large_files_the_first_words_are_read_and_that_is_told(tmp_path):
    found = ic.read_vectors(named(written(header="60 5\n")), limit=20)
    np.testing.assert_array_equal(found.values, VALUES[:20])
    assert found.notes == ("the first 20 of 60 words were read",)
    (tmp_path / "a.vec").write_text(written(), encoding="utf-8")
    assert ic.read_vectors(tmp_path / "a.vec", limit=20).notes == ("the first 20 words were read",)


def test_a_file_that_was_cut_and_lines_that_do_not_fit_are_told():
    cut = written(header="400000 5\n")[:-10]
    assert "fewer lines than its first line states" in " ".join(ic.read_vectors(named(cut)).notes)
    broken = written().replace(f"w3 {float(VALUES[3, 0])!r}", "w3 broken")
    found = ic.read_vectors(named(broken))
    assert len(found) == 59
    assert "Line 4: The line is not a word and 5 numbers: “w3 broken" in found.notes[0]


def test_the_binary_form_is_refused_by_its_name():
    rows = b"".join(b"w%d " % n + row.tobytes() + b"\n" for n, row in enumerate(VALUES))
    for name in ("a.bin", "a.txt", "a.vec"):
        with pytest.raises(ic.BadInput, match=r"word2vec's binary form\. Save it as text"):
            ic.read_vectors(named(b"60 5\n" + rows, name))


def test_numbers_alone_are_vectors_without_words():
    spaces = "\n".join(" ".join(map(repr, map(float, row))) for row in VALUES)
    found = ic.read_vectors(named(spaces, "a.txt"))
    np.testing.assert_array_equal(found.values, VALUES)
    assert found.notes == ("the numbers are separated by spaces",)


def test_sentences_are_no_vectors():
    with pytest.raises(ic.BadInput, match="not numbers separated by tabs"):
        ic.read_vectors(named("A good film.\nA bad film, too.\n"))
