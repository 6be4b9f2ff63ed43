"""Head statistics of a corpus, from the command line.

    clearhead corpus MODEL FILE --out stats.parquet --column text
    clearhead corpus --sample
    clearhead corpus MODEL FILE --shard 3/8 --out part-3.parquet
    clearhead corpus merge part-*.parquet --out stats.parquet
    clearhead corpus MODEL FILE --out stats.parquet --engine ray --actors 2

FILE holds one text a line, or is CSV, TSV, JSON or Parquet, perhaps packed by gzip. How it is read
(encoding, delimiter, header) is found and told; options say otherwise. A run that was killed goes
on where it was when the same command is given again. Rows that cannot be read are skipped and
listed. The result is a table with one row for each layer and head; `ic.HeadStatistics.load` reads
it, too. --sample reads built-in sentences, with the model `sentiment` unless another is named, and
without --out it prints the main columns. --json prints the table and what was skipped.

With --shard i/n one of n parts is counted, so that a batch scheduler can run them apart; `merge`
makes the whole of all parts, given in any order. With --engine ray the actors of a Ray cluster
count, or those of a Ray that is started on this machine and listens on its interfaces.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interp_core import command
from interp_core.distributed import engines
from interp_core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from interp_core.distributed.ray_engine import RayEngine
    from interp_core.heads.statistics import CorpusState

SAMPLE_MODEL = "sentiment"  # reads --sample unless another is named
# What is printed of the table; it has some ninety columns.
PRINTED = ["layer", "head", "role", "entropy", "confidence", "distance", "share_previous"]
MERGE = "merge"
MERGING = """The parts of a corpus as one table.

    clearhead corpus merge part-*.parquet --out stats.parquet

The order in which the parts are given makes no difference. A part that is missing, given twice, or
of another model or file is refused.
"""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 when the table was made, 2 with a message otherwise."""
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == [MERGE]:
        parts = _merge_parser().parse_args(given[1:])
        return command.ended(lambda: _merge(parts), as_json=parts.json)
    parser = _parser()
    asked = parser.parse_args(given)
    if bool(asked.file) == asked.sample:
        parser.error("give either a FILE or --sample")
    if not (asked.out or asked.sample):
        parser.error("give --out: an unfinished run is kept beside it")
    stopped = "Stopped. Run the same command again to continue." if asked.out else "Stopped."
    return command.ended(lambda: _run(asked), as_json=asked.json, stopped=stopped)


def _parser() -> argparse.ArgumentParser:
    parser = command.parser("corpus", __doc__ or "")
    parser.add_argument("model", nargs="?", help="a built-in model, a folder or a Hub id")
    parser.add_argument("file", nargs="?", help="the texts: a path, or s3://, gs://, hf:// …")
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
    parser.add_argument("--shard", metavar="I/N", help="count only part I of N, from 1 to N")
    engines.add_options(parser)
    return parser


def _merge_parser() -> argparse.ArgumentParser:
    parser = command.parser(f"corpus {MERGE}", MERGING)
    parser.add_argument("parts", nargs="+", metavar="PART", help="the files of all parts")
    parser.add_argument("--out", required=True, help="the Parquet file to write")
    return parser


def _merge(asked: argparse.Namespace) -> command.Outcome:
    from interp_core.heads.shards import merge_shards

    _make_place(asked.out)
    return _told(asked, merge_shards(asked.parts, asked.out))


def _run(asked: argparse.Namespace) -> command.Outcome:
    if asked.out:
        return _told(asked, _last(asked, asked.out))
    with tempfile.TemporaryDirectory() as folder:
        return _told(asked, _last(asked, str(Path(folder) / "sample.parquet")))


def _last(asked: argparse.Namespace, out: str) -> CorpusState:
    """The state at the end of the pass, whose table is written to `out`."""
    from interp_core.distributed.corpus import run_corpus_on
    from interp_core.files.corpus import open_corpus, sample_corpus
    from interp_core.heads.resume import run_corpus
    from interp_core.heads.shards import Shard
    from interp_core.models.load import load_model
    from interp_core.ui.server.limits import is_shared

    shard = Shard.read(asked.shard) if asked.shard else None
    options = {"encoding": asked.encoding, "delimiter": asked.delimiter, "header": asked.header}
    options["column"] = asked.column
    corpus = sample_corpus() if asked.sample else open_corpus(asked.file, **options)
    for note in corpus.notes:
        command.say(note)
    _make_place(out)
    how: dict[str, Any] = {"limit": asked.limit, "restart": asked.restart, "shard": shard}
    asked.model = asked.model or SAMPLE_MODEL
    with engines.chosen(asked, shared=is_shared()) as engine:
        if engine is None:
            model = load_model(asked.model, device=asked.device, dtype=asked.dtype)
            states = run_corpus(model, corpus, out, **how)
        else:
            states = run_corpus_on(engine, corpus, out, **how)
        return _followed(states, engine, quiet=asked.quiet)


def _followed(
    states: Iterator[CorpusState], engine: RayEngine | None, *, quiet: bool
) -> CorpusState:
    """The last state, with the others told in one line."""
    state = next(states)
    if state.rows:
        command.say(f"Continuing after row {state.rows:,}.")
    written = 0
    for state in states:
        line = f"{state.texts:,} texts, {state.texts_per_second:.1f} a second"
        line += f"; {engine.standing()}" if engine else ""
        if not quiet:
            command.count(f"{line:<{written}}")  # a shorter line leaves nothing of a longer one
        written = len(line)
    if not quiet:
        command.say("")
    return state


def _make_place(out: str) -> None:
    """The folder of the file to write. Raises `BadInput` for what is no file's name."""
    if "://" in out:
        raise BadInput(f"--out takes a file on this machine, not the address {out!r}.")
    place = Path(out).expanduser()
    if not place.name or place.is_dir():
        raise BadInput(f"--out names the file to write, and {out!r} is a folder.")
    command.folder(str(place.parent))


def _told(asked: argparse.Namespace, state: CorpusState) -> command.Outcome:
    from interp_core.heads.resume import skipped_report
    from interp_core.report.machine import as_json, rows

    found = state.statistics  # None for a part of a corpus without one text
    counted = f"{state.texts:,} texts, {state.tokens:,} tokens"
    table = _printed(found.frame) if found is not None else ""
    lines = [f"{counted}: {asked.out}" if asked.out else f"{counted}{table}"]
    data = {
        "clearhead_corpus": 1,
        "model": found.model if found is not None else getattr(asked, "model", None),
        "texts": state.texts,
        "tokens": state.tokens,
        "skipped": dict(state.skipped.counts),
        "file": asked.out,
        "heads": rows(found.frame) if found is not None else [],
    }
    return command.Outcome((*lines, skipped_report(state.skipped)), as_json(data))


def _printed(frame: pd.DataFrame) -> str:
    """The columns that fit beside each other."""
    shown = frame.filter(items=PRINTED)
    told = f"{shown.shape[1]} of {frame.shape[1]} columns; --out and --json give all."
    return f"\n{shown.to_string(index=False)}\n{told}"


if __name__ == "__main__":
    sys.exit(main())
