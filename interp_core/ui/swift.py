"""Charts without Altair's checks: two thirds of the time of a page that is drawn again.

The tests build every chart with them. Streamlit converts one chart at a time in the whole process,
so what a chart costs is a wait for everybody.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import altair as alt
from altair.utils import schemapi


def apply() -> None:
    """Check no part of a chart when it is made."""
    schemapi.disable_debug_mode()


@contextmanager
def unchecked(chart: alt.TopLevelMixin) -> Iterator[None]:
    """Inside, what the chart is sent as is not checked against Vega-Lite's schema."""
    # Altair keeps attributes as parts of the chart; this one is none. It goes again, or chart and
    # data would stay in memory until the next collection.
    object.__setattr__(chart, "to_dict", partial(type(chart).to_dict, chart, validate=False))
    try:
        yield
    finally:
        object.__delattr__(chart, "to_dict")
