"""The only place that takes files from people: a shared server checks their size here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from interp_core.ui import sharing


def uploader(label: str, types: Sequence[str], *, key: str) -> Any:
    """Streamlit's uploader; the file, or None while there is none. Raises `NotShared`.

    The widget's own limit holds in the browser alone, so the size is checked here again.
    """
    most = sharing.limits()
    megabytes = None if most is None else max(most.upload_bytes // 2**20, 1)
    given = st.file_uploader(label, type=list(types), key=key, max_upload_size=megabytes)
    if given is not None:
        sharing.check_upload(given.size)
    return given
