"""The upload limit that is shown is the one that is kept."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

import interp_core as ic
from interp_core.files import images
from interp_core.ui.server import limits
from interp_core.ui.widgets import uploads
from tests.pages.running import run

MB = 2**20


@pytest.fixture
def given(monkeypatch):
    """`given(size, most)`: the limit that is shown for a file of that size; the server takes 50."""

    def upload(size: int, most: int) -> int:
        shown = []

        def widget(*_, max_upload_size: int, **__):
            shown.append(max_upload_size)
            return SimpleNamespace(size=size)

        monkeypatch.setattr(uploads.st, "file_uploader", widget)
        monkeypatch.setattr(uploads.st, "get_option", lambda name: 50)
        uploads.uploader("a file", ["csv"], key="k", limit=most)
        return shown[0]

    return upload


@pytest.mark.parametrize(("most", "shown"), [(5 * MB, 5), (50 * MB, 50), (512 * MB, 50)])
def test_the_limit_of_the_place_or_of_the_server_is_shown_and_kept(given, most, shown):
    assert given(shown * MB, most) == shown
    with pytest.raises(ic.BadInput, match=f"limit: {shown} MB"):
        given(shown * MB + 1, most)


def test_a_shared_server_shows_and_keeps_its_own_limit(given, monkeypatch):
    monkeypatch.setenv("CLEARHEAD_SHARED", "1")
    least = limits.LIMITS.upload_bytes
    assert given(least, 50 * MB) == least // MB
    with pytest.raises(limits.NotShared):
        given(least + 1, 50 * MB)


def test_pictures_show_what_their_reader_takes(monkeypatch):
    """The server would take more."""
    kept = uploads.st.get_option
    monkeypatch.setattr(
        uploads.st, "get_option", lambda name: 50 if name == "server.maxUploadSize" else kept(name)
    )
    app = run("attention_heads", model="digits", picture="upload an image")
    (shown,) = (each.proto.max_upload_size_mb for each in app.get("file_uploader"))
    assert shown == images.MAX_BYTES // MB
