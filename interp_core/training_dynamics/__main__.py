"""Learning curves of a folder of checkpoints, from the command line.

    clearhead training-dynamics FOLDER --train A --held-out B --out OUT
    clearhead training-dynamics sentiment --out OUT

FOLDER holds `checkpoint-500`, …, as transformers' Trainer writes them; more than one folder is a
list of checkpoints. A and B are tables (CSV, TSV, JSON lines, Parquet) with texts and labels: a
sample of what the model was trained on, and texts that it never saw. A built-in series has its own.
OUT gets curves.csv, changes.csv, verdicts.csv, gap.csv, drift.csv, findings.txt, curves.svg and,
with --heads and --attributions, heads.csv, attributions.csv and movement.csv. With
--fail-on-overfitting the exit code is 1 where the last checkpoint is overfitted. --json prints the
tables and the findings.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from interp_core import command
from interp_core.errors import BadInput


def main(arguments: list[str] | None = None) -> int:
    """Run the command: 0, or 1 where overfitting was to be told by the exit code."""
    asked = _parser().parse_args(arguments)
    return command.ended(lambda: _run(asked), as_json=asked.json)


def _parser() -> argparse.ArgumentParser:
    parser = command.parser("training-dynamics", __doc__ or "")
    parser.add_argument("folder", nargs="+", help="a folder of checkpoints, or several checkpoints")
    parser.add_argument("--train", help="labelled texts that the model was trained on")
    parser.add_argument("--held-out", help="labelled texts that it never saw")
    parser.add_argument("--out", required=True, help="the folder to write into")
    parser.add_argument("--base", help="the base model of adapters")
    parser.add_argument("--text", help="the column of texts")
    parser.add_argument("--label", help="the column of labels")
    parser.add_argument("--limit", type=int, help="so many texts of each set, at random (seed 0)")
    parser.add_argument("--heads", action="store_true", help="also head statistics and roles")
    parser.add_argument("--attributions", action="store_true", help="also attributions (slow)")
    parser.add_argument("--fail-on-overfitting", action="store_true", help="exit code 1")
    return parser


def _run(asked: argparse.Namespace) -> command.Outcome:
    from interp_core.datasets import opinions
    from interp_core.report.machine import as_json, rows
    from interp_core.training_dynamics.bundled import bundled_series
    from interp_core.training_dynamics.checkpoints import checkpoint_series
    from interp_core.training_dynamics.curves import check_texts, score_checkpoints
    from interp_core.training_dynamics.findings import OVERFITTED, learning_findings, verdicts
    from interp_core.training_dynamics.weights import checkpoint_drift

    source: Any = asked.folder[0] if len(asked.folder) == 1 else asked.folder
    series = checkpoint_series(source, base=asked.base)
    train, held_out = asked.train, asked.held_out
    if source in bundled_series():
        train = opinions("train") if train is None else train
        held_out = opinions("held out") if held_out is None else held_out
    if train is None or held_out is None:
        raise BadInput(
            "Give --train and --held-out: labelled texts that the model was trained on, and others."
        )
    for note in series.notes:
        command.say(note)
    show = None if asked.quiet else command.progress
    options = {name: getattr(asked, name) for name in ("text", "label", "limit")}
    options = {name: value for name, value in options.items() if value is not None}
    check_texts(train, held_out, options=options)
    out = command.folder(asked.out)
    curves = score_checkpoints(series, train, held_out, options=options, progress=show)
    drift = checkpoint_drift(series, progress=show)
    tables = {
        "curves": curves.frame(),
        "changes": curves.changes(),
        "verdicts": verdicts(curves),
        "gap": curves.gap(),
        "drift": drift,
        **_more(asked, series, held_out, options, show),
    }
    if show:
        command.say("")
    findings = learning_findings(curves, drift)
    _write(out, tables, findings)
    for each in (*curves.broken,):
        command.say(f"{each.name}: {each.problem}")
    for note in curves.notes:
        command.say(note)
    lines = tuple(each.text for each in findings)
    data = {name: rows(table) for name, table in tables.items()}
    overfitted = tables["verdicts"]["verdict"].iloc[-1] == OVERFITTED
    return command.Outcome(
        lines,
        as_json(data | {"findings": lines, "overfitted": bool(overfitted), "folder": str(out)}),
        command.FAILED if asked.fail_on_overfitting and overfitted else 0,
    )


def _more(
    asked: argparse.Namespace, series: Any, held_out: Any, options: dict[str, Any], show: Any
) -> dict[str, Any]:
    """The tables that were asked for beside the usual ones."""
    from interp_core.training_dynamics.explanations import (
        checkpoint_attributions,
        checkpoint_heads,
    )

    columns = {name: value for name, value in options.items() if name != "limit"}
    found = {}
    if asked.heads:
        found["heads"] = checkpoint_heads(series, held_out, options=columns, progress=show).frame()
    if asked.attributions:
        result = checkpoint_attributions(series, held_out, options=columns, progress=show)
        found |= {"attributions": result.frame(), "movement": result.movement()}
    return found


def _write(out: Path, tables: dict[str, Any], findings: tuple) -> None:
    from interp_core.charts.checkpoints import course
    from interp_core.charts.export import picture
    from interp_core.report.spreadsheet import csv

    for name, table in tables.items():
        (out / f"{name}.csv").write_bytes(csv(table))
    lines = "".join(f"{each.text}\n" for each in findings)
    (out / "findings.txt").write_text(lines, encoding="utf-8")
    losses = tables["curves"].query("measure == 'loss'").rename(columns={"set": "series"})
    drawn = losses.assign(at=[f"{step:,}" for step in losses["step"]])
    (out / "curves.svg").write_bytes(picture(course(drawn, title="mean loss (nats)"), "svg"))


if __name__ == "__main__":
    sys.exit(main())
