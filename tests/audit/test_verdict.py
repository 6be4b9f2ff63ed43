"""Thresholds, the whole audit, its files, and the command that makes them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import interp_core as ic
from interp_core.audit import __main__ as command
from interp_core.audit.data import check_labelled
from interp_core.audit.figures import Figure
from interp_core.audit.slices import CONFIDENCE
from interp_core.audit.verdict import Threshold, judge
from interp_core.audit.whole import significant_groups
from interp_core.audit_report import audit_document, audit_json, audit_report
from interp_core.charts.export import picture
from interp_core.models import load
from interp_core.report import numbers
from tests.audit.test_slices import WEIGHTS, opinions
from tests.specifications import alike, plain

GOOD = b"""
[thresholds]
accuracy = { at_least = 0.6 }
slices.groups = { at_most = 100 }
"recall.positive" = { at_least = 0.6, whole_interval = true }
"""


@pytest.fixture(scope="module")
def model(words_model):
    return words_model(WEIGHTS)


@pytest.fixture(scope="module")
def data(model):
    return ic.labelled_data(opinions(300), model)


def test_thresholds_are_judged_by_value_or_by_the_whole_interval(model, data):
    audit = ic.run_audit(model, data, thresholds=ic.read_thresholds(GOOD))
    table = audit.checked().set_index("figure")
    recall = next(each for each in audit.figures if each.key == "recall.positive")
    assert table["passed"].tolist() == [True, True, bool(recall.low >= 0.6)]
    assert recall.value > 0.6 > recall.low
    assert audit.passed is False
    assert ic.run_audit(model, data).passed is None
    one = ic.read_thresholds(b"[thresholds]\naccuracy = { at_most = 0.5 }")
    assert [each.passed for each in ic.judge(audit.figures, one)] == [False]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"[thresholds]\nacuracy = { at_least = 1 }", "accuracy"),
        (b"[thresholds]\naccuracy = 0.9", "at_least"),
        (b"[thresholds]\naccuracy = { at_least = 'x' }", "a number"),
        (b"[thresholds]\naccuracy = { at_least = nan }", "a number"),
        (b"[thresholds]\naccuracy = { least = 1 }", "at_least"),
        (b"[other]\nx = 1", r"no table \[thresholds\]"),
        (b"accuracy = ", "cannot be read"),
        (b"a" * 100_000, "64 KB"),
    ],
)
def test_a_mistake_in_the_thresholds_is_refused(model, data, text, said):
    with pytest.raises(ic.BadInput, match=said):
        ic.run_audit(model, data, thresholds=ic.read_thresholds(text))


def test_the_files_hold_everything_and_escape_texts(model, data, monkeypatch, charts):
    texts = ("<script>alert(1)</script> not good", *data.texts[1:])
    hostile = data.take(slice(0, 300))
    object.__setattr__(hostile, "texts", texts)
    monkeypatch.setattr("interp_core.audit_report.weights_digest", lambda _: "abc")
    audit = ic.run_audit(model, hostile, thresholds=ic.read_thresholds(GOOD))
    told = json.loads(audit_json(audit, model))
    assert told["passed"] is False
    assert told["data"]["sha256"] == hostile.digest
    assert told["model"]["weights"] == "abc"
    assert {each["key"] for each in told["values"]} >= {"accuracy", "f1.positive", "slices.words"}
    assert all("n" in each and "low" in each for each in told["values"])
    assert told["errors"]
    assert told["limits"]
    assert audit_json(audit, model, with_texts=False).count(texts[1]) == 0
    report = audit_report(audit, model, script="audit = None")
    page = audit_document(report)
    assert "<script>" not in page
    _draws(report, audit, charts)
    assert "Audit of words on data: failed" in page
    titles = re.findall(r"<h2[^>]*>\d+\. ([^<]+)<", page)
    assert titles[:4] == [
        "Verdict",
        "Precision, recall and F1 of each class",
        "Confusion matrix",
        "Reliability diagram",
    ]
    assert "Errors, most confident first" in titles
    assert hostile.digest in page


@pytest.fixture
def charts(monkeypatch):
    """The charts that a report is made of."""
    found = []

    def noted(chart, kind):
        found.append(chart)
        return picture(chart, kind)

    monkeypatch.setattr("interp_core.audit_report.picture", noted)
    return found


def _draws(report, audit, charts):
    """The last lines of each script, given the audit, make its table and its chart."""
    for figure, chart in zip(report.figures, charts, strict=True):
        names = {"ic": ic, "audit": audit}
        exec(figure.script.removeprefix("audit = None\n"), names)
        said = ic.check_against(names["table"], numbers.written(figure.numbers))
        assert "as recorded" in said, figure.title
        assert alike(plain(names["chart"]), plain(chart)), figure.title


@pytest.fixture
def run(model, tmp_path, monkeypatch):
    """The command on a file of opinions, with the model of words; its code and folder."""
    monkeypatch.setattr(load, "load_model", lambda name, **options: model)
    monkeypatch.setattr("interp_core.audit_report.weights_digest", lambda _: "abc")
    opinions(120).rename(columns={"text": "words", "label": "verdict"}).to_csv(
        tmp_path / "mine.csv", index=False
    )

    def called(*options: str, thresholds: bytes | None = None):
        arguments = ["words", str(tmp_path / "mine.csv"), "--out", str(tmp_path / "out"), "--quiet"]
        if thresholds is not None:
            (tmp_path / "t.toml").write_bytes(thresholds)
            arguments += ["--thresholds", str(tmp_path / "t.toml")]
        code = command.main([*arguments, *options])
        return SimpleNamespace(code=code, out=tmp_path / "out")

    return called


COLUMNS = ("--text", "words", "--label", "verdict")


def test_the_command_writes_the_audit_and_fails_by_its_code(run, capsys):
    passed = run(*COLUMNS, thresholds=b"[thresholds]\naccuracy = { at_least = 0.5 }")
    assert passed.code == 0
    told = json.loads((passed.out / "audit.json").read_text(encoding="utf-8"))
    assert told["data"]["name"] == "mine.csv"
    assert told["passed"] is True
    failed = run(*COLUMNS, thresholds=b"[thresholds]\naccuracy = { at_least = 0.99 }")
    assert failed.code == 1
    assert "FAILED: accuracy" in capsys.readouterr().out
    again = run(*COLUMNS, "--json", thresholds=b"[thresholds]\naccuracy = { at_least = 0.99 }")
    assert again.code == 1
    printed = json.loads(capsys.readouterr().out)
    assert printed.pop("folder") == str(again.out)
    assert printed == json.loads((again.out / "audit.json").read_text(encoding="utf-8"))
    assert {each.name for each in failed.out.iterdir()} == {
        "audit.html",
        "audit.json",
        "errors.csv",
    }
    script = re.search(r"<code>(.*?)</code>", (failed.out / "audit.html").read_text(), re.DOTALL)[1]
    assert "labelled_data(&#39;mine.csv&#39;, model, text=&#39;words&#39;" in script


def test_all_that_suits_a_model_is_measured_and_what_is_absent_is_told(run, capsys):
    made = run(*COLUMNS, "--all", thresholds=b"[thresholds]\n'privacy.texts' = { at_most = 0 }")
    told = json.loads((made.out / "audit.json").read_text(encoding="utf-8"))
    keys = {each["key"] for each in told["values"]}
    assert made.code == 0
    assert {"failures.negation", "attribution.negation", "privacy flips.all kinds"} <= keys
    assert any(key.startswith("bias.nationalities.") for key in keys)
    assert set(told["bias"]) == set(ic.term_lists())
    assert told["privacy"] == told["words"]["heads"] == []  # no attention maps, no personal data
    assert {each["group"] for each in told["words"]["attribution"]} >= {"negation", "intensifier"}
    assert "No personal data was found" in capsys.readouterr().out
    page = (made.out / "audit.html").read_text(encoding="utf-8")
    assert "Attribution by group of words" in page
    assert "privacy=True, words=200" in page


def test_the_attention_of_all_heads_is_part_of_the_files(
    model, data, tiny_model, monkeypatch, charts
):
    from interp_core.audit.reading import measure_reading

    monkeypatch.setattr("interp_core.audit_report.weights_digest", lambda _: "abc")
    audit = ic.run_audit(model, data, words=8)
    some = data.take(slice(0, 40))
    texts = [f"{'a' if place % 2 else 'b'} c d a" for place in range(40)]
    object.__setattr__(some, "texts", tuple(texts))
    part = audit.predictions.take(np.arange(40))
    found = measure_reading(tiny_model("bert"), some, part, own={"a": ["a"]}, sample=4)
    lift = ic.attention_lift(tiny_model("bert"), texts, list(ic.group_spans(texts, {"a": ["a"]})))
    shown = found.heads[found.heads["group"] == "a"]
    np.testing.assert_allclose(shown["lift"], lift.frame()[lambda t: t["group"] == "a"]["lift"])
    counted = {each.key: each for each in found.figures()}
    more = ((shown["q"] <= 0.05) & (shown["difference"] > 0)).sum()
    assert counted["heads more.a"].value == more
    assert found.alignment["n"].max() <= 4
    object.__setattr__(audit, "reading", found)
    report = audit_report(audit, model, script="audit = None")
    assert "Attention lift of a" in audit_document(report)
    _draws(report, audit, charts)
    assert len(json.loads(audit_json(audit, model))["words"]["heads"]) == len(found.heads)


def test_a_fault_of_the_files_is_said_before_the_model_is_loaded(
    run, capsys, monkeypatch, tmp_path
):
    loads = []
    monkeypatch.setattr(load, "load_model", loads.append)
    for given, said in (
        (("--text", "none"), "no column 'none'"),
        (("--limit", "0"), "at least 1"),
        (("--suite", "no-such-suite"), "no suite"),
    ):
        assert run(*given).code == 2
        assert said in capsys.readouterr().err
    lines = tmp_path / "words.conll"
    lines.write_text("Paris B-city\nshines O\n\n")
    check_labelled(str(lines))
    assert not loads


def test_the_command_says_what_is_wrong(run, capsys):
    assert run("--text", "none").code == 2
    assert "no column 'none'" in capsys.readouterr().err
    assert run(*COLUMNS, "--map", "positive=best").code == 2
    assert run(*COLUMNS, thresholds=b"[thresholds]\nx = { at_least = 1 }").code == 2
    with pytest.raises(SystemExit):
        command.main(["words", "--out", "x"])


def test_less_confident_predictions_fail_no_model(words_model):
    """In every calibrated model they are more often wrong; the rest is counted."""
    deaf = words_model(WEIGHTS)
    audit = ic.run_audit(deaf, ic.labelled_data(opinions(), deaf))
    found = audit.groups.found()
    assert len(found)
    for kind, count in ((CONFIDENCE, 0), ("contains", len(found))):
        groups = replace(audit.groups, table=audit.groups.table.assign(kind=kind))
        assert significant_groups("slices.groups", "Groups", groups).value == count


def test_a_value_that_meets_a_threshold_which_its_interval_does_not_is_said_so():
    known = Figure("accuracy", "Accuracy", 0.89, 200, 0.84, 0.93)
    bare = Figure("slices.groups", "Groups", 0, 200)
    limits = [Threshold("accuracy", at_least=0.85), Threshold("slices.groups", at_most=0)]
    limits.append(Threshold("accuracy", at_least=0.8))
    checks = judge([known, bare], limits)
    assert [each.passed for each in checks] == [True] * 3
    assert [each.by_value_only for each in checks] == [True, False, False]
    failed = judge([known], [Threshold("accuracy", at_least=0.9)])[0]
    assert not failed.passed
    assert not failed.by_value_only
    assert known.told() == "Accuracy 0.890 (0.840 to 0.930; n = 200)"
    assert bare.told() == "Groups 0 (n = 200)"
