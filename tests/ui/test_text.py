"""Text of users stays text, in Markdown and in spreadsheets."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from interp_core.ui.widgets.downloads import csv, npz
from interp_core.ui.widgets.markdown import message, plain


@pytest.mark.parametrize("text", ["![x](http://h/a.png)", ":material/home:", "$x$", "**b**", "<b>"])
def test_markup_is_escaped_sign_by_sign(text):
    shown = plain(text)
    assert shown.replace("\\", "") == text
    assert all(shown[place - 1] == "\\" for place, sign in enumerate(shown) if sign in "!:$*<[(")


def test_code_in_our_own_sentences_stays_code():
    assert message("Run `a.b` now.") == "Run `a.b` now\\."
    assert "`" not in message("one ` alone").replace("\\`", "")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx"])
def test_a_formula_in_a_csv_is_text(text):
    line = csv(pd.DataFrame({"token": [text], "weight": [-0.5]})).decode("utf-8-sig")
    assert f"'{text}" in line
    assert ",-0.5" in line


def test_an_archive_holds_no_pickles():
    data = npz({"weights": np.eye(2), "tokens": np.array(["a", "b"])})
    with np.load(io.BytesIO(data), allow_pickle=False) as found:
        assert (found["weights"] == np.eye(2)).all()
        assert found["tokens"].tolist() == ["a", "b"]
