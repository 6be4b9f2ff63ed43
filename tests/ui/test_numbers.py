"""What has no value is called undefined, and a picture without values can still be exported."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from interp_core.attribution.tables import rank_correlation
from interp_core.charts import attributions, heads, heatmaps, language, patches
from interp_core.charts.export import picture
from interp_core.ui.widgets.markdown import between, counted, number, percentage, share

NONE = [float("nan")] * 6
PLACES = {"layer": [0, 0, 0, 1, 1, 1], "head": [0, 1, 2] * 2}


@pytest.mark.parametrize(
    "value", [None, float("nan"), float("inf"), -float("inf"), np.float32("nan")]
)
def test_no_number_is_undefined(value):
    assert number(value) == number(value, "+.2f") == "undefined"


def test_a_small_probability_is_not_called_zero():
    assert [percentage(each) for each in (0, 0.0004, 0.0006, 1)] == [
        "0.0%",
        "< 0.1%",
        "0.1%",
        "100.0%",
    ]


def test_a_figure_stands_before_its_interval():
    assert between(0.1, -0.2, 0.4) == "+0.100 (−0.200 to +0.400)"


def test_numbers_are_formatted_and_zero_has_no_minus():
    assert number(0.1234) == "0.123"
    assert number(-0.0001, ".2f") == "0.00"
    assert number(-0.001, "+.1%") == "−0.1%"
    assert number(1234.5, ",.1f") == "1,234.5"


def test_a_share_of_nothing_is_undefined():
    assert share(1, 4) == "25%"
    assert share(1, 0) == share(0, 0) == "undefined"


def test_rank_correlation_is_scipys_and_undefined_without_a_warning():
    first, second = [3.0, 1.0, 2.0, 2.0], [0.1, 0.4, 0.2, 0.3]
    assert rank_correlation(first, second) == pytest.approx(spearmanr(first, second).statistic)
    unknown = [*first, np.nan], [*second, 5.0]
    assert rank_correlation(*unknown) == pytest.approx(spearmanr(first, second).statistic)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for one, two in (([1, 1, 1], [1, 2, 3]), ([], []), ([1], [2]), ([np.nan] * 3, [1, 2, 3])):
            assert np.isnan(rank_correlation(one, two))


def heads_frame() -> pd.DataFrame:
    """Six heads without a value."""
    extra = {"value": NONE, "se": NONE, "role": "none", "code": "", "chosen": False, "lit": True}
    return pd.DataFrame({**PLACES, **extra, "x": NONE, "y": NONE, "x_se": NONE, "name": "n"})


OFFSETS = pd.DataFrame({"offset": [0, 1], "share": [0.5, 0.5], "se": NONE[:2]})
SIDES = pd.DataFrame({**PLACES, **dict.fromkeys(("first", "second", "difference", "se"), NONE)})
UNITS = pd.DataFrame({"layer": [0], "unit": ["0"], "value": [np.nan], "chosen": [False]})
SCORES = pd.DataFrame({"key": ["0|a"], "token": ["a"], "row": ["r"], "score": [np.nan]})
CELLS = pd.DataFrame({"x": ["0|a"], "y": ["0|a"], "query": ["a"], "key": ["a"], "weight": [np.nan]})
PATCHES = pd.DataFrame({"row": [0, 0], "column": [0, 1], "value": NONE[:2]})
PICTURES = {
    "map": lambda: heads.head_map(heads_frame(), title="t"),
    "signed map": lambda: heads.head_map(heads_frame(), title="t", signed=True),
    "by layer": lambda: heads.by_layer(heads_frame(), title="t"),
    "histogram": lambda: heads.histogram_by_layer(heads_frame(), title="t"),
    "scatter": lambda: heads.head_scatter(heads_frame(), x="x", y="y", titles=("a", "b")),
    "profile": lambda: heads.profile(OFFSETS),
    "differences": lambda: heads.differences(SIDES.assign(real=False), title="t"),
    "units": lambda: language.unit_map(UNITS, title="t", signed=True),
    "grid": lambda: attributions.grid(
        SCORES, x="key", y="row", value="score", title="t", y_title="", rows=["r"]
    ),
    "heatmap": lambda: heatmaps.heatmap(
        CELLS, x="x", y="y", value="weight", title="t", signed=True
    ),
    "patches": lambda: patches.overlay(PATCHES, None, title="t", signed=True),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_whose_values_are_all_missing_can_be_exported(name):
    drawn = picture(PICTURES[name](), "svg")
    assert drawn.startswith(b"<svg")
    assert b"NaN" not in drawn


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 texts"), (1, "1 text"), (2, "2 texts"), (1200, "1,200 texts")]
)
def test_one_of_them_is_in_the_singular(count, said):
    assert counted(count, "text") == said
