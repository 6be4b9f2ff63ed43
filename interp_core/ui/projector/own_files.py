"""The user's own table or vectors: uploaded, checked, and found again while the session lasts."""

from __future__ import annotations

from typing import BinaryIO

import pandas as pd
import streamlit as st

import interp_core as ic
from interp_core.analysis.vectors import MAX_POINTS, Vectors
from interp_core.files.form import FileOptions
from interp_core.files.tables import read_table, text_columns
from interp_core.ui import sharing
from interp_core.ui.fingerprint import digest
from interp_core.ui.plain import plain
from interp_core.ui.projector.store import kept, quick
from interp_core.ui.uploads import ABOUT, TEXTS, options, told, uploader

VECTORS = ["tsv", "csv", "txt", "vec", "npy", "parquet", "safetensors", "gz"]
HELD = {"table": "projector_table", "vectors": "projector_vectors"}
NOT_LINKED = "The address reopens the settings of this view, not your file."


def upload(source: str) -> str:
    """The uploader; returns the digest of what this session holds, "" when there is nothing."""
    held = HELD[source]
    chosen = f"{held}_options"
    with st.expander("File", expanded=held not in st.session_state, icon=":material/upload_file:"):
        if source == "table":
            given = uploader(ABOUT, TEXTS, key="projector_table_file")
            asked = options("projector_table")
            found = None if given is None else _table(given, asked)
        else:
            found, asked = _vectors()
        if found is not None:
            told(_notes(source, found[1]))
    if found is not None:
        st.session_state[held], st.session_state[chosen] = found, asked.code()
    name, key, *_ = st.session_state.get(held, ("", ""))
    if key and kept().peek((source, key)) is None:
        del st.session_state[held]
        st.info("Your file is no longer in memory: upload it again.")
        return ""
    if key:
        st.caption(f"From {plain(name)}. {NOT_LINKED}")
    return key


def called(source: str) -> tuple[tuple[str, str], ...]:
    """What the file that this session holds is called, and the file with its words, if any."""
    name, _, *words = st.session_state[HELD[source]]
    chosen = st.session_state.get(f"{HELD[source]}_options", "")
    options = (("options", chosen),) if chosen else ()
    return (("file", _bare(name)), *(("words", _bare(each)) for each in words), *options)


def _notes(source: str, key: str) -> list[str]:
    """What was assumed about the file."""
    found = kept().peek((source, key))
    return list(found.attrs.get("notes", []) if source == "table" else getattr(found, "notes", []))


def _bare(name: str) -> str:
    """Without folders."""
    return name.replace("\\", "/").rpartition("/")[2]


def _table(given: BinaryIO, asked: FileOptions) -> tuple[str, ...]:
    key = digest(given.name.encode(), given.getvalue(), asked.code().encode())

    def read() -> pd.DataFrame:
        given.seek(0)
        return read_table(given, limit=sharing.at_most(MAX_POINTS, "rows"), **vars(asked))

    quick(("table", key), read)
    return given.name, key


def _vectors() -> tuple[tuple[str, ...] | None, FileOptions]:
    given = uploader(
        "TSV, NPY, Parquet, safetensors, or the text files of word2vec and GloVe",
        VECTORS,
        key="projector_vectors_file",
    )
    words = uploader(
        "metadata.tsv (words and labels, for TSV and NPY)",
        ["tsv", "txt"],
        key="projector_words_file",
    )
    asked = options("projector_vectors", table=False)
    if given is None:
        return None, asked
    parts = [given.name.encode(), given.getvalue(), *([words.getvalue()] if words else [])]
    parts.append(asked.code().encode())
    key = digest(*parts)

    def read() -> Vectors:
        given.seek(0)
        if words:
            words.seek(0)
        return ic.read_vectors(given, metadata=words, encoding=asked.encoding)

    quick(("vectors", key), read)
    return (given.name, key, *([words.name] if words else [])), asked


def table(key: str) -> pd.DataFrame:
    """The uploaded table. Raises `BadInput` when it is gone."""
    found = kept().peek(("table", key))
    if found is None:
        raise ic.BadInput("Upload a file with texts to see its points.")
    return found


def ready_vectors(key: str) -> Vectors:
    """The uploaded vectors. Raises `BadInput` when they are gone."""
    found = kept().peek(("vectors", key))
    if found is None:
        raise ic.BadInput("Upload a file with vectors to see its points.")
    return found


def columns(key: str) -> list[str]:
    """The columns of the uploaded table, those with the longest texts first."""
    frame = table(key)
    texts = text_columns(frame)
    return [*texts, *(name for name in frame if name not in texts)]
