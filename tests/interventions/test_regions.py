"""Regions of a picture: every token once, and effects at the place where they were patched."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest

import interp_core as ic
from interp_core.interventions.regions import usual_side

INK = np.random.default_rng(0).integers(0, 255, (2, 28, 28), dtype=np.uint8)


@pytest.fixture(scope="module")
def digits():
    return ic.load_model("digits")


@pytest.mark.parametrize("side", [1, 2, 3, 8])
def test_every_token_is_in_one_region(digits, side):
    found = ic.picture_regions(digits, INK[0], side=side)
    assert sorted(chain(*found)) == list(range(65))  # a class token and 8 × 8 patches
    assert found[0] == [0]
    assert len(found) == 1 + int(np.ceil(8 / side)) ** 2
    assert found[1] == [1 + 8 * row + column for row in range(side) for column in range(side)]


def test_a_region_has_patches():
    with pytest.raises(ic.BadInput, match="at least one patch"):
        ic.picture_regions(None, None, side=0)


def test_about_four_regions_a_side_are_proposed():
    grids = {4: 1, 8: 2, 14: 4, 16: 4, 37: 9}
    for length, side in grids.items():
        assert usual_side([f"{row},0" for row in range(length)]) == side


def test_an_effect_stands_where_the_other_picture_was_put(digits):
    """Only one corner of the pictures differs: before the model mixes, only there is an effect."""
    clean = np.zeros((8, 8), np.uint8)
    corrupt = clean.copy()
    corrupt[6:, :3] = 255
    regions = ic.picture_regions(digits, clean, side=3)
    found = ic.patch(digits, clean, corrupt, positions=regions)
    table = ic.region_table(found)
    assert list(table) == [
        *["layer", "position", "token", "effect", "row", "column", "below", "right"]
    ]
    first = table[table["layer"] == 0].dropna().astype({"row": int})
    place = first.loc[first["effect"].abs().idxmax()]
    assert (place["row"], place["column"], place["below"], place["right"]) == (6, 0, 8, 3)
    assert place["token"] == "6,0–7,2 (6)"
    whole = ic.patch(digits, clean, corrupt, positions=[list(chain(*regions))])
    np.testing.assert_allclose(whole.effects, 1, atol=1e-4)
    assert table.loc[table["position"] == 0, "row"].isna().all()
    with pytest.raises(ic.BadInput, match="no region"):
        ic.region_table(ic.patch(digits, clean, corrupt, site="heads"))
