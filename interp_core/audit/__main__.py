"""Audit a classifier on labelled texts, from the command line.

    clearhead audit MODEL DATA --text COLUMN --label COLUMN --out FOLDER
    clearhead audit sentiment --sample --out FOLDER

DATA is a table (CSV, TSV, JSON lines, Parquet), or a CoNLL file for models that label words. The
folder gets audit.html, audit.json and errors.csv. Scores and slices are always measured; --suite,
--bias, --privacy and --words add to them, and --all adds all of these that suit the model. With
--thresholds FILE (TOML) the exit code is 1 where a threshold is not met. --json prints what
audit.json holds. With --engine ray the texts are predicted, and the attention of heads is measured,
by the actors of a Ray cluster, or of a Ray that is started on this machine and listens on its
interfaces; killed, it goes on with what they have sent back.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from interp_core import command
from interp_core.distributed import engines


def main(arguments: list[str] | None = None) -> int:
    """Run the command: 0 when every threshold is met (or none is given), 1 when one is not."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    if bool(asked.data) == asked.sample:
        parser.error("give either DATA or --sample")
    if any("=" not in each for each in asked.map):
        parser.error("--map takes LABEL=CLASS")
    return command.ended(lambda: _run(asked), as_json=asked.json)


def _parser() -> argparse.ArgumentParser:
    parser = command.parser("audit", __doc__ or "")
    parser.add_argument("model", help="a built-in model, a folder or a Hub id")
    parser.add_argument("data", nargs="?", help="the labelled texts")
    parser.add_argument("--sample", action="store_true", help="use the built-in labelled texts")
    parser.add_argument("--out", required=True, help="the folder to write into")
    parser.add_argument("--text", help="the column of texts")
    parser.add_argument("--label", help="the column of labels")
    parser.add_argument("--pair", help="the column of second texts")
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="LABEL=CLASS",
        help="which class of the model a label of the data means; may be repeated",
    )
    parser.add_argument("--limit", type=int, help="so many rows, drawn at random (seed 0)")
    parser.add_argument("--thresholds", help="a TOML file of thresholds")
    parser.add_argument(
        "--suite", action="append", default=[], help="a behaviour suite, by name or file"
    )
    parser.add_argument("--bias", action="append", default=[], help="a list of terms, by name")
    parser.add_argument("--privacy", action="store_true", help="mask personal data")
    parser.add_argument(
        "--words",
        action="store_true",
        help="groups of words (negation, intensifiers and others) in attributions and in the "
        "attention of every head",
    )
    parser.add_argument("--all", action="store_true", help="all of these that suit the model")
    parser.add_argument("--encoding", help="the encoding of the file, such as cp1252")
    parser.add_argument("--delimiter", help="what separates the columns, such as ';'")
    parser.add_argument(
        "--no-texts", action="store_true", help="write no texts: no examples of errors"
    )
    engines.add_options(parser)
    return parser


def _run(asked: argparse.Namespace) -> command.Outcome:
    from interp_core.audit.data import check_labelled, labelled_data
    from interp_core.audit.lexicons import find_lexicon
    from interp_core.audit.samples import audit_set
    from interp_core.audit.suites import read_suite
    from interp_core.audit.verdict import read_thresholds
    from interp_core.audit.whole import all_parts, run_audit
    from interp_core.audit_report import audit_document, audit_json, audit_report
    from interp_core.distributed.audit import AuditPasses
    from interp_core.models.load import load_model
    from interp_core.report.machine import as_json
    from interp_core.report.spreadsheet import csv
    from interp_core.ui.server.limits import is_shared

    thresholds = read_thresholds(asked.thresholds) if asked.thresholds else ()
    options = _options(asked)
    if asked.data:  # a fault of the files is said before minutes of loading
        check_labelled(asked.data, **options)
    for each in asked.suite:
        read_suite(each)
    for each in asked.bias:
        find_lexicon(each)
    out = command.folder(asked.out)
    model = load_model(asked.model, device=asked.device, dtype=asked.dtype)
    if asked.sample:
        data, code = audit_set(model), "ic.audit_set(model)"
    else:
        data = labelled_data(asked.data, model, **options)
        given = "".join(f", {name}={value!r}" for name, value in options.items())
        code = f"ic.labelled_data({Path(asked.data).name!r}, model{given})"
    for note in [*data.notes, *filter(None, [data.problems.note()])]:
        command.say(note)
    show = None if asked.quiet else command.progress
    parts = _parts(asked)
    if asked.all:
        every = all_parts(model, data)
        suites = dict.fromkeys([*every.get("suites", ()), *asked.suite])
        parts |= every | ({"suites": list(suites)} if suites else {})
    made = {"thresholds": thresholds, **parts, "progress": show}
    with engines.chosen(asked, shared=is_shared()) as engine:
        if engine is None:
            audit = run_audit(model, data, **made)
        else:
            passes = AuditPasses(engine, out / "unfinished")
            known = passes.predictions(data, show)
            audit = run_audit(model, data, predictions=known, lift=passes.lift, **made)
            passes.clear()
    if show:
        show(1, 1)
        command.say("")
    with_texts = not asked.no_texts
    script = _script(asked, code, parts)
    report = audit_report(audit, model, script=script, with_texts=with_texts)
    (out / "audit.html").write_text(audit_document(report), encoding="utf-8")
    told = audit_json(audit, model, with_texts=with_texts)
    (out / "audit.json").write_text(told, encoding="utf-8")
    if with_texts:
        (out / "errors.csv").write_bytes(csv(audit.errors(len(data))))
    return command.Outcome(
        tuple(_lines(audit, out)),
        as_json(json.loads(told) | {"folder": str(out)}),
        command.FAILED if audit.passed is False else 0,
    )


def _options(asked: argparse.Namespace) -> dict[str, Any]:
    names = ("text", "label", "pair", "limit", "encoding", "delimiter")
    found = {name: getattr(asked, name) for name in names if getattr(asked, name) is not None}
    pairs = [each.rpartition("=") for each in asked.map]
    mapping = {label: name for label, _, name in pairs}
    return found | ({"mapping": mapping} if mapping else {})


def _parts(asked: argparse.Namespace) -> dict[str, Any]:
    """What is measured beside scores and slices, as arguments of `run_audit`."""
    from interp_core.audit.reading import ATTRIBUTED

    given = {
        "suites": asked.suite,
        "lexicons": asked.bias,
        "privacy": asked.privacy,
        "words": ATTRIBUTED if asked.words else 0,
    }
    return {name: value for name, value in given.items() if value}


def _script(asked: argparse.Namespace, data: str, parts: dict[str, Any]) -> str:
    """Python that makes the same audit; `data` is the expression of the labelled texts."""
    given = ["model", "data"]
    if asked.thresholds:
        given.append(f"thresholds=ic.read_thresholds({Path(asked.thresholds).name!r})")
    given += [f"{name}={value!r}" for name, value in parts.items()]
    options = "".join(
        f", {name}={value!r}" for name in ("device", "dtype") if (value := getattr(asked, name))
    )
    return (
        "import interp_core as ic\n\n"
        f"model = ic.load_model({asked.model!r}{options})\n"
        f"data = {data}\n"
        f"audit = ic.run_audit({', '.join(given)})"
    )


def _lines(audit: Any, out: Path) -> Iterator[str]:
    """The main values, the thresholds, and where the files are."""
    for each in audit.score.figures:
        ends = f"{each.low:.4f} to {each.high:.4f}"
        yield f"{each.title}: {each.value:.4f} ({ends}, n = {each.n:,})"
    yield from [*audit.score.notes, *audit.notes]
    for each in audit.checks:
        said = "passed" if each.passed else "FAILED"
        yield f"{said}: {each.figure.key} = {each.figure.value:.4f}, {each.threshold.told()}"
    yield f"{out}/audit.html"


if __name__ == "__main__":
    sys.exit(main())
