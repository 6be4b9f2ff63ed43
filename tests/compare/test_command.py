"""`python -m interp_core.compare`: what it prints and writes."""

from __future__ import annotations

import json

import pandas as pd
import pytest

import interp_core as ic
from interp_core.compare.__main__ import main
from interp_core.report import numbers
from tests.specifications import alike, plain


@pytest.fixture(scope="module")
def folders(tiny, tmp_path_factory, tuned):
    """The base and the fine-tuned copy, saved as people save them."""
    folder = tmp_path_factory.mktemp("tuned")
    tuned.model.save_pretrained(folder)
    tuned.tokenizer.save_pretrained(folder)
    return str(tiny("bert-2-labels")), str(folder)


@pytest.fixture(scope="module")
def file(tmp_path_factory, texts, base):
    path = tmp_path_factory.mktemp("data") / "texts.csv"
    labels = [base.labels[place % 2] for place in range(len(texts))]
    pd.DataFrame({"text": texts, "label": labels}).to_csv(path, index=False)
    return path


def test_everything_is_written_and_each_script_makes_its_table(
    folders, file, tmp_path, capsys, monkeypatch
):
    assert main([*folders, "--data", str(file), "--out", str(tmp_path), "--quiet"]) == 0
    said = capsys.readouterr().out
    assert "weights: ‖ΔW‖ / ‖W‖" in said
    assert "answers: Agreement" in said
    assert "not compared" not in said
    told = json.loads((tmp_path / "compare.json").read_text(encoding="utf-8"))
    assert {row["part"] for row in told["summary"]} == {
        "weights", "representations", "heads", "answers",
    }  # fmt: skip
    assert told["answers"]["churn"] > 0
    table = pd.read_csv(tmp_path / "weights.csv")
    assert set(table[table["change"] > 0]["matrix"]) == {"query", "classifier", "classifier.bias"}
    assert "<script" not in (tmp_path / "compare.html").read_text(encoding="utf-8")
    monkeypatch.chdir(file.parent)
    from interp_core.compare_report import comparison_report

    charts = []
    monkeypatch.setattr(
        "interp_core.compare_report.picture", lambda chart, kind: charts.append(chart) or b""
    )
    pair = tuple(ic.load_model(each) for each in folders)
    data = ic.labelled_data(str(file), pair[0])
    script = (
        "import interp_core as ic\n"
        f"first, second = (ic.load_model(each) for each in {folders!r})\n"
        "data = ic.labelled_data('texts.csv', first)\n"
        "comparison = ic.run_comparison(first, second, data=data)"
    )
    report = comparison_report(ic.run_comparison(*pair, data=data), pair, script=script)
    assert len(report.figures) == 6
    names: dict = {}
    exec(script, names)
    for figure, chart in zip(report.figures, charts, strict=True):
        exec(figure.script.removeprefix(script), names)
        assert "as recorded" in ic.check_against(names["table"], numbers.written(figure.numbers))
        assert alike(plain(names["chart"]), plain(chart)), figure.title


def test_texts_without_labels_are_compared_for_agreement(folders, tmp_path, capsys):
    path = tmp_path / "plain.txt"
    path.write_text("The plot is good.\nThe film is bad.\nA cat.\nIt rained all day.\n")
    assert main([*folders, "--data", str(path), "--quiet"]) == 0
    said = capsys.readouterr()
    assert "Agreement" in said.out
    assert "Accuracy" not in said.out
    assert "No labels" in said.err
    assert main([*folders, "--data", str(path), "--quiet", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["folder"] is None
    assert {row["part"] for row in told["summary"]} >= {"answers"}


def test_parts_that_do_not_apply_are_named_with_the_reason(folders, tiny, file, capsys):
    assert main([folders[0], str(tiny("albert")), "--data", str(file), "--quiet"]) == 0
    said = capsys.readouterr().out
    assert "weights: not compared" in said
    assert "heads: not compared" in said
    assert "answers: not compared" in said
    assert "representations: CKA of the last layers" in said


def test_the_report_names_what_it_does_not_show(folders, tiny, tmp_path, file):
    out = ["--data", str(file), "--out", str(tmp_path), "--quiet"]
    assert main([folders[0], str(tiny("bert-masked-lm")), *out]) == 0
    told = (tmp_path / "compare.html").read_text(encoding="utf-8")
    assert "Not compared: answers." in told


def test_what_was_assumed_is_said_and_why_labels_are_not_read(folders, tmp_path, texts, capsys):
    path = tmp_path / "numbers.csv"
    for labels, said in ((["0", "1"], "Numbers were taken"), (["x", "y"], "is one of class 0")):
        rows = pd.DataFrame({"text": texts[:6], "label": labels * 3})
        rows.to_csv(path, index=False)
        assert main([*folders, "--data", str(path), "--quiet"]) == 0
        assert said in capsys.readouterr().err


def test_what_cannot_be_read_ends_with_a_sentence(folders, file, capsys):
    assert main([*folders, "--data", str(file), "--limit", "-3", "--quiet"]) == 2
    assert "at least 1" in capsys.readouterr().err
    assert main([*folders, "--data", "no-such-file.csv", "--label", "x", "--quiet"]) == 2
    assert main(["no/such/model", folders[0], "--quiet"]) == 2
    assert "Error" not in capsys.readouterr().out


def test_a_fault_of_the_data_is_said_before_a_model_is_loaded(
    folders, tmp_path, monkeypatch, capsys
):
    table, empty = tmp_path / "texts.csv", tmp_path / "empty.csv"
    table.write_text("text,mood\nGood.,1\nBad.,0\n")
    empty.write_text("")
    loads = []
    monkeypatch.setattr(
        "interp_core.models.load.load_model", lambda *given, **_: loads.append(given)
    )
    for given, said in (
        (["--data", "no-such-file.csv"], "cannot be read"),
        (["--data", str(empty)], "empty"),
        (["--data", str(table), "--label", "label"], "no column 'label'"),
        (["--data", str(table), "--text", "body"], "no column 'body'"),
        (["--data", str(table), "--sample"], "either"),
        (["--data", str(table), "--out", str(table)], "Nothing can be written into"),
    ):
        assert main([*folders, *given, "--quiet"]) == 2
        assert said in capsys.readouterr().err
    assert not loads
