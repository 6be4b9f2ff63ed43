"""Head statistics of a corpus, from the command line.

    python -m interp_core.corpus MODEL FILE --out stats.parquet [--column NAME] [--limit ROWS]
    python -m interp_core.corpus MODEL --sample --out stats.parquet

FILE holds one text a line, or is CSV, TSV, JSON or Parquet, perhaps packed by gzip. How it is read
(encoding, delimiter, header) is found and told; options say otherwise. A run that was killed goes
on where it was when the same command is given again. Rows that cannot be read are skipped and
listed. The result is a table with one row for each layer and head; `ic.HeadStatistics.load` reads
it, too.
"""

from __future__ import annotations

import argparse
import sys

from interp_core import command


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 when the table was written, 1 with a message otherwise."""
    parser = command.parser("interp_core.corpus", __doc__)
    parser.add_argument("model", help="a built-in model, a folder or a Hub id")
    parser.add_argument("file", nargs="?", help="the texts")
    parser.add_argument("--sample", action="store_true", help="use the built-in sentences")
    parser.add_argument("--out", required=True, help="the Parquet file to write")
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
    parser.add_argument("--quiet", action="store_true", help="print no progress")
    asked = parser.parse_args(arguments)
    if bool(asked.file) == asked.sample:
        parser.error("give either a FILE or --sample")
    stopped = "Stopped. Run the same command again to continue."
    return command.ended(lambda: _run(asked), stopped=stopped, broken=1)


def _run(asked: argparse.Namespace) -> int:
    from interp_core.files.corpus import open_corpus, sample_corpus
    from interp_core.heads.resume import run_corpus, skipped_report
    from interp_core.models.load import load_model

    options = {"encoding": asked.encoding, "delimiter": asked.delimiter, "header": asked.header}
    options["column"] = asked.column
    corpus = sample_corpus() if asked.sample else open_corpus(asked.file, **options)
    for note in corpus.notes:
        command.say(note)
    model = load_model(asked.model)
    states = run_corpus(model, corpus, asked.out, limit=asked.limit, restart=asked.restart)
    begun = next(states)
    if begun.rows:
        command.say(f"Continuing after row {begun.rows:,}.")
    state = begun
    for state in states:
        if not asked.quiet:
            print(
                f"\r{state.texts:,} texts, {state.texts_per_second:.1f} a second",
                end="",
                file=sys.stderr,
                flush=True,
            )
    if not asked.quiet:
        command.say("")
    print(f"{state.texts:,} texts, {state.tokens:,} tokens: {asked.out}")
    print(skipped_report(state.skipped))
    return 0


if __name__ == "__main__":
    sys.exit(main())
