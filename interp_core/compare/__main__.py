"""Compare two models from the command line.

    clearhead compare A B --data FILE --text COLUMN --label COLUMN --out FOLDER
    clearhead compare encoder sentiment --out FOLDER

A and B are built-in models, folders or Hub ids. DATA is a table (CSV, TSV, JSON lines, Parquet) of
texts, with labels of A where --label names or implies a column of them; without it the built-in
sentences are read. The folder gets compare.html, compare.json, and of each part a table as CSV.
Parts that do not apply to the two models are named with the reason. --json prints what compare.json
holds.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interp_core import command
from interp_core.errors import BadInput, ClearheadError

if TYPE_CHECKING:
    from interp_core.compare.whole import Comparison

LIMIT = 2_000  # texts, unless --limit says otherwise


def main(arguments: list[str] | None = None) -> int:
    """Run the command: 0 when the comparison was made."""
    asked = _parser().parse_args(arguments)
    return command.ended(lambda: _run(asked), as_json=asked.json)


def _parser() -> argparse.ArgumentParser:
    parser = command.parser("compare", __doc__ or "")
    parser.add_argument("first", help="a built-in model, a folder or a Hub id")
    parser.add_argument("second", help="the model to compare it with")
    parser.add_argument("--data", help="a table of texts, perhaps with labels")
    parser.add_argument("--sample", action="store_true", help="the built-in labelled texts of A")
    parser.add_argument("--text", help="the column of texts")
    parser.add_argument("--label", help="the column of labels")
    parser.add_argument("--limit", type=int, default=LIMIT, help=f"texts at most ({LIMIT:,})")
    parser.add_argument("--dtype", help="the number format of the first model, such as bfloat16")
    parser.add_argument("--second-dtype", help="the number format of the second model")
    parser.add_argument("--base", help="the base model of the first, where it is an adapter")
    parser.add_argument("--second-base", help="the base model of the second")
    parser.add_argument("--out", help="the folder to write into")
    parser.add_argument("--no-texts", action="store_true", help="write no texts")
    return parser


def _run(asked: argparse.Namespace) -> command.Outcome:
    from interp_core.compare.whole import run_comparison
    from interp_core.compare_report import comparison_json
    from interp_core.models.load import load_model
    from interp_core.report.machine import as_json

    options = [
        {name: value for name, value in (("dtype", dtype), ("base", base)) if value}
        for dtype, base in ((asked.dtype, asked.base), (asked.second_dtype, asked.second_base))
    ]
    _check(asked)
    if asked.out:
        command.folder(asked.out)
    models = [
        load_model(name, **given) for name, given in zip((asked.first, asked.second), options)
    ]
    data, texts, code = _data(asked, models[0])
    show = None if asked.quiet else command.progress
    pair = (models[0], models[1])
    found = run_comparison(*pair, texts, data, progress=show)
    if show:
        show(1, 1)
        command.say("")
    lines = list(_lines(found))
    if not (asked.out or asked.json):
        return command.Outcome(tuple(lines), "")
    told = comparison_json(found, pair, with_texts=not asked.no_texts)
    folder = None
    if asked.out:
        loads = [
            f"ic.load_model({', '.join([repr(name), *(f'{k}={v!r}' for k, v in given.items())])})"
            for name, given in zip((asked.first, asked.second), options)
        ]
        folder = _write(found, pair, _script(loads, code), told, asked)
        lines.append(f"{folder}/compare.html")
    data = json.loads(told) | {"folder": None if folder is None else str(folder)}
    return command.Outcome(tuple(lines), as_json(data))


def _check(asked: argparse.Namespace) -> None:
    """A fault of the options or the file is said before two models are loaded."""
    from interp_core.audit.data import check_labelled

    if asked.limit < 1:
        raise BadInput(f"--limit is at least 1, not {asked.limit}.")
    if asked.data and asked.sample:
        raise BadInput("Give either --data or --sample.")
    if not asked.data:
        return
    try:
        check_labelled(asked.data, text=asked.text, label=asked.label)
    except ClearheadError:
        if asked.label:
            raise
        _texts(asked)


def _texts(asked: argparse.Namespace) -> tuple[list[str], str]:
    """The texts of a file without labels, and the Python that opens it."""
    from interp_core.files.corpus import first_texts, open_corpus

    name = Path(asked.data).name
    column = {"column": asked.text} if asked.text else {}
    texts = first_texts(open_corpus(asked.data, **column), asked.limit)
    if not texts:
        raise BadInput(f"{name} holds no texts. Name their column with --text.")
    given = ", ".join([repr(name), *(f"column={v!r}" for v in column.values())])
    return texts, f"ic.open_corpus({given})"


def _data(asked: argparse.Namespace, model: Any) -> tuple[Any, list[str] | None, tuple[str, str]]:
    """Labelled data or texts, and the Python that makes them: lines, and the argument."""
    from interp_core.audit.data import labelled_data
    from interp_core.audit.samples import audit_set

    if asked.sample:
        return audit_set(model), None, ("data = ic.audit_set(first)", "data=data")
    if not asked.data:
        return None, None, ("", "")
    name, more = Path(asked.data).name, {"text": asked.text, "label": asked.label}
    given = {key: value for key, value in more.items() if value} | {"limit": asked.limit}
    told = "".join(f", {key}={value!r}" for key, value in given.items())
    try:
        data = labelled_data(asked.data, model, **given)
        return data, None, (f"data = ic.labelled_data({name!r}, first{told})", "data=data")
    except ClearheadError as error:
        if asked.label:
            raise
        reason = str(error)
    texts, opened = _texts(asked)
    command.say(f"No labels: agreement is compared, not accuracy. {reason}")
    return None, texts, (f"texts = ic.first_texts({opened}, {asked.limit})", "texts=texts")


def _script(loads: list[str], code: tuple[str, str]) -> str:
    lines = ["import interp_core as ic", "", f"first = {loads[0]}", f"second = {loads[1]}"]
    lines += [code[0]] if code[0] else []
    given = ", ".join(["first", "second", *filter(None, [code[1]])])
    return "\n".join([*lines, f"comparison = ic.run_comparison({given})"])


def _write(
    found: Comparison, models: tuple[Any, Any], script: str, told: str, asked: argparse.Namespace
) -> Path:
    """Write everything, `told` as compare.json; the folder."""
    from interp_core.compare_report import comparison_document, comparison_report
    from interp_core.report.spreadsheet import csv

    out = Path(asked.out).expanduser()
    texts = not asked.no_texts
    report = comparison_report(found, models, script=script, with_texts=texts)
    (out / "compare.html").write_text(comparison_document(report), encoding="utf-8")
    (out / "compare.json").write_text(told, encoding="utf-8")
    for name, table in _tables(found, texts).items():
        (out / f"{name}.csv").write_bytes(csv(table))
    return out


def _tables(found: Comparison, texts: bool) -> dict[str, Any]:
    """What is written as CSV, by the name of the file."""
    tables = {}
    if found.weights is not None:
        tables["weights"] = found.weights.matrices
    if found.representations is not None:
        tables["representations"] = found.representations.table
    if found.heads is not None:
        tables["heads"] = found.heads.heads_frame()
    if found.answers is not None:
        tables["answers"] = found.answers.table if texts else found.answers.summary()
    return tables


def _lines(found: Comparison) -> Iterator[str]:
    """The main figures, and what does not apply."""
    for row in found.summary().itertuples():
        ends = f" ({row.low:.4f} to {row.high:.4f})" if row.low == row.low else ""
        yield f"{row.part}: {row.figure}: {row.value:.4g}{ends}"
    for line in found.remarks():
        command.say(line)
    for part, why in found.refused.items():
        yield f"{part}: not compared. {why}"


if __name__ == "__main__":
    sys.exit(main())
