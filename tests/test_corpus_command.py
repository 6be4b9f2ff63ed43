"""`python -m interp_core.corpus`: killed at random moments it goes on, and nothing is lost."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

import interp_core as ic
from interp_core import corpus
from interp_core.heads import resume, statistics
from tests.heads.test_statistics import compare
from tests.tiny_tokenizers import SENTENCES

ROOT = Path(__file__).resolve().parents[1]
WORDS = SENTENCES[0].split()

# The command with chunks of 16 rows that are saved one by one, so that a kill falls between them.
CODE = """
import sys
from interp_core.heads import resume, statistics
statistics.CHUNK = resume.CHUNK = 16
resume.run_corpus.__kwdefaults__["every"] = 0
from interp_core.corpus import main
sys.exit(main())
"""


def texts(count):
    chance = random.Random(0)
    return [" ".join(chance.choices(WORDS, k=chance.randint(3, 14))) for _ in range(count)]


def killed(partial, *arguments):
    """Start the command in a process and kill it some time after its first saving."""
    run = subprocess.Popen([sys.executable, "-c", CODE, *map(str, arguments)], cwd=ROOT)
    while run.poll() is None and not partial.exists():
        time.sleep(0.002)
    time.sleep(random.Random(os.getpid()).random() * 0.2)
    assert run.poll() is None
    run.send_signal(signal.SIGKILL)
    run.wait(60)


def test_killed_at_a_random_moment_it_gives_the_table_of_an_undisturbed_run(
    tiny, tmp_path, monkeypatch, capsys
):
    path, model = tmp_path / "texts.txt", tiny("gpt2")
    lines = texts(400)
    lines[100] = ""
    path.write_text("\n".join(lines))
    out = tmp_path / "out.parquet"
    partial = tmp_path / "out.parquet.partial"
    killed(partial, model, path, "--out", out)
    assert partial.exists()
    assert not out.exists()
    for module in (statistics, resume):
        monkeypatch.setattr(module, "CHUNK", 16)
    assert corpus.main([str(model), str(path), "--out", str(out)]) == 0
    told = capsys.readouterr()
    assert "Continuing after row" in told.err
    assert "399 texts" in told.out
    assert "line 101: empty" in told.out
    assert not partial.exists()
    whole = tmp_path / "whole.parquet"
    assert corpus.main([str(model), str(path), "--out", str(whole), "--quiet"]) == 0
    compare(ic.HeadStatistics.load(out), ic.HeadStatistics.load(whole), 0)


def test_the_command_says_what_it_did(tiny, tmp_path, capsys):
    path, out = tmp_path / "texts.csv", tmp_path / "out.parquet"
    path.write_text("text,n\n" + "\n".join(f'"{text}",1' for text in SENTENCES) + "\nbad\n")
    assert corpus.main([str(tiny("bert")), str(path), "--out", str(out), "--quiet"]) == 0
    told = capsys.readouterr()
    assert "5 texts" in told.out
    assert "line 7: other width. The row has 1 cell, not 2" in told.out
    statistics = ic.HeadStatistics.load(out)
    assert statistics.texts == 5
    assert (
        corpus.main([str(tiny("bert")), str(path), "--out", str(out), "--restart", "--json"]) == 0
    )
    printed = json.loads(capsys.readouterr().out)
    assert printed["skipped"] == {"other width": 1}
    assert pd.DataFrame(printed["heads"])["entropy"].tolist() == pytest.approx(
        statistics.frame["entropy"].tolist()
    )


def test_the_sample_needs_neither_model_nor_file(capsys):
    assert corpus.main(["--sample", "--limit", "5", "--quiet"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("5 texts")
    assert "entropy" in said
    assert max(map(len, said.splitlines())) <= 100
    assert "--out and --json give all" in said


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["no-such-model-here", "FILE"], "ModelNotFound"),
        (["MODEL", "missing.txt"], "cannot be read"),
        (["MODEL", "FILE", "--column", "nope"], "no column 'nope'"),
        (["MODEL", "EMPTY"], "is empty"),
        (["MODEL", "BINARY"], "binary"),
        (["MODEL", "FILE", "--limit", "-3"], "at least 1 row, not -3"),
    ],
)
def test_mistakes_are_told_in_a_sentence(tiny, tmp_path, capsys, arguments, word):
    places = {"MODEL": tiny("bert")}
    for name, data in (("FILE", b"text,n\na,1\n"), ("EMPTY", b""), ("BINARY", bytes(5000))):
        places[name] = tmp_path / f"{name}.csv"
        places[name].write_bytes(data)
    out = tmp_path / "out.parquet"
    given = [str(places.get(each, each)) for each in arguments]
    assert corpus.main([*given, "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert word in error
    assert "Traceback" not in error
    assert not out.exists()


def test_a_place_that_cannot_be_written_is_said_before_the_model_is_loaded(tmp_path, capsys):
    file = tmp_path / "texts.txt"
    file.write_text("One.\n")
    for out, said in (
        (tmp_path, "is a folder"),
        (file / "stats.parquet", "Nothing can be written"),
    ):
        assert corpus.main(["no-such-model-here", str(file), "--out", str(out)]) == 2
        assert said in capsys.readouterr().err


def test_a_file_or_the_sample_is_needed(capsys):
    for arguments in (["encoder", "--out", "x"], ["encoder", "f", "--sample", "--out", "x"]):
        with pytest.raises(SystemExit):
            corpus.main(arguments)
    assert "FILE or --sample" in capsys.readouterr().err
