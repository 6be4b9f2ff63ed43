"""An encoding is found where it is clear; where several fit, each is named with a sample."""

from __future__ import annotations

import io

import pytest

import interp_core as ic
from interp_core.files.encoding import OFFERED, find_encoding
from tests.files.reading import notes, opened


def found(text, encoding):
    return find_encoding("a.csv", io.BytesIO(text.encode(encoding))).name


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Über gut\nschön war es\nplain\n", "cp1252"),
        ("C'était très bon à midi\nça ne va pas, Noël\n", "cp1252"),
        ("¿Qué? ¡Mañana, señor!\n", "cp1252"),
        ("It’s “fine” – really…\nplain\n", "cp1252"),
        ("Smørrebrød på ærø, åh\n", "cp1252"),
        ("Příliš žluťoučký kůň úpěl ďábelské ódy\n", "cp1250"),
        ("Добрый день, это хорошая книга\n", "cp1251"),
        ("Übergröße, schöne Mädchen, café\n", "mac_roman"),
        ("Ελλάδα και Ιταλία\n", "utf-16-le"),
        ("漢字 かな, 平仮名 と 片仮名\n" * 3, "utf-16-le"),
    ],
)
def test_what_the_letters_tell_is_taken(text, encoding):
    name = found(text, encoding)
    assert text.encode(encoding).decode(name) == text


@pytest.mark.parametrize(
    ("text", "encoding", "shown"),
    [
        ("текст;метка\nХороший фильм;да\n", "koi8-r", "KOI8-R (koi8-r): “текст"),
        ("text,label\n良い映画,pos\n悪い映画,neg\n", "cp932", "Shift JIS (cp932): “良い映画"),
        ("text,label\n好电影真的很好,pos\n坏电影,neg\n", "gb18030", "GB 18030 (gb18030): “好电影"),
    ],
)
def test_where_it_is_not_clear_the_choice_is_shown_and_can_be_made(text, encoding, shown):
    data = text.encode(encoding)
    with pytest.raises(ic.BadInput) as refused:
        opened(data)
    assert shown in str(refused.value)
    assert "save the file as UTF-8" in str(refused.value)
    table, corpus = opened(data, encoding=encoding)
    assert len(table.frame) == len(list(corpus.rows())) == text.count("\n") - 1
    assert encoding in OFFERED


def test_a_few_broken_lines_do_not_change_the_encoding_of_a_file():
    data = "schön\nGrüße\nÜbung\n".encode() + b"br\xfcken\nplain\n"
    assert find_encoding("", io.BytesIO(data)).name == "utf-8"
    assert find_encoding("", io.BytesIO(b"a\n" * 9 + b"\xff\xfe\xfd\n")).name == "utf-8"


def test_what_was_found_is_told_with_a_sample():
    assert "Windows-1252 (“schön" in notes("text\nschön ist es\nplain\n".encode("latin-1"))
    assert "has no mark" in notes("text\nplain words\n".encode("utf-16-le"))
