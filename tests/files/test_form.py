"""Files as people really have them: both readers read the same, and say what they assumed."""

from __future__ import annotations

import csv
import gzip
import io
import random

import numpy as np
import pandas as pd
import pytest

import interp_core as ic
from interp_core.files.form import FileOptions
from tests.files.reading import both, notes, opened

FILMS = ["Good film", "Bad film"]
PLAIN = "text,label\nGood film,pos\nBad film,neg\n"
BY_SEMICOLON = PLAIN.replace(",", ";")
BY_TAB = PLAIN.replace(",", "\t")

# What stands around the table: bytes, name, and a part of what must be told.
AROUND = {
    "plain": (PLAIN, "a.csv", ""),
    "semicolons": (BY_SEMICOLON, "a.csv", "separated by semicolons"),
    "tabs in .csv": (BY_TAB, "a.csv", "separated by tabs"),
    "circumflexes": (PLAIN.replace(",", "^"), "a.csv", "separated by circumflexes"),
    "tildes": (PLAIN.replace(",", "~"), "a.csv", "separated by tildes"),
    "vertical bars": (PLAIN.replace(",", "|"), "a.csv", "vertical bars"),
    "commas in .tsv": (PLAIN, "a.tsv", "separated by commas"),
    "sep= line": ("sep=;\r\n" + BY_SEMICOLON, "a.csv", "semicolons separate"),
    "sep= for tabs": ("sep=\t\n" + BY_TAB, "a.csv", "tabs separate"),
    "quoted sep= behind a mark": ('\ufeff"sep=;"\n' + BY_SEMICOLON, "a.csv", "semicolons separate"),
    "sep= and blank lines": ("\nsep=|\n\n" + PLAIN.replace(",", "|"), "a.csv", "bars separate"),
    "sep= with its delimiters": ("sep=;;;\n" + BY_SEMICOLON, "a.csv", "semicolons separate"),
    "CR": (PLAIN.replace("\n", "\r"), "a.csv", ""),
    "CR in .tsv": (BY_TAB.replace("\n", "\r"), "a.tsv", ""),
    "CR LF": (PLAIN.replace("\n", "\r\n"), "a.csv", ""),
    "mixed line ends": ("text,label\r\nGood film,pos\rBad film,neg\n", "a.csv", ""),
    "mixed line ends in .tsv": ("text\tlabel\r\nGood film\tpos\rBad film\tneg\n", "a.tsv", ""),
    "no end at the last line": (PLAIN.rstrip(), "a.csv", ""),
    "blank first lines": ("\n  \r\n" + BY_SEMICOLON, "a.csv", "semicolons"),
    "empty last lines": (PLAIN + "\n\n,\n", "a.csv", ""),
    "a title": ("Survey 2024\n\n" + PLAIN, "a.csv", "was skipped: “Survey 2024”"),
    "a title with delimiters": ("Survey 2024;\n" + BY_SEMICOLON, "a.csv", "“Survey 2024”"),
    "titles with commas": ("My survey\nBy me, today\n\n" + PLAIN, "a.csv", "“My survey” and 1"),
    "a comment": ("# exported 2024, by tool\n" + PLAIN, "a.csv", "was skipped: “# exported"),
    "a comment of as many fields": ("# from\tme\n" + BY_TAB, "a.tsv", "was skipped: “# from me”"),
    "many comments": ("# a\n# b, c\n#\n" + BY_SEMICOLON, "a.csv", "“# a” and 2 more"),
    "trailing delimiters": (PLAIN.replace("\n", ",\n"), "a.csv", ""),
    "two trailing delimiters": (BY_TAB.replace("\n", "\t\t\n"), "a.tsv", ""),
    "trailing delimiters of rows": (
        "text,label\nGood film,pos,\nBad film,neg,\n",
        "a.csv",
        "",
    ),
    "a space after each delimiter": (
        PLAIN.replace(",", ", "),
        "a.csv",
        "The space after each delimiter",
    ),
    "quoted after a space": (
        'text, label\n"Good film", "pos"\n"Bad film", neg\n',
        "a.csv",
        "The space after",
    ),
    "spaces around labels": (
        "text,label\nGood film,pos \nBad film,neg\n",
        "a.csv",
        "Spaces around",
    ),
    "gzip": (gzip.compress(PLAIN.encode()), "a.csv.gz", ""),
    "gzip in two parts": (
        gzip.compress(b"text,label\n") + gzip.compress(b"Good film,pos\nBad film,neg\n"),
        "a.csv",
        "",
    ),
    "Text (Tab) of a spreadsheet": (BY_TAB.encode("utf-16"), "a.txt", "UTF-16"),
    "one object in a list": (
        '{"data": [{"text": "Good film", "label": "pos"}, {"text": "Bad film", "label": "neg"}]}',
        "a.json",
        "'data'",
    ),
}


@pytest.mark.parametrize("case", AROUND)
def test_what_stands_around_a_table_is_no_part_of_it(case):
    data, name, said = AROUND[case]
    assert both(data, name) == FILMS
    table, _ = opened(data, name)
    assert table.frame.to_dict("list") == {"text": FILMS, "label": ["pos", "neg"]}
    assert said in " ".join(table.notes)
    assert said or not table.notes


CODED = {
    "UTF-8": ("utf-8", "schöne Grüße"),
    "UTF-8 with its mark": ("utf-8-sig", "schöne Grüße"),
    "UTF-16 with its mark": ("utf-16", "schöne Grüße 漢字 🙂"),
    "UTF-16 little endian": ("utf-16-le", "schöne Grüße"),
    "UTF-16 big endian": ("utf-16-be", "schöne Grüße"),
    "UTF-32": ("utf-32", "schöne Grüße"),
    "UTF-32 big endian without its mark": ("utf-32-be", "schöne Grüße"),
    "Latin-1": ("latin-1", "schöne Grüße, Ñandú à la façon"),
    "Windows-1252": ("cp1252", "It’s “fine” – really…"),
    "Windows-1250": ("cp1250", "Zażółć gęślą jaźń"),
    "Windows-1251": ("cp1251", "Хороший фильм, правда"),
    "Mac Roman": ("mac_roman", "Übergröße café schön"),
}


@pytest.mark.parametrize("case", CODED)
@pytest.mark.parametrize("kind", ["csv", "tsv", "txt", "jsonl"])
def test_a_byte_order_mark_and_letters_tell_the_encoding_in_every_format(case, kind):
    encoding, text = CODED[case]
    lines = [text, "plain words"] * 3
    written = {
        "csv": lambda: "text;label\n" + "".join(f'"{line}";a\n' for line in lines),
        "tsv": lambda: "text\tlabel\n" + "".join(f"{line}\ta\n" for line in lines),
        "txt": lambda: "\n".join(lines),
        "jsonl": lambda: "".join(f'{{"text": "{line}"}}\n' for line in lines),
    }[kind]()
    assert both(written.encode(encoding), f"a.{kind}") == lines


def test_letters_that_come_late_tell_the_encoding_of_the_whole_file():
    rows = f"{'plain words ' * 20},a\n" * 1_500 + "schöne Grüße,b\n"
    assert both(f"text,label\n{rows}".encode("cp1252"))[-1] == "schöne Grüße"


HEADLESS = {
    "sentences": "The film is good.\nNot bad at all.\nA strange story.\n",
    "sentences with commas": "The film is good.\nNot bad, really.\nI, for one, liked it.\n",
    "commas in most lines": "Well, it is good.\nNot bad, really.\nStrange.\nI did, too\n",
    "a comma in each": "Great, truly.\nBad, sadly.\nOK, then.\n",
    "numbers with commas": "I paid 1,000 for it.\nIt was 2,500 there.\nNothing.\nFine.\n",
    "semicolons": "Good; bad; who knows?\nBad; very bad.\nFine.\n",
    "single words": "cat\ndog\nbird\n",
    "one sentence": "The film is good.\n",
}


@pytest.mark.parametrize("case", HEADLESS)
@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_a_list_of_sentences_without_a_header_is_texts(case, name):
    data = HEADLESS[case]
    assert both(data, name) == data.splitlines()
    assert "no header" in notes(data, name)
    as_named, _ = opened(data + "The end.\n", name, header=True)
    assert list(as_named.frame) == [data.splitlines()[0]] or "," in data or ";" in data


def test_a_list_with_a_header_keeps_it():
    assert both("review\nI liked it, a lot\nNot me\n", column="review") == [
        "I liked it, a lot",
        "Not me",
    ]
    assert both('text\n"I, for one, liked it."\nNot me\n') == ["I, for one, liked it.", "Not me"]


@pytest.mark.parametrize(
    ("data", "names", "count"),
    [
        ("Good film,pos\nBad film,neg\nMeh film,neg\nFine,pos\n", ["column 1", "column 2"], 4),
        ("1,Good film\n0,Bad film\n1,Meh film\n", ["column 1", "column 2"], 3),
        ("The film is good.\t1\nThe film is bad.\t0\n", ["column 1", "column 2"], 2),
        ("country,2019,2020\nFrance,1,2\nSpain,3,4\n", ["country", "2019", "2020"], 2),
        (",text\n0,Good\n1,Bad\n", ["column 1", "text"], 2),
        ('"text","label"\n"1","Good","pos"\n"2","Bad","neg"\n', ["column 1", "text", "label"], 2),
        (
            '"text" "label"\n"1" "Good it is" "pos"\n"2" "Bad" "neg"\n',
            ["column 1", "text", "label"],
            2,
        ),
        ("text\tlabel\n1\tGood\tpos\n2\tBad\tneg\n", ["column 1", "text", "label"], 2),
        ('"Title, year";text\n"A, 1999";Good\n"B, 2000";Bad\n', ["Title, year", "text"], 2),
        ("#id,text\n1,Good\n2,Bad\n", ["#id", "text"], 2),
        ("text,text,Text,text_2\na,b,c,d\n", ["text", "text_2", "Text", "text_2_2"], 1),
    ],
)
def test_the_first_row_names_the_columns_or_is_a_row(data, names, count):
    table, corpus = opened(data)
    assert list(table.frame) == list(corpus.columns) == names
    assert len(table.frame) == len(list(corpus.rows())) == count


def test_a_person_decides_about_header_delimiter_encoding_and_quotes():
    assert both("text\nGood\n", header=False) == ["text", "Good"]
    assert both("The film\nGood it is\n", "a.txt", header=True) == ["Good it is"]
    assert both("a;b\nc;d\n", delimiter=",", header=False) == ["a;b", "c;d"]
    assert both("text;label\nGood, x;pos\n", "a.txt", delimiter=";") == ["Good, x"]
    assert both("text\n\xfc\n".encode("cp1252"), encoding="cp1252") == ["ü"]
    assert both(BY_TAB.replace("Good film", '"Good"'), "a.tsv", quotes=True)[0] == "Good"
    assert both(PLAIN.replace("Good film", '"Good"'), quotes=False)[0] == '"Good"'
    with pytest.raises(ic.BadInput, match="Unknown encoding"):
        opened(PLAIN, encoding="utf-9")


def test_only_what_was_chosen_is_an_argument_of_a_call():
    assert FileOptions().chosen() == {}
    chosen = {"encoding": "cp1252", "delimiter": ";", "header": False}
    assert FileOptions("cp1252", ";", False).chosen() == chosen


def test_columns_of_one_name_are_told_apart_and_never_the_second_is_taken():
    data = "text,label,text\nfirst good,pos,second good\nfirst bad,neg,second bad\n"
    assert both(data) == ["first good", "first bad"]
    assert "“text”: the second is called “text_2”" in notes(data)
    capitals = "Text,text\nfirst,second\nthird,fourth\n"
    assert ic.open_corpus(capitals.encode(), name="a.csv").column == "Text"
    assert both(capitals, column="Text") == ["first", "third"]
    assert "in different capitals" in notes(capitals)
    assert both('{"text": "first", "text": "second"}\n{"text": "x"}\n', "a.jsonl")[0] == "first"


def test_rows_that_do_not_fit_are_told_with_their_line_and_the_rest_is_read():
    data = "text,label\nGood, really good,pos\nBad film,neg\nFine\nSo so,neg\n"
    assert both(data) == ["Bad film", "So so"]
    said = notes(data)
    assert "2 rows were left out" in said
    assert "Line 2: The row has 3 cells, not 2: “Good, really good,pos”" in said
    assert "Line 4: The row has 1 cell, not 2: “Fine”" in said


def test_rows_with_zero_bytes_broken_letters_or_too_long_are_left_out_and_the_rest_is_read():
    data = (
        "text,label\nschön,a\nGrüße,b\n".encode()
        + b"br\xfcken,b\nze\x00ro,b\n"
        + b"x" * 1_000_001
        + b",a\nlast,b\n"
    )
    assert both(data) == ["schön", "Grüße", "last"]
    assert "3 rows were left out" in notes(data)


def test_a_long_text_is_read_by_both():
    assert both("text,label\n" + "word " * 60_000 + ",pos\nshort,neg\n")[0] == "word " * 60_000


def test_what_opens_the_first_row_and_never_closes_is_refused():
    with pytest.raises(ic.BadInput, match="its first row does not end"):
        opened('"' + "a" * 200_000)


ALPHABET = [*"ab ,;|\t\n\r\"'#.é漢🙂", "word", "1,5", '""', "\r\n", "NaN", "  "]


@pytest.mark.parametrize("seed", range(30))
def test_what_the_csv_module_writes_comes_back(seed):
    """Random fields with delimiters, quotes and line ends in them, as any program quotes them."""
    chance = random.Random(seed)
    delimiter = chance.choice(",;\t|")
    names = ["text", "label", *(f"extra{n}" for n in range(chance.randrange(3)))]
    rows = [
        ["".join(chance.choices(ALPHABET, k=chance.randrange(1, 12))) for _ in names]
        for _ in range(chance.randrange(2, 40))
    ]
    rows[0] = [f'a "quoted", {delimiter} field'] * len(names)
    target = io.StringIO()
    style = chance.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    # The module leaves a lone CR unquoted where lines end with LF, and does not read it itself.
    end = "\r\n" if style == csv.QUOTE_MINIMAL else "\n"
    writer = csv.writer(target, delimiter=delimiter, quoting=style, lineterminator=end)
    writer.writerows([names, *rows])
    encoding = chance.choice(["utf-8", "utf-8-sig", "utf-16"])
    name = "a.tsv" if delimiter == "\t" else "a.csv"
    kept = [row for row in rows if any(each.strip() for each in row)]
    found = both(target.getvalue().encode(encoding), name)
    assert found == [row[0] for row in kept]
    table, _ = opened(target.getvalue().encode(encoding), name)
    assert table.frame.shape == (len(kept), len(names))


def test_what_pandas_writes_comes_back():
    frame = pd.DataFrame(
        {
            "text": ["a, b", 'say "hi"', "two\nlines", "it's"],
            "n": [1, -2, 3, 4],
            "score": [0.5, 1e-05, -3e20, 2.0],
            "label": ["x", "y", "x", "y"],
            "flag": [True, False, True, False],
        }
    )
    for separator in ",;\t|":
        found = opened(frame.to_csv(index=False, sep=separator), "a.csv")[0].frame
        assert found.drop(columns="flag").to_dict("list") == frame.drop(columns="flag").to_dict(
            "list"
        )
        assert list(found["flag"]) == ["True", "False", "True", "False"]
        assert np.issubdtype(found["n"].dtype, np.integer)
