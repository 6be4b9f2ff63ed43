"""Every view with a text that would run, fetch or calculate: neither shown nor given away as that.

Nothing is rendered unescaped; no formula is in any CSV, no code in any script, no path in any name.
"""

from __future__ import annotations

import ast
import re

import pandas as pd
import pytest

from tests.safety.offers import FETCH, HOSTILE, RUN, formulas, harmless
from tests.safety.opened import EVERY_VIEW, QUICK, VIEWS, WITHOUT_TEXT, at_view, audited
from tests.training_dynamics.conftest import *  # noqa: F403 - fixtures

TEXT = f'=SUM( +cmd -2 @x bad\'); import os; os.abort() #\n""" \\ good {HOSTILE}\n=A1 is\n+2 is'
NAME = re.compile(r"[a-z0-9_]+\.[a-z]+")


def safe(app, offered: list[tuple]) -> bool:
    """Nothing in the files and scripts that a page gives away is more than a text."""
    for name, kind, make in offered:
        assert NAME.fullmatch(name), name
        assert kind != "text/csv" or not formulas(make()), name
    for code in app.code:
        assert "os" not in {n.id for n in ast.walk(ast.parse(code.value)) if hasattr(n, "id")}
    return True


@pytest.mark.parametrize(("page", "view"), [*EVERY_VIEW, *WITHOUT_TEXT])
def test_a_text_stays_a_text_in_every_view_and_in_what_it_gives_away(
    offered, small, small_writer, training, page, view
):
    model = small_writer if page == "language_models" else small[0]
    app = at_view(
        page,
        view,
        {"text": HOSTILE if view == "interactions" else TEXT, "rival": small[1]},
        model=model,
        many=f"{TEXT}\n=1 good",
        **QUICK,
        edited=f"=1 {TEXT}",
        text_b=f"=2 {TEXT}",
        find=HOSTILE,
        against="layer",
        dynamics_series="folder",
        dynamics_folder=str(training),
    )
    assert harmless(app)
    assert safe(app, offered)
    given = [kind for _, kind, _ in offered].count("text/csv")
    assert not app.error
    assert given
    assert app.code
    if (page, view) not in WITHOUT_TEXT:
        read = "text" if "text" in app.session_state else "many"  # of many: no other text
        assert HOSTILE in app.session_state[read]


@pytest.mark.parametrize("view", VIEWS["audit"][1])
def test_names_columns_and_cells_of_an_audited_table_stay_texts(offered, small, view):
    words = ["dull", "not bad", "wonderful", "by ann@mail.test"] * 2
    rows = [
        (
            f"={HOSTILE} {word} {place}",
            ["negative", "positive", f"+{RUN} odd"][place % 3],
            f"+1 {FETCH}",
        )
        for place, word in enumerate(words)
    ]
    table = pd.DataFrame(rows, columns=[f"={HOSTILE} text", f"-{FETCH} label", f"@{RUN} group"])
    app = audited(view, table, f"={HOSTILE}.csv", model=small[0])
    assert harmless(app)
    assert not app.error
    assert app.selectbox(key="audit_text").value == f"={HOSTILE} text"
    assert safe(app, offered)
    assert (offered and app.code) or app.info
