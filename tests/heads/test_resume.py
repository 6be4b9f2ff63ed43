"""A pass over a corpus gives partial results, skips bad rows, and goes on where it was."""

import numpy as np
import pytest

import interp_core as ic
from interp_core.heads import statistics as module
from interp_core.heads.resume import partial_path, run_corpus, skipped_report
from tests.heads.test_statistics import TEXTS, compare
from tests.tiny_tokenizers import SENTENCES

MANY = [f"{text} {word}" for word in ("again", "there", "it", "model") for text in SENTENCES]


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(module, "CHUNK", 6)


def file_of(tmp_path, lines, name="texts.txt"):
    path = tmp_path / name
    path.write_bytes(
        b"\n".join(each if isinstance(each, bytes) else each.encode() for each in lines)
    )
    return path


def run(model, path, out, **options):
    return list(run_corpus(model, ic.open_corpus(path), out, **options))


def test_partial_results_are_those_of_the_texts_so_far(tiny_model, small_chunks):
    model = tiny_model("bert")
    states = list(ic.stream_statistics(model, MANY, batch_size=4))
    assert [state.texts for state in states] == sorted({state.texts for state in states})
    assert states[-1].texts == states[-1].rows == len(MANY)
    for state in states:
        if state.settled:
            truth = ic.head_statistics(model, MANY[: state.rows], batch_size=4)
            compare(state.statistics, truth, 1e-9)
    assert sum(state.settled for state in states) == 4
    assert all(state.texts_per_second > 0 for state in states)
    assert 0 <= states[-1].padding < 0.1


def test_rows_that_cannot_be_read_are_told_by_line_and_the_rest_is_counted(tiny_model, tmp_path):
    rows = [TEXTS[0], "", b"\xff\xff", "word " * 50_000, TEXTS[1], "   ", TEXTS[2]]
    path = file_of(tmp_path, rows)
    state = run(tiny_model("bert"), path, tmp_path / "out.parquet")[-1]
    found = [(row.number, row.reason) for row in state.skipped.rows]
    assert sorted(found) == [(2, "empty"), (3, "not text"), (4, "too long"), (6, "empty")]
    assert state.skipped.counts == {"empty": 2, "not text": 1, "too long": 1}
    assert state.texts == 3
    compare(state.statistics, ic.head_statistics(tiny_model("bert"), TEXTS[:3]), 1e-9)
    report = skipped_report(state.skipped)
    assert report.startswith("4 rows were skipped: 2 empty, 1 not text, 1 too long.")
    assert "line 4: too long" in report


def test_stopping_at_any_batch_and_going_on_gives_the_same_table(
    tiny_model, tmp_path, small_chunks
):
    model, texts = tiny_model("gpt2"), MANY[:13]  # two chunks and one more
    path = file_of(tmp_path, [*texts[:7], "", *texts[7:]])
    whole = run(model, path, tmp_path / "whole.parquet")
    truth = ic.HeadStatistics.load(tmp_path / "whole.parquet")
    for stop in range(1, len(whole), 2):
        out = tmp_path / f"{stop}.parquet"
        for count, _ in enumerate(run_corpus(model, ic.open_corpus(path), out, every=0)):
            if count == stop:
                break  # as if killed: the generator is never resumed
        states = run(model, path, out, every=0)
        assert states[-1].texts == len(texts)
        assert states[-1].skipped.total == 1
        again = ic.HeadStatistics.load(out)
        compare(again, truth, 0)
        assert not partial_path(out).exists()


def test_an_unfinished_pass_goes_on_and_does_not_begin_again(tiny_model, tmp_path, small_chunks):
    model, path, out = tiny_model("bert"), file_of(tmp_path, MANY), tmp_path / "out.parquet"
    for state in run_corpus(model, ic.open_corpus(path), out, every=0):
        if state.texts > 12:
            break
    assert not out.exists()
    states = run(model, path, out, every=0)
    assert states[0].rows == states[0].texts == 12
    assert states[1].texts > 12


def test_an_unfinished_pass_of_something_else_is_not_continued(tiny_model, tmp_path, small_chunks):
    model, path, out = tiny_model("bert"), file_of(tmp_path, MANY), tmp_path / "out.parquet"
    for state in run_corpus(model, ic.open_corpus(path), out, every=0):
        if state.texts > 12:
            break
    other = file_of(tmp_path, MANY[:-1], "other.txt")
    for wrong in ((tiny_model("gpt2"), path, {}), (model, other, {}), (model, path, {"limit": 15})):
        with pytest.raises(ic.BadInput, match="belongs to another"):
            run(wrong[0], wrong[1], out, **wrong[2])
    assert run(model, other, out, restart=True)[0].rows == 0


def test_a_limit_reads_no_further(tiny_model, tmp_path):
    path = file_of(tmp_path, MANY)
    states = run(tiny_model("bert"), path, tmp_path / "out.parquet", limit=7)
    assert (states[-1].rows, states[-1].texts) == (7, 7)


def test_a_corpus_without_one_good_row_is_refused_with_the_rows(tiny_model, tmp_path):
    path, out = file_of(tmp_path, ["", " ", "word " * 50_000]), tmp_path / "out.parquet"
    with pytest.raises(ic.BadInput, match="3 rows were skipped: 2 empty, 1 too long"):
        run(tiny_model("bert"), path, out)
    assert not out.exists()


def test_what_is_kept_does_not_grow_with_the_texts(tiny_model, small_chunks):
    """Sizes of all arrays after one chunk and after four."""
    from dataclasses import astuple

    def size(value):
        if isinstance(value, np.ndarray):
            return value.nbytes
        return sum(map(size, value)) if isinstance(value, tuple) else 0

    model = tiny_model("bert")
    # The sample of compared texts is full from the 32nd text on.
    few = ic.head_statistics(model, MANY * 2)
    many = ic.head_statistics(model, MANY * 5)
    assert size(astuple(few)) == size(astuple(many))
    assert many.texts == 100
