"""The numbers are those that were recorded: a sample here, all by `python -m` of the module."""

from __future__ import annotations

import json

import pytest

from tests.recorded import results
from tests.recorded.digest import differences, digest

RECORDED = json.loads(results.TABLE.read_text(encoding="utf-8"))


def test_every_case_is_recorded():
    assert set(RECORDED) == set(results.CASES)


@pytest.mark.parametrize("name", [name for name in results.CASES if name not in results.SLOW])
def test_the_numbers_are_as_recorded(name):
    found = digest(results.CASES[name]())
    assert not differences(found, RECORDED[name], results.WITHIN[name])
