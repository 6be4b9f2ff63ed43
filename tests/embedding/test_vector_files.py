"""Ready vectors: exact round trips, other tools' files, and broken or hostile ones."""

import gzip
import io
import json
import pickle
import struct
import zipfile

import numpy as np
import pandas as pd
import pytest

import interp_core as ic
from interp_core.embedding.vector_files import WRITTEN
from interp_core.files import limits

NASTY = [
    "plain",
    'he said "no"',
    '"quoted"',
    "a\ttab",
    "two\nlines",
    "carriage\rreturn",
    "dos\r\nbreak",
    "",
    " spaces ",
    "é ü 漢字 🙂",
    "back\\slash\\n",
    '"',
    "'; drop",
    "nan",
]


def vectors(count=14, dim=7, texts=NASTY, **columns):
    rng = np.random.default_rng(0)
    values = (rng.normal(size=(count, dim)) * 10.0 ** rng.integers(-30, 30, (count, dim))).astype(
        np.float32
    )
    values[0, :4] = [0.0, -0.0, np.finfo(np.float32).max, np.finfo(np.float32).tiny]
    return ic.make_vectors(values, pd.DataFrame({"text": (texts * count)[:count], **columns}))


def reread(made, kind):
    files = {name: io.BytesIO(data) for name, data in ic.dump_vectors(made, kind).items()}
    for name, file in files.items():
        file.name = name
    metadata = files.pop("metadata.tsv", None)
    return ic.read_vectors(*files.values(), metadata=metadata)


def named(data, name):
    file = io.BytesIO(data)
    file.name = name
    return file


def npy(array, **options):
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def parquet(frame):
    file = io.BytesIO()
    frame.to_parquet(file)
    return file.getvalue()


@pytest.mark.parametrize("kind", WRITTEN)
@pytest.mark.parametrize("columns", [{}, {"label": list("ab") * 7, "number": list("01") * 7}])
def test_a_round_trip_changes_no_bit_and_no_character(kind, columns):
    made = vectors(**columns)
    found = reread(made, kind)
    assert found.values.tobytes() == made.values.tobytes()
    pd.testing.assert_frame_equal(found.frame, made.frame, check_dtype=False)
    assert found.notes == ()


@pytest.mark.parametrize("kind", WRITTEN)
@pytest.mark.parametrize("text", NASTY)
def test_any_text_alone_survives(kind, text):
    for count in (1, 3):
        made = vectors(count, texts=[text])
        assert list(reread(made, kind).frame["text"]) == [text] * count


def test_numbers_in_the_frame_stay_numbers_where_the_format_has_types():
    made = vectors(count_of=np.arange(14), share=np.linspace(0, 1, 14), flag=[True, False] * 7)
    for kind in ("parquet", "safetensors"):
        pd.testing.assert_frame_equal(
            reread(made, kind).frame, made.frame, check_dtype=False, check_exact=kind == "parquet"
        )


def test_files_are_written_to_a_folder_and_read_by_path(tmp_path):
    made = vectors()
    paths = ic.write_vectors(made, tmp_path / "new", "tsv")
    assert [path.name for path in paths] == ["vectors.tsv", "metadata.tsv"]
    found = ic.read_vectors(paths[0], metadata=str(paths[1]))
    np.testing.assert_array_equal(found.values, made.values)


def test_a_file_of_the_embedding_projector_is_read_as_it_reads_it():
    numbers = named(b"0.1\t2\t-3e-2\r\n4\t5\t6\r\n", "tensors.tsv")
    table = b'Word\tCount\r\n"the\t12\r\nit"s\t3\r\n'
    found = ic.read_vectors(numbers, metadata=table)
    np.testing.assert_array_equal(found.values, np.float32([[0.1, 2, -0.03], [4, 5, 6]]))
    assert list(found.frame["Word"]) == ['"the', 'it"s']
    assert list(found.frame["text"]) == ['"the', 'it"s']
    bare = ic.read_vectors(b"1\t2\n3\t4", metadata=b"cat\ndog")
    assert list(bare.frame["text"]) == ["cat", "dog"]


def test_other_tools_parquet_and_safetensors_are_read():
    frame = pd.DataFrame({f"dim_{n}": [float(n), n + 0.5] for n in (10, 2, 1)})
    frame["word"], frame["year1"] = ["cat", "dog"], [1990, 1991]
    found = ic.read_vectors(parquet(frame))
    np.testing.assert_array_equal(found.values, [[1, 2, 10], [1.5, 2.5, 10.5]])
    assert list(found.frame["text"]) == ["cat", "dog"]
    lists = pd.DataFrame({"embedding": [[1.0, 2.0], [3.0, 4.0]], "tags": [[1], [1, 2]]})
    assert ic.read_vectors(parquet(lists)).values.tolist() == [[1, 2], [3, 4]]
    import torch
    from safetensors.torch import save

    half = torch.arange(6).reshape(3, 2).to(torch.bfloat16)
    two = save({"bias": torch.zeros(3), "emb": half})
    assert ic.read_vectors(named(two, "x.safetensors")).values.tolist() == half.tolist()


def test_wider_numbers_are_rounded_and_the_notes_say_so():
    found = ic.read_vectors(npy(np.array([[0.1, 0.2], [0.3, 0.4]])))
    assert found.notes == ("numbers were rounded to 32 bits",)
    assert ic.read_vectors(npy(np.array([[1, 2], [3, 4]]))).notes == ()


def bomb():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("vectors.npy", b"\0" * 50_000_000)
    return file.getvalue()


def lying_npy(shape):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}"
    header = header.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode()


def safe(header, data=b""):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


HUGE = {"vectors": {"dtype": "F32", "shape": [50_000, 10**9], "data_offsets": [0, 8]}}
BROKEN = {
    "empty": (b"", "t.tsv", "empty"),
    "ragged rows": (b"1\t2\n3\n", "t.tsv", "Expected 2 columns, got 1"),
    "words": (b"1\t2\n3\tcat\n", "t.tsv", "cat"),
    "header": (b"x\ty\n1\t2\n", "t.tsv", "Remove a header"),
    "missing": (b"1\t2\n3\t\n", "t.tsv", "missing or NaN"),
    "NaN in TSV": (b"1\t2\nnan\t4\n", "t.tsv", "NaN"),
    "infinite in TSV": (b"1\t2\ninf\t4\n", "t.tsv", "infinite"),
    "binary": (bytes(range(256)), "t.tsv", "binary data"),
    "comma separated": (b"1,2\n3,4\n", "t.tsv", "separated by tabs"),
    "60,000 rows of text": (b"1\t2\n" * 60_000, "t.tsv", "60,000 vectors; at most 50,000"),
    "60,000 rows": (npy(np.ones((60_000, 2), np.float32)), "t.npy", "60,000"),
    "zip bomb": (bomb, "vectors.npz", "zip archive of arrays"),
    "zip bomb in disguise": (bomb, "vectors.npy", "zip archive"),
    "gzip twice": (gzip.compress(gzip.compress(b"1\t2\n")), "vectors.tsv.gz", "gzip"),
    "pickle": (pickle.dumps([1, 2]), "vectors.pkl", "pickle"),
    "objects": (npy(np.array([[1, "a"]], object), allow_pickle=True), "t.npy", "not numbers"),
    "text array": (npy(np.array([["a"]])), "t.npy", "not numbers"),
    "one axis": (npy(np.ones(5)), "t.npy", r"shape \[5\]"),
    "three axes": (npy(np.ones((5, 2, 2))), "t.npy", r"shape \[5, 2, 2\]"),
    "no rows": (npy(np.ones((0, 3))), "t.npy", "no vectors"),
    "NaN": (npy(np.array([[1.0, 2.0], [np.nan, 1.0]])), "t.npy", "the first is row 2"),
    "beyond float32": (npy(np.array([[1e300, 1.0]])), "t.npy", "too large"),
    "lies about its size": (lying_npy("(50000, 4000)"), "t.npy", "is incomplete"),
    "claims a petabyte": (lying_npy("(40000, 99999999999)"), "t.npy", "fit in memory"),
    "negative shape": (lying_npy("(-3, 2)"), "t.npy", "no vectors"),
    "cut .npy": (npy(np.ones((9, 9)))[:200], "t.npy", "is incomplete"),
    "broken .npy": (b"\x93NUMPY\x01\x00\xff\xffoh no", "t.npy", "cannot be read as .npy"),
    "broken Parquet": (b"PAR1 and then nothing", "t.parquet", "cannot be read as Parquet"),
    "ragged lists": (
        parquet(pd.DataFrame({"vector": [[1.0, 2.0], [3.0]]})),
        "t.parquet",
        "Row 2 has 1 numbers",
    ),
    "a missing list": (
        parquet(pd.DataFrame({"vector": [[1.0, 2.0], None]})),
        "t.parquet",
        "1 rows have no vector",
    ),
    "a missing number": (
        parquet(pd.DataFrame({"d0": [1.0, None], "d1": [1.0, 2.0]})),
        "t.parquet",
        "missing|NaN",
    ),
    "no numbers at all": (parquet(pd.DataFrame({"a": ["b"]})), "t.parquet", "has no vectors"),
    "two list columns": (
        parquet(pd.DataFrame({"p": [[1.0]], "q": [[1.0]]})),
        "t.parquet",
        "Several columns",
    ),
    "Parquet of 60,000 rows": (
        parquet(pd.DataFrame({"d0": np.ones(60_000)})),
        "t.parquet",
        "60,000",
    ),
    "broken safetensors": (
        b"\x10\0\0\0\0\0\0\0{broken",
        "t.safetensors",
        "cannot be read as .safetensors",
    ),
    "safetensors that lie": (safe(HUGE, b"\0" * 8), "t.safetensors", "fit in memory"),
    "no table": (
        safe({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}, b"\0" * 8),
        "t.safetensors",
        r"It holds: a \[2\]",
    ),
    "unknown ending": (b"hello", "t.docx", "unsupported format"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_gets_a_sentence(case):
    data, name, says = BROKEN[case]
    with pytest.raises(ic.BadInput, match=says):
        ic.read_vectors(named(data() if callable(data) else data, name))


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (b"a\nb\nc\nd\n", "4 lines for 2 vectors"),
        (b"word\tn\na\t1\nb\n", "Line 3 of the metadata has 1 columns, not 2"),
        (b"a\t1\nb\t2\n", "first line with their names"),
        (b"animal\ncat\ndog\n", "If line 1 .“animal”. is one, remove it"),
        (b"word,n\ncat,1\ndog,2\n", "separate the columns by tabs"),
        (b"cat\n", "the last is line 1 .“cat”"),
        (b"\xff\xfe", "no lines"),
    ],
)
def test_metadata_that_do_not_fit_get_a_sentence(table, says):
    with pytest.raises(ic.BadInput, match=says):
        ic.read_vectors(b"1\t2\n3\t4\n", metadata=table)


def test_columns_of_one_name_are_told_apart():
    found = ic.read_vectors(b"1\n2\n", metadata=b"a\ta\t\nx\ty\tz\nu\tv\tw\n")
    assert list(found.frame.columns) == ["a", "a_2", "column", "text"]


def test_files_beyond_the_limit_are_refused_unread(monkeypatch, tmp_path):
    monkeypatch.setattr(limits, "MAX_FILE_BYTES", 2**20)
    large = tmp_path / "large.tsv"
    large.write_bytes(b"1\n" * 2**20)
    for source in (large, named(large.read_bytes(), "large.tsv"), large.read_bytes()):
        with pytest.raises(ic.BadInput, match="larger than 1 MB"):
            ic.read_vectors(source)
    with pytest.raises(ic.BadInput, match="cannot be read"):
        ic.read_vectors(tmp_path / "absent.tsv")
    with pytest.raises(ic.BadInput, match="Unknown format"):
        ic.read_vectors(b"1\n", kind="xls")


@pytest.mark.parametrize(
    ("data", "says"),
    [(b"1\t2\t3\n", "needs at least 2"), (b"1\t2\n" * 30, "equal")],
)
def test_one_row_and_equal_rows_are_read_but_have_no_picture(data, says):
    found = ic.read_vectors(data)
    with pytest.raises(ic.BadInput, match=says):
        ic.project(found, method="pca")


def test_two_rows_and_duplicate_rows_have_a_correct_picture():
    two = ic.project(ic.read_vectors(b"0\t0\n3\t4\n"), method="pca").coordinates
    assert np.linalg.norm(two[0] - two[1]) == pytest.approx(5)
    rows = ic.read_vectors(b"0\t0\n3\t4\n1\t0\n" * 4)
    drawn = ic.project(rows, method="pca").coordinates
    np.testing.assert_allclose(drawn[:3], drawn[3:6], atol=1e-9)
    assert np.linalg.norm(drawn[0] - drawn[1]) == pytest.approx(5)


def test_masks_and_samples_keep_vectors_and_rows_together():
    made = vectors(200, number=np.arange(200))
    part = made.take(made.frame["number"] % 2 == 1)
    np.testing.assert_array_equal(part.values, made.values[1::2])
    drawn = made.sample(50, seed=1)
    np.testing.assert_array_equal(drawn.values, made.values[drawn.frame["number"]])
    assert len(drawn) == 50
    assert "random sample of 50 of 200" in drawn.notes[-1]
    assert made.sample(500) is made
    with pytest.raises(ic.BadInput, match="mask"):
        made.take(np.ones(3, bool))
    with pytest.raises(ic.BadInput, match="exactly one row"):
        ic.make_vectors(made.values, made.frame.head(3))


NUMBERS = np.float32([[0.5, 2.25, -3], [4, 5.5, 6], [7.5, 8, 9.25]])


def lines(delimiter="\t", decimal=".", end="\n"):
    rows = (delimiter.join(str(each).replace(".", decimal) for each in row) for row in NUMBERS)
    return end.join(rows) + end


@pytest.mark.parametrize(
    ("data", "name", "note"),
    [
        (lines(), "t.tsv", ""),
        (lines().replace("\n", "\r"), "t.tsv", ""),
        (lines(end="\r\n"), "t.tsv", ""),
        (lines(end="\t\n"), "t.tsv", "a delimiter at the end"),
        (lines(decimal=","), "t.tsv", "decimal commas"),
        (lines(" "), "t.txt", "separated by spaces"),
        (lines(","), "t.csv", ""),
        (lines(";", ","), "t.csv", "decimal commas"),
        ("0\t1\t2\n" + lines(), "t.tsv", "numbers of the columns"),
        (pd.DataFrame(NUMBERS).to_csv(sep="\t"), "t.tsv", "first column"),
        (lines() + "\n\n", "t.tsv", ""),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_numbers_are_read_as_programs_and_countries_write_them(data, name, note, encoding):
    found = ic.read_vectors(named(data.encode(encoding), name))
    np.testing.assert_array_equal(found.values, NUMBERS)
    assert note in " ".join(found.notes)


def test_a_first_column_of_whole_numbers_is_told():
    found = ic.read_vectors(b"1000\t0.5\t0.25\n1001\t1.5\t2\n1002\t3\t4\n")
    assert found.dim == 3
    assert "if they are identifiers" in found.notes[0]


@pytest.mark.parametrize(
    ("table", "labels"),
    [
        (b"cat\ndog\nbird\n", ["cat", "dog", "bird"]),
        (b"cat\ndog\nbird", ["cat", "dog", "bird"]),
        (b"cat\ndog\nbird\n\n", ["cat", "dog", "bird"]),
        (b"cat\r\ndog\r\nbird\r\n\r\n\r\n", ["cat", "dog", "bird"]),
        (b"cat\rdog\rbird\r", ["cat", "dog", "bird"]),
        (b"cat\n\nbird\n", ["cat", "", "bird"]),
        (b"cat\n\n\n", ["cat", "", ""]),
        (b"\n\n\n", ["", "", ""]),
        (b"\xef\xbb\xbfword\tn\ncat\t1\ndog\t2\nbird\t3\n\n", ["cat", "dog", "bird"]),
        (
            "word\tn\nKätzchen\t1\nHündchen\t2\nVögelchen\t3\n".encode("cp1252"),
            ["Kätzchen", "Hündchen", "Vögelchen"],
        ),
        ("cat\ndog\nbird\n".encode("utf-16"), ["cat", "dog", "bird"]),
        (b"word,n\ncat\ndog\n", ["word,n", "cat", "dog"]),
    ],
)
def test_a_line_of_metadata_is_one_vector_by_the_rule_of_the_projector(table, labels):
    found = ic.read_vectors(lines().encode(), metadata=table)
    assert list(found.frame["text"]) == labels


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (b"cat\ndog\nbird\nfish\n", "If line 1 .“cat”. is one"),
        (b"cat\ndog\n", "the last is line 2 .“dog”"),
        (b"cat\n1\n2\n3\nfish\n\n", "line 4 .“3”. has no vector"),
        (b"word\tn\ncat\t1\ndog\t2\n", "missing or “word, n”"),
    ],
)
def test_a_count_that_does_not_fit_is_told_with_the_line(table, says):
    with pytest.raises(ic.BadInput, match=says):
        ic.read_vectors(lines().encode(), metadata=table)
