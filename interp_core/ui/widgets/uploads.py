"""The only place that takes files from people: a shared server checks their size here.

What a reader assumed about a file is said beside the upload, and can be chosen otherwise there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import streamlit as st

from interp_core.errors import BadInput
from interp_core.files.encoding import OFFERED, TITLES
from interp_core.files.form import FileOptions
from interp_core.files.limits import MAX_FILE_BYTES
from interp_core.ui.server import limits
from interp_core.ui.widgets.choices import keep_valid
from interp_core.ui.widgets.markdown import plain

TEXTS = ["txt", "csv", "tsv", "json", "jsonl", "ndjson", "parquet", "gz"]  # what holds texts
ABOUT = "One text per line, CSV, TSV, JSON or Parquet"
AUTOMATIC = "Automatic"
HEADERS = {AUTOMATIC: None, "Column names": True, "Data (no column names)": False}
DELIMITERS = {AUTOMATIC: None, "Comma": ",", "Semicolon": ";", "Tab": "\t", "Vertical bar": "|"}
QUOTES = {AUTOMATIC: None, "Enclose fields (CSV)": True, "Part of the text": False}
ENCODINGS = {AUTOMATIC: None, **{TITLES[each]: each for each in OFFERED}}
SHOWN = 8  # notes about a file that are listed; of more, the first


def uploader(label: str, types: Sequence[str], *, key: str, limit: int = MAX_FILE_BYTES) -> Any:
    """Streamlit's uploader; the file, or None while there is none.

    `limit` is how many bytes this place takes. What is shown is what is kept: the lowest of that,
    the server's limit and that of a shared server. The widget's own limit holds in the browser
    alone, so the size is checked here again. Raises `NotShared` or `BadInput`.
    """
    shared = limits.limits()
    server = int(st.get_option("server.maxUploadSize")) * 2**20
    kept = min(limit, server, limit if shared is None else shared.upload_bytes)
    megabytes = max(kept // 2**20, 1)
    given = st.file_uploader(label, type=list(types), key=key, max_upload_size=megabytes)
    if given is not None:
        limits.check_upload(given.size)
        if given.size > kept:
            raise BadInput(
                f"The file is too large ({given.size / 2**20:.1f} MB; limit: {megabytes} "
                "MB). Upload a sample of its rows."
            )
    return given


def options(key: str, *, table: bool = True) -> FileOptions:
    """A popover with what people can say about a file that is not read as they mean it.

    Without `table` only the encoding can be chosen.
    """
    with st.popover("File options", icon=":material/tune:"):
        encoding = _choice("Encoding", ENCODINGS, f"{key}_encoding")
        if not table:
            return FileOptions(encoding)
        header = _choice("First line", HEADERS, f"{key}_header")
        delimiter = _choice("Delimiter", DELIMITERS, f"{key}_delimiter")
        quotes = _choice("Quotes", QUOTES, f"{key}_quotes")
    return FileOptions(encoding, delimiter, header, quotes)


def _choice(label: str, choices: dict[str, Any], key: str) -> Any:
    keep_valid(key, list(choices))
    chosen = st.selectbox(label, list(choices), key=key, width=230, persist_state="session")
    return choices[chosen]


def told(notes: Iterable[str]) -> None:
    """What was assumed about a file, as sentences."""
    notes = [f"{note[:1].upper()}{note[1:].rstrip('.')}." for note in notes]
    more = [f"And {len(notes) - SHOWN} more notes."] if len(notes) > SHOWN else []
    if notes:
        st.caption("\n".join(f"- {plain(note)}" for note in [*notes[:SHOWN], *more]))
