"""The only place that takes files from people: a shared server checks their size here.

What a reader assumed about a file is said beside the upload, and can be chosen otherwise there.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any

import streamlit as st

from interp_core.errors import BadInput
from interp_core.files.encoding import OFFERED, TITLES
from interp_core.files.form import FileOptions
from interp_core.files.limits import MAX_FILE_BYTES, called
from interp_core.files.tables import Table, open_table
from interp_core.ui.server import limits
from interp_core.ui.server.limits import digest
from interp_core.ui.server.store import Shared
from interp_core.ui.widgets.choices import keep_valid, to_address
from interp_core.ui.widgets.markdown import plain

TEXTS = ["txt", "csv", "tsv", "json", "jsonl", "ndjson", "parquet", "gz"]  # what holds texts
ABOUT = "One text per line, CSV, TSV, JSON or Parquet"
AUTOMATIC = "Automatic"
HEADERS = {AUTOMATIC: None, "Column names": True, "Data (no column names)": False}
DELIMITERS = {AUTOMATIC: None, "Comma": ",", "Semicolon": ";", "Tab": "\t", "Vertical bar": "|"}
QUOTES = {AUTOMATIC: None, "Enclose fields (CSV)": True, "Part of the text": False}
ENCODINGS = {AUTOMATIC: None, **{TITLES[each]: each for each in OFFERED}}
SESSION_FILE, COLUMN = "clearhead_file", "clearhead_column"
OPTIONS = "clearhead_file_options"  # what was said about the file on any page
TAKEN = "clearhead_taken"  # key of a control: the file that it was last turned to by itself
LOST = "The file is no longer in memory. Upload it again."
CELL_BYTES = 100  # of a table in memory, about
SHOWN = 8  # notes about a file that are listed; of more, the first


def uploader(label: str, types: Sequence[str], *, key: str, limit: int = MAX_FILE_BYTES) -> Any:
    """Streamlit's uploader; the file, or None while there is none.

    `limit` is how many bytes this place takes. What is shown is what is kept: the lowest of that,
    the server's limit and that of a shared server. The widget's own limit holds in the browser
    alone, so the size is checked here again. Raises `NotShared` or `BadInput`.
    """
    kept = _most_bytes(limit)
    given = st.file_uploader(label, type=list(types), key=key, max_upload_size=_megabytes(kept))
    if given is not None:
        _check(given, kept)
    return given


def uploader_of_many(
    label: str, types: Sequence[str], *, key: str, count: int, limit: int = MAX_FILE_BYTES
) -> list[Any]:
    """The same for at most `count` files, each within the limit. Raises `NotShared`, `BadInput`."""
    kept = _most_bytes(limit)
    given = st.file_uploader(
        label,
        type=list(types),
        key=key,
        max_upload_size=_megabytes(kept),
        accept_multiple_files=True,
    )
    if len(given) > count:
        raise BadInput(f"There are {len(given)} files (limit: {count}). Remove some of them.")
    for each in given:
        _check(each, kept)
    return given


def _most_bytes(limit: int) -> int:
    """What a file may have here: the lowest of the limits of place, server and shared server."""
    shared = limits.limits()
    server = int(st.get_option("server.maxUploadSize")) * 2**20
    return min(limit, server, limit if shared is None else shared.upload_bytes)


def _megabytes(size: int) -> int:
    return max(size // 2**20, 1)


def _check(given: Any, kept: int) -> None:
    limits.check_upload(given.size)
    if given.size > kept:
        raise BadInput(
            f"The file is too large ({given.size / 2**20:.1f} MB; limit: {_megabytes(kept)} "
            "MB). Upload a sample of its rows."
        )


class SessionFile(io.BytesIO):
    """The file that a session holds: its bytes and its `name`, as an upload has them."""

    def __init__(self, name: str, data: bytes) -> None:
        super().__init__(data)
        self.name, self.size = name, len(data)


@st.cache_resource(show_spinner=False)
def files() -> Shared:
    """The bytes of uploaded files of all sessions, by their digest."""
    return Shared(64, 512 * 2**20, len, name="uploads")


def keep(given: Any) -> tuple[str, str]:
    """Keep what the uploader gave; its name, and the digest by which `files` gives it."""
    data = given.getvalue()
    if not data:
        raise BadInput(f"{called(given.name)} is empty.")
    key = digest(data)
    files().get(key, lambda: data)
    return given.name, key


def held_file(name: str, key: str) -> SessionFile:
    """A file that `keep` has kept, by its digest. Raises `BadInput` when it is gone."""
    data = files().peek(key)
    if data is None:
        raise BadInput(LOST)
    return SessionFile(name, data)


@st.cache_resource(show_spinner=False)
def _tables() -> Shared:
    return Shared(
        16, 256 * 2**20, lambda table: CELL_BYTES * table.frame.size, name="uploaded tables"
    )


def held_table(name: str, key: str, options: FileOptions | None = None) -> Table:
    """The same read as a table, once for everybody. Raises `BadInput`."""
    options = options or FileOptions()
    return _tables().get(
        (key, name, options), lambda: open_table(held_file(name, key), **vars(options))
    )


def file_popover(
    label: str,
    types: Sequence[str] | None = None,
    *,
    key: str,
    held: str,
    title: str = "File",
) -> tuple[str, str]:
    """Name and digest of the file of one place, kept in the session as `held`; empty without one.

    Without `types` it is the file with texts of this session, whichever page it was uploaded on.
    """
    with st.popover(title, icon=":material/upload_file:"):
        given = uploader(label, types, key=key) if types else session_file(label, key=key)
    if given is not None:
        st.session_state[held] = keep(given)
    file, data = st.session_state.get(held, ("", ""))
    if data and files().peek(data) is None:
        del st.session_state[held]
        st.info(LOST)
        return "", ""
    return file, data


def session_file(label: str, *, key: str, limit: int = MAX_FILE_BYTES) -> SessionFile | None:
    """The file with texts that this session holds, whichever page it was uploaded on.

    Draws the uploader; a file that is given there takes the place of the one before. None while
    there is none, or where it is larger than this place takes.
    """
    given = uploader(label, TEXTS, key=key, limit=limit)
    if given is not None:
        st.session_state[SESSION_FILE] = keep(given)
    file, name = _session_file()
    data = files().peek(name) if name else None
    if given is not None:
        return SessionFile(file, data)
    if data is None:
        return None
    if len(data) > limit:
        st.caption(f"{plain(file)} of this session is too large for this view.")
        return None
    st.caption(f"In use: {plain(file)}, uploaded in this session.")
    return SessionFile(file, data)


def holds_file() -> bool:
    """Whether this session holds a file with texts."""
    name = _session_file()[1]
    return bool(name) and files().peek(name) is not None


def take_file(key: str, source: str, title: str) -> None:
    """Turn the control `key` to a file that this session holds since, until something else is
    chosen there: to `source`, which the address calls `title`.

    The address says so: as a default that only this session has, it would not.
    """
    if not holds_file() or st.session_state.get(TAKEN, {}).get(key) == _session_file():
        return
    took_file(key)
    if key in st.query_params:
        return
    if key in st.session_state:
        st.session_state[key] = source
    else:
        to_address(key, title)


def took_file(key: str) -> None:
    """Note that the control `key` had the file of this session, which may be left there."""
    st.session_state.setdefault(TAKEN, {})[key] = _session_file()


def _session_file() -> tuple[str, str]:
    """Name and digest of the file with texts of this session; empty without one."""
    return st.session_state.get(SESSION_FILE, ("", ""))


def column(columns: Sequence[str], usual: str) -> str:
    """The text column that was chosen on another page, else the usual one."""
    chosen = st.session_state.get(COLUMN)
    return chosen if chosen in columns else usual


def chose(name: str | None) -> None:
    """Note which column holds the texts, for the other pages."""
    if name:
        st.session_state[COLUMN] = name


def options(key: str, *, table: bool = True, among: Any = None) -> FileOptions:
    """What people can say about a file that is not read as they mean it, in a popover or `among`
    other options.

    Without `table` only the encoding can be chosen.
    """
    with among or st.popover("File options", icon=":material/tune:"):
        encoding = _choice("Encoding", ENCODINGS, f"{key}_encoding")
        if not table:
            return FileOptions(encoding)
        header = _choice("First line", HEADERS, f"{key}_header")
        delimiter = _choice("Delimiter", DELIMITERS, f"{key}_delimiter")
        quotes = _choice("Quotes", QUOTES, f"{key}_quotes")
    return FileOptions(encoding, delimiter, header, quotes)


def _choice(label: str, choices: dict[str, Any], key: str) -> Any:
    keep_valid(key, list(choices))
    said = st.session_state.setdefault(OPTIONS, {})
    if key not in st.session_state and said.get(label) in choices:
        st.session_state[key] = said[label]  # on another page
    chosen = st.selectbox(label, list(choices), key=key, width=230, persist_state="session")
    said[label] = chosen
    return choices[chosen]


def told(notes: Iterable[str]) -> None:
    """What was assumed about a file, as sentences."""
    notes = [f"{note[:1].upper()}{note[1:].rstrip('.')}." for note in notes]
    more = [f"And {len(notes) - SHOWN} more notes."] if len(notes) > SHOWN else []
    if notes:
        st.caption("\n".join(f"- {plain(note)}" for note in [*notes[:SHOWN], *more]))
