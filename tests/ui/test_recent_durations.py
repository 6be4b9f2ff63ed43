"""Which computations are long."""

from __future__ import annotations

import pytest

from interp_core.ui.server import logs
from interp_core.ui.server.logs import MOST_KINDS, REMEMBERED, Pace
from interp_core.ui.server.queue import Place


@pytest.fixture
def clock(monkeypatch):
    """`clock.append(seconds)`: time passes."""
    passed = [0.0]
    monkeypatch.setattr(logs.time, "monotonic", lambda: sum(passed))
    return passed


def ran(known: Pace, clock: list, seconds: float, kind: str = "LIME") -> None:
    with known.timed(kind):
        clock.append(seconds)


def test_what_nobody_has_tried_counts_as_long():
    assert Pace().is_long("LIME")


def test_what_was_quick_is_quick_until_one_takes_long(clock):
    known = Pace()
    ran(known, clock, 0.5)
    assert not known.is_long("LIME")
    assert known.is_long("UMAP")
    ran(known, clock, 2.5)
    assert known.is_long("LIME")
    for _ in range(REMEMBERED - 1):
        ran(known, clock, 0.5)
        assert known.is_long("LIME")
    ran(known, clock, 0.5)
    assert not known.is_long("LIME")


def test_what_breaks_off_early_says_nothing_and_late_that_it_is_long(clock):
    known = Pace()
    ran(known, clock, 0.5)
    with pytest.raises(KeyError):
        _broken(known, clock, 3.0)
    assert known.is_long("LIME")
    other = Pace()
    with pytest.raises(KeyError):
        _broken(other, clock, 0.1)
    assert other.is_long("LIME")


def _broken(known: Pace, clock: list, seconds: float) -> None:
    with known.timed("LIME"):
        clock.append(seconds)
        raise KeyError


def test_kinds_are_bounded(clock):
    known = Pace()
    for number in range(MOST_KINDS + 10):
        ran(known, clock, 0.1, str(number))
    assert len(known._took) == MOST_KINDS
    assert known.is_long("0")
    assert not known.is_long(str(MOST_KINDS))


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (1, "1st"),
        (2, "2nd"),
        (3, "3rd"),
        (4, "4th"),
        (11, "11th"),
        (12, "12th"),
        (13, "13th"),
        (21, "21st"),
        (22, "22nd"),
        (111, "111th"),
    ],
)
def test_places_are_said_in_words(number, said):
    from interp_core.ui.server.jobs import in_line

    assert in_line(Place(number, 120)) == f"{said} in the queue; 120 people waiting"
    assert in_line(Place(1, 1)) == "1st in the queue; 1 person waiting"
