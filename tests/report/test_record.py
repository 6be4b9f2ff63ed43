"""A report is changed by making another one."""

from __future__ import annotations

import pytest

from interp_core.report.record import Report
from tests.report.made import figure

THREE = Report("T", tuple(figure(title=name) for name in "abc"))


def order(report: Report) -> str:
    return "".join(each.title for each in report.figures)


@pytest.mark.parametrize(
    ("place", "by", "expected"), [(0, 1, "bac"), (2, -1, "acb"), (0, -1, "abc"), (2, 5, "abc")]
)
def test_a_figure_moves_and_stays_inside(place, by, expected):
    assert order(THREE.moved(place, by)) == expected
    assert order(THREE) == "abc"


def test_figures_come_and_go_and_change():
    assert order(THREE.added(figure(title="d"))) == "abcd"
    assert order(THREE.without(1)) == "ac"
    assert THREE.changed(1, note="n").figures[1].note == "n"
    assert order(THREE.changed(2, title="z")) == "abz"


def test_the_same_picture_is_known_again_and_another_is_not():
    assert THREE.holds(figure(title="b", made="later", note="n"))
    assert not THREE.holds(figure(title="b", script="table = 2"))
    assert not THREE.holds(figure(title="b", models={"sentiment": "sha256:other"}))


def test_memory_is_counted():
    assert figure(picture=b"x" * 1000).bytes > 1000
    assert THREE.bytes == sum(each.bytes for each in THREE.figures)
