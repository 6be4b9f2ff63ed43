"""Head statistics of a corpus, from the command line.

    clearhead corpus MODEL FILE --out stats.parquet --column text
    clearhead corpus --sample

FILE holds one text a line, or is CSV, TSV, JSON or Parquet, perhaps packed by gzip. How it is read
(encoding, delimiter, header) is found and told; options say otherwise. A run that was killed goes
on where it was when the same command is given again. Rows that cannot be read are skipped and
listed. The result is a table with one row for each layer and head; `ic.HeadStatistics.load` reads
it, too. --sample reads built-in sentences, with the model `sentiment` unless another is named, and
without --out it prints the table. --json prints the table and what was skipped.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from interp_core import command
from interp_core.errors import BadInput

if TYPE_CHECKING:
    from interp_core.heads.statistics import CorpusState

SAMPLE_MODEL = "sentiment"  # reads --sample unless another is named


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 when the table was made, 2 with a message otherwise."""
    parser = command.parser("corpus", __doc__ or "")
    parser.add_argument("model", nargs="?", help="a built-in model, a folder or a Hub id")
    parser.add_argument("file", nargs="?", help="the texts")
    parser.add_argument("--sample", action="store_true", help="use the built-in sentences")
    parser.add_argument("--out", help="the Parquet file to write")
    parser.add_argument("--column", help="the column that holds the texts")
    parser.add_argument("--encoding", help="the encoding of the file, such as cp1252")
    parser.add_argument("--delimiter", help="what separates the columns, such as ';'")
    parser.add_argument(
        "--header",
        action=argparse.BooleanOptionalAction,
        help="whether the first line names the columns",
    )
    parser.add_argument("--limit", type=int, help="limit of the number of rows")
    parser.add_argument("--restart", action="store_true", help="forget an unfinished run")
    asked = parser.parse_args(arguments)
    if bool(asked.file) == asked.sample:
        parser.error("give either a FILE or --sample")
    if not (asked.out or asked.sample):
        parser.error("give --out: an unfinished run is kept beside it")
    stopped = "Stopped. Run the same command again to continue." if asked.out else "Stopped."
    return command.ended(lambda: _run(asked), as_json=asked.json, stopped=stopped)


def _run(asked: argparse.Namespace) -> command.Outcome:
    if asked.out:
        return _told(asked, _last(asked, asked.out))
    with tempfile.TemporaryDirectory() as folder:
        return _told(asked, _last(asked, str(Path(folder) / "sample.parquet")))


def _last(asked: argparse.Namespace, out: str) -> CorpusState:
    """The state at the end of the pass, whose table is written to `out`."""
    from interp_core.files.corpus import open_corpus, sample_corpus
    from interp_core.heads.resume import run_corpus
    from interp_core.models.load import load_model

    options = {"encoding": asked.encoding, "delimiter": asked.delimiter, "header": asked.header}
    options["column"] = asked.column
    corpus = sample_corpus() if asked.sample else open_corpus(asked.file, **options)
    for note in corpus.notes:
        command.say(note)
    place = Path(out).expanduser()
    if not place.name or place.is_dir():
        raise BadInput(f"--out names the file to write, and {out!r} is a folder.")
    command.folder(str(place.parent))
    model = load_model(asked.model or SAMPLE_MODEL)
    states = run_corpus(model, corpus, out, limit=asked.limit, restart=asked.restart)
    begun = next(states)
    if begun.rows:
        command.say(f"Continuing after row {begun.rows:,}.")
    state = begun
    for state in states:
        if not asked.quiet:
            command.count(f"{state.texts:,} texts, {state.texts_per_second:.1f} a second")
    if not asked.quiet:
        command.say("")
    return state


def _told(asked: argparse.Namespace, state: CorpusState) -> command.Outcome:
    from interp_core.heads.resume import skipped_report
    from interp_core.report.machine import as_json, rows

    assert state.statistics is not None  # or the pass has refused
    table = state.statistics.frame
    counted = f"{state.texts:,} texts, {state.tokens:,} tokens"
    lines = [f"{counted}: {asked.out}" if asked.out else f"{counted}\n{table.to_string()}"]
    data = {
        "clearhead_corpus": 1,
        "model": state.statistics.model,
        "texts": state.texts,
        "tokens": state.tokens,
        "skipped": dict(state.skipped.counts),
        "file": asked.out,
        "heads": rows(table),
    }
    return command.Outcome((*lines, skipped_report(state.skipped)), as_json(data))


if __name__ == "__main__":
    sys.exit(main())
